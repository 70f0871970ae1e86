import time

import torch

from saddle.data.block import BlockLoader
from saddle.data.loader import MemoryLoader


def loader(batches: int = 0) -> MemoryLoader:
    images = torch.arange(46, dtype=torch.uint8).view(46, 1, 1, 1)
    made = MemoryLoader(images, None, rows=2, seed=3)  # 23 batches in an epoch
    made.batches = batches
    return made


def test_blocks_hold_the_loaders_batches_in_order_and_end_at_stops_and_with_the_epoch():
    blocks = list(BlockLoader(loader(), 4, lambda done: (done // 10 + 1) * 10))
    assert [len(block) for block in blocks] == [1, 4, 4, 1, 4, 4, 2, 3]
    plain = [batch["image"] for batch in loader()]
    torch.testing.assert_close(torch.stack([b["image"] for block in blocks for b in block]), torch.stack(plain))


def test_what_was_handed_out_is_counted_when_a_block_is_delivered():
    whole, counted = loader(), []
    for block in BlockLoader(whole, 5, lambda done: 1000):
        counted.append((len(block), whole.batches))
    assert counted == [(1, 1), (5, 6), (5, 11), (5, 16), (5, 21), (2, 23)]


def test_a_resumed_epoch_goes_on_where_it_was():
    resumed = [len(block) for block in BlockLoader(loader(15), 5, lambda done: 17 if done < 17 else 1000)]
    assert resumed == [1, 1, 5, 1]


def test_its_state_is_the_loaders_so_that_runs_in_blocks_and_without_go_on_from_each_other():
    blocks = BlockLoader(loader(), 5, lambda done: 1000)
    next(iter(blocks))
    assert blocks.state_dict() == {"batches": 1}
    blocks.load_state_dict({"batches": 20})
    assert [len(block) for block in blocks] == [1, 2]


def test_a_block_takes_about_half_a_second():
    sizes = []
    for block in BlockLoader(loader(), 16, lambda done: 1000):
        sizes.append(len(block))
        time.sleep(0.1 * len(block))
    assert sizes[0] == 1
    assert set(sizes[1:-1]) <= {3, 4, 5}
