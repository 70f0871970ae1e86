import pytest

from helpers import SMALL, command, train_afresh


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("data.batchsize=3", "data.batchsize: there is no such setting; did you mean data.batch_size?"),
        (
            "loss=hing",
            "loss=hing: there is no such option; did you mean loss=hinge?",
        ),
        ("data.batch_size=0", "data.batch_size=0: should be greater than or equal to 1"),
        ("data.batch_size=[", "data.batch_size=["),
        ("resume=nowhere", "nowhere: there is no such run folder or checkpoint"),
    ],
)
def test_bad_input_exits_with_2_in_a_few_lines_and_leaves_nothing(tmp_path, override, message):
    result = train_afresh(override, cwd=tmp_path)
    assert result.returncode == 2
    assert message in result.stderr
    assert 1 <= len(result.stderr.strip().splitlines()) <= 3
    assert "Traceback" not in result.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_bad_data_exits_with_2_before_training(tmp_path):
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in (
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ):
        (raw / name).write_bytes(b"not an idx file at all")
    result = train_afresh(f"data.root={tmp_path / 'data'}", cwd=tmp_path)
    assert result.returncode == 2
    assert "train-images-idx3-ubyte: expected magic number 2051" in result.stderr
    assert len(result.stderr.strip().splitlines()) <= 3


def test_help_shows_groups_and_settings(tmp_path):
    result = train_afresh("--help", cwd=tmp_path)
    assert result.returncode == 0
    for part in ("train.py data=digits", "loss: hinge, least_squares, minimax", "n_critic: 1"):
        assert part in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_parallel_sweep_without_its_package_names_the_command_that_installs_it(tmp_path):
    code = "import sys; sys.modules['hydra_plugins'] = None; from saddle.cli import train; train()"
    result = command("-c", code, "-m", "sweep=parallel", "seed=1,2", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.strip() == (
        "hydra/launcher=joblib (sweep=parallel) is not installed: "
        'python -m pip install -e ".[sweep]" -c constraints.txt'
    )
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_folder_that_cannot_be_made_is_bad_input_and_a_failed_save_is_not(tmp_path):
    (tmp_path / "file").write_text("mine")
    result = train_afresh("data=digits", f"hydra.run.dir={tmp_path / 'file' / 'run'}")
    assert result.returncode == 2
    assert "choose another name" in result.stderr
    run = tmp_path / "run"
    run.mkdir()
    (run / "samples").write_text("in the way")
    result = train_afresh(*SMALL, f"hydra.run.dir={run}", "trainer.max_steps=2")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("training failed: ")
    assert "samples cannot be read or written (File exists)" in result.stderr
