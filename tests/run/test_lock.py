from helpers import command
from saddle.config.override import quoted
from saddle.run.lock import claim, hold, let_go, remove_claimed, unique_folder


def test_two_runs_or_sweeps_of_one_second_get_a_folder_each(tmp_path):
    wanted = tmp_path / "day" / "12-00-00"
    made = [unique_folder(str(wanted)) for _ in range(3)]
    assert made == [str(wanted), f"{wanted}-2", f"{wanted}-3"]
    (wanted / "0" / ".hydra").mkdir(parents=True)
    (wanted / "multirun.yaml").touch()
    (tmp_path / "day" / "12-00-00-2" / "0" / "checkpoints").mkdir(parents=True)
    (tmp_path / "day" / "12-00-00-2" / "0" / "checkpoints" / "last.ckpt").touch()
    remove_claimed()  # only the one in which something was trained stays
    assert [path.name for path in (tmp_path / "day").iterdir()] == ["12-00-00-2"]


def held_by_another(folder) -> bool:
    """Whether another process finds the folder locked."""
    script = "import pathlib, sys; from saddle.run.lock import hold; sys.exit(hold(pathlib.Path(sys.argv[1])))"
    return command("-c", script, str(folder)).returncode == 0


def test_one_process_holds_a_folder_at_a_time(tmp_path):
    assert hold(tmp_path)
    assert hold(tmp_path)  # it has it already
    assert held_by_another(tmp_path)
    let_go(tmp_path)
    assert not held_by_another(tmp_path)


def test_the_folder_that_a_command_line_names_is_made_and_locked_and_goes_again(tmp_path, monkeypatch):
    folder = tmp_path / "it's a run"
    for arguments in (["seed=1"], [f"hydra.run.dir={folder}", "--help"], ["hydra.run.dir=a/${now:%H}"]):
        claim(arguments)
    assert not folder.exists()
    claim([f"hydra.run.dir={quoted(folder)}"])
    assert held_by_another(folder)
    let_go(folder)
    remove_claimed()
    assert not folder.exists()
    folder.mkdir()
    claim([f"hydra.run.dir={folder}"])
    let_go(folder)
    remove_claimed()  # it had been there before
    assert folder.exists()
