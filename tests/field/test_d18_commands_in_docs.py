"""Commands and settings that the pages show in running text are accepted, as those in their blocks are."""

import pytest
from PIL import Image

from documented import LEFT_OUT, NEEDED, jobs, shown_inline, typed
from saddle.cli.tools import parsed
from saddle.config.compose import compose
from saddle.error import InputError
from saddle.factory.parts import build_parts

TYPED = typed()
TRIED = [one for one in TYPED if one.left_out is None]
TOOLS = [one for one in TRIED if one.is_tool]
SETTINGS = [one for one in TRIED if not one.is_tool]


def named(commands):
    return [pytest.param(one, id=f"{one.page.name}: {one.text}") for one in commands]


def test_commands_are_found_in_text_and_tables_and_not_in_blocks():
    page = (
        "Type `python train.py data=digits`, or add\n`loss=hinge\npenalty=r1` and `'penalty=[r1,r2]'`.\n"
        "| `data.flip=true` | `saddle sample RUN` | `a_name` | `x = 3` | `loss.py` |\n"
        "```sh\npython train.py data=mnist `seed=3`\n```\n"
    )
    assert shown_inline(page) == [
        "python train.py data=digits",
        "loss=hinge penalty=r1",
        "'penalty=[r1,r2]'",
        "data.flip=true",
        "saddle sample RUN",
    ]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """The FOLDER of the pages: enough pictures for a batch."""
    folder = tmp_path_factory.mktemp("pictures")
    for level in range(64):
        Image.new("L", (8, 8), level).save(folder / f"{level}.png")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("command", named(SETTINGS))
def test_settings_are_accepted(command, pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for job in jobs([word.replace("FOLDER", str(pictures)) for word in command.words]):
        build_parts(compose(job))


@pytest.mark.parametrize("command", named(TOOLS))
def test_tools_are_there(command):
    words = command.words
    if len(words) > 1:
        assert callable(parsed(words).run)
    else:  # the name of the tool alone
        with pytest.raises(SystemExit) as ended:
            parsed([*words, "--help"])
        assert ended.value.code == 0


def test_what_is_left_out_and_why():
    left_out = [one for one in TYPED if one.left_out is not None]
    for one in left_out:
        print(f"{one.page.name}: {one.text}: {one.left_out}")
    assert len(left_out) < len(TRIED) / 3
    assert {one.left_out for one in left_out} == set(LEFT_OUT.values())
    for beginning in NEEDED:
        assert any(one.text.startswith(beginning) for one in TRIED), beginning


def test_a_refused_setting_would_be_noticed():
    with pytest.raises(InputError, match="steers by the sign"):
        build_parts(compose(["augmentation=ada"]))
    with pytest.raises(InputError, match="there is no such setting"):
        build_parts(compose(["fill=0"]))
