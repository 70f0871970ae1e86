"""Fashion-MNIST (Xiao et al. 2017, arXiv 1708.07747), by torchvision."""

from saddle.data.torchvision_idx import TorchvisionIdx


class FashionMnist(TorchvisionIdx):
    """60,000 pictures of clothes, shoes and bags from a shop's catalog, ten classes (section 2 of the paper)."""

    dataset = "FashionMNIST"
    size = 60_000
    license = "MIT"
    known_classes = (
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    )
