"""Pictures as PNG files."""

from pathlib import Path

from torch import Tensor


def write_png(picture: Tensor, path: Path) -> None:
    """Write a picture, uint8 (C, H, W) with one or three channels, to `path`."""
    import saddle.compat  # noqa: F401  isort: skip
    from torchvision.transforms.functional import to_pil_image

    to_pil_image(picture).save(path, format="PNG")
