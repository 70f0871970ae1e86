"""Inception by path, against torch-fidelity's own Frechet distance and Inception score on the same weights.

The weights are random ones: no published ones can be had offline, and the path from images to metrics is the same.
"""

import pytest
import torch
import torch_fidelity
from torch_fidelity import feature_extractor_inceptionv3 as theirs

from saddle.error import InputError
from saddle.metric.classes import classifier_score
from saddle.metric.extractor import extractor_for
from saddle.metric.frechet import frechet_distance


class Images(torch.utils.data.Dataset):
    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index]


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("inception") / "weights.pth"
    with pytest.MonkeyPatch.context() as patch:  # random weights instead of a download
        patch.setattr(theirs, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(theirs.FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        torch.manual_seed(0)
        state = theirs.FeatureExtractorInceptionV3("random", ["2048"]).state_dict()
    torch.save(state, path)
    return path


@pytest.mark.slow
def test_the_metrics_are_those_of_torch_fidelity(weights):
    generator = torch.Generator().manual_seed(1)
    first = torch.randint(256, (24, 3, 28, 28), generator=generator, dtype=torch.uint8)
    second = torch.randint(60, 200, (24, 3, 28, 28), generator=generator, dtype=torch.uint8)
    extractor = extractor_for(str(weights), None)
    (features, probabilities), (others, _) = extractor(first), extractor(second)
    expected = torch_fidelity.calculate_metrics(
        input1=Images(first),
        input2=Images(second),
        fid=True,
        isc=True,
        isc_splits=1,
        cuda=False,
        save_cpu_ram=True,  # no worker processes
        cache=False,
        verbose=False,
        feature_extractor_weights_path=str(weights),
    )
    assert features.shape == (24, 2048)
    assert frechet_distance(features, others) == pytest.approx(expected["frechet_inception_distance"], rel=1e-4)
    assert classifier_score(probabilities) == pytest.approx(expected["inception_score_mean"], rel=1e-4)


def test_gray_images_have_three_equal_channels_and_two_channels_are_refused(weights):
    extractor = extractor_for(str(weights), "mnist")
    gray = torch.randint(256, (2, 1, 28, 28), generator=torch.Generator().manual_seed(2), dtype=torch.uint8)
    assert torch.equal(extractor(gray)[0], extractor(gray.repeat(1, 3, 1, 1))[0])
    assert extractor.stamp.startswith("inception-")
    extractor.check(1, 28)
    with pytest.raises(InputError, match=r"Inception reads 1 or 3 channels, and the data has 2"):
        extractor.check(2, 28)


def test_another_file_is_refused_and_nothing_in_it_is_run(tmp_path):
    class Code:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    cases = {"none": None, "text": b"no weights", "empty": b""}
    for name, content in cases.items():
        path = tmp_path / f"{name}.pth"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(InputError, match=rf"{name}\.pth: .*weights of Inception"):
            extractor_for(str(path), None)
    torch.save({"weight": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(InputError, match="not the weights of Inception"):
        extractor_for(str(tmp_path / "other.pth"), None)
    torch.save(Code(), tmp_path / "code.pth")
    with pytest.raises(InputError, match="not the weights of Inception"):
        extractor_for(str(tmp_path / "code.pth"), None)
    assert not (tmp_path / "ran").exists()
