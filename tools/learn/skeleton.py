"""Makes a chapter's skeleton: the reference with each task's regions replaced by a stub.

The stub calls `funnel::not_implemented("1.2")`, which says what is to be written and ends the
process with `NOT_WRITTEN`. Its header lists the tasks of all chapters: a program of chapter 3 may
come to a stub of chapter 2.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from learn.chapters import Chapter, Task, discover
from learn.regions import Region, Source

NOT_WRITTEN = 86
HEADER = "funnel/not_implemented.h"
INCLUDE = f"#include <{HEADER}>\n"
FOLDERS = ("funnel", "examples")
NOT_COPIED = {"compare.toml"}
UNWRITTEN_LINE = re.compile(r"task (\d+\.\d+) is not written yet")

_TEMPLATE = """\
#pragma once

// Made by ./learn: what the tasks call that are not written yet. There is nothing to do here.

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace funnel {{

/// Says which task is missing, what it is about and where to read on, and ends the process.
[[noreturn]] static inline void not_implemented(const char* task) noexcept {{
  struct Task {{
    const char *id, *title, *sentence, *book;
  }};
  static constexpr Task tasks[] = {{
{rows}
  }};
  for (const Task& each : tasks) {{
    if (std::strcmp(each.id, task) != 0) continue;
    std::fprintf(stderr, "task %s is not written yet: %s\\n%s\\nread %s, or: ./learn hint %s\\n",
                 each.id, each.title, each.sentence, each.book, each.id);
  }}
  std::fflush(stdout);
  std::_Exit({code});
}}

}}  // namespace funnel
"""


def paths(chapter: Chapter) -> list[str]:
    """The files of the reference that a skeleton has, from the chapter's folder."""
    found = []
    for folder in FOLDERS:
        for path in sorted((chapter.reference / folder).rglob("*")):
            if path.is_file() and path.name not in NOT_COPIED:
                found.append(str(path.relative_to(chapter.reference)))
    return found


def make(chapter: Chapter) -> dict[str, bytes]:
    """All files of the skeleton by their paths; raises `RegionError` where markers are wrong."""
    files = {path: make_file(chapter, path) for path in paths(chapter)}
    return files | {HEADER: header(chapter.root).encode()}


def make_file(chapter: Chapter, path: str) -> bytes:
    if path == HEADER:
        return header(chapter.root).encode()
    tasks = chapter.tasks_in(path)
    if not tasks:
        return (chapter.reference / path).read_bytes()
    return blanked(reference_source(chapter, path), tasks).encode()


def blank(chapter: Chapter, tasks: Iterable[Task]) -> dict[str, str]:
    """The reference's files that change when these tasks are blanked."""
    wanted = set(tasks)
    paths = [path for path in chapter.task_files if wanted & set(chapter.tasks_in(path))]
    return {
        path: blanked(
            reference_source(chapter, path),
            [task for task in chapter.tasks_in(path) if task in wanted],
        )
        for path in paths
    }


def reference_source(chapter: Chapter, path: str) -> Source:
    return Source.read(chapter.reference / path, f"chapters/{chapter.folder}/{path}")


def blanked(source: Source, tasks: list[Task]) -> str:
    """The source with these tasks' regions replaced by stubs, and the include that they need."""
    regions = [region for task in tasks for region in source.named(f"task {task.id}")]
    return with_include(source.replaced({region: stub(region) for region in regions}))


def stub(region: Region) -> str:
    return f'{region.indent}funnel::not_implemented("{region.task}");\n'


def is_stub(body: str) -> bool:
    """Tells whether a region holds nothing but a stub (or nothing at all)."""
    return bool(re.fullmatch(r'\s*(funnel::not_implemented\("[\d.]+"\);\s*)?', body))


def with_include(text: str) -> str:
    """Adds the include of the stubs' header after the last include, unless it is there."""
    if INCLUDE.strip() in text:
        return text
    lines = text.splitlines(keepends=True)
    includes = (i for i, line in enumerate(lines) if re.match(r"\s*#\s*include\b", line))
    lines.insert(max(includes, default=-1) + 1, INCLUDE)
    return "".join(lines)


def header(root: Path) -> str:
    rows = [
        f"      {{{_quoted(task.id)}, {_quoted(task.title)},\n"
        f"       {_quoted(task.sentence)},\n"
        f"       {_quoted(f'{chapter.book}#{task.book}')}}},"
        for chapter in discover(root)
        for task in chapter.tasks
    ]
    return _TEMPLATE.format(rows="\n".join(rows), code=NOT_WRITTEN)


def _quoted(text: str) -> str:
    escaped = "".join(f"\\{c}" if c in '"\\' else c for c in " ".join(text.split()))
    return f'"{escaped}"'
