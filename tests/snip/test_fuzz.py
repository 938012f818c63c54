"""Whatever a text, a source, a mutant or a recording holds: problems are told, and no more."""

import json
import os
import random
import unittest
from unittest import mock

import tree
from snip import commands
from snip.markdown import Document, MarkdownError

ROUNDS = int(os.environ.get("SNIP_FUZZ_ROUNDS", "300"))
PIECES = """
    <!-- --> <!--snip:x.cpp--> snip: diff: run: recorded: bench: /snip <!--␠/snip␠-->
    place: exits: 0 1 ``` ```` ~~~ ` x.cpp y.cpp #a #b #task␠1.1 .. final ../ / chapters/ch01_x/mutants.toml#m
    [[mutant]] name␠=␠"m" task␠=␠"1.1" killed-by␠=␠"it␠counts" why␠=␠"x" '''
    http waiting compile echo␠x
    //␠#region␠a //␠#endregion␠a //␠#region␠task␠1.1 //␠#endregion␠task␠1.1 #region #endregion
    file␠=␠"funnel/x.cpp" replace␠=␠"int" with␠=␠"" -int +int - + int $␠echo␠x
    *Recorded␠on␠x,␠2024-01-01.* | * {"bench":␠"http"} { } [ ] "machine": \t \r \r\n \u2028
    \x0c \x85 \0 é 𝄞 ␠ ␠␠␠ ␠␠␠ : - : ␤ ␤ ␤ ␤ ␤ ␤ ␤ ␤
""".split(" ")
PIECES = [piece.replace("␠", " ").replace("␤", "\n") for piece in PIECES if piece.strip(" \n")]
MUTANTS = "chapters/ch01_x/mutants.toml"
WHOLE = [
    tree.block("snip: x.cpp#a"),
    tree.block("snip: x.cpp#task 1.1\n   place: f, new"),
    tree.block("diff: x.cpp..y.cpp"),
    tree.block(f"diff: {MUTANTS}#m"),
    tree.block("diff: x.cpp final..final"),
    tree.block("snip: x.cpp#a #task 1.1", "```", "old", "```"),
    tree.block("snip: final/x.cpp"),
    "1. item\n   <!-- snip: y.cpp -->\n   <!-- /snip -->",
    tree.block("run: echo x", "```console", "$ echo x", "```"),
    tree.block("recorded: echo x", "```console", "$ echo x", "```", "*Recorded on x, 2024-01-01.*"),
    tree.block("bench: waiting"),
]
MACHINE = {"cpu": "odd", "cores": 1, "kernel": "6", "date": "2024-01-02"}
RECORDING = {"bench": "waiting", "machine": MACHINE, "program": "odd"}
RECORDING |= {"requests": 1, "delay_ms": 2, "wall_s": 3, "peak_rss_bytes": 4}
MUTANT = """\
[[mutant]]
name = "m"
task = "1.1"
killed-by = "it counts"
why = "x"
file = "funnel/x.cpp"
replace = "int f();"
with = "int h();"
"""
SOUND = [  # pieces of the other files
    "// #region a\nint f();\n// #endregion a\n",
    "// #region task 1.1\n  int g();\n\n// #endregion task 1.1\n",
    "int f();\nint g();\n",
    MUTANT,
    json.dumps(RECORDING),
    json.dumps(RECORDING).replace("odd", r"|\ud800\n`*"),
]
FILES = (
    *("x.cpp", "y.cpp", "final/x.cpp", "chapters/ch01_x/funnel/x.cpp", MUTANTS),
    "book/recordings/bench-waiting.json",
)


def text(random, sound):
    """Mostly pieces that make sense by themselves, or mostly such that do not."""
    if random.random() < 0.6:
        return "\n".join(random.choices([*sound, "a\n", "`b`"], k=random.randrange(6)))
    parts = random.choices([*PIECES, *sound * 4], k=random.randrange(30))
    return "".join(part + random.choice(["", " ", "\n", "\n", "\n"]) for part in parts)


def damaged(random, data):
    """Some bytes changed, cut out or doubled."""
    data = bytearray(data)
    for _ in range(random.choice([0, 0, 0, 0, 1, 3])):
        at = random.randrange(len(data) + 1)
        new = random.choice([b"", b"\xff", b"\n", data[at : at + 9]])
        data[at : at + random.randrange(4)] = new
    return bytes(data)


class Fuzz(tree.SnipTest):
    def test_no_input_makes_anything_but_problems(self):
        for name in FILES:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        self.write("chapters/ch01_x/tasks.toml", tree.TASKS)
        with mock.patch.object(commands, "_run", return_value=(0, "said\n")):
            for seed in range(ROUNDS):
                with self.subTest(seed=seed):
                    self.one_round(random.Random(seed))

    def one_round(self, random):
        for name in FILES:
            sound = MUTANT if name == MUTANTS and random.random() < 0.6 else text(random, SOUND)
            (self.root / name).write_bytes(damaged(random, sound.encode()))
        page = damaged(random, text(random, WHOLE).encode())
        (self.root / tree.PAGE).write_bytes(page)
        checked = self.snip("--check")
        self.assertEqual((self.root / tree.PAGE).read_bytes(), page)
        written = self.snip(*random.choice([[], ["--record"]]))
        after = (self.root / tree.PAGE).read_bytes()
        if checked.returncode == 0:
            self.assertEqual(after, page)
        if written.returncode == 0:
            regions = self.snip("--check", self.root / tree.PAGE)
            self.assertEqual(regions.returncode, 0, regions.stdout)
        self.assertEqual(self.outside(after), self.outside(page))
        self.assertEqual(sorted(os.listdir(self.root / "book")), ["page.md", "recordings"])

    def snip(self, *options):
        result = self.main("snip", *options)
        self.assertEqual(result.stderr, "")
        self.assertIn(result.returncode, (0, 1))
        self.assertEqual(result.returncode == 1, ": error: " in result.stdout, result.stdout)
        return result

    def outside(self, data):
        """What is not snip's to write."""
        try:
            document = Document(data.decode())
        except (MarkdownError, UnicodeDecodeError):
            return data
        return document.text({index: [] for index in range(len(document.blocks))})


if __name__ == "__main__":
    unittest.main()
