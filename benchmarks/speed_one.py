"""One timed run: `python benchmarks/speed_one.py KIND WARM_UP STEPS [OVERRIDES ...]` prints a line of JSON.

KIND is `saddle` (a run as users get it), `step` (its iterations without Trainer and callbacks), `data` (the loader
alone), or `tutorial` or `bare` (benchmarks/references.py).
The networks are those of the overrides. Wall and CPU seconds are of the iterations after the warm-up; memory is the
process's peak.
"""

import contextlib
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from saddle.threads import set_thread_policy

set_thread_policy()

import saddle.compat  # noqa: F401, E402  isort: skip
import references  # noqa: E402

from saddle.callback.scheduled import Patient, Scheduled  # noqa: E402
from saddle.config.compose import compose  # noqa: E402
from saddle.factory.run import Run, build  # noqa: E402


class Stopwatch:
    """Wall and CPU seconds from the end of the warm-up to the end of the last iteration."""

    def __init__(self, warm_up: int, steps: int) -> None:
        self.warm_up, self.last = warm_up, warm_up + steps
        self.born = time.perf_counter()

    def tick(self, done: int) -> None:
        if done == 1:
            self.first = time.perf_counter() - self.born
        if done == self.warm_up:
            self.begun = time.perf_counter(), time.process_time()
        if done == self.last:
            self.wall, self.cpu = time.perf_counter() - self.begun[0], time.process_time() - self.begun[1]


class Ticks(Scheduled):
    def __init__(self, watch: Stopwatch) -> None:
        self.watch = watch

    def next_due(self, iteration: int, rows: int) -> int:
        return next(
            (stop for stop in (1, self.watch.warm_up, self.watch.last) if stop > iteration), self.watch.last + 1
        )

    def on_train_batch_end(self, trainer, module, *_):
        self.watch.tick(module.clock.iteration)


class Steps(Patient):
    """Plays the rest of the run by itself."""

    def __init__(self, watch: Stopwatch) -> None:
        self.watch = watch

    def on_train_batch_end(self, trainer, module, *_):
        self.watch.tick(module.clock.iteration)
        while module.clock.iteration < self.watch.last:
            for batch in trainer.datamodule.loader:
                module.play(batch)
                self.watch.tick(module.clock.iteration)
                if module.clock.iteration == self.watch.last:
                    break
        trainer.should_stop = True


def run_saddle(kind: str, built: Run, watch: Stopwatch) -> None:
    if kind == "saddle":
        built.trainer.callbacks.append(Ticks(watch))
    else:
        built.trainer.callbacks[:] = [Steps(watch)]
    built.trainer.fit(built.module, datamodule=built.data_module)


def run_data(built: Run, watch: Stopwatch) -> None:
    built.data_module.trainer = built.trainer
    built.data_module.setup("fit")
    done = 0
    while done < watch.last:
        for _ in built.data_module.loader:
            done += 1
            watch.tick(done)
            if done == watch.last:
                break


def run_reference(kind: str, built: Run, watch: Stopwatch, folder: Path) -> None:
    networks, rows = built.module.networks, built.data.rows
    if kind == "tutorial":
        references.tutorial(networks, os.environ["SADDLE_DATA_ROOT"], rows, watch.last, folder, watch.tick)
    else:
        references.bare(networks, built.data.load()[0], rows, watch.last, watch.tick)


def main() -> None:
    kind, warm_up, steps, *overrides = sys.argv[1:]
    watch = Stopwatch(int(warm_up), int(steps))
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        built = build(compose([f"folder={folder}", f"trainer.max_steps={watch.last}", *overrides]))
        if kind in ("saddle", "step"):
            run_saddle(kind, built, watch)
        elif kind == "data":
            run_data(built, watch)
        else:
            run_reference(kind, built, watch, Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {"wall": watch.wall, "cpu": watch.cpu, "images": int(steps) * built.data.rows, "peak_mib": round(peak)}
    print(json.dumps(found | {"first_s": round(watch.first, 2)}))


if __name__ == "__main__":
    main()
