"""The ways in which a command ends early. Each becomes a line on stderr and an exit code."""


class LearnError(Exception):
    """A known failure: says what was expected, what happened and what to do. Exit code 1."""

    exit_code = 1

    def __init__(self, message: str, excerpt=()):
        """`excerpt` holds lines of another program's output that explain the failure."""
        super().__init__(message)
        self.message = message
        self.excerpt = list(excerpt)


class UsageError(LearnError):
    """The command line is wrong; the message says what would be right. Exit code 2."""

    exit_code = 2


class Stopped(BaseException):
    """A signal asked the tool to end. Exit code 128 + its number, as a shell reports it."""

    def __init__(self, signal_number: int):
        super().__init__(signal_number)
        self.exit_code = 128 + signal_number
