"""Writes into the book and the README what the code has: snippets, diffs, outputs, measurements.

A directive is an HTML comment on a line of its own, and what stands between it and the closing
comment is written by `./learn snip`; `./learn snip --check` fails where it would write something
else.

    <!-- snip: chapters/ch01_blocking/funnel/socket_read.cpp#task 1.3 -->
    ```cpp
    …
    ```
    <!-- /snip -->

CONTRIBUTING.md has the directives and their options; directives.py is where they are named.
"""
