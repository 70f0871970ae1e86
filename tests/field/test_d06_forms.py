"""A value of the wrong form is met by the right one."""

import pytest

from saddle.config.compose import compose
from saddle.error import InputError


@pytest.mark.parametrize(
    ("override", "form"),
    [
        *((f"trainer.max_time={value}", "use DD:HH:MM:SS") for value in ("60", "10m", "1:00:00", "0.5", "{minutes:3}")),
        ("trainer.profiler=fast", "use simple, advanced, pytorch or null"),
        ("trainer.devices=all", "use a number, a list as [0,1], or auto or -1 for all"),
        ("trainer.limit_train_batches=2.5", "use a share from 0.0 to 1.0, or a whole number of batches"),
        ("trainer.overfit_batches=-1", "use a whole number of batches"),
        ("trainer.fast_dev_run=-1", "use true, or a number of iterations"),
        ("trainer.min_epochs=-1", "use a count of at least 0, or null"),
        ("trainer.benchmark=yes please", "use true or false"),
        ("optimizer.betas=0.5", "use a list, as optimizer.betas=[0.5,0.5]"),
        ("architecture.generator.widths=wide", "a valid integer or a list of them, as architecture.generator.widths=["),
        ("architecture.generator.widths=[8,a]", "entry 2 should be a valid integer"),
        ("optimizer.generator=0.1", "as optimizer.generator.lr=0.001"),
        ("training.ema=0.999", "as training.ema.half_life_images (others: warmup, schedule); or null"),
        ("training.schedule.generator=cosine", "as training.schedule.generator.shape"),
        ("training.clip_norm=1", "as training.clip_norm.NAME=1"),
        ("training.images=1e6", "write 1000000"),
        ("optimizer.betas=[0.5,0.9,0.9]", "takes 2 entries, not 3"),
        ("trainer.devices=1.5", "use a number, a list as [0,1], or auto or -1 for all"),
        ("trainer.devices=true", "use a number, a list as [0,1], or auto or -1 for all"),
        ("trainer.devices=[a]", "use a number, a list as [0,1], or auto or -1 for all"),
        ("trainer.precision=16", "is not supported: use auto, 32-true, bf16-mixed, 16-mixed or 64-true"),
        ("trainer.precision=bf16-true", "weights in half precision freeze the averaged generator"),
        ("penalty.r1=10", "holds settings by name, as penalty.r1.weight"),
        ("architecture.generator=mlp", "expected a network: choose all of them by architecture=NAME"),
    ],
)
def test_the_form_is_said(override, form):
    with pytest.raises(InputError) as refused:
        compose(["data=digits", override])
    assert str(refused.value).startswith(override.partition("=")[0])
    assert form in str(refused.value)


def test_a_setting_left_out_says_what_to_give():
    with pytest.raises(InputError, match="^architecture.conditional is missing: use true, false or auto"):
        compose(["data=digits", "~architecture.conditional"])


def test_a_long_value_is_cut():
    with pytest.raises(InputError) as refused:
        compose(["data=digits", "+penalty@penalty.extra=r1"])
    assert str(refused.value).startswith('penalty.extra={"r1": ')
    assert len(str(refused.value)) < 250


def test_a_duration_of_the_right_form_is_taken():
    assert compose(["trainer.max_time=00:01:30:00"]).trainer["max_time"] == "00:01:30:00"
