"""`./learn serve`: builds the book's site and its server, and shows it."""

import re
import shutil
import subprocess
import sys

from learn import process, site
from learn.arguments import Parser, whole_number
from learn.build import build
from learn.errors import LearnError
from learn.install import ensure
from learn.needs import BUILD, SITE
from learn.programs import discover, targets

SUMMARY = "builds the book and shows it with its live demos on http://127.0.0.1:8888"
ORDER = 10
NEEDS = BUILD + SITE

GRACE_S = 5  # for connections that are open when the server is told to end
SERVING = re.compile(r"serving (http://\S+)")
BROWSERS = ("xdg-open", "open", "sensible-browser")


def run(context, arguments: list[str]) -> int:
    parser = Parser("serve", SUMMARY)
    parser.add_argument(
        "--port", type=whole_number(0, 65535), default=8888, metavar="N", help="0 takes a free one"
    )
    parser.add_argument("--open", action="store_true", help="open a browser")
    parser.add_argument("--no-build", action="store_true", help="serve what is built already")
    options = parser.parse(arguments)
    if not options.no_build:
        ensure(context, NEEDS, "./learn serve")
        programs = discover(context.root)
        needed = targets(programs) if programs else []
        build(context, "release", ["siteserver", *needed])
        site.build_site(context)
    return _serve(context, options)


def _serve(context, options) -> int:
    server, pages = context.binary("siteserver"), site.folder(context)
    for path in (server, pages / "index.html"):
        if not path.exists():
            raise LearnError(
                f"{context.shown(path)} is not built; run ./learn serve without --no-build"
            )
    command = [server, "--root", pages, "--port", options.port]
    command += ["--", context.root / "learn", "compare", "--events", "--no-build"]
    child = process.spawn(command, grace=GRACE_S, stdout=subprocess.PIPE)
    with child.stdout:
        for line in process.output(child):
            if line is None:
                continue
            print(line, flush=True)
            serving = SERVING.match(line)
            if serving and options.open:
                _open_browser(serving[1])
    process.forget(child)
    if child.returncode:
        how = process.describe_exit(child.returncode)
        raise LearnError(f"the server of the site ended with {how}")
    return 0


def _open_browser(url: str) -> None:
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not program:
        print(f"learn: there is no browser to open here; open {url}", file=sys.stderr)
        return
    # Not a child to be ended with us: the browser stays.
    subprocess.Popen(
        [program, url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
