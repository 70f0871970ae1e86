"""Two domains of MNIST digits for image translation, with a known correct answer for every source."""

from torch import Tensor

from saddle.bound import Count, Index, Side, Size
from saddle.data.domain import Domain, changed, readable
from saddle.data.loader import as_floats
from saddle.data.mnist import Mnist
from saddle.data.resize import resized
from saddle.error import InputError
from saddle.seed import fixed_order


class MnistPair(Mnist):
    """Digits in the domain `target` as labeled images, and other digits in the domain `source` as sources.

    The domains are those of `saddle.data.domain`. A fixed shuffle splits MNIST's training digits into two halves: one
    becomes the 30,000 sources, the other the 30,000 targets, so the counterpart of a source is never in the training
    data. The halves are the same for every run, whatever its seed and the domains. Test digits are available in both
    domains. Raises InputError if the two domains are the same.

    The classifier that saddle ships for MNIST (99.59 % on plain test digits) classifies this share of the `readable`
    true counterparts correctly: plain 99.59 %, thin 99.34 %, thick 98.88 %, inverted 99.59 %, slanted 99.64 % (10,000
    test digits of 28x28 pixels).
    """

    size = 30_000
    has_sources = True

    def __init__(
        self,
        root: str,
        image_size: Side,
        channels: Size,
        classes: Size,
        batch_size: Count,
        seed: Index,
        accumulate: Count = 1,
        limit: Count | None = None,
        flip: bool = False,
        source: Domain = "thin",
        target: Domain = "thick",
    ) -> None:
        super().__init__(root, image_size, channels, classes, batch_size, seed, accumulate, limit, flip)
        if source == target:
            raise InputError(f"data.source={source} equals data.target: there is nothing to translate; choose two")
        self.source: Domain = source
        self.target: Domain = target
        self._pairs: tuple[Tensor, Tensor, Tensor] | None = None

    def load(self) -> tuple[Tensor, Tensor]:
        images, labels = super().load()
        _, half = _halves(len(images))
        return changed(images[half], self.target), labels[half]

    def load_sources(self) -> Tensor:
        images, _ = super().load()
        half, _ = _halves(len(images))
        return changed(images[half], self.source)

    def load_test(self) -> tuple[Tensor, Tensor]:
        images, labels = super().load_test()
        return changed(images, self.target), labels

    def test_pairs(self) -> tuple[Tensor, Tensor, Tensor]:
        """Sources and their true counterparts, both uint8 (M, 1, S, S), and labels, int64 (M,), of all test digits."""
        if self._pairs is None:  # computed once, because grids and probes need them often
            images, labels = super().load_test()
            sources = resized(changed(images, self.source), self.image_size)
            counterparts = resized(changed(images, self.target), self.image_size)
            self._pairs = sources, counterparts, labels
        return self._pairs

    def held_out(self, num: int) -> dict[str, Tensor]:
        """The batch of other data, plus `source`, (N, 1, S, S) in [-1, 1], and their true counterparts.

        These are `counterpart`, and `image`, too.
        """
        sources, counterparts, labels = self.test_pairs()
        rows = fixed_order(len(labels), "held out")[:num]
        images = as_floats(counterparts[rows])
        return {"source": as_floats(sources[rows]), "image": images, "counterpart": images, "label": labels[rows]}

    def to_translate(self, num: int) -> Tensor:
        sources, _, labels = self.test_pairs()
        return sources[fixed_order(len(labels), "held out")[:num]]

    def readable(self, images: Tensor) -> Tensor:
        """uint8 images (N, 1, S, S) of the target domain in the form that a classifier of MNIST expects, same shape."""
        return readable(images, self.target)


def _halves(size: int) -> tuple[Tensor, Tensor]:
    """Indices of the digits that become sources, and of as many others that become targets, out of `size`."""
    order = fixed_order(size, "pair")
    return order[: size // 2], order[size // 2 : size // 2 * 2]
