"""The process of one further device of a run: `saddle.run.ranks` starts it and passes it the checked config."""

import os
import pickle
import sys
import traceback

from saddle.error import Failed, InputError, Stopped
from saddle.interrupt import Interrupted, leave, listen
from saddle.rank import started_as
from saddle.terminal import prepare_output


def play() -> int:
    """Train as the rank in the environment variable LOCAL_RANK; returns the exit code.

    The config comes through standard input, which stays open for as long as the first process lives.
    """
    started_as(int(os.environ["LOCAL_RANK"]))
    listen(leave)
    prepare_output()
    try:
        from saddle.plugin import plugins

        plugins()
        config = pickle.load(sys.stdin.buffer)
        from saddle.run.start import start

        start(config)
    except Interrupted as interrupted:
        os._exit(128 + interrupted.number)
    except InputError:
        return 2  # the first process reports the same
    except Failed:
        return 1
    except Stopped as stopped:
        return 128 + stopped.number
    except Exception:
        print(file=sys.stderr)  # after a bar that nobody closed
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(play())
