"""`./learn help [COMMAND]`: what there is."""

from learn import cli, overview
from learn.arguments import nearest
from learn.errors import UsageError

SUMMARY = "shows all commands, or `help COMMAND` what one takes"
ORDER = 100


def run(context, arguments: list[str]) -> int:
    if len(arguments) > 1:
        raise UsageError(f"there is nothing to do with {arguments[1]!r} (./learn help COMMAND)")
    if arguments and arguments[0] not in ("-h", "--help"):
        return _about(context, arguments[0])
    overview.show(context, brief=False)
    term = context.term
    term.line(f"\nTo begin: {term.style('./learn serve', 'bold')}, then open the page it names.")
    return 0


def _about(context, name: str) -> int:
    names = cli.command_names()
    if name not in names:
        raise UsageError(f"there is no command {name!r}{nearest(name, names)}")
    if name == cli.OVERVIEW:
        return run(context, [])
    return cli.load(name).run(context, ["--help"])
