"""The programs that the README and the book show in parts compile, each as a whole."""

import re
import shutil
import subprocess
import unittest

import tree

EXAMPLES = sorted((tree.REPOSITORY / "tests" / "snip" / "examples").glob("*.cpp"))
CHAPTERS = sorted((tree.REPOSITORY / "chapters").glob("ch*"))
FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror"]
CONSUMER = tree.REPOSITORY / "tests" / "consumer" / "find_package" / "CMakeLists.txt"


class Examples(unittest.TestCase):
    @unittest.skipUnless(shutil.which("g++"), "needs g++")
    def test_they_compile(self):
        self.assertTrue(EXAMPLES)
        for path in EXAMPLES:
            with self.subTest(path.name):
                # Where its first line names a chapter, it is written against that one.
                chapter = re.match(r"// Chapter (\d)", path.read_text())
                headers = CHAPTERS[: int(chapter[1])] if chapter else [tree.REPOSITORY / "final" / "include"]
                command = ["g++", *FLAGS, *(f"-I{folder}" for folder in headers), path]
                done = subprocess.run(command, capture_output=True, text=True, timeout=120)
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_readmes_cmake_is_what_the_consumers_test_builds(self):
        readme = (tree.REPOSITORY / "README.md").read_text()
        [shown] = re.findall(r"```cmake\n(.*?)```", readme, re.DOTALL)
        tested = re.sub(r"(?s).*?(?=find_package)", "", CONSUMER.read_text(), count=1)
        tested = tested.replace("../main.cpp", "hello.cpp").replace("consumer", "hello")
        self.assertEqual(shown.split(), tested.split())


if __name__ == "__main__":
    unittest.main()
