"""The executors of training, and what each of them can play."""

import os
import platform
import shutil
from typing import Any

import torch

from saddle.config.consistency import on_cuda
from saddle.error import InputError
from saddle.training.compiled import Compiled
from saddle.training.eager import Eager

EXECUTORS = {"eager": Eager, "compiled": Compiled}
_COMPILED_OPTIMIZERS = ("torch.optim.Adam", "torch.optim.AdamW")


def check_executor(config: dict[str, Any]) -> None:
    """Raise InputError, naming the mend, where training.executor=compiled meets what it cannot play."""
    if config["training"]["executor"] != "compiled":
        return
    trainer, optimizer = config["trainer"], config["optimizer"]
    mend = "training.executor=eager (training=default)"
    if config["training"]["accumulate"] != 1:
        raise InputError(
            f"training.executor=compiled plays a batch in one part, and training.accumulate="
            f"{config['training']['accumulate']}: use a larger data.batch_size, or {mend}"
        )
    if trainer["precision"] == "16-mixed":
        raise InputError(
            f"trainer.precision=16-mixed needs a gradient scaler, which training.executor=compiled has not: use "
            f"bf16-mixed, or {mend}"
        )
    if trainer["devices"] not in (1, "1", [0]) or trainer["num_nodes"] != 1 or trainer["strategy"] != "auto":
        raise InputError(f"training.executor=compiled plays on one device: use trainer.devices=1, or {mend}")
    if optimizer["_target_"] not in _COMPILED_OPTIMIZERS:
        raise InputError(
            f"training.executor=compiled plays Adam and AdamW, not {optimizer['_target_']}: use optimizer=adam, or "
            f"{mend}"
        )
    compiler = os.environ.get("CXX", "g++")
    if shutil.which(compiler) is None:
        raise InputError(f"training.executor=compiled needs a C++ compiler, and {compiler} was not found: use {mend}")


def precision_warnings(trainer: dict[str, Any]) -> list[str]:
    """What to say of a precision that this machine has no arithmetic for, a sentence each."""
    on_cpu = trainer["accelerator"] in ("cpu", "auto") and not on_cuda(trainer)
    if trainer["precision"] != "bf16-mixed" or not on_cpu or computes_in_bfloat16():
        return []
    return [
        "trainer.precision=bf16-mixed: this CPU has no arithmetic for bfloat16, and is several times slower with it; "
        "use trainer.precision=32-true"
    ]


def computes_in_bfloat16() -> bool:
    """Whether this CPU multiplies matrices of bfloat16 by itself (AVX512_BF16, AMX; true where it is not known)."""
    asked = [getattr(torch.cpu, f"_is_{name}_supported", None) for name in ("avx512_bf16", "amx_tile")]
    if platform.machine() not in ("x86_64", "AMD64") or None in asked:
        return True  # unknown
    return any(ask() for ask in asked)
