"""Field B1, B2, B3: a run of own config files, and flags of Hydra's, beside `resume=` and `keep=`, in any place."""

import shutil

import pytest
import yaml

from helpers import REPOSITORY, SMALL, checkpoint, train

QUICK = [*SMALL, "callback.quality.extractor=none", "trainer.max_steps=2"]
PRIMARY = (REPOSITORY / "conf" / "train.yaml").read_text(encoding="utf-8").replace("seed: 0", "seed: 7")
FILES = {
    "experiment/mine.yaml": "# @package _global_\ndefaults:\n  - override /loss: hinge\nseed: 5\n",
    "mytrain.yaml": PRIMARY,
}


@pytest.fixture
def place(tmp_path):
    """A folder beside a folder conf/ with an experiment and a primary config of its own."""
    for name, content in FILES.items():
        (tmp_path / "conf" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "conf" / name).write_text(content, encoding="utf-8")
    return tmp_path


def accepted(*arguments: str, cwd) -> str:
    result = train(*arguments, cwd=cwd)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "seed"),
    [
        (["--config-dir=conf", "experiment=mine"], 5),
        (["--config-dir=conf", "--config-name=mytrain"], 7),
        (["-cd=conf", "-cn", "mytrain", "experiment=mine"], 5),
    ],
)
@pytest.mark.parametrize("after", ["as they were", "gone", "changed"])
def test_it_goes_on_with_and_without_the_flags_and_the_files(place, flags, seed, after):
    accepted(*flags[:1], *QUICK, *flags[1:], "hydra.run.dir=run", cwd=place)
    assert yaml.safe_load((place / "run" / ".hydra" / "config.yaml").read_text(encoding="utf-8"))["seed"] == seed
    again = flags
    if after == "gone":
        shutil.rmtree(place / "conf")
        again = []
    elif after == "changed":
        for name in FILES:
            file = place / "conf" / name
            file.write_text(file.read_text(encoding="utf-8").replace(f"seed: {seed}", "seed: 99"), encoding="utf-8")
    accepted(*again[:1], "resume=run", *again[1:], "trainer.max_steps=4", cwd=place)
    assert checkpoint(place / "run")["global_step"] == 4


def test_flags_that_show_show_the_run_and_train_nothing(place):
    accepted(*QUICK, "--config-dir=conf", "experiment=mine", "hydra.run.dir=run", cwd=place)
    before = sorted(place.rglob("*"))
    shown = accepted("--cfg", "job", "resume=run", "trainer.max_steps=9", cwd=place)
    settings = yaml.safe_load(shown)
    assert (settings["seed"], settings["trainer"]["max_steps"]) == (5, 9)
    assert "saddle trains" in accepted("resume=run", "--help", cwd=place)
    result = train("--cfg=job", "keep=run", cwd=place)
    assert (result.returncode, "--cfg=job does not go with keep=run" in result.stderr) == (2, True), result.stderr
    assert sorted(place.rglob("*")) == before


@pytest.mark.slow
def test_it_is_kept(place):
    for steps in (2, 4):
        accepted("keep=run", *QUICK, "--config-dir=conf", "experiment=mine", f"trainer.max_steps={steps}", cwd=place)
    assert checkpoint(place / "run")["global_step"] == 4


@pytest.mark.parametrize("flag", ["--confg-dir=conf", "--config-path=conf", "--config-dir=nowhere", "-x"])
def test_a_wrong_flag_is_one_sentence(place, flag):
    result = train("resume=run", flag, cwd=place)
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    assert "usage" not in result.stderr
