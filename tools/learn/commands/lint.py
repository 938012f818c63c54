"""`./learn lint`: clang-format and clang-tidy."""

import os

from learn import lint
from learn.arguments import Parser
from learn.errors import UsageError
from learn.install import ensure
from learn.needs import BUILD
from learn.sources import all_sources, changed_sources
from learn.term import plural

SUMMARY = "checks the C++ sources with clang-format and clang-tidy"
ORDER = 60
NEEDS = (*BUILD, "git", "clang-format", "clang-tidy")


def run(context, arguments: list[str]) -> int:
    parser = Parser("lint", SUMMARY)
    parser.add_argument("files", nargs="*", metavar="FILE", help="only these")
    parser.add_argument("--base", metavar="REVISION", help="only what differs from this revision")
    options = parser.parse(arguments)
    ensure(context, NEEDS, "./learn lint")
    files = _files(context, options)
    if not files:
        context.term.line("no C++ source to check")
        return 0
    log_path = context.logs / "lint.log"
    log_path.write_bytes(b"")
    # Both, even when the first finds something: one run says all.
    formatted = _format(context, files, log_path)
    tidied = _tidy(context, files, log_path)
    return 0 if formatted and tidied else 1


def _files(context, options) -> list[str]:
    if options.files and options.base:
        raise UsageError("--base or files, not both")
    if options.base:
        return changed_sources(context.root, options.base)
    known = all_sources(context.root)
    named = [os.path.relpath(file, context.root) for file in options.files]
    for file, given in zip(named, options.files):
        if file not in known:
            raise UsageError(f"{given!r} is not a C++ file that git tracks")
    return list(dict.fromkeys(named)) or known


def _format(context, files: list[str], log_path) -> bool:
    bar = context.term.progress("clang-format")
    bad = lint.badly_formatted(context, files, log_path, bar)
    bar.finish(not bad, plural(len(files), "file"))
    for file in bad:
        context.term.line(f"    {file}  (clang-format -i {file})")
    return not bad


def _tidy(context, files: list[str], log_path) -> bool:
    bar = context.term.progress("clang-tidy")
    units = lint.units_for(context, files, log_path=log_path, bar=bar)
    bad = 0
    for unit, problems in lint.tidy(context, units, log_path=log_path, bar=bar):
        if problems:
            bad += 1
            context.term.line(f"{context.term.mark(False)} {unit}")
            for line in problems:
                context.term.line(f"    {line}")
    note = plural(len(units.chosen), "file") + (f", {bad} with problems" if bad else "")
    bar.finish(not bad, note)
    if units.unseen:
        context.term.line(f"{context.term.mark(None)} {lint.unseen_sentence(units)}")
    return not bad
