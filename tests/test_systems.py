"""saddle on systems that cannot be had here: without POSIX, without UTF-8.

`other_system.py` hides what Windows lacks. That shows that saddle reaches for none of it. It cannot show what Windows
does differently: that open files stay where they are, how its locks and signals work, its paths, its terminals, and
what torch, Lightning and Hydra do there. docs/systems.md says more.
"""

import ast
import json
import sys

import pytest

from helpers import REPOSITORY, SMALL, command, train_afresh
from other_system import MODULES, OF_OS, OF_SIGNAL

SOURCES = sorted((REPOSITORY / "src").rglob("*.py"))
QUICK = [*SMALL, "callback.quality.num=50", "trainer.max_steps=4"]
GUARDED = {"saddle/memory.py": {"sysconf"}, "saddle/threads.py": {"sched_getaffinity"}}
"""What POSIX alone has and a file asks for, prepared to go without."""


def elsewhere(*arguments: str, **environment: str) -> str:
    """What a command says on a system without POSIX; a text file without an encoding is an error there."""
    script = str(REPOSITORY / "tests" / "other_system.py")
    result = command("-X", "warn_default_encoding", script, *arguments, **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.slow
def test_a_run_goes_on_and_is_sampled_and_measured(tmp_path):
    run = tmp_path / "a run"
    said = elsewhere("train", *QUICK, f"hydra.run.dir='{run}'")
    assert f'saddle sample "{run}"' in said  # as the shells of Windows need it
    elsewhere("train", f"resume={run}", "trainer.max_steps=6")
    assert json.loads((run / "summary.json").read_text(encoding="utf-8"))["iterations"] == 6
    elsewhere("saddle", "sample", str(run), "--num", "4", "--out", str(tmp_path / "grid.png"))
    assert (tmp_path / "grid.png").stat().st_size > 0
    elsewhere("saddle", "evaluate", str(run), "--num", "100", "--out", str(tmp_path / "metrics.json"))
    assert json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert list(tmp_path.rglob(".lock")) == []


@pytest.mark.slow
def test_a_sweep_ends_with_its_table_and_the_help_is_printed(tmp_path):
    said = elsewhere("train", "-m", *QUICK, "seed=1,2", f"hydra.sweep.dir={tmp_path / 'sweep'}")
    assert "2 of 2 jobs finished" in said
    assert "python train.py data=digits" in elsewhere("train", "--help")


def test_what_is_hidden_is_missed():
    """The stand-in notices a module, a function, a signal, a folder that is opened, a file without an encoding."""
    errors = {
        "import fcntl": "ModuleNotFoundError: No module named 'fcntl'",
        "import os; os.sysconf": "AttributeError: module 'os' has no attribute 'sysconf'",
        "import signal; signal.SIGHUP": "AttributeError: module 'signal' has no attribute 'SIGHUP'",
        "import os; os.open('.', os.O_RDONLY)": "PermissionError: [Errno 13] Permission denied: '.'",
        "import pathlib; pathlib.Path(place).read_text()": "EncodingWarning: 'encoding' argument not specified",
    }
    for line, error in errors.items():
        script = f"""
import warnings
import other_system
other_system.LIBRARIES = ()
other_system.hide()
warnings.filterwarnings("error", category=EncodingWarning)
place = other_system.__file__
{line}
"""
        result = command("-X", "warn_default_encoding", "-c", script, PYTHONPATH=str(REPOSITORY / "tests"))
        assert result.stderr.splitlines()[-1].startswith(error), result.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(REPOSITORY / "src")))
def test_no_module_needs_what_posix_alone_has(path):
    needed: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            needed |= {alias.name for alias in node.names} & MODULES
        elif isinstance(node, ast.ImportFrom):
            hidden = MODULES | {f"os.{name}" for name in OF_OS} | {f"signal.{name}" for name in OF_SIGNAL}
            needed |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)} & hidden
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            hidden = {"os": OF_OS, "signal": OF_SIGNAL}.get(node.value.id, set())
            needed |= {node.attr} & hidden
    assert needed == GUARDED.get(path.relative_to(REPOSITORY / "src").as_posix(), set())


# other letters


@pytest.mark.skipif(sys.platform != "linux", reason="it needs a locale of ASCII alone")
@pytest.mark.slow
def test_a_folder_with_other_letters_is_trained_in_or_refused_with_the_remedy(tmp_path):
    run, narrow = tmp_path / "größe-試", {"LC_ALL": "C", "PYTHONUTF8": "0"}
    for arguments in ([*QUICK, f"hydra.run.dir={run}"], [f"resume={run}"]):
        (tmp_path / "größe-試").mkdir(exist_ok=True)
        result = command(str(REPOSITORY / "train.py"), *arguments, **narrow)
        assert (result.returncode, result.stderr.count("\n")) == (2, 1), result.stderr
        assert result.stderr.endswith(
            ": this locale does not have these letters; set PYTHONUTF8=1 or choose another name\n"
        )
    assert list(run.iterdir()) == []
    result = train_afresh(
        *QUICK, f"hydra.run.dir={run}", LC_ALL="C", PYTHONIOENCODING="ascii"
    )  # a terminal of ASCII alone
    assert result.returncode == 0, result.stderr
    assert "run     " in result.stdout
    for arguments in (["sample", str(run), "--num", "4", "--out", str(tmp_path / "ü.png")], ["evaluate", str(run)]):
        result = command("-m", "saddle", *arguments, **narrow)
        assert result.returncode == 0, result.stderr
    assert (tmp_path / "ü.png").is_file()


@pytest.mark.slow
def test_a_sweep_in_a_folder_with_other_letters_ends_where_the_terminal_lacks_them(tmp_path):
    result = train_afresh("-m", *QUICK, "seed=1,2", f"hydra.sweep.dir={tmp_path / 'fegen-ü'}", PYTHONIOENCODING="ascii")
    assert result.returncode == 0, result.stderr
    assert "2 of 2 jobs finished" in result.stdout
