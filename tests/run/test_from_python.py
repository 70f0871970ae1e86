import json
import os
import signal
import threading

import pytest
import torch

import saddle
from helpers import SMALL, checkpoint, command, differences, train
from processes import ended, started, wait_for
from saddle.error import InputError
from saddle.run import from_python

QUICK = [*SMALL, "callback.quality.num=50"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_run_has_the_bits_of_the_command_and_goes_on(tmp_path):
    assert train(*QUICK, "trainer.max_steps=6", "hydra.run.dir=there", cwd=tmp_path).returncode == 0
    run = saddle.train([*QUICK, "trainer.max_steps=4", "hydra.run.dir=here"])
    assert (run.iteration, run.folder) == (4, tmp_path / "here")
    assert saddle.train(["resume=here", "trainer.max_steps=6"]).iteration == 6
    assert differences(checkpoint(tmp_path / "here")["state_dict"], checkpoint(tmp_path / "there")["state_dict"]) == []
    metrics = [json.loads((tmp_path / name / "summary.json").read_text())["metrics"] for name in ("here", "there")]
    assert metrics[0]["metric/frechet"] == metrics[1]["metric/frechet"]
    assert train("resume=here", "trainer.max_steps=7", cwd=tmp_path).returncode == 0  # its lock is free again


STATE = f"""
import gc, logging, os, signal, sys, warnings
import torch
import saddle
sys.argv = ["--nonsense", "seed=3", "-m"]
QUICK = {QUICK!r}
def state():
    handlers = [signal.getsignal(number) for number in range(1, 32) if number not in (9, 19)]
    loggers = [(log.level, list(log.handlers)) for log in map(logging.getLogger, (None, "lightning.pytorch", "hydra"))]
    numbers = torch.get_rng_state().tolist(), torch.get_default_dtype(), torch.is_grad_enabled(), sys.path
    numbers += torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark, gc.get_freeze_count()
    return handlers, os.getcwd(), dict(os.environ), loggers, list(warnings.filters), numbers, torch.get_num_threads()
saddle.train([*QUICK, "trainer.max_steps=1", "hydra.run.dir=warm"])
signal.signal(signal.SIGINT, lambda *_: None)
torch.set_default_dtype(torch.float64)
torch.set_grad_enabled(False)
before = state()
saddle.train([*QUICK, "trainer.max_steps=2", "hydra.run.dir=run", "training=fast", "hydra.job.chdir=true",
    "trainer.deterministic=true", "trainer.benchmark=false"])
try:
    saddle.train([*QUICK, "data.batch_size=0"])
except saddle.error.InputError:
    pass
for name, first, last in zip("handlers folder environment loggers warnings numbers threads".split(), before, state()):
    assert first == last, (name, first, last)
assert sorted(os.listdir()) == ["run", "warm"], os.listdir()
"""


@pytest.mark.slow
def test_the_process_is_left_as_it_was_and_writes_in_the_runs_folder_alone(tmp_path):
    result = command("-c", STATE, cwd=tmp_path)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ("data=digits", "expected a list of texts"),
        (["data=digits", 3], "expected a list of texts"),
        (["-m", "seed=1,2"], "-m is for the command line"),
        (["keep=run"], "keep=run is for the command line"),
        (["loss=hing"], "there is no such option; did you mean loss=hinge?"),
        (["data.batch_size=0"], "data.batch_size=0: should be greater than or equal to 1"),
        (["data.batch_size=["], "data.batch_size=[: this is not setting=value"),
        (["seed=1,2"], "several values"),
        (["data=digits", "trainer.max_step=3"], "trainer.max_step: there is no such setting; did you mean"),
        (["hydra.mode=MULTIRUN"], "saddle.train trains one run"),
        (["data=digits", "hydra.run.dir="], "hydra.run.dir=: name a folder or file"),
        (["data=digits", f"hydra.run.dir={__file__}/x"], "choose another hydra.run.dir"),
        ([*QUICK, "trainer.fast_dev_run=true"], "trainer.fast_dev_run: a trial leaves no run to open"),
        (["resume=nowhere"], "there is no such run folder or checkpoint"),
        (["+hydra.callbacks.x._target_=builtins.open"], "Hydra's own parts are chosen by their groups"),
    ],
)
def test_wrong_input_is_one_sentence_and_leaves_nothing(tmp_path, overrides, sentence):
    with pytest.raises(InputError) as refused:
        saddle.train(overrides)
    assert sentence in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_one_run_at_a_time_and_none_in_a_coroutine(tmp_path):
    script = f"""
import asyncio, os, threading, time, saddle
QUICK = {QUICK!r}
async def wrong():
    saddle.train(QUICK)
async def right():
    return await asyncio.to_thread(saddle.train, [*QUICK, "trainer.max_steps=2", "hydra.run.dir=right"])
try:
    asyncio.run(wrong())
except saddle.error.InputError as error:
    print(error)
print(asyncio.run(right()).iteration)
longer = threading.Thread(target=saddle.train, args=([*QUICK, "trainer.max_steps=300", "hydra.run.dir=long"],))
longer.start()
while not os.path.exists("long/metrics.csv"):
    time.sleep(0.05)
try:
    saddle.train([*QUICK, "trainer.max_steps=1", "hydra.run.dir=second"])
except saddle.error.InputError as error:
    print(error)
longer.join()
"""
    result = command("-c", script, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    sentences = [line for line in result.stdout.splitlines() if line.startswith("saddle.train") or line == "2"]
    assert sentences == [
        "saddle.train would block the running event loop: use await asyncio.to_thread(saddle.train, [...])",
        "2",
        "saddle.train: a run trains in this process already; wait for it, or use another process",
    ]


def test_a_failure_is_an_exception_and_frees_the_way(tmp_path, monkeypatch):
    def fail(config):
        raise RuntimeError("broken here")

    with monkeypatch.context() as broken, pytest.raises(RuntimeError, match="broken here"):
        broken.setattr(from_python, "start", fail)
        saddle.train([*QUICK, "hydra.run.dir=run"])
    assert saddle.train([*QUICK, "trainer.max_steps=1", "hydra.run.dir=run"]).iteration == 1


def test_ctrl_c_ends_with_a_checkpoint_and_a_sentence(tmp_path):
    handler = signal.getsignal(signal.SIGINT)
    timer = threading.Timer(3, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(saddle.error.Stopped, match="stopped by SIGINT; go on with: saddle train resume="):
        saddle.train([*QUICK, "trainer.max_steps=-1", "hydra.run.dir=run"])
    assert signal.getsignal(signal.SIGINT) is handler
    assert saddle.open_run("run").iteration > 0


@pytest.mark.slow
def test_a_script_without_a_guard_trains_on_two_devices_and_on_one_again(tmp_path):
    (tmp_path / "script.py").write_text(
        f"""
import saddle
for trainer in ("ddp_cpu", "default", "ddp_cpu"):
    print(saddle.train([*{QUICK!r}, "trainer.max_steps=2", f"trainer={{trainer}}"]).iteration)
"""
    )
    result = command("script.py", cwd=tmp_path)
    assert (result.returncode, [line for line in result.stdout.splitlines() if line == "2"]) == (0, ["2"] * 3)


def test_a_run_that_another_process_trains_is_left_alone(tmp_path):
    process = started(*QUICK, "trainer.max_steps=-1", "hydra.run.dir=run", cwd=tmp_path)
    wait_for(process, tmp_path / "run" / ".hydra" / "overrides.yaml")
    before = (tmp_path / "run" / ".hydra" / "overrides.yaml").read_bytes()
    with pytest.raises(InputError, match="another process trains there|holds a run already"):
        saddle.train([*QUICK, "seed=5", "hydra.run.dir=run"])
    assert (tmp_path / "run" / ".hydra" / "overrides.yaml").read_bytes() == before
    process.terminate()
    ended(process)


def test_a_program_with_its_own_hydra_keeps_it():
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    from saddle.config.location import config_folder

    with initialize_config_dir(config_folder(), version_base="1.2"):
        own = GlobalHydra.instance().hydra
        run = saddle.train([*QUICK, "trainer.max_steps=1", "hydra.run.dir=run"])
        assert run.evaluate(10).samples["frechet"] > 0
        assert GlobalHydra.instance().hydra is own
    assert torch.get_default_dtype() == torch.float32
