"""`./learn start N`: copies a chapter to work/, with stubs where its tasks are."""

import shutil
import subprocess

from learn import ask, chapter_run, work
from learn.arguments import Parser
from learn.chapters import Chapter, find_chapter
from learn.errors import UsageError
from learn.progress import Progress
from learn.steering import next_task
from learn.term import plural

SUMMARY = "begins a chapter: its code in work/, stubs where you write"
ORDER = 21
COURSE = (10, "start N", "begin chapter N: its code in work/, stubs where you write")
GIT_LIMIT_S = 60


def run(context, arguments: list[str]) -> int:
    parser = Parser("start", SUMMARY)
    parser.add_argument("chapter", metavar="N", help="the chapter's number")
    parser.add_argument(
        "--update",
        action="store_true",
        help="take over what has changed in the chapter since; your tasks stay as they are",
    )
    options = parser.parse(arguments)
    chapter = find_chapter(context.root, options.chapter)
    if options.update:
        return _update(context, chapter)
    work.start(chapter)
    term = context.term
    tests = [test for task in chapter.tasks for test in task.tests]
    counts = f"{plural(len(chapter.tasks), 'task')}, {plural(len(tests), 'test')}"
    where = term.style(work.shown(chapter), "bold")
    term.line(f"{term.mark(True)} Chapter {chapter.number}, {chapter.title}, is in {where}")
    term.line(f"  {counts}, red is expected: each test turns green as you write its task.")
    term.line("  The first build takes a minute or two, each later one a few seconds.")
    _offer_git(context, chapter)
    chapter_run.show_next(context, chapter, chapter.tasks[0])
    return 0


def _update(context, chapter: Chapter) -> int:
    if not chapter.started:
        raise UsageError(f"chapter {chapter.number} is not started; leave out --update")
    changed, kept = work.update(chapter)
    term = context.term
    if not changed:
        term.line(f"{work.shown(chapter)} is up to date")
        note = work.note(chapter)
        if note:
            term.line(term.style(note, "yellow"))
        return 0
    term.line(f"{term.mark(True)} {work.shown(chapter)} has the chapter as it is now; changed:")
    for path in changed:
        term.line(f"    {path}")
    term.line("  What you wrote in the tasks' regions is as it was.")
    if kept:
        term.line(f"  Your earlier files are kept in {kept}")
    task = next_task(chapter, Progress(context.root))
    if task:
        chapter_run.show_next(context, chapter, task)
    return 0


def _offer_git(context, chapter: Chapter) -> None:
    """Offers a repository of its own for work/, which the clone's ignores."""
    folder = context.root / "work"
    if (folder / ".git").exists() or not ask.can_ask(context.term) or not shutil.which("git"):
        return
    question = "  Make work/ a git repository, so that you can go back to any state?"
    if not ask.agreed(context.term, question):
        return
    identity = []
    if _git(folder, "config", "user.email").returncode:
        identity = ["-c", "user.name=learner", "-c", "user.email=learner@localhost"]
    message = f"Begin chapter {chapter.number}: {chapter.title}"
    for command in (
        ["init", "--quiet"],
        ["add", "--all"],
        [*identity, "commit", "--quiet", "--no-gpg-sign", "-m", message],
    ):
        result = _git(folder, *command)
        if result.returncode:
            said = (result.stderr.strip() or "no reason given").partition("\n")[0]
            context.term.line(f"  {context.term.mark(None)} git said no: {said}")
            return
    context.term.line(f"  {context.term.mark(True)} work/ is a git repository now")


def _git(folder, *arguments) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["git", *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=GIT_LIMIT_S,
    )
