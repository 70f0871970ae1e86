"""Choices on the command line that the chosen game does not read."""

import re
from collections.abc import Sequence
from typing import Any

from saddle.config.override import key_of
from saddle.config.source import class_constant, has_parameter
from saddle.error import InputError

_OBJECTIVE = ("loss", "penalty", "augmentation")
"""Groups that make the objective, which a game with a parameter `objective` is handed."""


def check_read(config: dict[str, Any], overrides: Sequence[str]) -> None:
    """Raise InputError for an override of a part that the game of `config` has no use for: a loss where no
    discriminator plays, or a network that it does not need.
    """
    game = config.get("game")
    target = str(game.get("_target_")) if isinstance(game, dict) else ""
    needs = class_constant(target, "needs")
    if needs is None:
        return  # the schema says what is wrong with it
    name = target.split(".")[-2]
    for override in overrides:
        place = re.split(r"[./@]", key_of(override))
        if place[0] in _OBJECTIVE and not has_parameter(target, "objective"):
            raise InputError(f"{override}: game={name} reads no {place[0]}; leave it out")
        if place[0] == "architecture" and len(place) > 1 and place[1] not in (*needs, "conditional"):
            raise InputError(
                f"{override}: game={name} has no {place[1]}; its networks are {', '.join(needs)}: leave it out"
            )
