"""Field B5: a run that goes on finds its files from any folder, and remembers what was moved."""

import pytest

import saddle
from folders import gray_images
from helpers import checkpoint, train
from saddle.config.place import read_moved

PICTURES = ["data=image_folder", "data.root=pics", "data.image_size=8", "data.channels=1", "data.batch_size=4"]
PICTURES += ["callback.quality.extractor=none", "architecture=mlp"]


def go_on(*overrides: str, cwd) -> None:
    result = train(*overrides, cwd=cwd)
    assert result.returncode == 0, result.stderr


def step(run) -> int:
    return checkpoint(run)["global_step"]


@pytest.fixture
def two(tmp_path):
    """The folder of a run that began in it, and another folder."""
    one, two = tmp_path / "one", tmp_path / "two"
    gray_images(one / "pics")
    two.mkdir()
    go_on(*PICTURES, "trainer.max_steps=2", "data.memory_mib=0", "folder=run", cwd=one)
    return one, two


def test_a_relative_path_is_taken_from_where_the_run_began(two):
    one, two = two
    go_on("resume=../one/run", "trainer.max_steps=4", cwd=two)
    assert step(one / "run") == 4
    assert list(two.iterdir()) == []  # the cache is found, too
    assert read_moved(one / "run") == {}


def test_the_sentence_says_where_that_is(two):
    one, two = two
    (one / "pics").rename(two / "moved")
    result = train("resume=../one/run", "trainer.max_steps=4", cwd=two)
    assert result.returncode == 2
    assert f"data.root={one / 'pics'}: there is no such folder" in result.stderr


def test_what_was_moved_is_given_once(two):
    one, two = two
    (one / "pics").rename(two / "moved")
    go_on("resume=../one/run", "data.root=moved", "trainer.max_steps=4", cwd=two)
    go_on("resume=run", "trainer.max_steps=6", cwd=one)
    assert step(one / "run") == 6
    assert read_moved(one / "run") == {"data.root": str(two / "moved")}
    (two / "moved").rename(one / "again")
    go_on("resume=run", "data.root=again", "trainer.max_steps=8", cwd=one)
    assert read_moved(one / "run") == {"data.root": str(one / "again")}


def test_a_wrong_place_is_not_remembered(two):
    one, _ = two
    gray_images(one / "other")
    (one / "other" / "cats" / "01.png").unlink()
    result = train("resume=run", "data.root=other", "trainer.max_steps=4", cwd=one)
    assert (result.returncode, "cats/01.png is gone" in result.stderr) == (2, True), result.stderr
    go_on("resume=run", "trainer.max_steps=4", cwd=one)


def test_a_project_that_was_moved_as_a_whole_goes_on(two):
    one, two = two
    project = two / "project"
    one.rename(project)
    go_on("resume=run", "trainer.max_steps=4", cwd=project)
    assert step(project / "run") == 4


@pytest.mark.parametrize("setting", ["callback.quality.cache", "data.cache"])
def test_other_paths_are_remembered(two, setting):
    one, two = two
    go_on("resume=../one/run", f"{setting}=caches", "trainer.max_steps=4", cwd=two)
    assert read_moved(one / "run") == {setting: str(two / "caches")}


@pytest.mark.parametrize("text", ["callback.quality.extractor=none", "callback.quality.cache=null"])
def test_a_word_is_no_path(two, text):
    one, two = two
    go_on("resume=../one/run", text, "trainer.max_steps=4", cwd=two)
    assert read_moved(one / "run") == {}


def test_tools_find_the_data(two, monkeypatch):
    one, two = two
    monkeypatch.chdir(two)
    assert saddle.open_run("../one/run").image_data.size == 12
    (one / "pics").rename(two / "moved")
    go_on("resume=../one/run", "data.root=moved", "trainer.max_steps=4", cwd=two)
    for place in ("../one/run", "../one/run/checkpoints/00000002.ckpt"):
        assert saddle.open_run(place).image_data.size == 12


@pytest.mark.slow
def test_a_sweep_goes_on_from_another_folder(two):
    one, two = two
    go_on("-m", *PICTURES, "seed=1,2", "trainer.max_steps=2", "hydra.sweep.dir=sweep", cwd=one)
    jobs = [one / "sweep" / f"{number}_seed={number + 1}" for number in (0, 1)]
    (jobs[1] / "summary.json").unlink()
    for path in (jobs[1] / "checkpoints").iterdir():
        path.unlink()
    go_on("resume=../one/sweep", cwd=two)
    assert [step(job) for job in jobs] == [2, 2]
    go_on("resume=../one/sweep/1_seed=2", "trainer.max_steps=4", cwd=two)
    assert step(jobs[1]) == 4


def test_a_damaged_list_of_places_is_refused(two):
    one, _ = two
    (one / "run" / ".hydra" / "moved.yaml").write_text("- a\n", encoding="utf-8")
    result = train("resume=run", "trainer.max_steps=4", cwd=one)
    assert (result.returncode, "moved.yaml: expected paths by setting: remove it" in result.stderr) == (2, True)
