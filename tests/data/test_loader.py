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


SOURCES = torch.arange(100, 123, dtype=torch.uint8).view(23, 1, 1, 1)


def pairs(epochs: int = 1, position: int = 0, **changes) -> list[list[tuple[int, int]]]:
    """For each batch, the number of each image and of the source beside it."""
    of = loader(**{"sources": SOURCES, **changes})
    of.load_state_dict({"batches": position})
    found = []
    for batch in (batch for _ in range(epochs) for batch in of):
        numbers = ((batch["source"].flatten() + 1) * 127.5).round().int() - 100
        found.append(list(zip(batch["label"].tolist(), numbers.tolist(), strict=True)))
    return found


def test_sources_come_in_an_order_of_their_own_each_at_most_once_in_an_epoch():
    first, second = pairs(epochs=2)[:5], pairs(epochs=2)[5:]
    assert [[image for image, _ in batch] for batch in first] == labels(loader())
    for epoch in (first, second):
        flat = [pair for batch in epoch for pair in batch]
        assert len({source for _, source in flat}) == 20
        assert {source for _, source in flat} <= set(range(23))
        assert sum(image == source for image, source in flat) < 8  # 0.9 expected by chance
    orders = [[source for batch in epoch for _, source in batch] for epoch in (first, second)]
    assert orders[0] != orders[1]
    assert pairs(seed=4)[0] != first[0]
    assert "source" not in next(iter(loader()))


@pytest.mark.parametrize("number", [1, 7, 22, 40])
def test_another_number_of_sources_is_drawn_in_turn(number):
    changes = {"sources": SOURCES[:1].expand(number, *SOURCES.shape[1:]).clone()}
    changes["sources"][:, 0, 0, 0] = torch.arange(number)
    drawn = [batch["source"][:, 0, 0, 0] for batch in loader(**changes)]
    numbers = torch.cat(drawn).add(1).mul(127.5).round().int().tolist()
    counts = [numbers.count(source) for source in range(number)]
    assert sum(counts) == 20
    assert max(counts) <= -(-23 // number)
    assert number > 7 or min(counts) >= 20 // number - 1
    with pytest.raises(ValueError, match="at least one source"):
        loader(sources=SOURCES[:0])


@pytest.mark.parametrize("position", [0, 1, 4, 5, 7, 10])
def test_sources_go_on_exactly_after_a_resume(position):
    assert pairs(epochs=3, position=position)[: 15 - position] == pairs(epochs=3)[position:]


@pytest.mark.parametrize("parts", [1, 2])
def test_ranks_get_the_pairs_that_one_process_gets(parts):
    whole = pairs(rows=8, epochs=3)
    ranks = [pairs(rows=8, epochs=3, parts=parts, rank=rank, world_size=2) for rank in (0, 1)]
    size = 8 // (2 * parts)
    for batch, *shares in zip(whole, *ranks, strict=True):
        assert [row for part in range(parts) for s in shares for row in s[part * size : (part + 1) * size]] == batch


def test_a_source_is_mirrored_where_its_image_is():
    of = MemoryLoader(WIDE, LABELS, rows=4, seed=3, flip=True, sources=WIDE)
    known = {tuple(image.flatten().tolist()): False for image in WIDE / 127.5 - 1}
    known |= {tuple(image.flip(-1).flatten().tolist()): True for image in WIDE / 127.5 - 1}
    found = [known[tuple(source.flatten().tolist())] for batch in of for source in batch["source"]]
    assert found == [mirrored for batch in flips() for mirrored in batch]
    assert 0 < sum(found) < 20


def test_points_are_delivered_as_they_are():
    points = torch.randn(23, 2)
    batch = next(iter(MemoryLoader(points, None, rows=4, seed=3)))["image"]
    assert batch.dtype == torch.float32
    assert torch.equal(batch, points[loader()._order(0)[:4]])


@pytest.mark.parametrize("limit", ["_SPAN", "_SPAN_BYTES"])  # an image here is a byte
@pytest.mark.parametrize("span", [2, 8, 100])
@pytest.mark.parametrize("position", [0, 3])
def test_rows_are_announced_once_and_before_they_are_read(monkeypatch, span, position, limit):
    monkeypatch.setattr(f"saddle.data.loader.{limit}", span)
    told: list[int] = []
    rows = {"rows": 4, "parts": 2, "rank": 1, "world_size": 2}
    one = loader(**rows, prefetch=lambda numbers: told.extend(numbers.tolist()))
    one.load_state_dict({"batches": position})
    read: list[int] = []
    for batch in one:
        read += batch["label"].tolist()
        ahead = len(told) - len(read)
        assert told[: len(read)] == read
        assert ahead >= min(span // 4 * 2, 2 * (5 - position) - len(read))  # a rank's half of a batch of four
        assert ahead <= 4 * max(1, span // 4)
    assert told == read
    assert len(read) == 2 * (5 - position)
