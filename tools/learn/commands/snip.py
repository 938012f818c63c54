"""`./learn snip`: writes into the texts what the code has, or checks that they have it."""

from pathlib import Path

from learn.arguments import Parser
from learn.build import build
from learn.errors import UsageError
from learn.install import ensure
from learn.needs import BUILD
from learn.term import plural
from snip.tool import Text, Tool, markdown_files

SUMMARY = "writes code, outputs and measurements into the book and the README"
ORDER = 70
NEEDS = BUILD


def run(context, arguments: list[str]) -> int:
    parser = Parser("snip", SUMMARY)
    parser.add_argument("files", nargs="*", metavar="FILE", help="only these Markdown files")
    parser.add_argument("--check", action="store_true", help="write nothing, fail on differences")
    parser.add_argument(
        "--record", action="store_true", help="run what `recorded:` blocks do not have yet"
    )
    options = parser.parse(arguments)
    if options.check and options.record:
        raise UsageError("--check or --record, not both")
    paths = _named(context, options.files) or markdown_files(context.root)
    tool = Tool(context, options.record)
    texts = [text for text in map(tool.read, paths) if text]
    _build(context, texts, ("run", "recorded") if options.record else ("run",))
    if options.check:
        return _check(context, tool, texts, everything=not options.files)
    return _write(context, tool, texts)


def _named(context, names: list[str]) -> list[Path]:
    paths = []
    for name in names:
        try:
            path = Path(name).resolve()
            good = path.suffix == ".md" and path.is_relative_to(context.root) and path.is_file()
        except (OSError, RuntimeError, ValueError):
            good = False
        if not good:
            raise UsageError(f"{name!r} is no Markdown file of this clone")
        paths.append(path)
    return list(dict.fromkeys(paths))


def _build(context, texts: list[Text], directives: tuple[str, ...]) -> None:
    """Commands show programs of the release build: they must be those of this code."""
    comments = (block.text for text in texts for block in text.document.blocks)
    if any(c.startswith(directives) and "build/release/" in c for c in comments):
        ensure(context, NEEDS, "./learn snip")
        build(context, "release")


def _check(context, tool: Tool, texts: list[Text], everything: bool) -> int:
    for text in texts:
        tool.check(text)
    if everything and not tool.unread:
        tool.check_regions()
    _show(context, tool)
    context.term.line(f"{tool.good} passed, {len(tool.problems)} failed")
    return 1 if tool.problems else 0


def _write(context, tool: Tool, texts: list[Text]) -> int:
    for text in texts:
        written = tool.write(text)
        if written:
            context.term.line(f"wrote {text.shown} ({plural(written, 'block')})")
    _show(context, tool)
    context.term.line(f"{plural(tool.good, 'block')} as the code has them")
    return 1 if tool.problems else 0


def _show(context, tool: Tool) -> None:
    for problem in tool.problems:
        context.term.line(f"{problem.shown}:{problem.line}: error: {problem.message}")
        for line in problem.excerpt:
            context.term.line(f"    {line}")
