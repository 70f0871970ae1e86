import os
import signal

import pytest

from saddle.interrupt import SENT_TO_ALL, SIGNALS, Interrupted, interrupt, killer_of, leave, listen, name_of, whole


def test_signals_and_what_kills_have_names():
    assert name_of(signal.SIGTERM) == "SIGTERM"
    assert name_of(4711) == "signal 4711"
    assert signal.SIGINT in SENT_TO_ALL
    assert signal.SIGTERM not in SENT_TO_ALL
    for code in (0, 1, 2, 128 + signal.SIGTERM, -signal.SIGINT, 0xC000013A):  # the last is Ctrl-C on Windows
        assert killer_of(code) is None
    assert killer_of(128 + signal.SIGSEGV) == "SIGSEGV"
    assert killer_of(0xC0000005) == "Windows (0xC0000005)"


@pytest.mark.skipif(not hasattr(signal, "SIGRTMIN"), reason="Windows and macOS have no real-time signals")
def test_a_signal_without_a_name_kills_too():
    assert killer_of(-signal.SIGKILL) == "SIGKILL"
    assert killer_of(128 + signal.SIGRTMIN + 1) == f"signal {signal.SIGRTMIN + 1}"


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP, and os.kill ends a process there")
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


def test_what_is_whole_is_interrupted_at_its_end():
    done = []
    with pytest.raises(Interrupted) as told, whole():
        with whole():
            interrupt(2)
            done.append("inner")
        done.append("outer")
    assert (done, told.value.number) == (["inner", "outer"], 2)
    with whole():
        pass  # nothing is left of it


def test_an_error_in_what_is_whole_gives_way_to_the_interruption():
    with pytest.raises(Interrupted) as told, whole():
        interrupt(15)
        raise RuntimeError
    assert told.value.number == 15


def test_a_further_interruption_breaks_what_does_not_end():
    with pytest.raises(Interrupted) as told, whole():
        interrupt(2)
        with pytest.raises(Interrupted):
            interrupt(2)
    assert told.value.number == 2
