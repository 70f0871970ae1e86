import saddle.compat  # noqa: F401  isort: skip
from torchvision.datasets import FashionMNIST

from saddle.data.fashion_mnist import FashionMnist


def test_it_reads_torchvisions_folder_of_that_name(tmp_path):
    data = FashionMnist(str(tmp_path), 28, 1, 10, 64, seed=0)
    assert data.folder == tmp_path / "FashionMNIST" / "raw"
    assert {name + ".gz" for name in data.files} == {name for name, _ in FashionMNIST.resources}


def test_its_classes_have_torchvisions_names(tmp_path):
    assert FashionMnist(str(tmp_path), 28, 1, 10, 64, seed=0).class_names == FashionMNIST.classes
