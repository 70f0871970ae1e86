import pytest
import torch

from saddle.data.loader import MemoryLoader

IMAGES = torch.arange(23, dtype=torch.uint8).view(23, 1, 1, 1)
LABELS = torch.arange(23)


def loader(**changes) -> MemoryLoader:
    return MemoryLoader(IMAGES, LABELS, **{"rows": 4, "seed": 3, **changes})


def labels(of: MemoryLoader, epochs: int = 1) -> list[list[int]]:
    return [batch["label"].tolist() for _ in range(epochs) for batch in of]


def test_an_epoch_holds_each_image_at_most_once_in_full_batches():
    batches = labels(loader())
    assert len(batches) == len(loader()) == 5
    flat = [label for batch in batches for label in batch]
    assert len(set(flat)) == 20


def test_images_and_labels_stay_together_in_the_range_of_tanh():
    for batch in loader():
        torch.testing.assert_close(batch["image"].flatten(), batch["label"] / 127.5 - 1)
    whole = next(iter(MemoryLoader(torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1), None, rows=2, seed=0)))
    assert sorted(whole["image"].flatten().tolist()) == [-1.0, 1.0]
    assert "label" not in whole


def test_epochs_and_seeds_differ_and_repeat():
    first, second = labels(loader()), labels(loader(seed=4))
    two = labels(loader(), epochs=2)
    assert first == two[:5] == labels(loader())
    assert two[5:] != first
    assert second != first


@pytest.mark.parametrize("position", [0, 1, 4, 5, 7, 10])
def test_the_number_of_batches_is_the_whole_state(position):
    straight = labels(loader(), epochs=3)
    resumed = loader()
    resumed.load_state_dict({"batches": position})
    assert labels(resumed, epochs=3)[: 15 - position] == straight[position:]
    stopped = loader()
    for _, _batch in zip(range(3), stopped, strict=False):
        pass
    assert stopped.state_dict() == {"batches": 3}


@pytest.mark.parametrize("parts", [1, 2])
def test_ranks_share_the_rows_of_each_part(parts):
    whole = labels(loader(rows=8))
    ranks = [labels(loader(rows=8, parts=parts, rank=rank, world_size=2)) for rank in (0, 1)]
    for batch, first, second in zip(whole, *ranks, strict=True):
        size = 8 // (2 * parts)
        rebuilt = [
            row for part in range(parts) for rank in (first, second) for row in rank[part * size : (part + 1) * size]
        ]
        assert rebuilt == batch
