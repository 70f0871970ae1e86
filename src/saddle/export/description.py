"""What an exported file says about itself, as JSON inside the file."""

import hashlib
import json
from pathlib import Path
from typing import Any

from saddle.alpha import CHANNELS
from saddle.config.place import places_in, with_places
from saddle.error import InputError
from saddle.export.network import ExportedNetwork
from saddle.export.program import Pixels
from saddle.run.argument import image_shape
from saddle.run.opened import OpenedRun
from saddle.version import __version__

KEY = "saddle"
"""The name of the description among a file's metadata."""

FORMAT = 1
"""The version of the description."""


def described(
    run: OpenedRun, network: ExportedNetwork, pixels: Pixels | None, truncation: float | None
) -> dict[str, Any]:
    """The description of a network in a file whose images are `pixels`, or which holds weights alone.

    Paths in the run's record are shortened to their last name, for an export is given to others.
    """
    conditional = bool(network.classes)
    return {
        "format": FORMAT,
        "version": __version__,
        "network": network.name,
        "kind": network.kind,
        "checkpoint": {"sha256": digest_of(run.checkpoint), "iteration": run.iteration, "images": run.images},
        "inputs": network.inputs(),
        "outputs": network.outputs(run.makes_points),
        "pixels": None if run.makes_points else pixels,
        "shape": None if run.makes_points else list(image_shape(run)),
        "alpha": not run.makes_points and image_shape(run)[0] == CHANNELS,
        "latent_dim": network.latent_dim,
        "code": _code(network),
        "classes": run.class_names[: network.classes] if conditional else [],
        "truncation": truncation,
        "record": shareable(run.record),
    }


def _code(network: ExportedNetwork) -> dict[str, int]:
    """The parts of InfoGAN's code at the end of the latent (`saddle.layer.code`)."""
    return {name: getattr(network.module, name, 0) for name in ("categories", "continuous")}


def shareable(record: dict[str, Any]) -> dict[str, Any]:
    """A record without the places of files on this machine."""
    return with_places(record, {name: Path(place).name for name, place in places_in(record).items()})


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def as_text(description: dict[str, Any]) -> str:
    """A description as JSON."""
    return json.dumps(description, indent=2)


def parsed(text: str | None, file: Path) -> dict[str, Any]:
    """The description that stands as JSON in a file; raises InputError if there is none of this version of saddle."""
    try:
        description: dict[str, Any] = json.loads(text or "")
        network, digest = description["network"], description["checkpoint"]["sha256"]
        is_ours = description["format"] == FORMAT and network in description["record"]["architecture"]
        is_ours = is_ours and isinstance(digest, str) and isinstance(description["checkpoint"]["iteration"], int)
        is_ours = is_ours and isinstance(description["outputs"], list)
        is_ours = is_ours and description["pixels"] in (None, "uint8", "float32")
    except (ValueError, TypeError, KeyError):  # a crafted file can hold anything
        is_ours = False
    if not is_ours:
        raise InputError(f"{file}: saddle did not export this file, or another version did: export it again")
    return description
