"""Says what was chosen for a run, and keeps it: a run that goes on has the same settings, whatever has changed."""

import sys
from pathlib import Path

from omegaconf import OmegaConf

from saddle.config.fitting import Chosen
from saddle.file import replacing
from saddle.run.folder import settings_file

_FIRST_LOOK = "about 4 minutes of one core"
"""What 40,000 pictures of 32x32 pixels take (docs/pictures.md)."""


def say_and_keep(chosen: Chosen, folder: Path) -> None:
    """Print a table of what was `chosen`, and write it into the settings of the run in `folder`, if it has them."""
    print(f"chosen for {chosen.facts}:\n{chosen.table()}", file=sys.stderr)
    if chosen.first_look is not None:
        print(f"for a first look in {_FIRST_LOOK}, add: {chosen.first_look}", file=sys.stderr)
    file = settings_file(folder)
    if not file.exists():
        return
    settings = OmegaConf.load(file)
    for name, (value, _) in chosen.settings.items():
        OmegaConf.update(settings, name, value)
    with replacing(file) as temporary:
        temporary.write_text(OmegaConf.to_yaml(settings), encoding="utf-8")
