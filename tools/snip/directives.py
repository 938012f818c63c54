"""What may stand in a directive's comment: `NAME: ARGUMENT`, then lines of `OPTION: VALUE`."""

import re
from dataclasses import dataclass

from learn.arguments import nearest
from learn.errors import LearnError

DIRECTIVES = {  # with their options
    "snip": ("place",),
    "diff": ("place",),
    "run": ("exits",),
    "recorded": ("exits",),
    "bench": (),
}


@dataclass(frozen=True)
class Directive:
    name: str
    argument: str
    options: dict[str, str]

    @property
    def exits(self) -> int:
        """The exit code that the command is to end with."""
        text = self.options.get("exits", "0")
        if not re.fullmatch(r"[0-9]{1,3}", text) or int(text) > 255:
            raise LearnError(f"exits: expected a number from 0 to 255, got {text!r}")
        return int(text)


def parse(text: str) -> Directive:
    """Reads a comment's text, whose name is known; raises `LearnError` for the rest."""
    first, *others = [line.strip() for line in text.splitlines() if line.strip()]
    name, _, argument = (part.strip() for part in first.partition(":"))
    if not argument:
        raise LearnError(f"{name}: is followed by nothing; say what to show")
    if not argument.isprintable():
        raise LearnError(f"{name}: is followed by control characters: {argument!r}")
    options: dict[str, str] = {}
    for line in others:
        option, colon, value = (part.strip() for part in line.partition(":"))
        if option not in DIRECTIVES[name] or not colon:
            known = ", ".join(f"{option}:" for option in DIRECTIVES[name]) or "none"
            hint = nearest(option, DIRECTIVES[name])
            raise LearnError(f"{name} has no option {line!r}{hint} (options: {known})")
        if option in options:
            raise LearnError(f"the option {option!r} is there twice")
        options[option] = value
    return Directive(name, argument, options)
