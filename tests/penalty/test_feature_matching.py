import torch

from helpers import finite_differences, term_inputs
from saddle.penalty.feature_matching import FeatureMatching


def features(images: torch.Tensor, kind: str = "") -> torch.Tensor:
    return images.flatten(1).sin() * torch.arange(1, 5)


def test_value_is_the_squared_distance_of_mean_features_and_its_gradient_reaches_the_images():
    real, fake = torch.randn(5, 1, 2, 2).double(), torch.randn(5, 1, 2, 2).double()

    def value(images: torch.Tensor) -> torch.Tensor:
        return FeatureMatching(weight=1.0).generator(term_inputs(real=real, fake=images, features=features))

    expected = (features(real).mean(0) - features(fake).mean(0)).norm() ** 2
    torch.testing.assert_close(value(fake), expected, rtol=1e-12, atol=0)
    leaf = fake.clone().requires_grad_()
    value(leaf).backward()
    torch.testing.assert_close(leaf.grad, finite_differences(value, fake), rtol=1e-6, atol=1e-9)
