"""Questions to the person at the terminal."""

import sys


def can_ask(term) -> bool:
    return sys.stdin.isatty() and term.stream.isatty()


def agreed(term, question: str, default: bool = True) -> bool:
    """Asks a yes-or-no question; Enter means `default`, the end of input means no."""
    term.clear_bar()
    term.stream.write(f"{question} [{'Y/n' if default else 'y/N'}] ")
    term.stream.flush()
    answer = sys.stdin.readline().lower()
    return answer in ("y\n", "yes\n") or (default and answer == "\n")
