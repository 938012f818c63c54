"""Finds the command, runs it, and turns whatever ends it into one line and an exit code."""

import contextlib
import importlib
import os
import pkgutil
import signal
import sys
import tempfile
import traceback

from learn import commands, process
from learn.arguments import nearest
from learn.context import Context
from learn.errors import LearnError, Stopped, UsageError

OVERVIEW = "help"
ALONE = "status"  # what `./learn` without a command does


def command_names() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(commands.__path__))


def load(name: str):
    return importlib.import_module(f"learn.commands.{name}")


def main(arguments: list[str]) -> int:
    context = None
    try:
        process.install_signal_handlers()
        _open_missing_streams()
        context = Context()
        code = _dispatch(context, arguments)
        sys.stdout.flush()
        return code
    except LearnError as error:
        return _say(context, "\n".join([*error.excerpt, f"learn: {error}"]), error.exit_code)
    except Stopped as stopped:
        return _say(context, "", stopped.exit_code)
    except BrokenPipeError:
        return _unread()
    except Exception as error:
        lost = _flush(sys.stdout) if isinstance(error, OSError) else None
        if isinstance(lost, BrokenPipeError):
            return _unread()
        if lost:
            return _say(context, f"learn: cannot write to standard output: {lost.strerror}", 1)
        # A defect of the tool: the details go to a file.
        return _say(context, _unexpected(context, error), 1)
    finally:
        process.end_all()


def _dispatch(context: Context, arguments: list[str]) -> int:
    name, *rest = arguments or [ALONE]
    if name in ("-h", "--help"):
        name = OVERVIEW
    names = command_names()
    if name not in names:
        what = "option" if name.startswith("-") else "command"
        raise UsageError(
            f"there is no {what} {name!r}{nearest(name, names)} (./learn lists the commands)"
        )
    try:
        return load(name).run(context, rest)
    except SystemExit as done:  # argparse, after --help
        return done.code or 0


def _open_missing_streams() -> None:
    """Opens what the caller closed (`>&-`), else our next file would get the stream's number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)
            setattr(sys, name, open(number, "w" if number else "r"))


def _flush(stream) -> OSError | None:
    """Writes out what waits; returns the error when it cannot, and throws away what waits."""
    try:
        stream.flush()
    except OSError as error:
        # Python flushes once more when it ends, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return error
    return None


def _unread() -> int:
    """The reader of our output has left, so nobody can be told."""
    _flush(sys.stdout)
    _flush(sys.stderr)
    return 128 + signal.SIGPIPE


def _say(context: Context | None, text: str, code: int) -> int:
    with contextlib.suppress(OSError):  # the terminal may be what has gone
        if context:
            context.term.clear_bar()
            context.errors.clear_bar()
        _flush(sys.stdout)
        if text:
            sys.stderr.write(text + "\n")
    _flush(sys.stdout)
    _flush(sys.stderr)
    return code


def _unexpected(context: Context | None, error: Exception) -> str:
    details = "".join(traceback.format_exception(error))
    try:
        path = context.state / "unexpected-error.txt"
        path.write_text(details)
        place = context.shown(path)
    except (OSError, AttributeError):
        with tempfile.NamedTemporaryFile("w", prefix="learn-", suffix=".txt", delete=False) as f:
            f.write(details)
        place = f.name
    first = str(error).partition("\n")[0]
    return f"learn: an unexpected error ({type(error).__name__}: {first}); details are in {place}"
