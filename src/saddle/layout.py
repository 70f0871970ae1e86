"""What saddle writes into the folders of runs, so that it is never taken for a person's own data."""

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

SETTINGS = ".hydra"
SWEEP_FILE = "multirun.yaml"
"""The file that Hydra writes into the folder of a sweep: its composed config."""

STUDY = "study.db"
"""The file of a search in the folder of its sweep: Optuna's SQLite storage."""

SUBMITTED = "slurm"
"""The folder of a sweep that holds what was submitted to Slurm, and the logs."""

ERROR = "error.txt"
"""Why a job of a sweep failed: one sentence if the cause is known, else a traceback."""

LOCK = ".lock"
"""The file whose lock a process holds while it trains in the folder."""

REPLAY = "replay"
"""The folder of a branch that compares it with its run."""

PRODUCTS = ("tensorboard", "wandb", "mlflow", "samples", "checkpoints", "metrics.csv", "summary.json")
"""The files and folders that training writes."""

UNTRAINED = {SETTINGS, SWEEP_FILE, STUDY, SUBMITTED, ERROR, LOCK, "tensorboard", "wandb", "mlflow"}
"""The files and folders of a run or sweep that never trained; curves begin before Lightning refuses a setting."""

IN_RUNS = {*PRODUCTS, *UNTRAINED, "evaluation", "cache", REPLAY}
"""All names that saddle gives to what lies directly in the folder of a run or sweep."""

MACHINE_FILES = (".ckpt", ".safetensors", ".images", ".onnx", ".pt2")
"""Endings of saddle's files of tensors, which hold no picture."""

SOFTWARE = "saddle"
"""The name that each picture of saddle's bears inside, wherever a person puts it."""


def is_run(folder: Path, names: Collection[str]) -> bool:
    """Whether the folder with these entries is that of a run: it has a run's settings, checkpoints or results."""
    if SETTINGS in names and _are_ours(folder / SETTINGS / "config.yaml"):
        return True
    if "checkpoints" in names and any((folder / "checkpoints").glob("*.ckpt")):
        return True
    return "metrics.csv" in names and ("summary.json" in names or LOCK in names)


def _are_ours(settings: Path) -> bool:
    """Whether Hydra wrote these settings for saddle and not for another program."""
    with suppress(OSError):
        return b"_target_: saddle." in settings.read_bytes()
    return False
