"""Networks are built once, from their settings and what the program passes in; large ones are counted first."""

import pytest
import torch

from helpers import command
from saddle.architecture.dcgan import Generator
from saddle.config.compose import compose
from saddle.error import InputError
from saddle.factory import networks
from saddle.factory.memory_budget import build_within_memory
from saddle.factory.parts import build_parts


def test_each_network_is_built_once(monkeypatch):
    paths: list[str] = []
    make = networks.make

    def recorded(node):
        paths.append(node.path)
        return make(node)

    monkeypatch.setattr(networks, "make", recorded)
    build_parts(compose(["data=digits"]))
    assert paths == ["architecture.generator", "architecture.discriminator"]


def test_sizes_are_those_of_the_data_and_latents_those_of_the_generator():
    parts = build_parts(
        compose(["data=digits", "data.image_size=20", "game=vae", "architecture.generator.latent_dim=9"])
    )
    recorded = parts.record["architecture"]
    assert (recorded["generator"]["image_size"], recorded["encoder"]["image_size"]) == (20, 20)
    assert (parts.networks["generator"].latent_dim, recorded["encoder"]["latent_dim"]) == (9, 9)
    points = build_parts(compose(["data=ring", "architecture=points", "data.scale=3.0"]))
    assert {network.scale for network in points.networks.values()} == {3.0}


def test_the_budget_changes_no_weight():
    torch.manual_seed(0)
    alone = Generator(28, 1)
    torch.manual_seed(0)
    counted = build_within_memory("x", lambda: Generator(28, 1))
    for one, other in zip(alone.parameters(), counted.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_network_that_cannot_fit_is_refused_before_its_weights_are_written():
    with pytest.raises(InputError, match=r"^x: training [\d,]+ weights needs [\d,]+ GiB of memory, and this"):
        build_within_memory("x", lambda: Generator(28, 1, widths=(65_536, 65_536)))


@pytest.mark.parametrize("shape", [((9, 5),), (9, 5), (45,), ()])
def test_the_budget_counts_a_shape_however_it_is_passed(shape, monkeypatch):
    monkeypatch.setattr("saddle.factory.memory_budget.too_much", lambda size: f"{size} B")
    named = {} if shape else {"size": (9, 5)}
    with pytest.raises(InputError, match=f"^x: training 45 weights needs {45 * 16} B"):
        build_within_memory("x", lambda: torch.empty(*shape, **named))


def test_the_command_line_refuses_an_unsound_combination_without_lightning(tmp_path):
    blocked = "import sys; sys.modules['lightning'] = None; from saddle.cli import train; train()"
    result = command("-c", blocked, "loss=wasserstein", "penalty=none", cwd=tmp_path)
    assert result.returncode == 2, result.stderr
    assert result.stderr.startswith("loss=wasserstein without a constraint on the discriminator has no minimum")
