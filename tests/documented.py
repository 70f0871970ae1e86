"""Commands and settings that the pages show in running text and in tables, for a reader to type."""

import itertools
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep

from helpers import REPOSITORY

PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]

_BLOCK = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
_VARIABLES = re.compile(r"^(?:[A-Z_]+=\S+ )+")
_SETTING = re.compile(r"[+~]{0,2}[a-z_][\w.@/]*=.*")
TRAIN = ("python train.py", "saddle train")

NEEDED = {
    "architecture.discriminator.condition": "architecture.conditional=true",
    "architecture.encoder.gaussian": "experiment=adversarial_autoencoder",
    "architecture/encoder": "game=bigan",
    "augmentation.ada": "augmentation=ada loss=non_saturating penalty=r1",
    "augmentation.diffaugment": "augmentation=diffaugment data.channels=3",
    "data.broken": "data=image_folder data.root=FOLDER",
    "data.channels=4": "data=image_folder data.root=FOLDER",
    "data.classes=0": "data=image_folder data.root=FOLDER",
    "data.fit": "data=image_folder data.root=FOLDER",
    "data.image_size=[": "data=image_folder data.root=FOLDER",
    "data.label": "data=robots",
    "data.license": "data=image_folder data.root=FOLDER",
    "data.memory_mib": "data=image_folder data.root=FOLDER",
    "data.robot_seed": "data=robots",
    "data.size": "data=robots",
    "data.source": "experiment=cyclegan",
    "data.split": "data=emnist",
    "experiment=pictures": "data.root=FOLDER",
    "game.likelihood": "experiment=vae",
    "game.std": "experiment=infogan",
    "game.stochastic": "experiment=bigan",
    "game.weights.adversarial": "experiment=adversarial_autoencoder",
    "game.weights.class_fake": "experiment=auxiliary_classifier",
    "game.weights.identity": "experiment=cyclegan",
    "game.weights.kl": "experiment=vae",
    "game=cyclegan": "architecture=resnet data=mnist_pair",
    "architecture=points": "data=ring",
    "architecture=resnet": "experiment=cyclegan",
    "logger.mlflow": "logger=mlflow",
    "logger.wandb": "logger=wandb",
    "loss.shape": "loss=relativistic_average",
    "penalty=reconstruction": "architecture=light",
    "penalty.mean_matching": "penalty=mean_matching",
}
"""Settings, by the beginning of the first, and others that the page has chosen before."""

LEFT_OUT = {
    r".*=$": "it names a group of settings",
    r"(?!saddle ).*\b(NAME|RUN|PATH|N)\b.*": "its capitals stand for many commands",
    r"hydra\..*|sweep[.=].*": "it is of a sweep, which no single config has",
    r".*loss=exponential.*|.*mean_distance.*": "its part is written on the page, and tests/test_docs.py adds it",
    r".*\bloss=mine": "its part is the reader's; tests/test_extending.py builds such parts",
    r".*(stripes|squared_hinge).*": "its part is written on the page, and tests/test_extending.py adds it",
    r"augmentation=ada": "the page says that it is refused",
    r".*--help": "it prints the help",
    r".*\\.*": "its path is one of Windows, which tests/config/test_letters.py reads",
    r"(images|training)=True|cache=.*": "it is an argument in Python",
    r"(config_dir|labels)=.*": "it is an argument in Python",
    r"data=image_folder_pair": "it needs folders, which the page names elsewhere",
}
"""What is not tried: patterns of whole texts, and why."""


@dataclass(frozen=True)
class Typed:
    """A command, or settings for one, that the page shows between two backticks."""

    page: Path
    text: str

    @property
    def left_out(self) -> str | None:
        """Why it is not tried; None if it is."""
        for pattern, reason in LEFT_OUT.items():
            if re.fullmatch(pattern, self.text):
                return reason
        return None

    @property
    def is_tool(self) -> bool:
        """Whether it is a command of `saddle` other than `saddle train`."""
        return self.text.startswith("saddle ") and not self.text.startswith(TRAIN)

    @property
    def words(self) -> list[str]:
        """Its settings, after those that the page has chosen before; or the words of a tool's command."""
        words = shlex.split(self.text)
        if self.is_tool:
            return words[1:]
        if self.text.startswith(TRAIN):
            return words[2:]
        before = [chosen for beginning, chosen in NEEDED.items() if self.text.startswith(beginning)]
        return [word for chosen in before for word in chosen.split()] + words


def typed() -> list[Typed]:
    """All of them, each text once."""
    found: dict[str, Typed] = {}
    for page in PAGES:
        for text in shown_inline(page.read_text(encoding="utf-8")):
            found.setdefault(text, Typed(page, text))
    return list(found.values())


def shown_inline(page: str) -> list[str]:
    """The commands and settings between backticks, outside of blocks."""
    texts = [without_variables(" ".join(text.split())) for text in _INLINE.findall(_BLOCK.sub("", page))]
    return [text for text in texts if _is_typed(text)]


def without_variables(command: str) -> str:
    """A command without the environment variables before it: `OMP_NUM_THREADS=1 python train.py`."""
    return _VARIABLES.sub("", command)


def _is_typed(text: str) -> bool:
    if text.startswith((*TRAIN, "saddle ")):
        return True
    try:
        words = shlex.split(text)
    except ValueError:
        return False
    return all(_SETTING.fullmatch(word) for word in words)


def shell_lines(text: str) -> Iterator[str]:
    """Commands in the ```sh blocks of a page: continuations joined, comments stripped, one per `&&`."""
    for block in re.findall(r"^ *```(?:sh|bash)\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            for is_separator, group in itertools.groupby(words, lambda word: word == "&&"):
                if not is_separator:
                    yield shlex.join(group)


def block_commands(*beginnings: str) -> list[tuple[Path, str]]:
    """Every command in the blocks of the pages that begins so, once, with the page it stands on."""
    found: dict[str, Path] = {}
    for page in PAGES:
        for line in shell_lines(page.read_text(encoding="utf-8")):
            command = line if "SADDLE_PLUGINS=" in line else without_variables(line)
            if any(command.startswith(f"{beginning} ") for beginning in beginnings):
                found.setdefault(command, page)
    return [(page, line) for line, page in found.items()]


def jobs(overrides: list[str]) -> list[list[str]]:
    """The overrides of each job of a sweep, which has -m, with its first seed only; without -m those of the one run.

    Seeds do not change what is refused.
    """
    if "-m" not in overrides:
        return [overrides]
    choices = []
    for override in OverridesParser.create().parse_overrides([text for text in overrides if text != "-m"]):
        key = override.get_key_element()
        if isinstance(override.value(), IntervalSweep):  # of a search, tried at its ends
            choices.append([f"{key}={override.value().start}", f"{key}={override.value().end}"])
        elif override.is_sweep_override():
            values = [f"{key}={value}" for value in override.sweep_string_iterator()]
            choices.append(values[:1] if key == "seed" else values)
        else:
            choices.append([override.input_line])
    return [list(job) for job in itertools.product(*choices)]
