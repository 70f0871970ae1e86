import torch
from PIL import Image

from saddle.picture.beside import beside, curves_picture

LINES = [([0, 10, 20], [1.0, 2.0, 3.0]), ([10, 20], [2.0, 900.0])]


def test_every_curve_has_a_panel_with_both_lines():
    one = curves_picture({"loss/discriminator": LINES}, ("run", "branch"))
    two = curves_picture({"loss/discriminator": LINES, "loss/generator": LINES}, ("run", "branch"))
    assert one.dtype == torch.uint8
    assert one.shape[0] == 3
    assert two.shape[1] > one.shape[1]
    assert two.shape[2] == one.shape[2]
    red, gray = ((one[0].int() - one[2] > 80), ((one[2].int() - one[0] > 15) & (one[0] > 130)))
    assert red.any()
    assert gray.any()


def test_pictures_stand_beside_each_other_below_their_names(tmp_path):
    paths = []
    for number, color in enumerate(((250, 0, 0), (0, 0, 250))):
        paths.append(tmp_path / f"{number}.png")
        Image.new("RGB", (40, 20 + 10 * number), color).save(paths[-1])
    picture = beside(paths, ("run", "branch"), "iteration 7")
    assert picture.size == (88, 46)
    assert picture.getpixel((20, 20)) == (250, 0, 0)
    assert picture.getpixel((20, 40)) == (128, 128, 128)
    assert picture.getpixel((60, 40)) == (0, 0, 250)
    other = beside(paths, ("run", "branch"), "iteration 8")
    assert other.tobytes() != picture.tobytes()
