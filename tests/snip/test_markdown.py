"""Finding the blocks of a text: what is a directive, what is not, and what cannot be."""

import unittest

import tree
from snip.markdown import Document, MarkdownError

BLOCK = "<!-- snip: x.cpp -->\n```cpp\nint x;\n```\n<!-- /snip -->\n"


class Finding(unittest.TestCase):
    def texts(self, text):
        return [block.text for block in Document(text).blocks]

    def test_a_block_has_its_comment_and_what_stands_behind_it(self):
        [block] = Document("# Title\n\n" + BLOCK + "end\n").blocks
        self.assertEqual((block.text, block.line), ("snip: x.cpp", 3))
        self.assertEqual(block.body, ["```cpp", "int x;", "```"])

    def test_a_comment_may_have_several_lines(self):
        [block] = Document("<!-- snip: x.cpp\n     place: f -->\n<!-- /snip -->").blocks
        self.assertEqual(block.text, "snip: x.cpp\n     place: f")
        self.assertEqual((block.line, block.body), (1, []))

    def test_a_closing_comment_inside_code_closes_nothing(self):
        [block] = Document(f"<!-- snip: x.md -->\n````md\n{BLOCK}````\n<!-- /snip -->").blocks
        self.assertEqual(len(block.body), 7)

    def test_code_has_no_directives(self):
        fenced = (f"````md\n{BLOCK}`````\n", f"  ~~~\n{BLOCK}  ~~~~\n")
        for text in (*fenced, "write `<!-- snip: x -->`"):
            with self.subTest(text):
                self.assertEqual(self.texts(text), [])

    def test_a_line_that_begins_with_inline_code_is_no_fence(self):
        self.assertEqual(self.texts("```a``` is code\n" + BLOCK), ["snip: x.cpp"])

    def test_other_comments_are_none_of_its_business(self):
        comment = "<!-- markdownlint-disable\n```\nsnip: x -->\n<!---->\na <!-- b -->\n"
        self.assertEqual(self.texts(comment + BLOCK), ["snip: x.cpp"])


class Writing(unittest.TestCase):
    def test_a_text_comes_back_byte_for_byte(self):
        for text in (BLOCK, BLOCK.rstrip(), BLOCK.replace("\n", "\r\n"), "a\rb\n\x0c\u2028\n", ""):
            with self.subTest(text):
                self.assertEqual(Document(text).text(), text)

    def test_only_the_lines_of_the_block_change(self):
        document = Document(f"a\n{BLOCK}b\n{BLOCK}c")
        text = document.text({0: ["x", "", "y"], 1: []})
        opening, closing = "<!-- snip: x.cpp -->\n", "<!-- /snip -->\n"
        self.assertEqual(text, f"a\n{opening}x\n\ny\n{closing}b\n{opening}{closing}c")

    def test_a_block_in_a_list_keeps_its_indent(self):
        lines = ["1. item", "   <!-- snip: x.cpp -->", "   a", "", "   <!-- /snip -->"]
        text = "\n".join(lines).replace("   a", "   *a*")
        document = Document(text)
        self.assertEqual(document.blocks[0].body, ["*a*", ""])
        new = document.text({0: ["b", "", "  c"]})
        self.assertEqual(new.split("\n")[2:5], ["   b", "", "     c"])

    def test_new_lines_end_as_the_others_do(self):
        document = Document(BLOCK.replace("\n", "\r\n"))
        self.assertEqual(document.blocks[0].body[1], "int x;")
        self.assertEqual(document.text({0: ["a", ""]}).count("\r\n"), 4)


class Errors(unittest.TestCase):
    def fails(self, text, line, message):
        with self.assertRaises(MarkdownError) as caught:
            Document(text)
        self.assertEqual((caught.exception.line, caught.exception.message), (line, message))

    def test_a_block_that_is_never_closed(self):
        message = "this block is never closed; expected <!-- /snip -->"
        self.fails("\n<!-- snip: x -->\n```\na\n```\n", 2, message)
        message += " before the directive of line 3"
        self.fails(f"<!-- run: x -->\n\n{BLOCK}", 1, message)

    def test_a_comment_or_a_code_block_that_is_never_closed(self):
        self.fails("a\n<!-- snip: x\n", 2, "this comment is never closed; expected -->")
        self.fails(f"a\n````\n{BLOCK}````md\n", 2, "this code block is never closed")
        self.fails("<!-- snip: x -->\n~~~\n<!-- /snip -->", 2, "this code block is never closed")

    def test_a_closing_comment_too_many_or_a_wrong_one(self):
        message = "<!-- /snip --> closes nothing; no directive before it"
        self.fails(BLOCK + "<!-- /snip -->", 6, message)
        for text in ("/snipp", "/run", "/snip: x", "/snip x"):
            with self.subTest(text):
                message = f"there is no closing <!-- {text} -->; expected <!-- /snip -->"
                self.fails(f"<!-- {text} -->", 1, message)

    def test_an_unknown_directive(self):
        more = "(other comments begin otherwise)"
        for name in ("snipp", "Snip"):
            message = f"there is no directive {name!r}; did you mean snip? {more}"
            self.fails(f"<!-- {name}: x -->", 1, message)
        self.fails("<!-- note: x -->", 1, f"there is no directive 'note' {more}")

    def test_a_directive_without_a_colon(self):
        self.fails("<!-- snip x.cpp -->", 1, "a directive needs a colon: <!-- snip: … -->")

    def test_a_directive_that_shares_its_line(self):
        message = "<!-- snip:… has to stand on a line of its own"
        self.fails("a <!-- snip: x -->", 1, message)
        self.fails("> <!-- snip: x -->", 1, message)
        self.fails("a <!-- /snip -->", 1, "<!-- /snip… has to stand on a line of its own")
        self.fails("<!-- snip: x --> a", 1, "the comment has to end its line, not 'a'")

    def test_what_somebody_wrote_inside_a_block(self):
        message = "this line is inside a block that snip writes; move it behind <!-- /snip -->"
        self.fails("<!-- snip: x -->\n```\na\n```\nA sentence.\n<!-- /snip -->", 5, message)
        self.fails("<!-- snip: x -->\nint x;\n<!-- /snip -->", 2, message)


if __name__ == "__main__":
    unittest.main()
