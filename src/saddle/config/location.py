"""Where the config files are."""

from pathlib import Path


def config_folder() -> str:
    """The path of the folder conf/: beside src/ in a checkout, inside the package when installed."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "conf"
    checkout = package.parents[1] / "conf"
    return str(installed if installed.is_dir() else checkout)
