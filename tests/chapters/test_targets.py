"""What CMake makes of a chapter: the learner's targets of the learner's files, and of no others."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
LIMIT_S = 120
CHAPTERS = ("ch01_door", "ch02_house")


class TargetsTest(unittest.TestCase):
    """A clone with two small chapters, both started, as it is configured for a learner."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="learn-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name).resolve()
        for name in ("CMakeLists.txt", "cmake", "chapters/CMakeLists.txt", "tests/support"):
            place = cls.root / name
            place.parent.mkdir(exist_ok=True)
            place.symlink_to(REPOSITORY / name)
        for chapter in CHAPTERS:
            more = "EXAMPLE_LIBRARIES hello=re2 other=sqlite"
            cls.write(f"chapters/{chapter}/CMakeLists.txt", f"funnel_chapter({chapter} {more})\n")
            for test in ("some", "other"):
                cls.write(f"tests/{chapter}/{test}_test.cpp", "// final: yes\n")
            for place in ("chapters", "work"):
                cls.write(f"{place}/{chapter}/funnel/socket.cpp")
                cls.write(f"{place}/{chapter}/examples/hello.cpp")
        for chapter in CHAPTERS:
            cls.write(f"chapters/{chapter}/examples/other.cpp")
        for name in ("funnel/mine", "examples/my-own"):
            cls.write(f"work/ch01_door/{name}.cpp")
        cls.write("tests/book/challenges/ch01.cpp")
        cls.write("tests/book/challenges/ch02.cpp")
        cls.write("work/ch01_door/challenges.h")
        # What editors leave beside a file while it is changed, copied or kept.
        for file in ("work/ch01_door/funnel/socket", "work/ch01_door/examples/hello",
                     "tests/ch01_door/some_test"):  # fmt: skip
            folder, _, name = file.rpartition("/")
            (cls.root / folder / f".#{name}.cpp").symlink_to("somebody@somewhere:1")
            for other in (f"{name} copy.cpp", f"{name}.old.cpp", f"{name}.cpp~"):
                cls.write(f"{folder}/{other}", "#error not a source\n")
        cls.write("tests/ch01_door/a copy of_test.cpp")
        cls.configure()

    @classmethod
    def write(cls, name, text=""):
        path = cls.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    @classmethod
    def configure(cls):
        cls.configured = cls.run_tool("cmake", "-S", cls.root, "-B", cls.root / "build", "-G", "Ninja",
                     "-DCMAKE_CXX_COMPILER=g++", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON",
                     "-DFUNNEL_ONLY_CHAPTERS=ON", "-DFUNNEL_WERROR=ON",
                     "-DCMAKE_DISABLE_FIND_PACKAGE_SQLite3=ON")  # fmt: skip
        entries = json.loads((cls.root / "build/compile_commands.json").read_text())
        cls.compiled = [(entry["file"], entry["command"].split()) for entry in entries]

    @classmethod
    def run_tool(cls, *command):
        words = list(map(str, command))
        done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT_S)
        if done.returncode:
            raise AssertionError(done.stdout + done.stderr)
        return done.stdout

    def shown(self, path):
        return str(pathlib.Path(path).relative_to(self.root))

    def of(self, target):
        """What is compiled for a target but its precompiled header: each file with its words."""
        return {
            self.shown(file): words
            for file, words in self.compiled
            if f"/{target}.dir/" in words[words.index("-o") + 1] and "/cmake_pch." not in file
        }

    def own_folders(self, words):
        """Where headers of chapters are looked for, in that order."""
        found = [self.shown(word[2:]) for word in words if word.startswith(f"-I{self.root}/")]
        return [folder for folder in found if folder.startswith(("work", "chapters"))]

    def linked(self, target):
        """The chapters' libraries that a program is linked with, in that order."""
        *_, last = self.run_tool(
            "ninja", "-C", self.root / "build", "-t", "commands", target
        ).splitlines()
        names = [pathlib.Path(word).name for word in last.split() if word.endswith(".a")]
        return [name for name in names if "_ch0" in name]


class Mine(TargetsTest):
    def test_the_library_and_the_examples_are_the_learners_and_nothing_that_editors_leave(self):
        self.assertEqual(
            set(self.of("mine_ch01")),
            {"work/ch01_door/funnel/mine.cpp", "work/ch01_door/funnel/socket.cpp"},
        )
        self.assertEqual(list(self.of("mine_ch01_hello")), ["work/ch01_door/examples/hello.cpp"])
        self.assertEqual(list(self.of("mine_ch01_my-own")), ["work/ch01_door/examples/my-own.cpp"])
        mine = [file for file, _ in self.compiled if self.shown(file).startswith("work")]
        # The second chapter is compiled on the reference of the first and on the learner's.
        self.assertEqual(len(mine), 4 + 2 * 2)

    def test_the_tests_see_the_learners_headers_and_run_the_learners_code(self):
        tests = self.of("test_mine_ch01_some")
        self.assertEqual(list(tests), ["tests/ch01_door/some_test.cpp"])
        for target in ("test_mine_ch01_some", "mine_ch01", "mine_ch01_hello"):
            for words in self.of(target).values():
                self.assertEqual(self.own_folders(words), ["work/ch01_door"], target)
        for program in ("test_mine_ch01_some", "mine_ch01_hello"):
            self.assertEqual(self.linked(program), ["libmine_ch01.a"])

    def test_the_challenges_are_tested_on_the_learners_code_once_there_are_some(self):
        [(file, words)] = self.of("challenges_mine_ch01").items()
        self.assertEqual(file, "tests/book/challenges/ch01.cpp")
        self.assertEqual(self.own_folders(words), ["work/ch01_door"])
        self.assertNotIn("-Werror", words)
        self.assertEqual(self.linked("challenges_mine_ch01"), ["libmine_ch01.a"])
        self.assertEqual(self.of("challenges_mine_ch02"), {})

    def test_a_later_chapter_is_built_on_the_reference_of_the_one_before(self):
        for words in (*self.of("test_mine_ch02_some").values(), *self.of("mine_ch02").values()):
            self.assertEqual(self.own_folders(words), ["work/ch02_house", "chapters/ch01_door"])
        self.assertEqual(self.linked("test_mine_ch02_some"), ["libmine_ch02.a", "libfunnel_ch01.a"])

    def test_with_on_mine_it_is_built_on_the_learners_own(self):
        for target in ("test_onmine_ch02_some", "onmine_ch02", "onmine_ch02_hello"):
            for words in self.of(target).values():
                folders = [folder for folder in self.own_folders(words) if not folder.endswith("/examples")]
                self.assertEqual(folders, ["work/ch02_house", "work/ch01_door"])
        libraries = ["libonmine_ch02.a", "libmine_ch01.a"]
        self.assertEqual(self.linked("test_onmine_ch02_some"), libraries)

    def test_examples_see_what_those_of_earlier_chapters_share(self):
        for target in ("funnel_ch02_hello", "mine_ch02_hello"):
            for words in self.of(target).values():
                self.assertIn("chapters/ch01_door/examples", self.own_folders(words))
        for words in self.of("funnel_ch01_hello").values():
            self.assertNotIn("chapters/ch01_door/examples", self.own_folders(words))

    def test_a_test_file_is_a_program_of_its_own(self):
        self.assertEqual(list(self.of("test_mine_ch01_other")), ["tests/ch01_door/other_test.cpp"])

    def test_an_example_whose_library_is_missing_is_left_out(self):
        self.assertEqual(self.of("funnel_ch01_other"), {})
        self.assertIn("the example other is left out: it needs sqlite (Debian: apt-get install "
                      "libsqlite3-dev)", self.configured)  # fmt: skip
        *_, last = self.run_tool(
            "ninja", "-C", self.root / "build", "-t", "commands", "funnel_ch01_hello"
        ).splitlines()
        self.assertIn("re2", last)

    def test_a_warning_is_an_error_in_the_reference_alone(self):
        for target, wanted in (("mine_ch01", False), ("test_mine_ch01_some", False),
                               ("funnel_ch01", True), ("test_funnel_ch01_some", True)):  # fmt: skip
            for words in self.of(target).values():
                self.assertEqual("-Werror" in words, wanted, target)
                self.assertEqual("-Wno-unused" in words, not wanted, target)


class Saving(TargetsTest):
    def cmake_has_to_run_again(self):
        """Whether Ninja finds that other sources are there, before it builds anything."""
        stamp = self.root / "build/CMakeFiles/cmake.verify_globs"
        os.utime(stamp, (0, 0))
        self.run_tool("cmake", "-P", self.root / "build/CMakeFiles/VerifyGlobs.cmake")
        return stamp.stat().st_mtime > 0

    def test_the_lock_of_an_unsaved_file_does_not_cost_a_run_of_cmake_and_a_new_source_does(self):
        (self.root / "work/ch01_door/funnel/.#mine.cpp").symlink_to("somebody@somewhere:1")
        self.assertFalse(self.cmake_has_to_run_again())
        self.write("work/ch01_door/funnel/new.cpp")
        self.assertTrue(self.cmake_has_to_run_again())


class Reference(TargetsTest):
    def test_nothing_of_the_learners_is_in_it(self):
        for target in ("funnel_ch01", "funnel_ch01_hello", "test_funnel_ch01_some"):
            self.assertTrue(self.of(target), target)
            for file, words in self.of(target).items():
                self.assertFalse(file.startswith("work"), file)
                self.assertEqual(self.own_folders(words), ["chapters/ch01_door"])
        for program in ("test_funnel_ch01_some", "funnel_ch01_hello"):
            self.assertEqual(self.linked(program), ["libfunnel_ch01.a"])

    def test_it_alone_is_built_unless_more_is_asked_for(self):
        made = self.run_tool("ninja", "-C", self.root / "build", "-t", "commands", "all")
        self.assertIn("libfunnel_ch01.a", made)
        self.assertNotIn("mine_ch", made)


if __name__ == "__main__":
    unittest.main()
