import json
import sys

from helpers import command
from saddle.cli.lean import _Finder, import_lean

CODE = """
import json, sys
from saddle.cli.lean import import_lean
import_lean()
import_lean()
import saddle.compat, torch, lightning, torchmetrics
from lightning_utilities.core import imports
mean = torchmetrics.MeanMetric()
mean.update(torch.tensor([1.0, 2.0]))
print(json.dumps({
    "loaded": [name for name in ("scipy", "matplotlib", "torchvision", "sklearn") if name in sys.modules],
    "mean": float(mean.compute()),
    "installed": bool(imports.RequirementCache("scipy")) and imports.package_available("matplotlib"),
    "finders": [type(finder).__name__ for finder in sys.meta_path].count("_Finder"),
    "said": str(torchmetrics.utilities.imports._SCIPY_AVAILABLE),
}))
"""


def test_torchmetrics_is_loaded_alone_and_works_and_nothing_else_is_changed():
    result = command("-c", CODE)
    assert json.loads(result.stdout) == {
        "loaded": [],
        "mean": 1.5,
        "installed": True,
        "finders": 0,
        "said": "scipy is not used by saddle",
    }, result.stderr


def test_where_torchmetrics_is_imported_already_nothing_changes():
    assert "torchmetrics" in sys.modules
    import_lean()
    assert not any(isinstance(finder, _Finder) for finder in sys.meta_path)
