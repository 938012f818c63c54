"""Programs that stand in for CMake, npm and a whole machine."""

import os
import shutil
import sys
from unittest import mock

import support
from learn import needs
from learn.needs import ALL

# For a fake that must not end before a test says so, by making a file.
WAIT_FOR = """
    def wait_for(gate):
        import sys, time
        until = time.monotonic() + 20
        while not gate.exists():
            if time.monotonic() > until:
                sys.exit(f"nobody made {gate}")
            time.sleep(0.01)
"""

# CMake as far as it configures, and says what it was asked for; `root`, `folder` and `calls` are
# for what follows.
CONFIGURE = """
    import os, pathlib, re, shutil, sys
    if "--version" in sys.argv:
        sys.exit(print("cmake version 99.0"))
    root = pathlib.Path.cwd()
    with open("calls", "a") as calls:
        print(*sys.argv[1:], file=calls)
    preset = sys.argv[sys.argv.index("--preset") + 1]
    folder = root / "build" / preset
    if "--build" not in sys.argv:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "CMakeCache.txt").write_text(f"CMAKE_HOME_DIRECTORY:INTERNAL={root}\\n")
        if (root / "bad").exists():
            sys.exit("CMake Error at CMakeLists.txt:3:\\n  install libfmt-dev\\n\\n-- more")
        (folder / "build.ninja").open("a").close()
        sys.exit()
"""

CMAKE = CONFIGURE + WAIT_FOR + """
    if (root / "broken").exists():
        assert os.environ["NINJA_STATUS"] == "[%f/%t] "
        print("[1/3] Building CXX object a.o")
        print("FAILED: b.o")
        print(f"{root}/b.cpp:3:7: error: expected ';'")
        print("    3 | int x")
        print("ninja: build stopped: subcommand failed.")
        print("[2/3] Building CXX object c.o")
        print(f"{root}/c.cpp:1:1: error: another")
        sys.exit(1)
    elif (root / "gated").exists():
        wait_for(root / "gate")
"""

NPM = WAIT_FOR + """
    import pathlib, sys
    with open(pathlib.Path(__file__).parent / "calls", "a") as calls:
        print(pathlib.Path.cwd().name, *sys.argv[1:], file=calls)
    if pathlib.Path("gated").exists():
        wait_for(pathlib.Path.cwd().parent / "gate")
    if pathlib.Path("bad").exists():
        sys.exit("vitepress v1\\nError: dead link in index.md\\nat x")
    if sys.argv[1] == "ci":
        pathlib.Path("node_modules").mkdir(exist_ok=True)
    else:
        dist = pathlib.Path(".vitepress/dist")
        dist.mkdir(parents=True, exist_ok=True)
        (dist / "index.html").write_text("")
"""

TOOLS = "sh env cat id dirname readlink mkdir chmod rm touch cp sleep".split()
HEADERS = [key for key, need in ALL.items() if isinstance(need, needs.Header)]


class MachineTest(support.TreeTest):
    """A PATH of its own, with only what a test puts there."""

    def setUp(self):
        super().setUp()
        self.path = self.root / "path"
        self.path.mkdir()
        for tool in TOOLS:
            (self.path / tool).symlink_to(shutil.which(tool))
        (self.path / "python3").symlink_to(sys.executable)
        environment = mock.patch.dict(os.environ, {"PATH": str(self.path)})
        environment.start()
        self.addCleanup(environment.stop)

    def command(self, name, version="99.0"):
        self.shell(f"path/{name}", f"echo {name} version {version}\n")

    def compiler(self, version="12.2.0"):
        """A g++ that knows its version and one folder of headers."""
        self.shell(
            "path/g++",
            f"""
            case $* in
              -dumpfullversion) echo {version} ;;
              *) echo '#include <...> search starts here:' >&2
                 echo ' {self.root}/include' >&2
                 echo 'End of search list.' >&2 ;;
            esac
            """,
        )

    def everything_to_build(self):
        self.compiler()
        for name in ("cmake", "ninja", "pkg-config"):
            self.command(name)
        for header in HEADERS:
            self.write(f"include/{header}")
