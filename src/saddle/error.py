"""Exceptions that are shown to the user as one sentence, without a traceback."""


class InputError(ValueError):
    """The user's input is wrong. The message names the setting or file and a remedy; the command exits with 2."""


class ArgumentError(InputError):
    """A method's argument `name` has a wrong `value`, for this `reason`; a command names its option instead."""

    def __init__(self, name: str, value: object, reason: str) -> None:
        super().__init__(f"{name}={value}: {reason}")
        self.name, self.value, self.reason = name, value, reason


class Stopped(Exception):  # noqa: N818
    """Signal `number` ended training after a checkpoint was saved. The message says how to continue."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number


class Failed(Exception):  # noqa: N818
    """Training failed. The message says how, and which checkpoints are left; the command exits with 1."""

    BEGINS = "training failed: "
    """The start of every message."""

    def __init__(self, message: str) -> None:
        super().__init__(self.BEGINS + message)


def first_line(error: BaseException) -> str:
    """The first line of an exception's message, or the name of its class where it has none."""
    return (str(error) or type(error).__name__).splitlines()[0]


def printable(text: str) -> str:
    """`text` for one line of a terminal, with unprintable characters written as escapes."""
    if text.isprintable():
        return text
    return repr(text)[1:-1]
