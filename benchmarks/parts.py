"""Where the time of an iteration goes: `python benchmarks/parts.py [--warm-up 100] [--steps 1000] [OVERRIDES ...]`

One run as users get it (Trainer, curves, grids, probes, checkpoints; comparisons as callback.quality says), on one
thread, with a clock in each part. Prints microseconds per iteration of each part, without the parts inside it; what is
left over is Lightning's Trainer.
"""

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from saddle.threads import set_thread_policy

os.environ.setdefault("OMP_NUM_THREADS", "1")
set_thread_policy()

import saddle.compat  # noqa: F401, E402  isort: skip
from speed import about  # noqa: E402
from speed_one import Stopwatch, Ticks  # noqa: E402

from saddle.config.compose import compose  # noqa: E402
from saddle.data.loader import MemoryLoader  # noqa: E402
from saddle.factory.run import build  # noqa: E402
from saddle.training.eager import Eager  # noqa: E402
from saddle.training.ema import EMA  # noqa: E402
from saddle.training.module import GameModule  # noqa: E402
from saddle.training.noise import Noise  # noqa: E402
from saddle.training.program import Program  # noqa: E402

PARTS = (
    ("the batch", MemoryLoader, "_batch"),
    ("the order of an epoch", MemoryLoader, "_order"),
    ("noise", Noise, "draw"),
    ("noise", Noise, "reseed"),
    ("forward passes and losses", Eager, "backward_parts"),
    ("backward passes", GameModule, "manual_backward"),
    ("optimizers' steps, norms", Eager, "step"),
    ("the average", EMA, "update"),
    ("rates, corrections, decays", Program, "_numbers"),
    ("the rest of a turn", Eager, "play_turn"),
    ("what goes into and comes out of the graph", Program, "run"),
    ("the rest of an iteration", GameModule, "play"),
)
TRAINER = "Lightning's Trainer"


class Clock:
    """Seconds by part; a part that begins stops the one around it."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self._open = [TRAINER]
        self._since = time.perf_counter()

    def _turn(self) -> None:
        now = time.perf_counter()
        self.spent[self._open[-1]] += now - self._since
        self._since = now

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            self._turn()
            self._open.append(part)
            try:
                return function(*arguments, **named)
            finally:
                self._turn()
                self._open.pop()

        return run

    def watch(self, part: str, owner: Any, name: str) -> None:
        setattr(owner, name, self.timed(part, getattr(owner, name)))


class Window(Ticks):
    """Counts what is spent between the warm-up and the end alone; puts a clock into each graph when it is there."""

    def __init__(self, watch: Stopwatch, clock: Clock) -> None:
        super().__init__(watch)
        self.clock = clock

    def on_train_batch_end(self, trainer: Any, module: Any, *_: Any) -> None:
        done = module.clock.iteration
        if done == self.watch.warm_up:
            for program in getattr(module.executor, "programs", {}).values():
                self.clock.watch("the graph", program, "call")
            self.clock._turn()
            self.clock.spent.clear()
        if done == self.watch.last:
            self.clock._turn()
            self.found = dict(self.clock.spent)
        super().on_train_batch_end(trainer, module)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("--warm-up", type=int, default=100)
    parser.add_argument("--steps", type=int, default=1000)
    asked = parser.parse_args()
    clock, watch = Clock(), Stopwatch(asked.warm_up, asked.steps)
    for part in PARTS:
        clock.watch(*part)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        built = build(compose([f"folder={folder}", f"trainer.max_steps={watch.last}", *asked.overrides]))
        for callback in built.trainer.callbacks:
            if not hasattr(callback, "next_due"):
                continue  # a hook of its own would end each block after one iteration
            clock.watch(type(callback).__name__, callback, "on_train_batch_end")
        window = Window(watch, clock)
        built.trainer.callbacks.append(window)
        built.trainer.fit(built.module, datamodule=built.data_module)
    print(about(1))
    print(f"{' '.join(asked.overrides)}; {asked.steps} iterations of {built.data.rows} images after {asked.warm_up}")
    print(f"{'all':44}{1e6 * sum(window.found.values()) / asked.steps:10,.1f} us per iteration")
    for part, seconds in sorted(window.found.items(), key=lambda item: -item[1]):
        print(f"{part:44}{1e6 * seconds / asked.steps:10,.1f}")


if __name__ == "__main__":
    main()
