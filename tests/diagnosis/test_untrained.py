"""What an untrained network shows: whether it reads its latent, and whether its units live."""

import copy
from types import SimpleNamespace

import clinic_parts
import pytest
from torch import nn

from saddle import plugin
from saddle.architecture import mlp
from saddle.config.compose import compose
from saddle.diagnosis.untrained import living_discriminator, living_generator, reading_generator
from saddle.factory.parts import build_parts
from saddle.run.record import build_recorded

MODULES = {"digits": "saddle.architecture.mlp", "ring": "saddle.architecture.points"}
CLASSES = {"digits": "Mlp", "ring": "Points"}


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """The parts of a run by its data."""
    folder = tmp_path_factory.mktemp("run")
    networks = {"digits": "mlp", "ring": "points"}
    return {
        data: build_parts(compose([f"data={data}", f"architecture={name}", f"folder={folder}"]))
        for data, name in networks.items()
    }


@pytest.fixture
def broken(monkeypatch, parts):
    """Makes what is read of a run on `data` whose `network` is of a broken class."""
    monkeypatch.setenv("SADDLE_PLUGINS", "clinic_parts")
    monkeypatch.setattr(plugin, "_trusted", None)

    def make(data: str, network: str, fault: str, **settings: object) -> SimpleNamespace:
        record = copy.deepcopy(parts[data].record)
        node = record["architecture"][network]
        node.update(settings)
        if fault:
            node["_target_"] = f"clinic_parts.{CLASSES[data]}{fault}"
        built = build_recorded(f"architecture.{network}", node, nn.Module)
        return SimpleNamespace(
            record=record, reads="latent", generator=built, data=parts[data].data, trained_network=lambda name: built
        )

    return make


@pytest.mark.parametrize("data", list(MODULES))
@pytest.mark.parametrize("fault", ["Folded3", "Faint0", "Faint3"])
def test_a_generator_whose_code_ignores_its_latent_is_replaced_by_the_class_that_it_derives_from(broken, data, fault):
    assert reading_generator(broken(data, "generator", fault)) == f"{MODULES[data]}.Generator"


def test_a_generator_that_reads_its_latent_is_kept(broken, monkeypatch):
    sound = type("MlpSound", (mlp.Generator,), {"__module__": "clinic_parts"})
    monkeypatch.setattr(clinic_parts, "MlpSound", sound, raising=False)
    assert reading_generator(broken("digits", "generator", "Sound", conditional=True)) is None
    assert reading_generator(broken("digits", "generator", "")) is None


def test_networks_whose_units_are_dead_before_training_are_replaced(broken):
    run = broken("digits", "generator", "NumbGenerator1", activation="relu")
    assert living_generator(run) == "saddle.architecture.mlp.Generator"
    run = broken("digits", "discriminator", "NumbDiscriminator1", activation="relu")
    assert living_discriminator(run) == "saddle.architecture.mlp.Discriminator"


def test_living_networks_and_those_without_relu_are_kept(broken):
    assert living_generator(broken("digits", "generator", "Faint2", activation="relu")) is None
    assert living_generator(broken("digits", "generator", "NumbGenerator1", activation="leaky_relu")) is None
    assert living_discriminator(broken("digits", "discriminator", "")) is None
