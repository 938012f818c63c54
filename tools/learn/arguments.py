"""Command lines: argparse with errors of one line that name the nearest match."""

import argparse
import difflib

from learn.errors import UsageError


def nearest(word: str, known) -> str:
    """Returns `; did you mean X?` when something known is close to `word`."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


class Parser(argparse.ArgumentParser):
    """The parser of one command: `parse` raises `UsageError` instead of leaving the process."""

    def __init__(self, command: str, summary: str):
        self.command = command
        super().__init__(prog=f"./learn {command}", description=summary, allow_abbrev=False)

    def parse(self, arguments: list[str]) -> argparse.Namespace:
        # Intermixed: `URL --json URL` are two URLs. That loses a `--` that comes first, though.
        intermixed = "--" not in arguments
        parse = self.parse_known_intermixed_args if intermixed else self.parse_known_args
        values, unknown = parse(arguments)
        if unknown:
            word = unknown[0].partition("=")[0]
            if word.startswith("-"):
                self.error(f"there is no option {word}{nearest(word, self.options())}")
            self.error(f"there is nothing to do with {word!r}")
        return values

    def options(self) -> set[str]:
        return {name for action in self._actions for name in action.option_strings}

    def error(self, message: str):
        text = message.removeprefix("argument ")
        raise UsageError(f"{text} (./learn {self.command} --help lists what there is)")


def add_chapter_and_name(parser: Parser, of_what: str) -> None:
    """Adds the arguments of a command that does something with an example of a chapter."""
    parser.add_argument("chapter", metavar="N", help="the chapter's number")
    parser.add_argument("name", nargs="?", metavar="NAME", help=f"{of_what}; without it: a list")


def split_at(arguments: list[str]) -> tuple[list[str], list[str] | None]:
    """What stands before `--`, and what behind it: the program's arguments, None without a `--`."""
    if "--" not in arguments:
        return arguments, None
    place = arguments.index("--")
    return arguments[:place], arguments[place + 1 :]


def whole_number(low: int, high: int, unit: str = ""):
    """An argument type: a whole number from `low` to `high`."""

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not text.isascii() or not low <= value <= high:
            wanted = f"a whole number from {low} to {high}" + (f" {unit}" if unit else "")
            raise argparse.ArgumentTypeError(f"expected {wanted}, got {text!r}")
        return value

    return convert
