"""The one exception for input that the user can mend."""


class InputError(ValueError):
    """The user's input is wrong: the message names the setting or file and the mend; the command exits with 2."""
