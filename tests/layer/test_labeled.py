import pytest
import torch
from torch import nn

from saddle.layer.labeled import LabeledSequential, LabelEmbedding, classes_of

LABELS = torch.tensor([2, 0, 2])


def test_labels_reach_the_layers_that_take_them_only():
    embedding, linear = LabelEmbedding(3, 2), nn.Linear(6, 1)
    features = torch.randn(3, 4)
    together = LabeledSequential(embedding, nn.ReLU(), linear)(features, LABELS)
    torch.testing.assert_close(together, linear(torch.relu(embedding(features, LABELS))))


def test_missing_and_superfluous_labels_are_refused():
    with pytest.raises(ValueError, match="a conditional network needs labels: give classes from 0 to 2,"):
        LabeledSequential(LabelEmbedding(3, 2))(torch.randn(3, 4))
    with pytest.raises(ValueError, match="takes no labels"):
        LabeledSequential(nn.ReLU())(torch.randn(3, 4), LABELS)


@pytest.mark.parametrize("space", [(), (5, 6)])
def test_an_embedding_joins_the_labels_vector_at_every_place(space):
    embedding = LabelEmbedding(3, 2)
    features = torch.randn(3, 4, *space)
    joined = embedding(features, LABELS)
    assert joined.shape == (3, 6, *space)
    assert torch.equal(joined[:, :4], features)
    for row, label in enumerate(LABELS):
        places = joined[row, 4:].reshape(2, -1).T
        assert torch.equal(places, embedding.vectors.weight[label].expand_as(places))


def test_classes_count_only_where_a_network_is_conditional():
    assert (classes_of(True, 7), classes_of(False, 7), classes_of(False, 0)) == (7, 0, 0)
    with pytest.raises(ValueError, match="needs labels, but classes=0"):
        classes_of(True, 0)
