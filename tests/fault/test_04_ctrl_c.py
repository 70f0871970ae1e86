"""Fault 4: Ctrl-C once: a checkpoint and the command that goes on, exit 130; twice: at once, and never a torn file."""

import os
import signal
import time

import numpy as np
from PIL import Image

from helpers import SMALL, checkpoint
from processes import ended, sentences, started, wait_for
from saddle.training.checkpoint import MARK, read_checkpoint
from systems import require_linux

require_linux()

ANSWER = "stopping after this iteration; press Ctrl-C again to stop at once"


def test_once_is_answered_saves_and_says_how_to_go_on(tmp_path):
    process = started(*SMALL, "trainer.max_steps=-1", f"hydra.run.dir={tmp_path}")
    wait_for(process, tmp_path / "metrics.csv")
    os.killpg(process.pid, signal.SIGINT)
    *_, answer, last = sentences(ended(process))
    assert process.returncode == 130
    assert answer == ANSWER
    assert last == f"stopped by SIGINT; go on with: python train.py resume={tmp_path}"
    assert checkpoint(tmp_path)[MARK]["clock"]["iteration"] >= 5


def test_twice_ends_at_once_and_leaves_whole_files(tmp_path):
    always = ["checkpoints.every_images=100", "checkpoints.keep=3"]
    process = started(*SMALL, *always, "trainer.max_steps=-1", f"hydra.run.dir={tmp_path}")
    wait_for(process, tmp_path / "checkpoints" / "00000005.ckpt")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    *_, last = sentences(ended(process))
    assert process.returncode == 130
    assert last == f"stopped by SIGINT; go on with: python train.py resume={tmp_path}"
    kept = sorted((tmp_path / "checkpoints").iterdir())
    assert [path.suffix for path in kept] == [".ckpt"] * len(kept)  # nothing half written
    assert all(read_checkpoint(path)["global_step"] >= 3 for path in kept)


def test_while_images_are_decoded_it_is_one_line(tmp_path):
    (tmp_path / "images").mkdir()
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (1500, 1500), dtype=np.uint8))
    image.save(tmp_path / "images" / "0.png")
    for number in range(1, 400):  # a minute of decoding
        (tmp_path / "images" / f"{number}.png").hardlink_to(tmp_path / "images" / "0.png")
    data = ["data=image_folder", f"data.root={tmp_path / 'images'}", "data.image_size=16", "data.channels=1"]
    data += ["data.memory_mib=0", f"data.cache={tmp_path / 'cache'}", "architecture=mlp"]
    process = started(*data, cwd=tmp_path)
    while not any((tmp_path / "cache").glob("*")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    errors = ended(process)
    assert process.returncode == 130
    assert sentences(errors) == ["stopped by SIGINT before training began: give the same command again"]
    assert list(tmp_path.glob("cache/*")) == []
    assert list(tmp_path.glob("outputs/*/*")) == []
