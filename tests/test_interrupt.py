import os
import signal

import pytest

from saddle.interrupt import SIGNALS, Interrupted, leave, listen


def test_each_signal_leaves_with_its_exit_code_and_one_that_is_ignored_stays_so():
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
        found = listen(leave)
        assert found.keys() == set(SIGNALS) - {signal.SIGHUP}
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        for number in found:
            with pytest.raises(Interrupted) as told:
                os.kill(os.getpid(), number)
            assert (told.value.code, told.value.number) == (128 + number, number)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
