"""A small chapter in a tree of its own, with a CMake and a test program that are fakes.

The fake test program does not compile anything: it reads the sources of its version. A line
`// SENTENCE: WHAT` says what the test case SENTENCE does there; without such a line the test case
calls what is not written yet.
"""

from unittest import mock

import fakes
import support
from learn import chapters

TOML = """
    chapter = 1
    title = "A small chapter"
    book = "book/ch01.md"
    given = ["what is given works"]

    [[task]]
    id = "1.1"
    title = "Open it"
    files = ["funnel/door.cpp"]
    sentence = "Nobody waits outside."
    book = "open-it"
    run = "hello --open"
    hints = ["What is a door?", "Push it.", "door.push();\\ndoor.wait();"]
    tests = ["a door opens", "a door opens twice"]

    [[task]]
    id = "1.2"
    title = "Close it"
    files = ["funnel/house.cpp"]
    sentence = "Nobody freezes inside."
    book = "close-it"
    run = "hello"
    hints = ["Who is cold?", "Pull it.", "door.pull();"]
    tests = ["a door closes"]
"""

DOOR = """
    #include <funnel/door.h>

    namespace funnel {

    void open() {
      // #region task 1.1
      // a door opens: pass
      push();
      // #endregion task 1.1
    }

    void twice() {
      // #region task 1.1
      // a door opens twice: pass
      push();
      push();
      // #endregion task 1.1
    }

    }  // namespace funnel
"""

HOUSE = """
    #include <funnel/door.h>

    // what is given works: pass
    void close() {
      // #region task 1.2
      // a door closes: pass
      pull();
      // #endregion task 1.2
    }
"""

MUTANT = """
[[mutant]]
name = "{name}"
task = "{task}"
killed-by = "{test}"
why = "{why}"
file = "{file}"
replace = "// {test}: pass"
with = "// {test}: {what}"
"""

DOOR_TEST = """
// final: yes
TEST_CASE("what is given works") {}
TEST_CASE("a door opens") {}
""".lstrip()

HOUSE_TEST = """
// final: no, its house is another
TEST_CASE("a door opens twice") {}
TEST_CASE("a door closes") {}
""".lstrip()

EXAMPLES_TEST = """
    import os, subprocess, unittest

    class Examples(unittest.TestCase):
        def test_hello(self):
            program = os.environ["FUNNEL_EXAMPLES"] + "hello"
            printed = subprocess.run([program, "x"], capture_output=True, text=True, check=True).stdout
            self.assertTrue(printed.endswith("hello x\\n"), printed)

    unittest.main()
"""

BOOK = """
    # A small chapter

    ## Open it {#open-it}

    Text.

    ## Close it
"""

CMAKE = fakes.CONFIGURE + """
    folders = {"mine": "work", "funnel": "chapters", "variant": "build/learner/variants"}
    targets = sys.argv[sys.argv.index("--target") + 1:] if "--target" in sys.argv else []
    for target in targets:
        found = re.match("(?:test_|challenges_)?(mine|funnel|variant|final)_", target)
        if not found:
            continue  # no program of a chapter
        prefix = found[1]
        sources = root / folders.get(prefix, "chapters") / "ch01_small"
        for path in sorted(sources.glob("funnel/*.*")):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if line.startswith("// saved"):
                    print(path.name, line, file=open("saved", "a"))
                if "SYNTAX" in line:
                    print("[1/3] Building CXX object x.o")
                    print(f"FAILED: {prefix}_ch01.dir/{path.stem}.o\\nc++ -c {path}")
                    print(f"{path}: In function 'void funnel::open()':")
                    print(f"{path}:{number}:3: error: expected ';' before 'x'")
                    print(f"   {number} | {line}\\n      |   ^\\n      |   ;")
                    print(f"{path}:{number + 1}:3: error: another")
                    print("ninja: build stopped: subcommand failed.")
                    sys.exit(1)
        (folder / "bin").mkdir(exist_ok=True)
        program = "test_program" if target.startswith("test_") else "example"
        shutil.copy2(root / "fakes" / program, folder / "bin" / target)
        (folder / "bin" / (target + ".sources")).write_text(f"{sources}\\n{root}")
"""

NINJA = """
    import pathlib, sys
    if "--version" in sys.argv:
        sys.exit(print("99.0"))
    folder = pathlib.Path(sys.argv[sys.argv.index("-C") + 1])
    tool, targets = sys.argv[sys.argv.index("-t") + 1], sys.argv[sys.argv.index("-t") + 2:]
    if tool == "deps":
        for target in targets:
            print(f"{target}: #deps 1, deps mtime 1 (VALID)")
            print(f"    {folder}/variants/ch01_small/funnel/door.h\\n")
        sys.exit()
    compiler = folder.parents[1] / "fakes/compiler"
    sources = sorted(folder.glob("variants/ch01_small/funnel/*.cpp"))
    for source in sources:
        print(f"{compiler} -MF x.d -o obj/{source.stem}.o -c {source}")
    objects = " ".join(f"obj/{source.stem}.o" for source in sources)
    print(f"ar qc libvariant_ch01.a {objects}")
    for target in targets:
        name = target.rpartition("_")[2]
        main = f"tests/ch01_small/{name}_test.cpp" if target.startswith("test_") else (
            f"chapters/ch01_small/examples/{name}.cpp")
        print(f"{compiler} -MF x.d -o obj/{target}.o -c {folder.parents[1]}/{main}")
        print(f": && {compiler} obj/{target}.o -o bin/{target} libvariant_ch01.a && :")
"""

COMPILER = """
    import pathlib, re, shutil, sys
    root = pathlib.Path(sys.argv[0]).resolve().parents[1]
    output = pathlib.Path(sys.argv[sys.argv.index("-o") + 1])
    if "-c" in sys.argv:
        source = pathlib.Path(sys.argv[sys.argv.index("-c") + 1])
        if "SYNTAX" in source.read_text():
            sys.exit(f"{source}:6:3: error: expected ';' before 'x'")
        changed = next((pathlib.Path(w[2:]) for w in sys.argv if w.startswith("-I")), root / "none")
        if (changed / "funnel/door.h").exists() and changed in source.parents:
            print("door.h", source.relative_to(changed), file=open(root / "compiled", "a"))
        output.write_text(source.read_text())
        sys.exit()
    if output.name == "program":  # one that must fail
        [text] = [pathlib.Path(w).read_text() for w in sys.argv[1:] if w.endswith("/program.o")]
        said, code = re.search("prints (.*), exits with ([0-9])", text).groups()
        output.write_text(chr(10).join(["#!/bin/sh", f"echo '{said}'", f"exit {code}"]))
        output.chmod(0o755)
        sys.exit()
    folder = pathlib.Path(f"{output}.d")
    shutil.copytree(root / "build/learner/variants/ch01_small", folder)
    made = "example" if "hello" in output.name else "test_program"
    for word in sys.argv[1:]:
        source = pathlib.Path(word).with_suffix(".cpp")
        if word.endswith(".o") and source.exists():
            shutil.copy2(source, folder / "funnel")
    shutil.copy2(root / "fakes" / made, output)
    pathlib.Path(f"{output}.sources").write_text(f"{folder}\\n{root}")
"""

TEST_PROGRAM = """
    import os, pathlib, re, signal, sys, time, tomllib
    here = pathlib.Path(sys.argv[0])
    lines = here.with_name(here.name + ".sources").read_text().splitlines()
    sources, root = map(pathlib.Path, lines)
    table = tomllib.loads((root / "chapters/ch01_small/tasks.toml").read_text())
    tasks = {test: task["id"] for task in table["task"] for test in task["tests"]}
    extra = root / "more-tests"
    names = [*table["given"], *tasks, *(extra.read_text().splitlines() if extra.exists() else [])]
    if "final" in here.name:
        names = names[:2]
    options = dict(word.split("=", 1) for word in sys.argv[1:] if "=" in word)
    if "--list-test-cases" in sys.argv:
        own = (root / f"tests/ch01_small/{here.name.rpartition('_')[2]}_test.cpp").read_text()
        print("<doctest>")
        for name in [name for name in names if f'"{name}"' in own or "door" in here.name and name not in tasks]:
            print(f'<TestCase name="{name}" filename="tests/ch01_small/door_test.cpp"/>')
        sys.exit(print("</doctest>"))
    name = options["--test-case"]
    out = open(options["--out"], "w")
    story = open(os.environ["FUNNEL_STORY"], "a")

    def tell(text):
        print("1.5", "peer", text, sep="\\t", file=story, flush=True)

    def report(text):
        out.write(text)
        out.flush()

    report('<?xml version="1.0" encoding="UTF-8"?><doctest><TestSuite>')
    if name not in names:
        sys.exit(report("</TestSuite></doctest>"))
    report(f'<TestCase name="{name}" filename="tests/ch01_small/door_test.cpp" line="7">')
    text = "".join(path.read_text() for path in sorted(sources.glob("funnel/*.cpp")))
    found = re.search(rf"// {re.escape(name)}: (\\w+)", text)
    what = found[1] if found else "unwritten"
    place = 'filename="tests/ch01_small/door_test.cpp" line="9"'
    tell("knocks at the door")
    if what == "unwritten":
        print(f"task {tasks.get(name, '1.1')} is not written yet: it", file=sys.stderr)
        os._exit(86)
    if what == "fail":
        tell("hears nothing")
        report(f'<Expression success="false" type="CHECK" {place}><Original>door() == "open"'
               '</Original><Expanded>shut == open</Expanded><Info>after the knock</Info>'
               '</Expression>')
    if what == "crash":
        door = sources / "funnel/door.cpp"
        print(f"==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x1", file=sys.stderr)
        print(f"    #0 0x1 in operator delete /usr/include/new:1", file=sys.stderr)
        print(f"    #1 0x2 in funnel::open(int) {door}:8", file=sys.stderr)
        print(f"SUMMARY: AddressSanitizer", file=sys.stderr)
        os._exit(1)
    if what == "abort":
        signal.signal(signal.SIGABRT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGABRT)
    if what == "hang":
        (root / "hangs").write_text("")
        time.sleep(60)
    good = "true" if what == "pass" else "false"
    report(f'<OverallResultsAsserts test_case_success="{good}"/></TestCase></TestSuite></doctest>')
    sys.exit(what != "pass")
"""

EXAMPLE = """
    import sys
    print(sys.argv[0].rpartition("/")[2], *sys.argv[1:])
"""


class CourseTest(support.TreeTest):
    """A tree with the small chapter."""

    def setUp(self):
        super().setUp()
        self.mutants = {}
        self.write("chapters/ch01_small/tasks.toml", TOML)
        self.write("chapters/ch01_small/funnel/door.cpp", DOOR)
        self.write("chapters/ch01_small/funnel/house.cpp", HOUSE)
        self.write("chapters/ch01_small/funnel/door.h", "#pragma once\n")
        self.write("chapters/ch01_small/examples/hello.cpp", "// Says hello.\nint main() {}\n")
        self.write("chapters/ch01_small/examples/compare.toml")
        self.write("tests/ch01_small/door_test.cpp", DOOR_TEST)
        self.write("tests/ch01_small/house_test.cpp", HOUSE_TEST)
        self.write("tests/ch01_small/examples_test.py", EXAMPLES_TEST)
        self.write("book/ch01.md", BOOK)
        self.write("CMakePresets.json", "{}")
        self.program("path/cmake", CMAKE)
        self.program("path/ninja", NINJA)
        self.program("fakes/compiler", COMPILER)
        self.program("fakes/test_program", TEST_PROGRAM)
        self.program("fakes/example", EXAMPLE)
        self.write("build/learn/needs.json", "{}")
        for module in ("test", "watch", "run", "trace", "compare"):
            ensured = mock.patch(f"learn.commands.{module}.ensure")
            ensured.start()
            self.addCleanup(ensured.stop)

    def environment(self, **changes):
        plain = super().environment(**changes)
        (self.root / "tmp").mkdir(exist_ok=True)
        return plain | {"PATH": f"{self.root}/path:{plain['PATH']}", "TMPDIR": f"{self.root}/tmp"}

    def mutant(self, name, task="1.1", test="a door opens", what="fail", **changes):
        """Adds a mutant, or changes the one of that name."""
        file = {"1.1": "funnel/door.cpp", "1.2": "funnel/house.cpp"}.get(task, "funnel/door.cpp")
        fields = {"name": name, "task": task, "test": test, "what": what, "file": file}
        self.mutants[name] = fields | {"why": "it is plausible"} | changes
        text = "".join(MUTANT.format(**each) for each in self.mutants.values())
        return self.write("chapters/ch01_small/mutants.toml", text)

    def work(self, path=""):
        return self.root / "work/ch01_small" / path

    @property
    def chapter(self):
        return chapters.discover(self.root)[0]

    def change_program(self, old, new):
        """Lets the fake test program do something else."""
        self.edit("fakes/test_program", old, new)

    def becomes(self, what, test="a door opens"):
        """Lets the learner's code, which is written, do `what` in a test."""
        self.edit_work("funnel/door.cpp", f"// {test}: pass", f"// {test}: {what}")

    def edit(self, path, old, new):
        """Replaces a text in a file of the tree, which has to be there."""
        file = self.root / path
        text = file.read_text()
        self.assertIn(old, text)
        file.write_text(text.replace(old, new))

    def edit_work(self, path, old, new):
        self.edit(f"work/ch01_small/{path}", old, new)

    def solve(self, *tests):
        """Writes into the learner's stubs what makes these tests green."""
        places = {
            "a door opens": ("door.cpp", 0),
            "a door opens twice": ("door.cpp", 1),
            "a door closes": ("house.cpp", 0),
        }
        for test in tests or places:
            name, place = places[test]
            path = self.work(f"funnel/{name}")
            parts = path.read_text().split("funnel::not_implemented(")
            # Each stub that is still there, in its order; the solved ones are gone already.
            at = min(place, len(parts) - 2)
            head = "funnel::not_implemented(".join(parts[: at + 1])
            tail = "funnel::not_implemented(".join(parts[at + 1 :]).partition(";")[2]
            path.write_text(f"{head}// {test}: pass{tail}")
