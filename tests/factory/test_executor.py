import pytest
import torch

from saddle.config.compose import compose
from saddle.config.trainer_flags import trainer_arguments
from saddle.error import InputError
from saddle.factory.executor import bfloat16_hardware, check_executor
from saddle.factory.parts import build_parts
from saddle.factory.run import build
from saddle.training.compiled import Compiled


def test_one_word_asks_for_the_fastest_options():
    config = compose(["training=fast", "data=digits", "architecture=mlp"])
    assert config.training["channels_last"] is True
    built = build(config)
    assert built.module.make_executor is Compiled
    assert built.data_module.block > 1


def test_fastest_chooses_the_precision_as_well():
    config = compose(["training=fastest", "data=digits"])
    assert (config.trainer["precision"], config.training["channels_last"]) == ("bf16-mixed", True)
    assert config.training["executor"] == "compiled"
    assert config.training["block"] == compose(["data=digits"]).training["block"]
    asked = compose(["training=fastest", "trainer=cpu", "trainer.precision=32-true"])
    assert asked.trainer["precision"] == "32-true"


def test_a_machine_without_bfloat16_is_warned_of(monkeypatch):
    overrides = ["training=fastest", "data=digits", "architecture=mlp", "trainer=cpu"]
    monkeypatch.setattr("saddle.factory.executor.computes_in_bfloat16", lambda: True)
    assert build(compose(overrides)).warnings == []
    monkeypatch.setattr("saddle.factory.executor.computes_in_bfloat16", lambda: False)
    (sentence,) = build(compose(overrides)).warnings
    assert "trainer.precision=bf16-mixed: this CPU has no arithmetic for bfloat16" in sentence
    assert build(compose([*overrides, "trainer.precision=32-true"])).warnings == []


@pytest.mark.parametrize(
    ("hardware", "overrides", "precision"),
    [
        ("AMX", [], "bf16-mixed"),
        (None, [], "32-true"),
        ("AMX", ["architecture=mlp"], "32-true"),
        ("AMX", ["game=vae"], "32-true"),
        ("AMX", ["trainer.precision=64-true"], "64-true"),
        ("AMX", ["experiment=none"], "32-true"),
    ],
)
def test_auto_takes_bfloat16_where_the_machine_and_all_networks_suit_it(hardware, overrides, precision, monkeypatch):
    monkeypatch.setattr("saddle.factory.executor.bfloat16_hardware", lambda trainer: hardware)
    parts = build_parts(compose(["data=digits", "trainer=cpu", *overrides]))
    assert parts.precision == precision
    assert build(compose(["data=digits", "trainer=cpu", *overrides])).trainer.precision == precision


@pytest.mark.parametrize(
    ("amx", "avx", "name"), [(True, True, "AMX"), (False, True, "AVX512_BF16"), (False, False, None)]
)
def test_the_hardware_for_bfloat16_is_named(amx, avx, name, monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx)
    assert bfloat16_hardware({"accelerator": "cpu"}) == name
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported")
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported")
    assert bfloat16_hardware({"accelerator": "cpu"}) is None


@pytest.mark.parametrize(
    ("override", "setting", "mend"),
    [
        ("training.accumulate=2", "training.accumulate=2", "larger data.batch_size"),
        ("trainer=ddp_cpu", "one device", "trainer.devices=1"),
        ("trainer.devices=[0,1]", "one device", "trainer.devices=1"),
        ("optimizer=sgd", "torch.optim.SGD", "optimizer=adam"),
    ],
)
def test_what_a_graph_cannot_play_is_refused_with_the_mend(override, setting, mend):
    with pytest.raises(InputError, match=mend) as refused:
        build(compose(["training=fast", "data=digits", override]))
    assert setting in str(refused.value)
    assert "training.executor=eager" in str(refused.value)


@pytest.mark.parametrize("devices", ["1", "'1'", "[0]", "[3]"])
def test_one_device_may_be_listed_by_its_index(devices):
    config = compose(["training=fast", "data=digits", f"trainer.devices={devices}"])
    check_executor(config)
    assert trainer_arguments(config.trainer)["strategy"] == "auto"


def test_a_missing_compiler_is_named(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(InputError, match="no-such-compiler was not found"):
        build(compose(["training=fast", "data=digits"]))
