"""The commands, one module each; the module's name is the command's.

A module has SUMMARY (one line for the overview), ORDER (its place there), optionally NEEDS (what
must be on the machine; `doctor` reads it), and run(context, arguments) -> exit code. Those that lead
through the chapters also have COURSE: their place there, how they are written, and what they do.
"""
