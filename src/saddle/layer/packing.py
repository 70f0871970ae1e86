"""Packs of inputs that a discriminator judges together (PacGAN: Lin et al. 2018, section 2, arXiv 1712.04086)."""

from torch import Tensor


def packing_of(packing: int, conditional: bool) -> int:
    """Return `packing`; raise ValueError if a conditional network would judge more than one input together."""
    if packing > 1 and conditional:
        raise ValueError(
            f"packing={packing} joins images whose labels may differ, and conditional=True gives D one label: "
            "use packing=1, or conditional=false"
        )
    return packing


def packed(inputs: Tensor, packing: int) -> Tensor:
    """Inputs joined along channels, `packing` neighbors at a time: (N, C, ...) to (N / packing, packing * C, ...).

    Raises ValueError unless N is a multiple of `packing`.
    """
    if len(inputs) % packing:
        raise ValueError(f"{len(inputs)} inputs make no whole packs of packing={packing}: use a multiple of it")
    if packing == 1:
        return inputs
    return inputs.unflatten(0, (-1, packing)).flatten(1, 2)
