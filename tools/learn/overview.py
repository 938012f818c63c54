"""The commands, in two groups: those that lead through the chapters, and all others."""

from learn import cli


def show(context, *, brief: bool) -> None:
    """The commands of the course; all the others too unless `brief`."""
    term = context.term
    modules = {name: cli.load(name) for name in cli.command_names()}
    course = sorted(module.COURSE for module in modules.values() if hasattr(module, "COURSE"))
    rows = [("./learn " + form, words) for _, form, words in course]
    if not brief:
        term.line(f"{term.style('./learn COMMAND', 'bold')}, from any folder of this clone")
    if brief:
        more = [name for name in _others(modules) if name not in ("status", "test", "help")]
        rows.append(("./learn help", "the other commands: " + ", ".join(more)))
    _group(term, "to work through a chapter", rows)
    if not brief:
        others = [(f"./learn {name}", modules[name].SUMMARY) for name in _others(modules)]
        _group(term, "everything else", others)


def _others(modules) -> list[str]:
    alone = [name for name in modules if name == "test" or not hasattr(modules[name], "COURSE")]
    return sorted(alone, key=lambda name: modules[name].ORDER)


def _group(term, title: str, rows: list[tuple[str, str]]) -> None:
    width = max(len(form) for form, _ in rows)
    term.line(term.style(f"\n{title}", "dim"))
    for form, words in rows:
        term.line(f"  {term.style(form.ljust(width), 'cyan')}  {words}")
