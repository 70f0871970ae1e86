from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint

from saddle.callback.watching import let_judge, make_patient, watched


class Own(Callback):
    """Counts how often it may judge."""

    def __init__(self, monitor: str) -> None:
        self.monitor, self.judged = monitor, 0

    def on_validation_end(self, trainer, module):
        self.judged += 1


class Trainer:
    def __init__(self, *callbacks: Callback, fast_dev_run: bool = False) -> None:
        self.callbacks, self.fast_dev_run = callbacks, fast_dev_run


def test_what_a_callback_watches():
    assert watched(Own("loss/generator")) == "loss/generator"
    assert watched(ModelCheckpoint("folder")) is None
    assert watched(Callback()) is None


def test_only_callbacks_that_watch_a_published_value_judge():
    first, second = Own("metric/a"), Own("metric/b")
    let_judge(Trainer(first, second, Callback()), None, {"metric/a": 1.0})
    assert (first.judged, second.judged) == (1, 0)
    let_judge(Trainer(first, fast_dev_run=True), None, {"metric/a": 1.0})
    assert first.judged == 1


def test_measured_values_are_judged_when_measured_unless_chosen_otherwise():
    measured, curve, chosen = (
        EarlyStopping("metric/frechet"),
        EarlyStopping("loss/generator"),
        EarlyStopping("metric/frechet", check_on_train_epoch_end=True),
    )
    kept = ModelCheckpoint("folder", monitor="health/duplicates")
    make_patient([measured, curve, chosen, kept])
    assert [c._check_on_train_epoch_end for c in (measured, curve, chosen)] == [False, None, True]
    assert kept._save_on_train_epoch_end is False
    assert not any(c.strict for c in (measured, curve, chosen))
