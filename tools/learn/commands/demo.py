"""`./learn demo NAME`: builds a demo of the framework and becomes it."""

from learn import process
from learn.arguments import nearest
from learn.build import build
from learn.errors import LearnError, UsageError
from learn.install import ensure
from learn.needs import BUILD
from learn.sources import about_of

SUMMARY = "runs a demo of the framework, or lists them"
ORDER = 40
NEEDS = BUILD


def run(context, arguments: list[str]) -> int:
    demos = _demos(context.root)
    if not arguments or arguments[0] in ("-h", "--help"):
        return _list(context, demos)
    name, *rest = arguments
    if name not in demos:
        hint = nearest(name, demos)
        raise UsageError(f"there is no demo {name!r}{hint} (./learn demo lists them)")
    ensure(context, NEEDS, "./learn demo")
    build(context, "release", [f"demo_{name}"])
    process.become(context, context.binary(name), rest)


def _demos(root) -> dict[str, str]:
    """Each demo with what its source says of it, or where that is."""
    return {
        folder.name: _about(folder)
        for folder in sorted(root.glob("final/demos/*"))
        if any(folder.glob("*.cpp"))
    }


def _about(folder) -> str:
    named = folder / f"{folder.name}.cpp"
    source = named if named.exists() else min(folder.glob("*.cpp"))
    return about_of(source) or f"see final/demos/{folder.name}/{source.name}"


def _list(context, demos: dict[str, str]) -> int:
    if not demos:
        raise LearnError("there is no demo in this clone")
    width = max(map(len, demos))
    context.term.line("./learn demo NAME [ARGUMENT…]\n")
    for name, about in demos.items():
        styled = context.term.style(name.ljust(width), "cyan")
        context.term.line(f"  {styled}  {about}".rstrip())
    return 0
