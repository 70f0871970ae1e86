import pytest
import torch
from PIL import Image

from saddle.data.image_folder_pair import ImageFolderPair
from saddle.error import InputError


@pytest.fixture
def place(tmp_path):
    """Three black sources and five white targets of 8x8 pixels."""
    for name, number, level in (("sources", 3, 0), ("targets", 5, 255)):
        (tmp_path / name).mkdir()
        for index in range(number):
            Image.new("L", (8, 8), level).save(tmp_path / name / f"{index}.png")
    return tmp_path


def pair(place, source="sources", root="targets", **changes) -> ImageFolderPair:
    settings = {"image_size": 8, "channels": 1, "batch_size": 2, "seed": 0, **changes}
    return ImageFolderPair(str(place / source), str(place / root), **settings)


def test_targets_are_trained_on_and_sources_translated(place):
    data = pair(place)
    images, labels = data.load()
    assert (images.shape, labels, images.unique().tolist()) == ((5, 1, 8, 8), None, [255])
    assert (data.load_sources().shape, data.load_sources().unique().tolist()) == ((3, 1, 8, 8), [0])


def test_stand_ins_for_held_out_images_are_as_many_on_both_sides(place):
    held_out = pair(place).held_out(10)
    assert {name: images.shape[0] for name, images in held_out.items()} == {"source": 3, "image": 3}
    assert torch.equal(held_out["image"].unique(), torch.tensor([1.0]))
    assert torch.equal(held_out["source"].unique(), torch.tensor([-1.0]))


def test_both_folders_are_part_of_what_the_data_is(place):
    before = pair(place).find_identity()
    (place / "sources" / "2.png").unlink()
    [difference] = before.differences(pair(place).find_identity())
    assert "2.png is gone" in difference


@pytest.mark.parametrize(("source", "root"), [("sources", "sources"), (".", "targets"), ("sources", ".")])
def test_an_image_is_never_on_both_sides(place, source, root):
    with pytest.raises(InputError, match="are the same folder|one lies inside the other"):
        pair(place, source, root)


def test_a_limit_beyond_the_sources_is_refused(place):
    with pytest.raises(InputError, match=r"data\.limit=4 is more than the 3 source images: use at most 3"):
        pair(place, limit=4)


def test_a_single_source_is_refused(place):
    for name in ("1.png", "2.png"):
        (place / "sources" / name).unlink()
    with pytest.raises(InputError, match=r"^data\.source=.*sources: .* at least 2 training images, and there is 1"):
        pair(place).prepare_data()
