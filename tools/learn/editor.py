"""What a learner's editor needs to know: work/chNN_NAME/compile_commands.json, which clangd reads.

It is written by `./learn start`. Not CMake's own, which is in the build folder, has precompiled
headers that only g++ can read, and is not there before the first build.
"""

import json

from learn.chapters import Chapter, discover

NAME = "compile_commands.json"
FLAGS = ("-std=c++20", "-Wall", "-Wextra", "-xc++")


def commands(chapter: Chapter, files) -> bytes:
    """The compile command of each of these files, paths below the chapter's folder; a header is
    compiled as a source."""
    below = [each for each in discover(chapter.root) if each.number < chapter.number]
    folders = [chapter.work, *(each.reference for each in reversed(below))]
    flags = ["c++", *FLAGS, *(f"-I{folder}" for folder in folders)]
    entries = [
        {"directory": str(chapter.work), "file": path, "arguments": [*flags, path]}
        for path in sorted(files)
        if path.endswith((".cpp", ".h"))
    ]
    return (json.dumps(entries, indent=1) + "\n").encode()
