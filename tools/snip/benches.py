"""`bench:`: the table of a measurement that `./learn bench ID --json` has made."""

import importlib
import json
import pkgutil

from learn import benches
from learn.arguments import nearest
from learn.commands.bench import machine_line
from learn.errors import LearnError
from snip.places import Places
from snip.render import MarkdownTerminal, caption, escaped

RECORDING = "book/recordings/bench-{}.json"


def table(places: Places, name: str) -> list[str]:
    """The table and the line that names the machine; raises `LearnError`."""
    known = [module.name for module in pkgutil.iter_modules(benches.__path__)]
    if name not in known:
        raise LearnError(f"there is no bench {name!r}{nearest(name, known)}")
    result, place = _read(places, name)
    term = MarkdownTerminal()
    try:
        importlib.import_module(f"learn.benches.{name}").show(term, result)
        where = machine_line(result["machine"])
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        what = f"{place} is not what ./learn bench {name} --json prints now"
        raise LearnError(f"{what}; make it anew ({type(error).__name__}: {error})") from error
    return [*term.lines, caption(f"`./learn bench {name}` on {escaped(where)}.")]


def _read(places: Places, name: str) -> tuple[dict, str]:
    place = RECORDING.format(name)
    path = places.path(place)
    made = f"./learn bench {name} --json >{place}"
    if not path.exists():
        raise LearnError(f"{place} is missing; make it with {made}")
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise LearnError(f"{place} cannot be read ({error}); make it anew with {made}") from error
    if not isinstance(result, dict) or result.get("bench") != name:
        raise LearnError(f"{place} is no recording of this bench; make it anew with {made}")
    return result, place
