"""The rules of the house that a machine can check."""

import ast
import importlib
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from helpers import REPOSITORY, command

PACKAGE = REPOSITORY / "src" / "saddle"
FLOORS = {
    **dict.fromkeys(("bound", "command", "error", "file", "interrupt", "layout", "memory", "pages", "rank"), 0),
    **dict.fromkeys(("schedule", "seal", "seed", "threads", "tracing", "terminal", "version", "plugin"), 0),
    **dict.fromkeys(("alpha", "compat"), 0),
    **dict.fromkeys(("loss", "penalty", "layer", "augmentation"), 0),
    **dict.fromkeys(("architecture", "data", "metric"), 1),
    "game": 2,
    **dict.fromkeys(("training", "picture", "logger"), 3),
    "callback": 4,
    "config": 5,
    "factory": 6,
    **dict.fromkeys(("run", "export", "diagnosis"), 7),
    **dict.fromkeys(("sweep", "tool"), 8),
    "cli": 9,
    **dict.fromkeys(("__init__", "__main__"), 10),
}
NO_NEIGHBORS = {  # folders whose files share only these
    "loss": {"base"},
    "penalty": {"base"},
    "architecture": {"base"},
    "game": {"turn", "networks", "adversarial_objective", "discriminator_inputs", "encoding"},
}
SOURCES = sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> list[str]:
    """Dotted names that a file imports, wherever in the file."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module == "saddle":
                names += [f"saddle.{alias.name}" for alias in node.names]
            else:
                names.append(node.module)
    return names


def place(name: str) -> list[str]:
    """The parts of a dotted name below `saddle`."""
    return name.split(".")[1:]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down_only_and_never_sideways(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    for name in imports(path):
        if not name.startswith("saddle.") or place(name)[0] == "__version__":
            continue
        assert FLOORS[place(name)[0]] <= FLOORS[parts[0]], f"{path.name} imports {name} from a floor above"
        if parts[0] in NO_NEIGHBORS and place(name)[0] == parts[0] and parts[-1] not in NO_NEIGHBORS[parts[0]]:
            assert set(place(name)[1:2]) <= NO_NEIGHBORS[parts[0]], f"{path.name} imports its neighbor {name}"


def module_name(path: Path) -> str:
    """The dotted name of a source file."""
    parts = ("saddle", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in a ring; empty if there is no ring."""
    finished: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return path[path.index(name) :]
        if name in finished:
            return []
        for other in sorted(graph[name]):
            ring = visit(other, [*path, name])
            if ring:
                return ring
        finished.add(name)
        return []

    for name in graph:
        ring = visit(name, [])
        if ring:
            return ring
    return []


def test_no_modules_import_each_other_in_a_circle():
    """Also not for types alone, and not inside a function."""
    modules = {module_name(path): path for path in SOURCES}
    graph = {name: {other for other in imports(path) if other in modules} for name, path in modules.items()}
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]
    assert circle(graph) == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_the_command_line_knows_hydra_and_only_games_know_no_optimizer(path):
    floor = path.relative_to(PACKAGE).parts[0]
    for name in imports(path):
        if name.split(".")[0] in ("hydra", "omegaconf"):
            assert floor in ("cli", "config", "factory", "run", "sweep"), f"{path}: {name}"
        if floor == "game":
            assert not name.startswith(("torch.optim", "lightning")), f"{path}: {name}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_that_need_lightning_or_torchvision_import_the_guard_first(path):
    names = imports(path)
    heavy = [i for i, name in enumerate(names) if name.split(".")[0] in ("lightning", "torchvision")]
    if heavy:
        guard = [i for i, name in enumerate(names) if name == "saddle.compat"]
        assert guard, f"{path} needs `import saddle.compat` first"
        assert guard[0] < heavy[0]


def test_exactly_one_file_instantiates():
    callers = [path.name for path in SOURCES if re.search(r"\binstantiate\(", path.read_text())]
    assert callers == ["instantiate.py"]


def test_files_and_functions_stay_short():
    for path in SOURCES:
        assert len(path.read_text().splitlines()) <= 300, path
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno <= 50, f"{path}: {node.name}"


def test_no_arguments_are_dropped_silently():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.args.kwarg is not None:
                raise AssertionError(f"{path}: {node.name}")


def tracked() -> list[Path]:
    result = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if result.returncode:
        pytest.skip("not a git checkout: this test reads the tracked files")
    return [REPOSITORY / line for line in result.stdout.splitlines() if (REPOSITORY / line).is_file()]


def test_no_absolute_path_of_a_machine_in_any_file():
    pattern = re.compile(r"(?<![\w.:/>])/(home|root|tmp|work|mnt|Users|opt|var)/")
    for path in tracked():
        if path.suffix not in (".gif", ".png", ".npz", ".safetensors"):
            found = [line for line in path.read_text().splitlines() if pattern.search(line)]
            assert found == [] or path == Path(__file__), f"{path}: {found[:3]}"


def test_every_test_file_mirrors_a_source_file_or_one_idea_of_it():
    for path in (REPOSITORY / "tests").glob("*/test_*.py"):
        if path.parent.name in ("fault", "field"):
            continue
        name = path.stem.removeprefix("test_")
        sources = [source.stem for source in (PACKAGE / path.parent.name).glob("*.py")]
        mirrored = [source for source in sources if name == source or name.startswith(f"{source}_")]
        assert mirrored, f"{path} tests no file of that name"


def test_the_table_of_faults_names_every_test_of_a_fault_in_its_row():
    pages = "\n".join(path.read_text() for path in (REPOSITORY / "docs").glob("faults*.md"))
    named = set(re.findall(r"^\| (\d+) \|.*`(tests/fault/test_\w+\.py)` \|$", pages, re.MULTILINE))
    there = {path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "tests" / "fault").glob("test_*.py")}
    assert {path for _, path in named} == there
    for number, path in named:
        assert Path(path).name.startswith(f"test_{int(number):02d}_")


def test_constraints_name_exact_public_versions_inside_the_tested_ranges():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    pinned = {}
    for line in (REPOSITORY / "constraints.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, version = line.split("==")
            assert Version(version).local is None, line
            pinned[name.lower()] = version
    wanted = [*project["dependencies"], *(r for extra in project["optional-dependencies"].values() for r in extra)]
    for text in wanted:
        requirement = Requirement(text)
        assert requirement.specifier, f"{text} has no tested range"
        assert requirement.specifier.contains(pinned[requirement.name.lower()]), text


def test_the_readme_has_both_commands_each_complete_in_one_line():
    lines = (REPOSITORY / "README.md").read_text().splitlines()
    assert "python -m pip install -e . -c constraints.txt && python train.py data=digits" in lines
    assert 'python -m pip install -e ".[test]" -c constraints.txt && python -m pytest' in lines


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, saddle; print({'torch', 'lightning', 'hydra', 'numpy'} & sys.modules.keys())"
    assert command("-c", code).stdout == "set()\n"
    assert (
        importlib.import_module("saddle").__version__
        == tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    )
