import saddle.compat  # noqa: F401  isort: skip
from torchvision.datasets import KMNIST

from saddle.data.kmnist import Kmnist


def test_it_reads_torchvisions_folder_of_that_name(tmp_path):
    data = Kmnist(str(tmp_path), 28, 1, 10, 64, seed=0)
    assert data.folder == tmp_path / "KMNIST" / "raw"
    assert {name + ".gz" for name in data.files} == {name for name, _ in KMNIST.resources}


def test_its_classes_have_torchvisions_names(tmp_path):
    assert Kmnist(str(tmp_path), 28, 1, 10, 64, seed=0).class_names == KMNIST.classes
