from pathlib import Path

import pytest

from saddle.config.command_line import CommandLine
from saddle.error import InputError


def test_flags_may_stand_anywhere():
    command = CommandLine.parse(["seed=1", "--config-dir", "mine", "loss=hinge", "-m", "data.root='a b'"])
    assert command.flags == ("--config-dir", "mine", "-m")
    assert command.overrides == ("seed=1", "loss=hinge", "data.root='a b'")
    assert command.arguments == ["seed=1", "loss=hinge", "data.root='a b'", "--config-dir", "mine", "-m"]
    assert command.settings == {"seed": "1", "loss": "hinge", "data.root": "a b"}
    assert command.config_dir == Path("mine")
    assert (command.is_multirun, command.only_shows, command.names_primary) == (True, False, False)
    assert CommandLine.parse(["hydra.mode=MULTIRUN"]).is_multirun


@pytest.mark.parametrize("flag", ["--help", "-h", "--hydra-help", "--cfg=job", "-c=all", "--info", "-sc"])
def test_flags_that_only_show_are_known(flag):
    assert CommandLine.parse(["seed=1", flag]).only_shows


def test_a_flag_is_taken_away_with_its_value():
    command = CommandLine.parse(["--config-name", "a=b", "-cn=c", "--cfg", "job", "--config-name=d", "seed=1"])
    assert command.names_primary
    assert command.without("--config-name", "-cn") == CommandLine(("--cfg", "job"), ("seed=1",))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--confg-dir=x"], "unrecognized arguments: --confg-dir=x"),
        (["--cfg", "x"], "argument --cfg/-c: invalid choice: 'x'"),
        (["seed=1", "--config-dir"], "argument --config-dir/-cd: expected one argument"),
        (["--config-path=x"], "--config-path would hide saddle's own settings: use --config-dir"),
    ],
)
def test_what_is_no_flag_is_refused(arguments, sentence):
    with pytest.raises(InputError) as refused:
        CommandLine.parse(arguments)
    assert sentence in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
