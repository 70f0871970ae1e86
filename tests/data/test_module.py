import pytest
import torch

from helpers import Points
from saddle.data.resize import resized
from saddle.error import InputError
from saddle.seed import fixed_order


def test_a_batch_larger_than_the_data_is_refused_with_both_numbers():
    with pytest.raises(InputError, match=r"batch_size=31 x training.accumulate=2 is more than the 60 training images"):
        Points(batch_size=31, accumulate=2).check_size(60)
    Points(batch_size=30, accumulate=2).check_size(60)


def test_the_data_must_fit_the_config():
    data = Points()
    data.channels = 3
    with pytest.raises(InputError, match="data.channels=3, but the images have 1"):
        data.read()
    data = Points()
    data.classes = 9
    with pytest.raises(InputError, match="data.classes=9, but the data has a label 9"):
        data.read()


@pytest.mark.parametrize(
    ("images", "labels", "sentence"),
    [
        (torch.zeros(60, 1, 2, 2), None, r"Points\.load gave images as torch\.float32 of the shape \(60, 1, 2, 2\)"),
        (torch.zeros(60, 2, 2).byte(), None, r"images as torch\.uint8 of the shape \(60, 2, 2\): return uint8 \(M"),
        (
            torch.zeros(60, 1, 2, 2).byte(),
            torch.zeros(60),
            r"labels as torch\.float32 .* return int64 \(60,\), or None",
        ),
        (torch.zeros(60, 1, 2, 2).byte(), torch.zeros(59).long(), r"labels as torch\.int64 of the shape \(59,\)"),
    ],
)
def test_a_class_that_gives_another_form_is_refused(monkeypatch, images, labels, sentence):
    monkeypatch.setattr(Points, "load", lambda self: (images, labels))
    with pytest.raises(InputError, match=f"^data: .*{sentence}"):
        Points().read()


def test_images_are_brought_to_size_and_a_loader_may_keep_some():
    data = Points(batch_size=8)
    data.image_size = 4
    assert data.loader().images.shape == (60, 1, 4, 4)
    few = data.loader(keep=slice(16))
    assert torch.equal(few.images, data.loader().images[:16])
    assert torch.equal(few.labels, data.loader().labels[:16])
    assert len(few) == 2


def test_a_loader_delivers_the_rows_of_its_rank():
    whole, first, second = (Points(accumulate=2).loader(*rank) for rank in ((0, 1), (0, 2), (1, 2)))
    for batch, one, other in zip(whole, first, second, strict=True):
        parts = [*one["label"].split(4), *other["label"].split(4)]
        assert torch.equal(batch["label"], torch.cat([parts[0], parts[2], parts[1], parts[3]]))


def limited(limit: int | None, **changes) -> Points:
    data = Points(**changes)
    data.limit = limit
    data.check_size(data.size)
    data.read()
    return data


def kept(data: Points) -> set[bytes]:
    images, _ = data._read
    assert len(images) == data.limit
    return {image.numpy().tobytes() for image in images}


def test_a_limit_keeps_that_many_images_and_a_larger_one_includes_them():
    ten, twenty = limited(10), limited(20)
    assert len(kept(ten)) == 10
    assert kept(ten) < kept(twenty) < kept(limited(60))
    other = Points()
    other.limit, other.seed = 10, 99
    other.read()
    assert kept(other) == kept(ten)
    images, labels = Points().load()
    for image, label in zip(*ten._read, strict=True):
        assert label in labels[(images == image).flatten(1).all(1)]
    assert len(ten.loader(keep=slice(8)).images) == 8


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        (61, "data.limit=61 is more than the 60 training images: use at most 60"),
        (7, "data.batch_size=8 x training.accumulate=1 is more than the data.limit=7 training images: use at most 7"),
    ],
)
def test_a_limit_beyond_the_data_or_below_a_batch_is_refused(limit, message):
    with pytest.raises(InputError, match=message):
        limited(limit)


def test_the_order_of_limits_is_a_fixed_permutation():
    order = fixed_order(1000, "limit")
    assert order.sort().values.tolist() == list(range(1000))
    assert order[:5].tolist() == [819, 465, 415, 893, 675]


class Unlabeled(Points):
    def load(self):
        return super().load()[0], None


def test_unlabeled_data_has_no_classes_and_no_label_in_the_batch():
    data = Unlabeled()
    with pytest.raises(InputError, match="data.classes=10, but the data has no labels: use 0"):
        data.read()
    data.classes, data.limit = 0, 20
    assert set(next(iter(data.loader()))) == {"image"}
    labeled = Points()
    labeled.classes = 0
    with pytest.raises(InputError, match="data.classes=0, but the data has a label 9"):
        labeled.read()


def test_the_shares_of_the_classes_are_those_of_the_images_in_use():
    data = Points(count=64)
    data.classes = 12
    assert data.label_shares().tolist() == [7 / 64] * 4 + [6 / 64] * 6 + [0, 0]
    few = limited(20)
    assert few.label_shares().tolist() == [float((few.training()[1] == label).sum()) / 20 for label in range(10)]
    without = Unlabeled()
    without.classes = 0
    with pytest.raises(InputError, match="data.classes=0: the data has no labels, so its classes have no shares"):
        without.label_shares()


def test_a_label_below_zero_is_refused():
    class Shifted(Points):
        def load(self):
            images, labels = super().load()
            return images, labels - 1

    with pytest.raises(InputError, match="data.classes=10, but the data has a label -1"):
        Shifted().read()


def test_the_data_is_read_once():
    class Counted(Points):
        loads = 0

        def load(self):
            self.loads += 1
            return super().load()

    data = Counted()
    assert data.rows_in_use() == 0
    data.read()
    data.loader()
    data.read()
    assert data.loads == 1
    assert data.rows_in_use() == 60
    assert data.skipped == 0


class Translated(Points):
    """Points with a source for each image: the image's complement."""

    def load_sources(self):
        return 255 - self.load()[0]


def test_sources_stay_beside_the_images_through_limit_and_loaders():
    assert Points().training_sources() is None
    data = Translated()
    assert torch.equal(data.training_sources(), 255 - data.load()[0])
    fresh = Translated()
    fresh.limit = 20
    assert torch.equal(fresh.training_sources(), 255 - fresh.training()[0])
    assert len(fresh.training_sources()) == 20
    loader = fresh.loader(keep=slice(16))
    assert torch.equal(loader.sources, 255 - loader.images)
    assert len(loader.sources) == 16
    assert set(next(iter(loader))) == {"image", "label", "source"}
    assert set(next(iter(Points().loader()))) == {"image", "label"}


def test_sources_are_brought_to_the_size_of_the_images():
    data = Translated()
    data.image_size = 4
    assert data.training_sources().shape == data.training()[0].shape == (60, 1, 4, 4)


def test_flips_reach_the_loader():
    data = Points()
    data.flip = True
    assert data.loader().flip is True
    assert Points().loader().flip is False


class HeldOut(Points):
    """Points with others, of 4x4 pixels, that are not trained on."""

    def load_test(self):
        generator = torch.Generator().manual_seed(5)
        images = torch.randint(0, 256, (30, 1, 4, 4), generator=generator, dtype=torch.uint8)
        return images, torch.arange(30) % 7


def test_held_out_images_are_a_fixed_choice_of_those_not_trained_on():
    data = HeldOut()
    images, labels = data.load_test()
    order = fixed_order(30, "held out")
    batch = data.held_out(12)
    assert batch.keys() == {"image", "label"}
    assert (batch["image"].shape, batch["image"].dtype) == ((12, 1, 2, 2), torch.float32)  # of the size asked for
    assert torch.equal(batch["image"], resized(images[order[:12]], 2).float() / 127.5 - 1)
    assert torch.equal(batch["label"], labels[order[:12]])
    all_of_them = data.held_out(1000)
    assert len(all_of_them["image"]) == 30
    assert torch.equal(all_of_them["image"][:12], batch["image"])
    assert -1 <= all_of_them["image"].min() < 0 < all_of_them["image"].max() <= 1


def test_training_images_stand_in_where_nothing_is_held_out():
    data = Points()
    images, labels = data.load()
    order = fixed_order(60, "held out")[:9]
    assert torch.equal(data.held_out(9)["image"], images[order].float() / 127.5 - 1)
    assert torch.equal(data.held_out(9)["label"], labels[order])
    without = Unlabeled()
    without.classes = 0
    assert without.held_out(9).keys() == {"image"}


def test_by_default_nothing_is_translated_and_images_are_read_as_they_are():
    images = Points().load()[0]
    assert Points().to_translate(5) is None
    assert Points().readable(images) is images


def test_images_with_alpha_are_measured_on_the_background():
    data = Points()
    assert (data.readable_channels, data.background) == (1, 255)
    data.channels = 4
    assert data.readable_channels == 3
    images = torch.tensor([200, 100, 0, 51], dtype=torch.uint8).view(1, 4, 1, 1).expand(3, 4, 2, 5)
    assert data.readable(images)[:, :, 0, 0].tolist() == [[244, 224, 204]] * 3
    data.background = 0
    assert data.readable(images)[:, :, 0, 0].tolist() == [[40, 20, 0]] * 3
    gray = torch.randint(256, (2, 1, 3, 3), dtype=torch.uint8)
    assert data.readable(gray) is gray


def test_images_may_be_rectangles():
    data = Points(batch_size=8)
    data.image_size = [4, 7]
    assert data.loader().images.shape == (60, 1, 4, 7)
    assert data.held_out(5)["image"].shape == (5, 1, 4, 7)
    assert data.image_bytes == 28
