import pytest
from PIL import Image, ImageSequence

from saddle.cli.tools import run_tool

ITERATIONS = (0, 1, 10, 200)


@pytest.fixture
def folder(tmp_path):
    """Grids of plain grays, brighter and brighter."""
    (tmp_path / "run" / "samples").mkdir(parents=True)
    for position, iteration in enumerate(ITERATIONS):
        picture = Image.new("L", (120, 60), 50 * (position + 1))
        picture.save(tmp_path / "run" / "samples" / f"{iteration:08d}.png")
    return tmp_path / "run"


def film(folder, out, *options: str) -> int:
    return run_tool(["film", str(folder), "--out", str(out), *options])


@pytest.mark.parametrize("name", ["film.gif", "film.WEBP"])
def test_every_grid_is_shown_in_order_and_the_last_one_longer(folder, tmp_path, name):
    assert film(folder, tmp_path / "new" / name, "--seconds", "3.5") == 0
    with Image.open(tmp_path / "new" / name) as opened:
        frames = [(frame.convert("RGB"), frame.info["duration"]) for frame in ImageSequence.Iterator(opened)]
        assert opened.info["loop"] == 0
    assert [frame.size for frame, _ in frames] == [(120, 76)] * 4
    assert [frame.getpixel((60, 30))[0] for frame, _ in frames] == pytest.approx([50, 100, 150, 200], abs=6)
    assert sum(duration for _, duration in frames) == pytest.approx(3500, abs=50)
    assert frames[-1][1] == 4 * frames[0][1]
    lines = [frame.crop((0, 60, 120, 76)).tobytes() for frame, _ in frames]
    assert len(set(lines)) == len(lines)  # each names its own iteration


def test_what_cannot_be_a_film_is_refused(folder, tmp_path, capsys):
    (tmp_path / "there.gif").write_text("mine")
    empty = tmp_path / "empty"
    empty.mkdir()
    for out, source, message in (
        ("film.mp4", folder, "a film ends in .gif or .webp"),
        ("there.gif", folder, "choose another name"),
        ("film.gif", empty, "expected a run folder with two grids or more"),
    ):
        assert film(source, tmp_path / out) == 2
        assert message in capsys.readouterr().err
    assert (tmp_path / "there.gif").read_text() == "mine"
    with pytest.raises(SystemExit) as caught:
        film(folder, tmp_path / "x.gif", "--seconds", "0")
    assert caught.value.code == 2
