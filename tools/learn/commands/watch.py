"""`./learn watch N`: builds and tests at each save, and shows the first red test."""

import time

from learn import chapter_run, process, work
from learn.arguments import Parser
from learn.chapter_run import Wanted
from learn.chapters import find
from learn.errors import LearnError
from learn.install import ensure
from learn.needs import BUILD
from learn.steering import current
from learn.versions import add_options, chosen
from learn.watcher import Changed, Watcher, WatchingProgress

SUMMARY = "builds and tests a chapter or a task at each save"
ORDER = 22
COURSE = (30, "watch N.M", "the same at each save; N for the whole chapter")
NEEDS = BUILD
CLEAR = "\x1b[H\x1b[2J"


def run(context, arguments: list[str]) -> int:
    parser = Parser("watch", SUMMARY)
    parser.add_argument("what", nargs="?", metavar="N or N.M", help="(the chapter you are in)")
    add_options(parser)
    options = parser.parse(arguments)
    chapter, task = find(context.root, options.what) if options.what else (current(context), None)
    if not options.reference:
        work.require(chapter)
    version = chosen(options, chapter)
    ensure(context, NEEDS, "./learn watch")
    folder = chapter.work if version.is_mine else chapter.reference
    watcher = Watcher([folder / "funnel", chapter.root / "tests" / chapter.folder])
    wanted = Wanted(chapter, task, version)
    while True:
        _once(context, wanted, watcher)
        shown = f"{version.folder(chapter)}/funnel"
        context.term.line(context.term.style(f"watching {shown}; Ctrl-C ends this", "dim"))
        watcher.wait()


def _once(context, wanted: Wanted, watcher: Watcher) -> None:
    term = context.term
    while True:
        if term.live:
            term.stream.write(CLEAR)
        term.line(term.style(f"{time.strftime('%H:%M:%S')}  {wanted.words}", "dim"))
        chapter_run.show_note(context, wanted)
        bar = WatchingProgress(term, wanted.words, watcher)
        try:
            chapter_run.run(context, wanted, bar)
        except Changed:
            process.end_all()
            bar.drop()
            watcher.wait()
            continue
        except LearnError as error:  # a file that is gone, markers: the next save may mend it
            bar.drop()
            for line in error.excerpt:
                term.line(line)
            term.line(f"{term.mark(False)} {error.message}")
        return
