"""The name of the command that trains, for messages that suggest what to type next."""

_name = "saddle train"


def begun_by(name: str) -> None:
    """Note how the user began this process: `python train.py` in a checkout, `saddle train` elsewhere."""
    global _name
    _name = name


def training_command() -> str:
    """The command that trains, as the user typed it, without its overrides."""
    return _name
