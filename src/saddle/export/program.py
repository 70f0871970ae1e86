"""A network as a function of the arrays that other programs hold.

Pixels are "uint8", (N, H, W, C) from 0 to 255, as picture files hold them, or "float32", (N, C, H, W) from -1 to 1, as
networks see them. With four channels the last one is alpha (`saddle.alpha`).
"""

from typing import Literal

from torch import Tensor, nn

from saddle.data.loader import as_floats
from saddle.export.network import ExportedNetwork
from saddle.training.sampling import as_bytes

Pixels = Literal["uint8", "float32"]


class GeneratorProgram(nn.Module):
    """Latents (N, latent_dim) float32 and, of a conditional network, labels (N,) int64 to pixels or points (N, 2)."""

    def __init__(self, network: nn.Module, pixels: Pixels) -> None:
        super().__init__()
        self.network, self.pixels = network, pixels

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        outputs = self.network(latent) if label is None else self.network(latent, label)
        return outputs if outputs.dim() == 2 else written(outputs, self.pixels)


class TranslatorProgram(nn.Module):
    """Pixels of one domain to pixels of another."""

    def __init__(self, network: nn.Module, pixels: Pixels) -> None:
        super().__init__()
        self.network, self.pixels = network, pixels

    def forward(self, source: Tensor) -> Tensor:
        return written(self.network(read(source, self.pixels)), self.pixels)


class EncoderProgram(nn.Module):
    """Pixels to codes (N, latent_dim) float32 and, where `gaussian`, their log variances; the codes are the means."""

    def __init__(self, network: nn.Module, pixels: Pixels, gaussian: bool) -> None:
        super().__init__()
        self.network, self.pixels, self.gaussian = network, pixels, gaussian

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        codes = self.network(read(images, self.pixels))
        if not self.gaussian:
            return codes
        mean, log_variance = codes.chunk(2, dim=1)
        return mean, log_variance


def program_of(network: ExportedNetwork, pixels: Pixels) -> nn.Module:
    """The function that is exported for a network."""
    if network.kind == "generator":
        return GeneratorProgram(network.module, pixels)
    if network.kind == "translator":
        return TranslatorProgram(network.module, pixels)
    return EncoderProgram(network.module, pixels, network.is_gaussian)


def written(images: Tensor, pixels: Pixels) -> Tensor:
    """A network's images (N, C, H, W) in [-1, 1] as pixels."""
    return as_bytes(images).permute(0, 2, 3, 1) if pixels == "uint8" else images


def read(images: Tensor, pixels: Pixels) -> Tensor:
    """Pixels as a network's images (N, C, H, W) in [-1, 1]."""
    return as_floats(images.permute(0, 3, 1, 2)) if pixels == "uint8" else images
