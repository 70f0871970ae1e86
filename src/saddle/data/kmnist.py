"""Kuzushiji-MNIST (Clanuwat et al. 2018, arXiv 1812.01718), by torchvision."""

from saddle.data.torchvision_idx import TorchvisionIdx


class Kmnist(TorchvisionIdx):
    """60,000 cursive Japanese characters from old books, ten classes, one for each row of the syllabary."""

    dataset = "KMNIST"
    size = 60_000
    license = "CC BY-SA 4.0"
    known_classes = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
