"""The way from one latent to another."""

import torch
from torch import Tensor

_ALMOST_STRAIGHT = 1e-6


def slerp(first: Tensor, last: Tensor, share: Tensor) -> Tensor:
    """Points (N, S, D) at each `share` (S,) of the arc from `first` (N, D) to `last` (N, D), by spherical linear
    interpolation (Shoemake 1985, section 3.3).

    sin((1 - t) w) / sin(w) first + sin(t w) / sin(w) last, where w is the angle between the two. Normal numbers in many
    dimensions lie near a sphere; a straight way between them leads through its inside, where a generator has seen
    nothing (White 2016, section 2, arXiv 1609.04468). Where the two point the same way or opposite ways, so that sin(w)
    is 0, the way is straight.
    """
    p, q = first.double().unsqueeze(1), last.double().unsqueeze(1)
    t = share.double().view(1, -1, 1)
    u, v = (torch.nn.functional.normalize(end, dim=2) for end in (p, q))
    # the arc cosine of the product loses half of the digits of small angles
    angle = 2 * torch.atan2((u - v).norm(dim=2, keepdim=True), (u + v).norm(dim=2, keepdim=True))
    straight = angle.sin() < _ALMOST_STRAIGHT
    safe = torch.where(straight, torch.ones_like(angle), angle)
    arc = (((1 - t) * safe).sin() * p + (t * safe).sin() * q) / safe.sin()
    return torch.where(straight, (1 - t) * p + t * q, arc).to(first.dtype)


def between(first: Tensor, last: Tensor, steps: int, fixed: int = 0) -> Tensor:
    """`steps` latents (N, steps, D) evenly from `first` (N, D) to `last` (N, D), both among them, by `slerp`.

    The last `fixed` numbers are a code (`saddle.layer.code`), not a place: they stay those of `first`.
    """
    share, free = torch.linspace(0, 1, steps, dtype=torch.float64), first.shape[1] - fixed
    way = slerp(first[:, :free], last[:, :free], share)
    return torch.cat([way, first[:, None, free:].expand(-1, steps, -1)], 2)
