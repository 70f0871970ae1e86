"""The reconstruction loss of FastGAN (Liu et al. 2021, section 3.2, arXiv 2101.04775), for training on few images."""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddle.penalty.base import Term, TermInputs


@dataclass(frozen=True)
class Reconstruction(Term):
    """E[|G(f) - T(x)|] at real images x (equation 2), a mean over pixels: G decodes D's features f of x, T crops x.

    D, who has to keep what the decoders need, looks at whole images and at parts of them, and learns few of them less
    by heart. Two decoders, of the whole image and of a corner, are added. The paper measures the distance by a
    pretrained network (LPIPS); this is the mean absolute difference. D must have decoders
    (`saddle.architecture.base.Discriminator.reconstructs`). The decoders see images as D does, behind augmentations.
    """

    needs_reconstructions = True

    def discriminator(self, inputs: TermInputs) -> Tensor:
        """The sum over both decoders of the mean absolute difference, a scalar."""
        distances: list[Tensor] = []
        for made, wanted in inputs.reconstructions(inputs.real, "real"):
            distances.append((made - wanted).abs().mean())
        return torch.stack(distances).sum()
