"""Settings that the compiled executor or this machine cannot serve. Lightning is not loaded here."""

import os
import platform
import shutil
from collections.abc import Iterable
from typing import Any

import torch

from saddle.architecture.base import Network
from saddle.config.checked import CheckedConfig
from saddle.config.trainer_flags import AUTO, computes_on_cuda, process_count
from saddle.error import InputError

_COMPILED_OPTIMIZERS = ("torch.optim.Adam", "torch.optim.AdamW")
_EAGER = "training.executor=eager (training=default)"


def check_executor(config: CheckedConfig) -> None:
    """Raise InputError, naming the alternative, for settings that training.executor=compiled does not support."""
    if config.training["executor"] != "compiled":
        return
    trainer, optimizer = config.trainer, config.optimizer["_target_"]
    accumulate = config.training["accumulate"]
    if accumulate != 1:
        raise InputError(
            f"training.executor=compiled plays a batch in one part, and training.accumulate={accumulate}: use a larger "
            f"data.batch_size, or {_EAGER}"
        )
    if trainer["precision"] == "16-mixed":
        raise InputError(
            "trainer.precision=16-mixed needs a gradient scaler, which training.executor=compiled has not: use "
            f"bf16-mixed, or {_EAGER}"
        )
    if process_count(trainer) != 1 or trainer["strategy"] != "auto":
        raise InputError(f"training.executor=compiled plays on one device: use trainer.devices=1, or {_EAGER}")
    if optimizer not in _COMPILED_OPTIMIZERS:
        raise InputError(
            f"training.executor=compiled plays Adam and AdamW, not {optimizer}: use optimizer=adam, or {_EAGER}"
        )
    usual = "cl" if platform.system() == "Windows" else "g++"
    compiler = os.environ.get("CXX", usual)
    if shutil.which(compiler) is None:
        raise InputError(f"training.executor=compiled needs a C++ compiler, and {compiler} was not found: use {_EAGER}")


def chosen_precision(trainer: dict[str, Any], networks: Iterable[Network]) -> str:
    """The precision of the Trainer with these flags; "auto" is chosen for the machine and the networks.

    It means bf16-mixed where the machine has arithmetic for bfloat16 and all networks suit it, else 32-true.
    """
    precision = str(trainer["precision"])
    if precision != AUTO:
        return precision
    suited = all(network.suits_bfloat16 for network in networks)
    return "bf16-mixed" if suited and bfloat16_hardware(trainer) is not None else "32-true"


def bfloat16_hardware(trainer: dict[str, Any]) -> str | None:
    """What multiplies matrices of bfloat16 where the Trainer with these flags computes; None if nothing is known to."""
    if computes_on_cuda(trainer):
        is_built_in = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.cuda.get_device_name() if is_built_in else None
    if trainer["accelerator"] not in ("cpu", "auto") or torch.backends.mps.is_available():
        return None
    for name, supported in (("AMX", "_is_amx_tile_supported"), ("AVX512_BF16", "_is_avx512_bf16_supported")):
        is_supported = getattr(torch.cpu, supported, None)
        if is_supported is not None and is_supported():
            return name
    return None


def precision_warnings(trainer: dict[str, Any]) -> list[str]:
    """A sentence if this machine lacks arithmetic for the chosen precision; else nothing."""
    on_cpu = trainer["accelerator"] in ("cpu", "auto") and not computes_on_cuda(trainer)
    if trainer["precision"] != "bf16-mixed" or not on_cpu or computes_in_bfloat16():
        return []
    return [
        "trainer.precision=bf16-mixed: this CPU has no arithmetic for bfloat16, and is several times slower with it; "
        "use trainer.precision=32-true"
    ]


def computes_in_bfloat16() -> bool:
    """Whether this CPU multiplies matrices of bfloat16 in hardware (AVX512_BF16, AMX); True where that is unknown."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return True
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        is_supported = getattr(torch.cpu, name, None)
        if is_supported is None or is_supported():
            return True
    return False
