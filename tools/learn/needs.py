"""What a command needs on the machine, found by looking: commands, headers, a program that links.

Package names are never looked at: where Node or a compiler comes from elsewhere, its packages
have other names, or conflict with the distribution's.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

PROBE_LIMIT_S = 30


@dataclass(frozen=True)
class Need:
    key: str  # the command, header or feature
    words: str  # what it is, for systems whose packages we do not know
    package: str  # what Debian calls it
    seconds: int  # roughly, to download and install it


@dataclass(frozen=True)
class Command(Need):
    minimum: tuple[int, ...] = ()
    version_flag: str = "--version"
    aliases: tuple[str, ...] = ()  # other names that do as well


@dataclass(frozen=True)
class Header(Need):
    pass


@dataclass(frozen=True)
class Runtime(Need):
    """A compiler runtime, found by linking a trivial program with clang++ and this flag."""

    flag: str = ""
    source: str = "int main() {}"


@dataclass(frozen=True)
class Finding:
    need: Need
    ok: bool
    detail: str  # the version or place, or what is wrong
    fingerprint: list | None = None  # changes when what was found changes


_FUZZER_SOURCE = (
    '#include <cstddef>\nextern "C" int LLVMFuzzerTestOneInput(const unsigned char*, std::size_t)'
    " { return 0; }"
)

ALL = {
    need.key: need
    for need in (
        Command("g++", "GCC's C++ compiler, 12 or newer", "g++", 30, (12,), "-dumpfullversion"),
        Command("cmake", "CMake, 3.24 or newer", "cmake", 15, (3, 24)),
        Command("ninja", "the Ninja build tool", "ninja-build", 2),
        Command("pkg-config", "pkg-config", "pkg-config", 2),
        Header("asio.hpp", "Asio, standalone, 1.22 or newer", "libasio-dev", 3),
        Header("fmt/core.h", "the fmt library", "libfmt-dev", 2),
        Header("doctest/doctest.h", "the doctest header", "doctest-dev", 2),
        Header("nlohmann/json_fwd.hpp", "nlohmann's JSON library", "nlohmann-json3-dev", 2),
        Header("re2/re2.h", "the RE2 library", "libre2-dev", 3),
        Header("openssl/ssl.h", "OpenSSL 3 with its headers", "libssl-dev", 4),
        Command("node", "Node.js, 18.15 or newer", "nodejs", 15, (18, 15)),
        Command("npm", "npm, which comes with Node.js", "npm", 60),
        Command("git", "git", "git", 5),
        Command("make", "make", "make", 2),
        Command("curl", "curl", "curl", 3),
        Command("clang++", "clang, 14 or newer", "clang", 45, (14,), "-dumpversion"),
        Runtime(
            "clang++ -fsanitize=fuzzer",
            "clang's runtime libraries (compiler-rt)",
            "libclang-rt-dev",
            10,
            "-fsanitize=fuzzer",
            _FUZZER_SOURCE,
        ),
        Runtime(
            "clang++ -fsanitize=thread",
            "clang's runtime libraries (compiler-rt)",
            "libclang-rt-dev",
            10,
            "-fsanitize=thread",
        ),
        Command("clang-format", "clang-format", "clang-format", 5),
        Command("clang-tidy", "clang-tidy", "clang-tidy", 15),
        Command(
            "chromium",
            "the Chromium browser",
            "chromium",
            45,
            aliases=("chromium-browser", "google-chrome"),
        ),
        Command("strace", "the tracer of system calls strace", "strace", 2),
        Command("wrk", "the HTTP load generator wrk", "wrk", 2, version_flag="-v"),
    )
}

BUILD = (
    "g++",
    "cmake",
    "ninja",
    "pkg-config",
    "asio.hpp",
    "fmt/core.h",
    "doctest/doctest.h",
    "nlohmann/json_fwd.hpp",
    "re2/re2.h",
    "openssl/ssl.h",
)
SITE = ("node", "npm")
CLANG = ("clang++", "clang++ -fsanitize=fuzzer", "clang++ -fsanitize=thread")


class Prober:
    """Looks for needs; remembers in `memory` (a JSON file) what it found, and where.

    A remembered finding counts as long as the file that was found is still the same.
    """

    def __init__(self, memory: Path):
        self._memory = memory
        self._include_path: list[Path] | None = None

    def missing(self, keys) -> list[Finding]:
        """Returns a finding for each need that is not met; quick when nothing has changed."""
        remembered = self._read()
        unknown = [k for k in dict.fromkeys(keys) if not _still_there(remembered.get(k))]
        if not unknown:
            return []
        findings = self.probe(unknown)
        remembered |= {f.need.key: f.fingerprint for f in findings if f.ok}
        for finding in findings:
            if not finding.ok:
                remembered.pop(finding.need.key, None)
        self._write(remembered)
        return [finding for finding in findings if not finding.ok]

    def probe(self, keys) -> list[Finding]:
        """Looks for each need afresh."""
        return [self._look(ALL[key]) for key in keys]

    def _look(self, need: Need) -> Finding:
        if isinstance(need, Command):
            return _find_command(need)
        if isinstance(need, Header):
            return self._find_header(need)
        return _find_runtime(need)

    def _find_header(self, need: Header) -> Finding:
        if self._include_path is None:
            self._include_path = _include_path()
        for folder in self._include_path:
            path = folder / need.key
            if path.is_file():
                return Finding(need, True, str(path), _fingerprint(path))
        return Finding(need, False, "the compiler does not find this header")

    def _read(self) -> dict:
        try:
            memory = json.loads(self._memory.read_text())
        except (OSError, ValueError):
            return {}
        return memory if isinstance(memory, dict) else {}

    def _write(self, remembered: dict) -> None:
        self._memory.parent.mkdir(parents=True, exist_ok=True)
        self._memory.write_text(json.dumps(remembered, indent=1))


def _fingerprint(path: Path, command: str = "") -> list:
    status = path.stat()
    return [str(path), status.st_mtime_ns, status.st_size, command]


def _still_there(fingerprint) -> bool:
    if not fingerprint:
        return False
    path, _, _, command = fingerprint
    if command and shutil.which(command) != path:
        return False
    try:
        return _fingerprint(Path(path), command) == fingerprint
    except OSError:
        return False


def _output(command: list[str], text: str = "", stderr=subprocess.DEVNULL) -> str | None:
    """Runs a short command; returns what it printed, or None when it failed."""
    try:
        result = subprocess.run(
            command,
            input=text,
            text=True,
            errors="replace",
            stdout=subprocess.PIPE,
            stderr=stderr,
            timeout=PROBE_LIMIT_S,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout if result.returncode == 0 else None


def _find_command(need: Command) -> Finding:
    names = (need.key, *need.aliases)
    name, path = next(((n, p) for n in names if (p := shutil.which(n))), ("", None))
    if not path:
        return Finding(need, False, "not found in PATH")
    fingerprint = _fingerprint(Path(path), name)
    if not need.minimum:
        return Finding(need, True, path, fingerprint)
    found = re.search(r"\d+(?:\.\d+)*", _output([path, need.version_flag]) or "")
    if not found:
        return Finding(need, False, f"{path} does not say which version it is")
    version = tuple(int(part) for part in found.group().split("."))
    if version < need.minimum:
        wanted = ".".join(map(str, need.minimum))
        return Finding(need, False, f"{path} is {found.group()}, {wanted} or newer is needed")
    return Finding(need, True, found.group(), fingerprint)


def _include_path() -> list[Path]:
    """Asks g++ where it looks for headers."""
    text = _output(["g++", "-E", "-v", "-x", "c++", "-"], stderr=subprocess.STDOUT) or ""
    _, _, rest = text.partition("#include <...> search starts here:\n")
    listed, _, _ = rest.partition("End of search list.")
    return [Path(line.strip()) for line in listed.splitlines()]


def _find_runtime(need: Runtime) -> Finding:
    path = shutil.which("clang++")
    if not path:
        return Finding(need, False, "clang++ is not found in PATH")
    with tempfile.TemporaryDirectory() as folder:
        command = [path, "-x", "c++", need.flag, "-", "-o", f"{folder}/program"]
        if _output(command, need.source) is None:
            return Finding(need, False, f"clang++ cannot link a program with {need.flag}")
    return Finding(need, True, "links", _fingerprint(Path(path), "clang++"))
