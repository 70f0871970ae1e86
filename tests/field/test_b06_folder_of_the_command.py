"""Field B6: relative paths are those of the folder of the command, also with `hydra.job.chdir=true`."""

import pytest

from folders import gray_images
from helpers import checkpoint, command, train

PICTURES = ["data=image_folder", "data.image_size=8", "data.channels=1", "data.batch_size=4", "architecture=mlp"]
PICTURES += ["callback.quality.extractor=none", "hydra.job.chdir=true", "trainer.max_steps=2"]


@pytest.fixture
def folder(tmp_path):
    gray_images(tmp_path / "pics")
    return tmp_path


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", ["folder=run", "hydra.run.dir=run"])
def test_paths_keep_their_meaning(folder, name):
    result = train(*PICTURES, "data.root=pics", "data.cache=decoded", "data.memory_mib=0", name, cwd=folder)
    assert result.returncode == 0, result.stderr
    assert names(folder) == ["decoded", "pics", "run"]
    assert "saddle sample run --num 64" in result.stdout
    result = train("resume=run", "hydra.job.chdir=true", "trainer.max_steps=4", cwd=folder)
    assert result.returncode == 0, result.stderr
    assert checkpoint(folder / "run")["global_step"] == 4


@pytest.mark.parametrize("wrong", [["data.root=gone"], ["data.root=pics", "seed=x"]])
def test_a_refused_run_leaves_nothing(folder, wrong):
    result = train(*PICTURES, *wrong, cwd=folder)
    assert (result.returncode, len(result.stderr.splitlines())) == (2, 1), result.stderr
    assert names(folder) == ["pics"]


def test_data_that_would_be_downloaded_is_looked_for_beside_the_command(folder):
    (folder / "data" / "MNIST" / "raw").mkdir(parents=True)
    (folder / "data" / "MNIST" / "raw" / "train-images-idx3-ubyte").write_bytes(b"no digits")
    result = train("data=mnist", "hydra.job.chdir=true", cwd=folder, SADDLE_DATA_ROOT=None)
    assert (result.returncode, "data/MNIST/raw/train-images-idx3-ubyte" in result.stderr) == (2, True), result.stderr


def test_jobs_of_a_sweep_stay_there_too(folder):
    result = train("-m", *PICTURES, "data.root=pics", "seed=1,2", "hydra.sweep.dir=sweep", cwd=folder)
    assert (result.returncode, "2 of 2 jobs finished" in result.stdout) == (0, True), result.stderr
    (folder / "sweep" / "1_seed=2" / "summary.json").unlink()
    result = train("resume=sweep", cwd=folder)
    assert (result.returncode, "2 of 2 jobs finished" in result.stdout) == (0, True), result.stderr


def test_a_program_finds_its_folder_again(folder):
    code = "import os, sys, saddle; print(saddle.train(sys.argv[1:]).folder); print(os.getcwd())"
    result = command("-c", code, *PICTURES, "data.root=pics", "folder=run", cwd=folder)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-2:] == [str(folder / "run"), str(folder)]
