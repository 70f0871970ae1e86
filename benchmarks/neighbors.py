"""A run beside others: `python benchmarks/neighbors.py [--rounds 3]`

Milliseconds per iteration by the clock on the wall, of a DCGAN run that is alone, beside one process that keeps a core
busy, and beside another run like itself; then the same beside a busy process with torch's own default of one thread per
core, waiting in a loop. Prints medians, and what two runs at once get done against one.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

from speed import ONE, QUIET, SMALL_DCGAN, about

SETTINGS = [*SMALL_DCGAN.split(), *QUIET.split(), "data.batch_size=64", "~callback.samples"]
WARM_UP, STEPS = 20, 60
BUSY = [sys.executable, "-c", "while True: pass"]


def begun(**environment: str) -> subprocess.Popen:
    command = [sys.executable, str(ONE), "saddle", str(WARM_UP), str(STEPS), *SETTINGS]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**kept, **environment}
    )


def milliseconds(process: subprocess.Popen) -> float:
    return 1000 * json.loads(process.communicate()[0].splitlines()[-1])["wall"] / STEPS


def beside_a_busy_one(**environment: str) -> float:
    busy = subprocess.Popen(BUSY)
    try:
        return milliseconds(begun(**environment))
    finally:
        busy.kill()
        busy.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    threads = str(os.cpu_count())
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        pair = (begun(), begun())
        both = [milliseconds(process) for process in pair]
        for name, value in {
            "alone": milliseconds(begun()),
            "beside a busy process": beside_a_busy_one(),
            "two at once": statistics.mean(both),
            "a thread per core, alone": milliseconds(begun(OMP_NUM_THREADS=threads, OMP_WAIT_POLICY="active")),
            "a thread per core, beside a busy process": beside_a_busy_one(
                OMP_NUM_THREADS=threads, OMP_WAIT_POLICY="active"
            ),
        }.items():
            found.setdefault(name, []).append(value)
    medians = {name: statistics.median(values) for name, values in found.items()}
    print(about(rounds))
    for name, value in medians.items():
        print(f"{name:45}{value:10.1f} ms per iteration{value / medians['alone']:8.2f} x alone")
    print(f"two processes get done {2 * medians['alone'] / medians['two at once']:.2f} x what one does")


if __name__ == "__main__":
    main()
