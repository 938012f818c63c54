"""`./learn run N NAME`: builds an example of a chapter and becomes it."""

import os
import sys

from learn import examples, verdict, work
from learn.arguments import Parser
from learn.build import CompilationFailed, build
from learn.chapters import Chapter, find_chapter
from learn.errors import LearnError
from learn.install import ensure
from learn.needs import BUILD
from learn.versions import MINE, REFERENCE, add_options, chosen

SUMMARY = "runs an example of a chapter, on your code if you have started it"
ORDER = 28
COURSE = (90, "run N NAME", "an example, on your code if you have started; no NAME lists them")
NEEDS = BUILD
PRESET = "release"


def run(context, arguments: list[str]) -> int:
    own, program_arguments = _split(arguments)
    parser = Parser("run", SUMMARY)
    parser.add_argument("chapter", metavar="N", help="the chapter's number")
    parser.add_argument("name", nargs="?", metavar="NAME", help="what follows is the program's")
    parser.add_argument(
        "--sanitize", action="store_true", help="slower, but stops at a wrong memory access"
    )
    add_options(parser)
    options = parser.parse(own)
    chapter = find_chapter(context.root, options.chapter)
    if not options.name:
        return _list(context, chapter)
    name = examples.named(chapter, options.name)
    version = examples.version_of(chapter, name, chosen(options, chapter))
    if version == MINE:
        work.require_complete(chapter)
    ensure(context, NEEDS, "./learn run")
    target = examples.target(chapter, version, name)
    preset = version.preset if options.sanitize else PRESET
    try:
        build(context, preset, [target])
    except CompilationFailed as failure:
        verdict.show_build_failure(context, chapter, version, failure)
        return 1
    binary = context.build / preset / "bin" / target
    if not binary.exists():
        raise LearnError(f"the build of {target} did not make {context.shown(binary)}")
    context.errors.line(context.errors.style(f"{name}, {version.words}", "dim"))
    sys.stdout.flush()
    os.execv(binary, [str(binary), *program_arguments])


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Everything behind the example's name is the program's, options too."""
    words = 0
    for place, argument in enumerate(arguments):
        words += not argument.startswith("-")
        if words == 2:
            rest = arguments[place + 1 :]
            return arguments[: place + 1], rest[1:] if rest[:1] == ["--"] else rest
    return arguments, []


def _list(context, chapter: Chapter) -> int:
    names = examples.every_name(chapter)
    if not names:
        raise LearnError(f"chapter {chapter.number} has no example yet")
    term = context.term
    width = max(map(len, names))
    term.line(f"./learn run {chapter.number} NAME [ARGUMENT…]\n")
    for name in names:
        version = examples.version_of(chapter, name, MINE if chapter.started else REFERENCE)
        what = examples.about(chapter, version, name)
        term.line(f"  {term.style(name.ljust(width), 'cyan')}  {what}".rstrip())
    whose = "your code" if chapter.started else "the reference; chapter not started"
    term.line(term.style(f"\non {whose}", "dim"))
    return 0
