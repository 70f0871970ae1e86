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


WIDE = torch.arange(23 * 6, dtype=torch.uint8).view(23, 1, 2, 3)


def flips(epochs: int = 1, position: int = 0, **changes) -> list[list[bool]]:
    """For each batch, which of its images came mirrored; each must be the image of its label or its mirror image."""
    of = MemoryLoader(WIDE, LABELS, **{"rows": 4, "seed": 3, "flip": True, **changes})
    of.load_state_dict({"batches": position})
    found = []
    for batch in (batch for _ in range(epochs) for batch in of):
        plain = WIDE[batch["label"]].float() / 127.5 - 1
        mirrored = (batch["image"] == plain[..., [2, 1, 0]]).flatten(1).all(1)
        assert torch.equal(mirrored, (batch["image"] != plain).flatten(1).any(1))
        found.append(mirrored.tolist())
    return found


def test_flips_are_fair_and_a_function_of_seed_batch_and_row():
    drawn = torch.tensor(flips(epochs=200))
    assert 0.48 < drawn.float().mean() < 0.52  # 4000 draws: 2.5 standard deviations
    assert all(0.4 < rate < 0.6 for rate in drawn.float().mean(0))
    assert flips(seed=4, epochs=3) != drawn[:15].tolist()
    assert drawn[:5].tolist() != drawn[5:10].tolist()
    assert not any(map(any, flips(flip=False)))


@pytest.mark.parametrize("position", [0, 1, 4, 5, 7])
def test_flips_go_on_exactly_after_a_resume(position):
    assert flips(epochs=3, position=position)[: 15 - position] == flips(epochs=3)[position:]


@pytest.mark.parametrize("parts", [1, 2])
def test_ranks_flip_what_one_process_flips(parts):
    whole = flips(rows=8, epochs=3)
    ranks = [flips(rows=8, epochs=3, parts=parts, rank=rank, world_size=2) for rank in (0, 1)]
    size = 8 // (2 * parts)
    for batch, *shares in zip(whole, *ranks, strict=True):
        assert [row for part in range(parts) for s in shares for row in s[part * size : (part + 1) * size]] == batch


def test_points_are_delivered_as_they_are():
    points = torch.randn(23, 2)
    batch = next(iter(MemoryLoader(points, None, rows=4, seed=3)))["image"]
    assert batch.dtype == torch.float32
    assert torch.equal(batch, points[loader()._order(0)[:4]])
