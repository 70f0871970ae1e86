"""What was compiled once is not compiled again: not by another run, nor with another seed."""

from pathlib import Path

import pytest

from helpers import train_afresh

COMPILED = ["experiment=ring", "training=fast", "trainer=cpu", "trainer.max_steps=3", "objective=null", "logger=none"]
COMPILED += ["~callback.samples", "~callback.points"]


def compiled(cache: Path, folder: Path, seed: int) -> dict[Path, int]:
    """The compiled files in `cache` after a run, and when each was written."""
    result = train_afresh(*COMPILED, f"seed={seed}", f"folder={folder}", TORCHINDUCTOR_CACHE_DIR=str(cache))
    assert result.returncode == 0, result.stderr
    return {path.relative_to(cache): path.stat().st_mtime_ns for path in cache.rglob("*.so")}


@pytest.mark.slow
def test_a_second_run_compiles_nothing(tmp_path):
    first = compiled(tmp_path / "cache", tmp_path / "first", seed=0)
    assert first
    assert compiled(tmp_path / "cache", tmp_path / "second", seed=1) == first
