"""Choices on the command line that the chosen game does not read."""

import re
from collections.abc import Sequence
from typing import Any

from saddle.cli.override import key_of
from saddle.error import InputError

_GROUPS = {"loss": "loss", "penalty": "penalties", "augmentation": "augmentations"}
"""Groups and the setting of a game that holds what they build."""


def check_read(config: dict[str, Any], overrides: Sequence[str]) -> None:
    """Raise InputError for an override of a part that the game of `config` has no use for: a loss where no
    discriminator plays, or a network that it does not need.
    """
    from saddle.cli.schema import resolve_target

    game = config.get("game")
    if not isinstance(game, dict) or not hasattr(resolve_target("game", game.get("_target_")), "needs"):
        return  # the schema says what is wrong with it
    needs, name = resolve_target("game", game["_target_"]).needs, game["_target_"].split(".")[-2]
    for override in overrides:
        place = re.split(r"[./@]", key_of(override))
        if place[0] in _GROUPS and _GROUPS[place[0]] not in game:
            raise InputError(f"{override}: game={name} reads no {place[0]}; leave it out")
        if place[0] == "architecture" and len(place) > 1 and place[1] not in (*needs, "conditional"):
            raise InputError(
                f"{override}: game={name} has no {place[1]}; its networks are {', '.join(needs)}: leave it out"
            )
