#!/usr/bin/env python3
"""Checks that includes follow the layers, that trees do not mix, and that nothing is cyclic."""

import collections
import os

import common
from common import Finding

LAYERS = ["core", "net", "http", "websocket", "web", "runtime"]  # each may include those before it

# The public headers of each layer, <funnel/NAME.h>. Headers in funnel/detail/ are core's
# unless they are named here.
PUBLIC = {
    "core": """
        asio assert cancel clock error executor future gen generator ioloop locks log poller queues
        result task trace version
        """,
    "net": "callback_stream iostream netutil socket tcpclient tcpserver tls",
    "http": "escape http_error httpclient httpserver httputil simple_httpclient wsgi",
    "websocket": "websocket",
    "web": "auth detail/handler_traits locale metrics routing static template web web_json",
    "runtime": "autoreload options process testing",
}
LAYER_OF = {f"funnel/{name}.h": layer for layer, names in PUBLIC.items() for name in names.split()}


def public_layer(name):
    """Returns the layer of <funnel/…>, or None for a header that the table does not know."""
    if name not in LAYER_OF and name.startswith("funnel/detail/"):
        return "core"
    return LAYER_OF.get(name)


def own_layer(path):
    """Returns the layer of a file, given relative to final/include or final/src."""
    return public_layer(path) if path.startswith("funnel/") else path.split("/")[0]


def resolve(root, file, include, folders):
    """Returns the file that an include names, relative to root; None if it is in no folder."""
    if include.quoted:
        folders = [file.parent, *folders]
    for folder in folders:
        target = os.path.relpath(folder / include.name, root)
        if (root / target).is_file():
            return target
    return None


def check_include(root, file, layer, include):
    """Returns what is wrong with one include of a file of the library, or None."""
    name = include.name
    if name.startswith("funnel/"):
        target = public_layer(name)
        if target is None:
            return f"<{name}> is in no layer: add it to PUBLIC in tools/checks/layers.py"
    else:
        if not include.quoted and not (root / "final/src" / name).is_file():
            return None  # a system header
        target = name.split("/")[0]
        if root / "final/include" in file.parents:
            return f'a public header includes the private "{name}": users do not have it'
        if target not in LAYERS or not (root / "final/src" / name).is_file():
            return f'"{name}" is no file of final/src: write private headers as "LAYER/name.h"'
    if LAYERS.index(target) > LAYERS.index(layer):
        return (
            f"{layer} includes {name} of the higher layer {target}:"
            " turn the dependency round or move the code"
        )
    return None


def check_library(root):
    """Checks every include of final/include and final/src against the layers."""
    findings = []
    for base in (root / "final/include", root / "final/src"):
        for file in common.cpp_files(base):
            place, inside = str(file.relative_to(root)), file.relative_to(base).as_posix()
            layer = own_layer(inside)
            if layer not in LAYERS:
                mend = (
                    "add it to PUBLIC in tools/checks/layers.py"
                    if inside.startswith("funnel/")
                    else f"move it to one of final/src/{{{','.join(LAYERS)}}}"
                )
                findings.append(Finding(place, 1, f"the file is in no layer: {mend}"))
                continue
            for include in common.includes(file):
                text = check_include(root, file, layer, include)
                if text:
                    findings.append(Finding(place, include.line, text))
    return findings


def check_trees(root):
    """Checks that final and the chapters share no file, and that no two chapters share a name."""
    findings, owners = [], collections.defaultdict(list)
    for own, other in (("final", "chapters"), ("chapters", "final")):
        for file in common.cpp_files(root / own):
            place = str(file.relative_to(root))
            for include in common.includes(file):
                target = resolve(root, file, include, [root])
                if target and target.startswith(f"{other}/"):
                    text = f"{own} includes {include.name} of {other}: the two stand alone"
                    findings.append(Finding(place, include.line, text))
    for file in common.cpp_files(*sorted((root / "chapters").glob("*/funnel"))):
        if file.suffix == ".h":
            owners[file.relative_to(root / "chapters").as_posix().split("/", 1)[1]].append(file)
    for name, files in owners.items():
        for file in files[1:]:
            chapter = files[0].relative_to(root / "chapters").parts[0]
            text = f"<{name}> belongs to {chapter} already: a chapter replaces no header"
            findings.append(Finding(str(file.relative_to(root)), 1, text))
    return findings


def include_graph(root):
    """Maps each file of final to the (line, file) pairs it includes within final."""
    graph, folders = {}, [root / "final/include", root / "final/src"]
    for file in common.cpp_files(root / "final"):
        targets = [(i.line, resolve(root, file, i, folders)) for i in common.includes(file)]
        graph[str(file.relative_to(root))] = [edge for edge in targets if edge[1]]
    return graph


def check_cycles(root):
    """Finds includes that close a cycle, by depth-first search."""
    graph, findings, done = include_graph(root), [], set()

    def visit(file, path):
        for line, target in graph.get(file, []):
            if target in path:
                cycle = " -> ".join([*path[path.index(target) :], target])
                text = f"an include cycle, {cycle}: declare one of them forward"
                findings.append(Finding(file, line, text))
            elif target not in done:
                visit(target, [*path, target])
        done.add(file)

    for file in sorted(graph):
        if file not in done:
            visit(file, [file])
    return findings


def check(root):
    files = common.cpp_files(root / "final/include", root / "final/src")
    findings = check_library(root) + check_trees(root) + check_cycles(root)
    return findings, f"{len(files)} files in {len(LAYERS)} layers"


if __name__ == "__main__":
    common.run("layers", __doc__, check)
