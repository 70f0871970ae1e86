import pytest
import torch

from saddle.data.digits import Digits
from saddle.data.loader import as_floats
from saddle.metric.classifier import Classifier, moved, train_classifier


@pytest.fixture(scope="module")
def digits():
    images, labels = Digits(16, 1, 10, 64, seed=0).training()
    return images, labels


def test_features_are_not_negative_and_the_head_is_linear_in_them():
    model = Classifier(3, 20, 7).eval()
    features, logits = model(torch.rand(5, 3, 20, 20) * 2 - 1)
    assert features.shape == (5, 128)
    assert features.min() >= 0
    torch.testing.assert_close(logits, features @ model.head.weight.T + model.head.bias)
    with pytest.raises(ValueError, match="image_size=7 is too small"):
        Classifier(1, 7, 10)


def test_folded_batch_norms_read_the_same():
    torch.manual_seed(0)
    model = Classifier(1, 14, 3).double()
    images = torch.randn(32, 1, 14, 14, dtype=torch.float64)
    for _ in range(3):
        model(images + 1)  # statistics of their own
    folded = model.folded()
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in folded.modules())
    for mine, theirs in zip(folded(images), model.eval()(images), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-12, atol=1e-12)


def test_a_few_epochs_read_digits_that_were_held_out(digits):
    images, labels = digits
    model = train_classifier(images[:1500], labels[:1500], 10, epochs=4, seed=0)
    assert not model.training
    with torch.no_grad():
        found = model(as_floats(images[1500:]))[1].argmax(1)
    assert (found == labels[1500:]).float().mean() > 0.9


def test_training_is_a_function_of_the_seed(digits):
    images, labels = (part[:256] for part in digits)
    losses = []
    first, again, other = (
        train_classifier(images, labels, 10, 1, seed, lambda epoch, loss: losses.append((epoch, loss)))
        for seed in (0, 0, 1)
    )
    assert torch.equal(first.head.weight, again.head.weight)
    assert not torch.equal(first.head.weight, other.head.weight)
    assert losses[0] == losses[1] != losses[2]
    assert losses[0][0] == 0
    with pytest.raises(ValueError, match="at least 128 labeled images besides those held out, got 127"):
        train_classifier(images[:127], labels[:127], 10, 1, 0)


def test_changes_are_small_differ_between_images_and_fill_with_black():
    square = torch.full((64, 1, 28, 28), -1.0)
    square[:, :, 10:18, 10:18] = 1.0
    changed = moved(square, torch.Generator().manual_seed(0))
    assert changed[:, :, [0, -1]].max() == -1
    mass = (changed + 1).sum((1, 2, 3)) / (square + 1).sum((1, 2, 3))
    assert 0.7 < mass.min() < 0.95
    assert 1.05 < mass.max() < 1.4
    inside = (changed + 1).flatten(1)
    middle = torch.arange(28.0).repeat(28)
    center = (inside * middle).sum(1) / inside.sum(1)
    assert 1.0 < (center - 13.5).abs().max() < 4.5
    white = moved(torch.ones(8, 1, 28, 28), torch.Generator().manual_seed(1))
    assert white.min() >= -1
    assert white[:, :, 9:19, 9:19].min() == pytest.approx(1.0, abs=1e-4)


def test_rectangles_are_read_and_turned_without_shear():
    features, logits = Classifier(3, [20, 12], 7).eval()(torch.rand(5, 3, 20, 12) * 2 - 1)
    assert (features.shape, logits.shape) == ((5, 128), (5, 7))
    with pytest.raises(ValueError, match="image_size=7 is too small"):
        Classifier(1, [20, 7], 10)
    square = -torch.ones(40, 1, 41, 41)
    square[:, :, 17:24, 17:24] = 1.0
    wide = torch.nn.functional.pad(square, (20, 20), value=-1.0)
    first = moved(square, torch.Generator().manual_seed(0))
    second = moved(wide, torch.Generator().manual_seed(0))
    mass = (first.sum((1, 2, 3)) + 41 * 41) / (second.sum((1, 2, 3)) + 41 * 81)
    torch.testing.assert_close(mass, torch.ones(40), rtol=0.03, atol=0)
