"""Combinations that cannot work, refused with the reason before training."""

from typing import Any

from saddle.config.trainer_flags import check_values
from saddle.error import InputError

_PRECISIONS = {"32-true", "32", "bf16-mixed", "16-mixed", "64-true", "64"}
_DDP = {
    "ddp": "ddp_find_unused_parameters_true",
}
_READ_HERE = ("accelerator", "devices", "num_nodes", "strategy", "max_steps", "max_epochs", "log_every_n_steps")
_FOR_LABELS = {"label_dim": 16, "condition": "projection"}
"""Settings of networks that only conditional ones read, with their defaults."""


def check_trainer(node: dict[str, Any]) -> None:
    """Raise InputError for Trainer flags that cannot work under manual optimization of two networks."""
    check_values(node)
    if node.get("use_distributed_sampler", False):
        raise InputError("trainer.use_distributed_sampler=True would shuffle again: the data module shards by itself")
    if node.get("sync_batchnorm", False):
        raise InputError(
            "trainer.sync_batchnorm=True is not supported: the averaged generator samples on one rank alone"
        )
    if isinstance(node.get("overfit_batches"), float) and node["overfit_batches"] != 0:
        raise InputError(f"trainer.overfit_batches={node['overfit_batches']}: use a whole number of batches")
    precision = str(node.get("precision"))
    if precision not in _PRECISIONS:
        raise InputError(
            f"trainer.precision={precision} is not supported: weights in half precision freeze the averaged generator "
            "and break penalties; use 32-true, bf16-mixed, 16-mixed or 64-true"
        )
    if precision == "16-mixed" and not on_cuda(node):
        raise InputError("trainer.precision=16-mixed needs a CUDA device: on a CPU use bf16-mixed or 32-true")
    missing = [name for name in _READ_HERE if node.get(name) is None]
    if missing:
        raise InputError(f"trainer.{missing[0]} is missing: it has no default here")
    strategies = {"auto", *_DDP, *_DDP.values()}
    if node["strategy"] not in strategies:
        raise InputError(
            f"trainer.strategy={node['strategy']} is not supported for two networks: use auto or {', '.join(_DDP)}"
        )
    for name in ("max_steps", "max_epochs"):
        if isinstance(node[name], int) and node[name] < -1:
            raise InputError(f"trainer.{name}={node[name]}: use a count of at least 0, or -1 for no limit")
    if node["log_every_n_steps"] < 1:
        raise InputError(f"trainer.log_every_n_steps={node['log_every_n_steps']} should be at least 1")


def networks_of(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The entries of the group architecture that describe networks, by name."""
    return {name: node for name, node in config["architecture"].items() if name != "conditional"}


def check_architecture(config: dict[str, Any]) -> None:
    """Raise InputError unless each entry is a network, and `conditional` says whether they take labels the data has."""
    conditional = config["architecture"].get("conditional")
    if not isinstance(conditional, bool):
        raise InputError(f"architecture.conditional={conditional}: use true or false")
    for name, node in networks_of(config).items():
        if not isinstance(node, dict):
            raise InputError(f"architecture.{name}={node}: expected a network with a _target_")
    if conditional and config["data"].get("classes", 0) == 0:
        raise InputError("architecture.conditional=True needs labels, but data.classes=0: the data has none")
    if conditional and not any("conditional" in node for node in networks_of(config).values()):
        raise InputError("architecture.conditional=True: none of these networks can be told labels: use false")


def check_label_settings(name: str, node: dict[str, Any], decided: bool) -> None:
    """Raise InputError for a setting that only a network with labels reads, where the network `name` has none.

    `decided` says whether the game leaves no choice there.
    """
    unread = [setting for setting, usual in _FOR_LABELS.items() if node.get(setting, usual) != usual]
    if unread and not node.get("conditional"):
        raise InputError(
            f"architecture.{name}.{unread[0]}={node[unread[0]]} is read by networks that are told labels: "
            + (
                "in this game it is told none; leave it out"
                if decided
                else "leave it, or add architecture.conditional=true"
            )
        )


def check_once(config: dict[str, Any]) -> None:
    """Raise InputError where a setting that is echoed in two places was changed in one of them."""
    data, training = config["data"], config["training"]
    echoes = {
        "data.accumulate": (data.get("accumulate"), training["accumulate"], "training.accumulate"),
        "data.seed": (data.get("seed"), config["seed"], "seed"),
    }
    conditional = config["architecture"]["conditional"]
    latent_dim = networks_of(config).get("generator", {}).get("latent_dim")
    for player, network in networks_of(config).items():
        for name in ("image_size", "channels", "classes", "scale"):
            if name in data and name in network:
                echoes[f"architecture.{player}.{name}"] = (network[name], data[name], f"data.{name}")
        echo = (network.get("latent_dim", latent_dim), latent_dim, "architecture.generator.latent_dim")
        echoes[f"architecture.{player}.latent_dim"] = echo
        echo = (network.get("conditional", conditional), conditional, "architecture.conditional")
        echoes[f"architecture.{player}.conditional"] = echo
    for setting, (value, source, change) in echoes.items():
        if value != source:
            raise InputError(f"{setting}={value} contradicts {change}={source}: change {change} alone")


def on_cuda(node: dict[str, Any]) -> bool:
    """Whether the Trainer that `node` describes computes on a CUDA device."""
    if node.get("accelerator") not in ("auto", "gpu", "cuda"):
        return False
    import torch  # not before it is needed: refusals are quick without it

    return torch.cuda.is_available()


def trainer_arguments(node: dict[str, Any]) -> dict[str, Any]:
    """The Trainer's own arguments: every way of saying DDP means DDP that allows for unused parameters.

    Each turn trains some of the networks, so plain DDP would wait for gradients that never come.
    """
    several = node["devices"] not in (1, "1", [0]) or node["num_nodes"] > 1
    strategy = node["strategy"]
    if strategy == "auto" and several:
        strategy = "ddp"
    return {**node, "strategy": _DDP.get(strategy, strategy)}
