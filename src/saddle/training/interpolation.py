"""Interpolation between latents."""

import torch
from torch import Tensor

_ALMOST_STRAIGHT = 1e-6


def slerp(first: Tensor, last: Tensor, share: Tensor) -> Tensor:
    """Points (N, S, D) at each `share` (S,) of the arc from `first` (N, D) to `last` (N, D), by spherical linear
    interpolation (Shoemake 1985, section 3.3).

    sin((1 - t) w) / sin(w) first + sin(t w) / sin(w) last, where w is the angle between the two. Normal numbers in many
    dimensions lie near a sphere; a straight line between them passes through its inside, where a generator has not been
    trained (White 2016, section 2, arXiv 1609.04468). If the two are parallel, so that sin(w) is 0, the interpolation
    is linear.
    """
    p, q = first.double().unsqueeze(1), last.double().unsqueeze(1)
    t = share.double().view(1, -1, 1)
    u, v = (torch.nn.functional.normalize(end, dim=2) for end in (p, q))
    # the arc cosine of the inner product loses half of the digits of small angles
    angle = 2 * torch.atan2((u - v).norm(dim=2, keepdim=True), (u + v).norm(dim=2, keepdim=True))
    straight = angle.sin() < _ALMOST_STRAIGHT
    safe = torch.where(straight, torch.ones_like(angle), angle)
    arc = (((1 - t) * safe).sin() * p + (t * safe).sin() * q) / safe.sin()
    return torch.where(straight, (1 - t) * p + t * q, arc).to(first.dtype)


def between(first: Tensor, last: Tensor, steps: int, fixed: int = 0) -> Tensor:
    """`steps` evenly spaced latents (N, steps, D) from `first` (N, D) to `last` (N, D), both included, by `slerp`.

    The last `fixed` numbers are a code (`saddle.layer.code`), not a position: they stay those of `first`.
    """
    share, free = torch.linspace(0, 1, steps, dtype=torch.float64), first.shape[1] - fixed
    path = slerp(first[:, :free], last[:, :free], share)
    return torch.cat([path, first[:, None, free:].expand(-1, steps, -1)], 2)
