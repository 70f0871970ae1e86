"""The exceptions that a person who trains is told in one sentence."""


class InputError(ValueError):
    """The user's input is wrong: the message names the setting or file and the mend; the command exits with 2."""


class Stopped(Exception):  # noqa: N818
    """Signal `number` ended training, with a checkpoint; the message says how to go on."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number


class Failed(Exception):  # noqa: N818
    """Training itself went wrong: the message says how, and what is left; the command exits with 1."""

    BEGINS = "training failed: "

    def __init__(self, message: str) -> None:
        super().__init__(self.BEGINS + message)


def printable(text: str) -> str:
    """A name or an input as it can stand on one line of a terminal: what is no character is written as its code."""
    return text if text.isprintable() else repr(text)[1:-1]
