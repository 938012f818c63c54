"""Entry point: `python3 tools/learn COMMAND…`, started by the script `learn` at the root."""

import signal
import sys
from pathlib import Path

# Until the handlers of cli.main are there, Ctrl-C ends us as it ends any program: without a word.
signal.signal(signal.SIGINT, signal.SIG_DFL)

# Started as a folder, Python puts the folder itself on the path; the package is one above it.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from learn.cli import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
