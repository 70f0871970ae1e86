"""Commands that are printed can be pasted into a shell, whatever the run's folder is called."""

import os
import re
import shlex
import subprocess
import sys

import pytest

from helpers import SMALL, train

RUN = [*SMALL, "callback.quality.extractor=none"]
NAMES = ("my run", "a,b", "a=b (1)", "it's", "größe", "[x]", "$x", "3", "#1")

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX reads the commands")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_what_a_run_prints(name, tmp_path):
    (tmp_path / name).mkdir()
    result = train(*RUN, "trainer.max_steps=1", f"hydra.run.dir={name}", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / name / "summary.json").is_file()
    [curves] = re.findall(r"tensorboard --logdir .+", result.stdout)
    assert shlex.split(curves)[-1] == name
    again = train(*RUN, "trainer.max_steps=2", f"hydra.run.dir={name}", cwd=tmp_path)
    assert again.returncode == 2
    resume = re.findall(r"use (resume=.+) to go on with it", again.stderr)[0]
    resumed = train(*shlex.split(resume), "trainer.max_steps=2", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr


def test_the_command_that_samples(tmp_path):
    result = train(*RUN, "trainer.max_steps=1", "hydra.run.dir=it's my run", cwd=tmp_path)
    [sample] = re.findall(r"saddle sample .+", result.stdout)
    line = sample.replace("saddle", f"{shlex.quote(sys.executable)} -m saddle", 1)
    shown = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert (tmp_path / shlex.split(sample)[-1]).is_file()


def test_the_command_is_that_of_the_script_that_was_begun(tmp_path):
    assert "train.py data=digits" in train("--help", cwd=tmp_path).stdout
    [line] = [line for line in train("--help", cwd=tmp_path).stdout.splitlines() if "train.py data=digits" in line]
    script = shlex.split(line)[1]
    assert (tmp_path / script).is_file()
