import lightning
import pytest
import torch

from helpers import Points, differences, fit, small_module
from saddle.error import InputError
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.training.block import BlockLoader
from saddle.training.data_module import GameDataModule


def set_up(data: Points, block: int = 1, **flags) -> GameDataModule:
    data_module = GameDataModule(data, block)
    data_module.trainer = lightning.Trainer(
        accelerator="cpu", devices=1, logger=False, enable_checkpointing=False, enable_progress_bar=False, **flags
    )
    data_module.setup("fit")
    return data_module


def test_a_trainer_gets_the_batches_of_the_data_one_by_one_or_in_blocks():
    data = Points()
    one_by_one, in_blocks = set_up(data).train_dataloader(), set_up(data, block=16).train_dataloader()
    assert isinstance(in_blocks, BlockLoader)
    plain = [batch["label"] for batch in data.loader()]
    assert not differences([batch["label"] for batch in one_by_one], plain)
    blocks = [block if isinstance(block, list) else [block] for block in in_blocks]
    assert not differences([batch["label"] for block in blocks for batch in block], plain)


@pytest.mark.parametrize(("overfit_batches", "rows"), [(0.0, 60), (2, 16), (0.5, 30)])
def test_overfit_batches_keeps_that_many_batches_or_that_share_of_the_rows(overfit_batches, rows):
    loader = set_up(Points(), overfit_batches=overfit_batches).train_dataloader()
    assert torch.equal(loader.images, Points().load()[0][:rows])


def test_the_data_is_read_once_however_often_it_is_set_up():
    class Counted(Points):
        loads = 0

        def load(self):
            self.loads += 1
            return super().load()

    data_module = set_up(Counted())
    loader = data_module.loader
    data_module.setup("fit")
    assert data_module.loader is loader
    assert data_module.data.loads == 1


def test_files_are_fetched_before_the_data_is_read():
    class Fetched(Points):
        fetched = False

        def prepare_data(self):
            self.fetched = True

        def load(self):
            assert self.fetched
            return super().load()

    fit(small_module(Adversarial(AdversarialObjective(NonSaturating()))), Fetched(), 1)


def test_state_survives_before_and_after_setup():
    data = Points()
    early = GameDataModule(data)
    assert early.state_dict() == {"batches": 0, "images": 0}
    early.load_state_dict({"batches": 5, "images": 0})
    early.trainer = set_up(Points()).trainer
    early.setup("fit")
    assert early.train_dataloader().batches == 5
    early.load_state_dict({"batches": 3, "images": 60})
    assert early.state_dict() == {"batches": 3, "images": 60}
    assert early.train_dataloader().batches == 3


def test_a_state_of_other_data_is_refused():
    data_module = set_up(Points())
    with pytest.raises(InputError, match="the data had 61 images and has 60 now"):
        data_module.load_state_dict({"batches": 3, "images": 61})
    assert data_module.train_dataloader().batches == 0


def test_a_checkpoint_carries_the_state_of_the_data(tmp_path):
    trainer = fit(small_module(Adversarial(AdversarialObjective(NonSaturating()))), Points(), 10)
    trainer.save_checkpoint(tmp_path / "ten.ckpt")
    content = torch.load(tmp_path / "ten.ckpt", weights_only=True)
    assert content["GameDataModule"] == {"batches": 10, "images": 60}
