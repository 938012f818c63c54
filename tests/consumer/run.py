#!/usr/bin/env python3
"""Uses the library as other projects do: installed, by CMake and by pkg-config, and as a folder.

The release tree must be built already; it is installed into a temporary folder, which is moved
before it is used. As a folder of another project it is configured and one file is compiled; its
own sources are not.
"""

import argparse
import filecmp
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import programs  # noqa: E402

SOURCE = HERE.parent.parent
ANSWER = "Hello, consumer\n"
LIMIT_S = 300  # of one command, such as a build of one small program


class Failure(Exception):
    """Says what is wrong with the package."""


def require(condition, message):
    if not condition:
        raise Failure(message)


def try_to(*command, **settings):
    """Runs a command to its end."""
    try:
        return programs.run(command, LIMIT_S, **settings)
    except subprocess.TimeoutExpired as expired:
        raise Failure(programs.say_timeout(expired)) from expired


def run(*command, **settings):
    """Runs a command that must succeed and returns what it prints."""
    done = try_to(*command, **settings)
    require(not done.returncode, f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def files_below(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


class Consumer:
    """The tests, in order; what they share."""

    def __init__(self, build, compiler, folder):
        self.build = build
        self.compiler = compiler
        self.folder = folder
        self.prefix = folder / "moved" / "prefix"

    def configure(self, project, *options):
        """Configures one of the projects and returns where it is built."""
        target = self.folder / project
        run("cmake", "-G", "Ninja", "-S", HERE / project, "-B", target,
            f"-DCMAKE_CXX_COMPILER={self.compiler}", *options)  # fmt: skip
        return target

    def installs(self):
        first = self.folder / "installed"
        run("cmake", "--install", self.build, "--prefix", first)
        self.prefix.parent.mkdir()
        shutil.move(first, self.prefix)
        require(files_below(self.prefix), "nothing was installed")

    def installs_all_public_headers_and_nothing_else(self):
        public = SOURCE / "final" / "include"
        installed = self.prefix / "include"
        names = files_below(public)
        require(files_below(installed) == names, "the installed headers are not the public ones")
        for name in names:
            require(filecmp.cmp(public / name, installed / name, False), f"{name} is out of date")
        kinds = {path.suffix for path in files_below(self.prefix)}
        require(kinds == {".h", ".a", ".cmake", ".pc"}, f"other files were installed: {kinds}")

    def installs_no_path_of_this_machine(self):
        for path in files_below(self.prefix):
            content = (self.prefix / path).read_bytes()
            for place in (SOURCE, self.build, self.folder):
                require(os.fsencode(place) not in content, f"{path} names {place}")

    def exports_one_target(self):
        texts = [path.read_text() for path in self.prefix.rglob("funnel-targets*.cmake")]
        targets = {line for text in texts for line in text.splitlines() if "add_library(" in line}
        require(targets == {"add_library(funnel::funnel STATIC IMPORTED)"}, f"exports {targets}")

    def is_found_by_cmake(self):
        build = self.configure("find_package", f"-DCMAKE_PREFIX_PATH={self.prefix}")
        run("cmake", "--build", build)
        require(run(build / "consumer") == ANSWER, "the program does not answer")

    def is_not_found_in_another_version(self):
        text = (HERE / "find_package" / "CMakeLists.txt").read_text()
        project = self.folder / "later"
        project.mkdir()
        (project / "CMakeLists.txt").write_text(text.replace("funnel 0.1", "funnel 0.2"))
        done = try_to("cmake", "-S", project, "-B", project, f"-DCMAKE_PREFIX_PATH={self.prefix}")
        require(done.returncode and "version: 0.1" in done.stderr, "0.1 passes for 0.2")

    def is_found_by_pkg_config(self):
        places = [str(path.parent) for path in self.prefix.rglob("funnel.pc")]
        environment = {**os.environ, "PKG_CONFIG_PATH": ":".join(places), "CXX": self.compiler}
        build = self.folder / "pkg_config"
        build.mkdir()
        run("make", "-C", build, "-f", HERE / "pkg_config" / "Makefile", f"VPATH={HERE}",
            env=environment)  # fmt: skip
        require(run(build / "consumer") == ANSWER, "the program does not answer")

    def is_a_folder_of_another_project(self):
        build = self.configure("add_subdirectory", f"-DFUNNEL_SOURCE={SOURCE}")
        rules = run("ninja", "-C", build, "-t", "targets", "all").splitlines()
        programs = [rule.split(":")[0] for rule in rules if "EXECUTABLE_LINKER" in rule]
        require(programs == ["consumer"], f"builds programs that were not asked for: {programs}")
        require(not list(build.rglob("funnel.pc")), "is installed along with another project")
        unit = next(rule.split(":")[0] for rule in rules if "main.cpp.o:" in rule)
        command = run("ninja", "-C", build, "-t", "commands", unit).splitlines()[-1]
        require("-W" not in command, "its warnings are imposed on another project")
        require(str(SOURCE / "final" / "src") not in command, "its private headers can be seen")
        run("ninja", "-C", build, unit)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--build", type=pathlib.Path, default=SOURCE / "build" / "release")
    arguments.add_argument("--compiler", default=os.environ.get("CXX", "g++"))
    options = arguments.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="funnel_consumer_") as folder:
        consumer = Consumer(options.build.resolve(), options.compiler, pathlib.Path(folder).resolve())
        tests = [
            consumer.installs,
            consumer.installs_all_public_headers_and_nothing_else,
            consumer.installs_no_path_of_this_machine,
            consumer.exports_one_target,
            consumer.is_found_by_cmake,
            consumer.is_not_found_in_another_version,
            consumer.is_found_by_pkg_config,
            consumer.is_a_folder_of_another_project,
        ]
        for test in tests:
            name = test.__name__.replace("_", " ")
            try:
                test()
                print(f"ok     {name}", flush=True)
            except Failure as failure:
                failed += 1
                print(f"FAILED {name}: {failure}", flush=True)
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
