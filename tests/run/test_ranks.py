import subprocess
import sys
import time

import pytest

from saddle.run.ranks import Ending, Ranks, is_lost_connection
from systems import posix

ENDS = {
    "import sys; sys.exit(0)": None,
    "import sys; sys.exit(3)": Ending("the process of rank 2 ended with exit code 3"),
    "import sys; sys.exit(138)": Ending("the process of rank 2 was stopped by SIGUSR1", 10),
    "import os; os.kill(os.getpid(), 9)": Ending("the process of rank 2 was killed by SIGKILL", 9),
}
FOR_LONG = "import time; time.sleep(100)"


def ranks(*programs: str) -> tuple[Ranks, list[subprocess.Popen]]:
    """What watches over processes that run these programs, which have been started."""
    processes = [subprocess.Popen([sys.executable, "-c", program]) for program in programs]
    watched = Ranks()
    watched.children += processes
    assert watched.failed() is None
    return watched, processes


@posix
@pytest.mark.parametrize("program", ENDS)
def test_how_another_process_ended_is_put_in_words(program):
    watched, processes = ranks(FOR_LONG, program)
    processes[1].wait()
    assert watched.failed(wait=0.5) == ENDS[program]
    watched.kill()
    watched.end()
    assert processes[0].returncode == -9


def test_at_the_end_processes_that_end_by_themselves_are_waited_for():
    watched, [process] = ranks("import time; time.sleep(0.5)")
    begun = time.monotonic()
    watched.end()
    assert process.returncode == 0
    assert time.monotonic() - begun < 4


def test_one_process_alone_has_none_to_watch():
    watched = Ranks()
    watched.watch()
    assert watched.failed() is None
    watched.end()


def test_an_error_that_only_says_that_another_is_gone_is_known():
    assert is_lost_connection(RuntimeError("[../gloo/transport/tcp/pair.cc:525] Connection closed by peer [127.0.0.1]"))
    assert not is_lost_connection(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_lost_connection(ValueError("Connection closed by peer"))
