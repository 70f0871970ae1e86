"""Every loss with every penalty on every architecture: it trains, or it is refused with a sentence.

    python benchmarks/pairs.py [--out docs/pairs.md]

Each pair is built from the config, as train.py does, and trains 20 iterations in float64 on one thread. "Trained" means
that all gradients were finite and that every parameter received one that is not rounding. There is no third outcome:
anything else is an error. The tests walk the same pairs.
"""

import argparse
import itertools
import logging
import warnings
from pathlib import Path

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning import Callback

from saddle.config.compose import compose
from saddle.config.options import options
from saddle.error import InputError
from saddle.factory.run import build

for name in ("lightning.pytorch", "lightning.fabric"):
    logging.getLogger(name).setLevel(logging.ERROR)

ITERATIONS = 20
ROUNDING = 1e-10  # of the largest gradient in the same network


def with_variants(group: str, variants: dict[str, dict[str, list[str]]]) -> dict[str, list[str]]:
    """The overrides of each option of a group, or of each of its variants in place of it.

    Options are the files in conf/: a loss, penalty, network or game of one's own is walked without an edit here.
    """
    choices: dict[str, list[str]] = {}
    for option in options(group):
        choices |= variants.get(option, {option: [f"{group}={option}"]})
    return choices


LOSSES = with_variants(
    "loss",
    {
        "relativistic_average": {
            f"relativistic_average {shape}": ["loss=relativistic_average", f"loss.shape={shape}"]
            for shape in ("logistic", "least_squares", "hinge")
        }
    },
)
PENALTIES = with_variants(
    "penalty",
    {
        "r2": {
            "r2": ["penalty=r2"],
            "r1 and r2": ["penalty=[r1,r2]", "penalty.r1.weight=0.1", "penalty.r2.weight=0.1"],
        },
        "gradient_penalty": {
            "gradient_penalty": ["penalty=gradient_penalty"],
            "one-sided": ["penalty=gradient_penalty", "penalty.gradient_penalty.one_sided=true"],
        },
        "balanced_consistency": {
            "balanced_consistency": ["penalty=balanced_consistency", "penalty.balanced_consistency.weight=0.3"]
        },
    },
)
MLP = ["architecture=mlp", "architecture.generator.hidden=[16,16]", "architecture.discriminator.hidden=[16,16]"]
DCGAN = ["architecture=dcgan", "architecture.generator.widths=[8,4]", "architecture.discriminator.widths=[4,8]"]
R3GAN, SNGAN, LIGHT = (
    [f"architecture={name}", *(f"architecture.{network}.width={width}" for network in ("generator", "discriminator"))]
    for name, width in (("r3gan", 16), ("sngan", 4), ("light", 4))
)
ARCHITECTURES = with_variants(
    "architecture",
    {
        "resnet": {},  # it reads images: no game with a latent can play it
        "mlp": {
            "mlp": MLP,
            "mlp, packs of two": [*MLP, "architecture.discriminator.packing=2"],
            "mlp, batch norm in D": [*MLP, "architecture.discriminator.normalization=batch"],
        },
        "r3gan": {"r3gan": R3GAN},
        "sngan": {"sngan": SNGAN},
        "light": {"light": LIGHT},
        "points": {"points": ["architecture=points", "data=ring"]},
        "dcgan": {
            "dcgan": DCGAN,
            "dcgan, spectral norm": [
                *DCGAN,
                *(f"architecture.{n}.normalization=spectral" for n in ("generator", "discriminator")),
            ],
            "dcgan, attention and stddev": [
                *DCGAN,
                *(f"architecture.{n}.attention=4" for n in ("generator", "discriminator")),
                "architecture.discriminator.minibatch_stddev=4",
                "architecture.discriminator.hidden=8",
            ],
        },
    },
)
_G, _D, _E = (f"architecture.{name}.hidden=[16,16]" for name in ("generator", "discriminator", "encoder"))
_SMALL_GAMES = {  # small networks and small data, where the defaults would take long
    "adversarial": ["data=digits", *MLP],
    "vae": ["data=digits", "game=vae", "architecture=mlp", _G, _E],
    "vae_gan": ["data=digits", "game=vae_gan", *MLP, _E],
    "adversarial_autoencoder": ["data=digits", "game=adversarial_autoencoder", "architecture=mlp", _G, _E],
    "bigan": ["data=digits", "game=bigan", "architecture=mlp", _G, _E],
    "infogan": ["data=digits", "game=infogan", *MLP],
    "auxiliary_classifier": ["data=digits", "game=auxiliary_classifier", *MLP],
    "cyclegan": [
        *("data=mnist_pair", "data.limit=128", "game=cyclegan", "architecture=resnet"),
        *(
            f"architecture.{setting}"
            for setting in ("generator.width=4", "generator.blocks=1", "discriminator.widths=[4,8]")
        ),
    ],
}


def _game(name: str) -> list[str]:
    if name in _SMALL_GAMES:
        return _SMALL_GAMES[name]
    if name in options("experiment"):  # a game of one's own, with the data and networks of its recipe
        return [f"experiment={name}"]
    return ["data=digits", f"game={name}", "architecture=mlp"]


GAMES = {name: _game(name) for name in options("game")}
QUIET = ["logger=none", "objective=null", "folder=unused"]  # nothing but training
QUIET += ["trainer.enable_model_summary=false"]
QUIET += [
    f"~callback.{name}"
    for name in ("curves", "samples", "progress", "checkpoint", "quality", "health", "summary", "game")
]
# The rate and small weights let logits pass the hinge's margin soon: inside it D's last bias has no gradient.
_COMMON = ["trainer=cpu", "trainer.precision=64-true", f"trainer.max_steps={ITERATIONS}", "data.batch_size=8"]
_COMMON += ["optimizer.lr=1e-2", "training.ema=null", *QUIET]


class Watch(Callback):
    """The largest absolute gradient of each parameter in its own turn."""

    def __init__(self) -> None:
        self.largest: dict[str, float] = {}

    def on_before_optimizer_step(self, trainer, module, optimizer) -> None:
        for network in module.executor.playing.trains:
            for name, parameter in module.networks[network].named_parameters():
                key = f"{network}.{name}"
                found = 0.0 if parameter.grad is None else float(parameter.grad.abs().max())
                assert found == found and found < float("inf"), f"{key}: the gradient is {found}"
                self.largest[key] = max(self.largest.get(key, 0.0), found)


def outcome(architecture: str, loss: str, penalty: str) -> str:
    """`trained`, or the sentence that refuses the pair; AssertionError if a parameter learns nothing."""
    data = [] if architecture == "points" else ["data=digits", "data.image_size=8"]
    try:
        walk([*data, *ARCHITECTURES[architecture], *LOSSES[loss], *PENALTIES[penalty]])
    except InputError as error:
        assert str(error).startswith(("loss=", "penalty=")), str(error)  # it must be the pair that is refused
        return str(error)
    return "trained"


def walk(chosen: list[str]) -> None:
    """Train `ITERATIONS` with these overrides; AssertionError if a parameter learns nothing."""
    built = build(compose([*chosen, *_COMMON]))
    watch = Watch()
    built.trainer.callbacks.append(watch)
    built.trainer.fit(built.module, datamodule=built.data_module)
    assert built.module.clock.iteration == ITERATIONS
    for network in built.module.networks:
        mine = {name: value for name, value in watch.largest.items() if name.startswith(f"{network}.")}
        assert len(mine) == len(list(built.module.networks[network].parameters()))
        for name, value in mine.items():
            assert value > ROUNDING * max(mine.values()), f"{name} receives no gradient: {value}"


def table(architecture: str, sentences: list[str]) -> list[str]:
    """Markdown lines of one architecture; refusals are numbers into `sentences`, which grows."""
    lines = ["", f"## {architecture}", "", f"| penalty | {' | '.join(LOSSES)} |", "|---" * (len(LOSSES) + 1) + "|"]
    for penalty in PENALTIES:
        cells = []
        for loss in LOSSES:
            found = outcome(architecture, loss, penalty)
            if found != "trained" and found not in sentences:
                sentences.append(found)
            cells.append("yes" if found == "trained" else f"({sentences.index(found) + 1})")
        lines.append(f"| {penalty} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    out = parser.parse_args().out
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", module="lightning")
    sentences: list[str] = []
    lines = list(itertools.chain.from_iterable(table(name, sentences) for name in ARCHITECTURES))
    number = len(ARCHITECTURES) * len(LOSSES) * len(PENALTIES)
    head = ["# Which losses, penalties and networks go together", ""]
    head += [
        f"{number} combinations, each trained for {ITERATIONS} iterations in float64 (*yes*: finite gradients, and one"
    ]
    head += [
        "above rounding for every parameter), or refused before training with the sentence that the number points to."
    ]
    head += ["Made by `benchmarks/pairs.py`; the tests walk the same combinations."]
    lines = [*head, *lines, "", "## Refusals", "", *(f"{i + 1}. {text}" for i, text in enumerate(sentences))]
    if out is not None:
        out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
