"""What is read from the source of a callback or logger is what its class says; only trusted classes are imported."""

from typing import Any

import pytest
import yaml
from lightning.pytorch.loggers import WandbLogger

from helpers import REPOSITORY
from saddle.config.signature import import_target, signature_from_source, signature_of
from saddle.config.validate import check_parameters
from saddle.error import InputError

CALLBACKS = yaml.safe_load((REPOSITORY / "conf" / "callback" / "default.yaml").read_text())


LOGGERS = ["saddle.logger.tensorboard.TensorBoard", "lightning.pytorch.loggers.TensorBoardLogger"]
LOGGERS += ["lightning.pytorch.loggers.csv_logs.CSVLogger"]


@pytest.mark.parametrize(
    ("group", "name"),
    [("callback", node["_target_"]) for node in CALLBACKS.values()] + [("logger", name) for name in LOGGERS],
)
def test_the_source_of_a_class_says_what_the_class_says(group, name):
    read, asked = signature_from_source(group, name), signature_of(import_target("x", name))
    assert read is not None
    assert (read.name, dict(read.types), read.required) == (asked.name, dict(asked.types), asked.required)


def test_what_cannot_be_read_is_left_to_the_class():
    for name in ("lightning.pytorch.callbacks.Timer", "saddle.callback.nothing.Here", "saddle.callback.quality.Here"):
        assert signature_from_source("callback", name) is None


def test_optimizers_get_ranges():
    signature = signature_of(import_target("optimizer", "torch.optim.Adam"))
    assert signature.is_optimizer
    assert "params" not in signature.types
    with pytest.raises(InputError, match=r"^optimizer\.lr=-1: should be greater than 0$"):
        check_parameters("optimizer", {"lr": -1, "_partial_": True}, signature)


def test_a_class_whose_annotations_cannot_be_evaluated_is_no_reason_to_stop():
    signature = signature_of(WandbLogger)
    assert signature.types["project"] is Any
    with pytest.raises(InputError, match=r"^logger\.wandb\.projec: there is no such setting; did you mean .*project"):
        check_parameters("logger.wandb", {"projec": "x"}, signature)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("os.system", "only classes below saddle., torch.optim., lightning.pytorch. are built"),
        ("saddle.seed.hashed_seed", "this is not a class"),
        ("saddle.run.folder.Path", "only classes below"),
        ("saddle.loss.hinge.Hing", "there is no such class"),
        ("saddle..x", "this is no name of a class"),
        (3, "only classes below"),
    ],
)
def test_nothing_else_is_imported(name, reason):
    with pytest.raises(InputError) as refused:
        import_target("loss", name)
    assert str(refused.value).startswith(f"loss._target_={name}: ")
    assert reason in str(refused.value)
