"""`./learn run N NAME`: builds an example of a chapter and becomes it."""

from learn import examples, process, verdict
from learn.arguments import Parser, add_chapter_and_name, split_at
from learn.build import CompilationFailed, build
from learn.chapters import Chapter, find_chapter
from learn.errors import LearnError
from learn.install import ensure
from learn.needs import BUILD
from learn.versions import MINE, REFERENCE, add_options, chosen, require_usable

SUMMARY = "runs an example of a chapter, on your code if you have started it"
ORDER = 28
COURSE = (90, "run N NAME", "an example, on your code if you have started; no NAME lists them")
NEEDS = BUILD


def run(context, arguments: list[str]) -> int:
    summary = f"{SUMMARY}; what follows NAME is the program's, and so is all behind --"
    parser = Parser("run", summary)
    add_chapter_and_name(parser, "of the example")
    parser.add_argument(
        "--sanitize", action="store_true", help="slower, but stops at a wrong memory access"
    )
    add_options(parser)
    own, of_program = _split(arguments, parser.options())
    options = parser.parse(own)
    chapter = find_chapter(context.root, options.chapter)
    if not options.name:
        return _list(context, chapter)
    name = examples.named(chapter, options.name)
    version = examples.version_of(chapter, name, chosen(options, chapter))
    require_usable(version, chapter)
    ensure(context, NEEDS, "./learn run")
    target = examples.target(chapter, version, name)
    preset = version.preset if options.sanitize else "release"
    try:
        build(context, preset, [target])
    except CompilationFailed as failure:
        verdict.show_build_failure(context, chapter, version, failure)
        return 1
    context.errors.line(context.errors.style(f"{name}, {version.words}", "dim"))
    process.become(context, context.binary(target, preset), of_program)


def _split(arguments: list[str], options: set[str]) -> tuple[list[str], list[str]]:
    """What is for this command: all up to NAME, and its own options (none of which takes a value)
    behind that, up to `--`. The rest is the program's."""
    before, rest = split_at(arguments)
    words = [place for place, argument in enumerate(before) if not argument.startswith("-")]
    end = words[1] + 1 if len(words) > 1 else len(before)
    own = [argument for argument in before[end:] if argument in options]
    others = [argument for argument in before[end:] if argument not in options]
    return before[:end] + own, others + (rest or [])


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
