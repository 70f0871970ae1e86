import pytest
import torch
from PIL import Image
from torchvision.transforms.functional import pil_to_tensor

from saddle.picture.png import write_png


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_picture_is_written_as_it_is(tmp_path, channels):
    picture = torch.randint(256, (channels, 5, 7), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    write_png(picture, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.format == "PNG"
        assert torch.equal(pil_to_tensor(image), picture)
