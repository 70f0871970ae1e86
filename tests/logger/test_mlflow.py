"""The store of MLflow, written offline and read back."""

from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
pytest.importorskip("sqlalchemy", reason="the extra mlflow is not installed")

from helpers import SMALL, train, trained

pytestmark = pytest.mark.slow
LOGGED = ["logger=[csv,mlflow]", "callback.quality.extractor=none", "objective=null"]


def test_numbers_pictures_texts_and_settings_are_in_the_store_and_a_resumed_run_goes_on_in_its_own(tmp_path):
    from mlflow.tracking import MlflowClient

    folder = tmp_path / "run"
    trained(folder, *LOGGED, "trainer.max_steps=10")
    result = train(f"resume={folder}", "trainer.max_steps=20")
    assert result.returncode == 0, result.stderr
    client = MlflowClient(f"sqlite:///{folder / 'mlflow' / 'mlflow.db'}")
    [experiment] = client.search_experiments(filter_string="name = 'saddle'")
    [run] = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params["loss"] == "relativistic"
    assert run.data.params["data.batch_size"] == "100"
    steps = [point.step for point in client.get_metric_history(run.info.run_id, "loss/generator")]
    assert sorted(steps) == [5, 10, 15, 20]
    pictures = sorted(Path(folder, "mlflow", "artifacts").rglob("samples/*.png"))
    assert [int(path.stem) for path in pictures] == [0, 1, 2, 5, 10, 20]
    assert Image.open(pictures[-1]).convert("RGB").size == Image.open(folder / "samples" / "00000020.png").size
    assert list(Path(folder, "mlflow", "artifacts").rglob("classes/*.md"))


def test_jobs_of_a_sweep_may_share_a_store(tmp_path):
    from mlflow.tracking import MlflowClient

    short = ["trainer.max_steps=5", f"logger.mlflow.root={tmp_path / 'shared'}", f"hydra.sweep.dir={tmp_path / 's'}"]
    result = train(*SMALL, *LOGGED, *short, "-m", "seed=1,2")
    assert result.returncode == 0, result.stderr
    client = MlflowClient(f"sqlite:///{tmp_path / 'shared' / 'mlflow.db'}")
    [experiment] = client.search_experiments(filter_string="name = 'saddle'")
    runs = client.search_runs([experiment.experiment_id])
    assert sorted(run.data.params["seed"] for run in runs) == ["1", "2"]
