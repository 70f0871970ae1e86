import pytest
import torch

from saddle.metric.classifier import Classifier
from saddle.metric.classifier_extractor import Card, ClassifierExtractor
from saddle.metric.reference import chosen, reference

IMAGES = torch.randint(0, 256, (20, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(5))


class Counting(ClassifierExtractor):
    """Counts how often it reads."""

    def __init__(self, digest: str = "a" * 64) -> None:
        torch.manual_seed(1)
        super().__init__(Classifier(1, 8, 3), Card("made", 1, 8, 3, 1, 0, 2, 1, 0.5, "none", sha256=digest))
        self.calls = 0

    def __call__(self, images):
        self.calls += 1
        return super().__call__(images)


def test_what_was_read_is_read_from_the_cache(tmp_path):
    extractor = Counting()
    first, again = (reference(IMAGES, extractor, tmp_path / "cache") for _ in range(2))
    assert extractor.calls == 1
    assert torch.equal(first.features, again.features)
    assert torch.equal(first.probabilities, again.probabilities)
    reference(IMAGES, extractor, None)
    assert extractor.calls == 2


def test_other_images_and_other_weights_have_files_of_their_own(tmp_path):
    for images, extractor in ((IMAGES, Counting()), (IMAGES, Counting("b" * 64)), (IMAGES[:10], Counting())):
        found = reference(images, extractor, tmp_path)
        assert extractor.calls == 1
        assert torch.equal(found.features, ClassifierExtractor.__call__(extractor, images)[0])
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("content", [b"", b"text", None])
def test_a_damaged_cache_is_made_again(tmp_path, content):
    extractor = Counting()
    expected = reference(IMAGES, extractor, tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:200] if content is None else content)
    assert torch.equal(reference(IMAGES, extractor, tmp_path).features, expected.features)
    assert path.read_bytes() == whole
    assert extractor.calls == 2


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path):
    (tmp_path / "file").write_text("in the way")
    extractor = Counting()
    assert len(reference(IMAGES, extractor, tmp_path / "file").features) == 20
    assert (tmp_path / "file").read_text() == "in the way"


def test_the_chosen_images_are_always_the_same_ones():
    some = chosen(IMAGES, 7)
    assert torch.equal(some, chosen(IMAGES, 7))
    rows = [next(i for i, image in enumerate(IMAGES) if torch.equal(image, kept)) for kept in some]
    assert rows == sorted(set(rows))
    assert rows != list(range(7))
    assert chosen(IMAGES, 20) is IMAGES
