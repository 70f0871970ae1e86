import os

from helpers import REPOSITORY
from saddle.cli.folder import config_folder, hold, remove_claimed, unique_folder


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


def test_the_config_lies_beside_the_sources():
    assert config_folder() == str(REPOSITORY / "conf")


def test_one_process_holds_a_folder_at_a_time(tmp_path):
    held = hold(tmp_path)
    assert hold(tmp_path) is None
    os.close(held)
    again = hold(tmp_path)
    assert again is not None
    os.close(again)
