import torch

import saddle.compat as compat
from helpers import command


def test_torchvision_and_lightning_import_in_a_fresh_process():
    code = "import saddle.compat, torchvision, lightning; print(torchvision.__name__, lightning.__name__)"
    result = command("-c", code)
    assert result.stdout.split() == ["torchvision", "lightning"], result.stderr


def test_the_schemas_are_declared_only_where_the_operators_cannot_load(monkeypatch):
    monkeypatch.setattr(compat, "_operators_load", lambda: True)
    assert compat._declare_operators() is None
    if compat._library is not None:
        assert torch.ops.torchvision.nms is not None
        assert torch.ops.torchvision.qnms is not None
