"""Features of Inception v3, whose Frechet distance is the usual FID, from weights that are on disk."""

import hashlib
from pathlib import Path

import torch
from torch import Tensor

from saddle.bound import ImageSize
from saddle.error import InputError, first_line
from saddle.metric.base import Extractor

_BATCH_SIZE = 50


class Inception(Extractor):
    """The network of Szegedy et al. 2016 with the weights that FID is defined by (Heusel et al. 2017, section 3).

    `path` is the state that torch-fidelity distributes (`weights-inception-2015-12-05-6726825d.pth`); nothing is ever
    downloaded. Features are the 2,048 numbers after the last pooling; probabilities are those of its 1,008 classes,
    from logits without bias, as the Inception score takes them. Gray images are read with three equal channels. The
    network runs on a GPU where there is one: on a CPU an image takes about a tenth of a second.

    Raises InputError if torch-fidelity is not installed or the file is not such a state; it is read as weights only,
    so no code in it can run.
    """

    name = "inception"

    def __init__(self, path: Path) -> None:
        import saddle.compat  # noqa: F401  isort: skip

        try:
            from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
        except ImportError as error:
            raise InputError(
                f"{path}: Inception needs the package torch-fidelity: pip install torch-fidelity"
            ) from error
        try:
            self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            torch.load(path, map_location="cpu", weights_only=True)  # torch-fidelity itself would run code in it
            self.model = FeatureExtractorInceptionV3(self.name, ["2048", "logits_unbiased"], str(path))
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}; expected the weights of Inception") from error
        except Exception as error:  # torch raises many kinds of errors on a crafted file
            raise InputError(
                f"{path}: not the weights of Inception as torch-fidelity distributes them ({first_line(error)})"
            ) from error
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model.to(self.device)

    def check(self, channels: int, image_size: ImageSize) -> None:
        if channels not in (1, 3):
            raise InputError(f"Inception reads 1 or 3 channels, and the data has {channels}: name another extractor")

    @torch.no_grad()
    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features, logits = [], []
        for batch in images.split(_BATCH_SIZE):
            batch_features, batch_logits = self.model(batch.expand(-1, 3, -1, -1).to(self.device))
            features.append(batch_features.cpu())
            logits.append(batch_logits.cpu())
        return torch.cat(features), torch.cat(logits).softmax(1)
