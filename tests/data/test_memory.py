"""The lower floors stand on torch alone: Lightning takes seconds to import, and torchvision another one."""

import json

import pytest

from helpers import REPOSITORY, command

FLOORS = ("layer", "loss", "penalty", "augmentation", "architecture", "data", "game")


@pytest.mark.parametrize("floor", FLOORS)
def test_a_lower_floor_imports_neither_lightning_nor_torchvision(floor):
    source = REPOSITORY / "src"
    paths = [path.relative_to(source).with_suffix("") for path in (source / "saddle" / floor).glob("*.py")]
    modules = sorted(".".join(path.parts) for path in paths if path.name != "__init__")
    assert len(modules) > 3
    code = f"import json, sys, {', '.join(modules)}; print(json.dumps(sorted(sys.modules)))"
    result = command("-c", code)
    assert result.returncode == 0, result.stderr
    loaded = json.loads(result.stdout)
    assert set(modules) <= set(loaded)
    assert not {"lightning", "torchvision"} & {name.split(".")[0] for name in loaded}
