"""A network that reads the factors of images, and its training on as many drawings as it takes."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from saddle.data.factors import FactorData
from saddle.data.loader import as_floats
from saddle.metric.classifier import Classifier
from saddle.metric.descent import one_cycle

_BATCH_SIZE = 128
_BLENDED = 0.25
_NOISE = 0.1  # standard deviation at most, of images in [-1, 1]


def train_factor_reader(
    data: FactorData, epochs: int, seed: int, report: Callable[[int, float], object] = lambda epoch, loss: None
) -> Classifier:
    """A classifier, in evaluation mode, whose logits (N, F * K) are those of K options for each of F factors.

    All factors share the body. Each epoch draws `data.size` new images, none of them a test image. A quarter of them is
    blended with an image of other options in about half of the factors, in shares that are the target, so that the
    probability of an option falls where an image shows it half. A little noise keeps single gray levels from counting.
    AdamW under a one-cycle learning rate, cross-entropy, batches of 128, in bfloat16. `report` receives each epoch's
    number and mean loss. Raises ValueError for fewer images than a batch.
    """
    steps = data.size // _BATCH_SIZE
    if steps == 0:
        raise ValueError(f"expected at least {_BATCH_SIZE} images, got {data.size}")
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = Classifier(data.readable_channels, data.image_size, len(data.factors) * data.options)
    model.dropout.p = 0.0  # against overfitting, of which there is none: no image comes twice
    model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch has no stub
    descent = one_cycle(model.parameters(), epochs * steps)
    for epoch in range(epochs):
        total = 0.0
        images, targets = _drawn(data, steps * _BATCH_SIZE, generator)
        for batch, target in zip(images.split(_BATCH_SIZE), targets.split(_BATCH_SIZE), strict=True):
            noise = torch.rand(len(batch), 1, 1, 1, generator=generator) * _NOISE
            noisy = as_floats(batch) + noise * torch.randn(batch.shape, generator=generator)
            with torch.autocast("cpu", torch.bfloat16):
                _, logits = model(noisy.to(memory_format=torch.channels_last))
            loss = -(target * by_factor(logits.float(), data.options).log_softmax(2)).sum(2).mean()
            total += descent.step(loss)
        report(epoch, total / steps)
    return model.eval()


def by_factor(logits: Tensor, options: int) -> Tensor:
    """Logits (N, F * K) as (N, F, K), K = `options`."""
    return logits.unflatten(1, (-1, options))


def _drawn(data: FactorData, num: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """`num` images, uint8 (num, C, H, W), and the share of each option in them, float32 (num, F, K)."""
    codes = data.fresh_codes(num, generator)
    images, shares = data.readable(data.drawn(codes)), one_hot(codes, data.options).float()
    blended = torch.rand(num, generator=generator) < _BLENDED
    codes = codes[blended]
    is_other = torch.rand(codes.shape, generator=generator) < 0.5
    others = torch.where(is_other, data.fresh_codes(len(codes), generator), codes)
    weight = torch.rand(len(codes), 1, 1, 1, generator=generator)
    other_images = data.readable(data.drawn(others))
    images[blended] = torch.lerp(images[blended].float(), other_images.float(), weight).round().to(torch.uint8)
    shares[blended] = torch.lerp(shares[blended], one_hot(others, data.options).float(), weight[..., 0])
    return images, shares
