import pytest
import torch
from torch import nn

from saddle.layer.projection import ProjectionHead


def test_a_logit_is_a_linear_part_and_the_inner_product_with_the_labels_vector():
    head = ProjectionHead(4, classes=3, normalization="none")
    features, labels = torch.randn(5, 4), torch.tensor([0, 2, 1, 2, 0])
    logits = head(features, labels)
    assert logits.shape == (5, 1)
    for row, label in enumerate(labels):
        weight = head.linear.weight[0] + head.vectors.weight[label]
        torch.testing.assert_close(logits[row, 0], features[row] @ weight + head.linear.bias[0])


def test_the_logits_of_all_labels_are_those_of_each():
    head = ProjectionHead(4, classes=3, normalization="none")
    features = torch.randn(5, 4)
    each = [head(features, torch.full((5,), label)) for label in range(3)]
    torch.testing.assert_close(head.logits_of_all_labels(features), torch.cat(each, 1))


def test_both_parts_are_spectrally_normalized():
    head = ProjectionHead(6, classes=3, normalization="spectral")
    for _ in range(50):
        head(torch.randn(2, 6), torch.tensor([0, 1]))
    for weight in (head.linear.weight, head.vectors.weight):
        assert torch.linalg.matrix_norm(weight, 2).item() == pytest.approx(1.0, abs=1e-3)


def test_initial_weights_are_those_asked_for():
    head = ProjectionHead(4, 3, "none", lambda module: nn.init.constant_(module.weight, 0.5))
    assert head.linear.weight.unique().tolist() == head.vectors.weight.unique().tolist() == [0.5]


def test_the_linear_part_has_a_bias_only_if_asked():
    head = ProjectionHead(4, 3, "none", bias=False)
    assert [name for name, _ in head.named_parameters()] == ["linear.weight", "vectors.weight"]
    assert head(torch.zeros(2, 4), torch.tensor([0, 1])).tolist() == [[0.0], [0.0]]
