"""Every composed config is valid, and what is not is refused by name, once and before anything is built."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from folders import gray_images
from helpers import REPOSITORY, command
from refused import REFUSED
from saddle.config import validate
from saddle.config.compose import compose
from saddle.error import InputError
from saddle.factory.run import build

CONF = REPOSITORY / "conf"
GROUPS = {
    folder.name: sorted(file.stem for file in folder.glob("*.yaml")) for folder in CONF.iterdir() if folder.is_dir()
}
FURTHER = {  # networks that some game adds: groups inside the group architecture, and a game that has each
    "encoder": "vae",
    "joint_discriminator": "bigan",
    "code_discriminator": "adversarial_autoencoder",
    "classifier": "auxiliary_classifier",
    "recognition": "infogan",
}
_TEMPORARY = TemporaryDirectory()
IMAGES = gray_images(Path(_TEMPORARY.name))
NEEDED = {  # what has no default, and what goes together
    "data=image_folder": [f"data.root='{REPOSITORY / 'docs'}'", "data.batch_size=1"],
    "experiment=pictures": [f"data.root='{IMAGES}'", "data.batch_size=1"],
    "data=image_folder_pair": [
        f"data.source='{IMAGES / 'cats'}'",
        f"data.root='{IMAGES / 'dogs'}'",
        "data.batch_size=1",
    ],
    "loss=wasserstein": ["penalty=gradient_penalty"],
    "penalty=reconstruction": ["architecture=light"],
    "augmentation=ada": ["loss=non_saturating"],
    "architecture=points": ["data=ring"],
    "architecture=resnet": ["game=cyclegan", "data=mnist_pair"],
    "game=cyclegan": ["data=mnist_pair", "architecture=resnet"],
    **{choice: ["architecture=points"] for choice in ("data=ring", "data=grid", "data=swiss_roll")},
}
BUILT = {
    "logger": ["none", "csv", "tensorboard"],  # the others need packages of their own
    "trainer": ["default", "cpu"],  # a Trainer with GPUs cannot be built without them
    "metric": [option for option in GROUPS["metric"] if option != "memorization"],  # of saddle evaluate alone
}
"""Options that a run on this machine can have, where they are not all of the group."""


@pytest.mark.parametrize("choice", [f"{group}={option}" for group, options in GROUPS.items() for option in options])
def test_every_file_of_every_group_is_valid(choice):
    compose([choice, *NEEDED.get(choice, [])])


@pytest.mark.slow
@pytest.mark.parametrize("choice", [f"{g}={o}" for g, options in GROUPS.items() for o in BUILT.get(g, options)])
def test_every_file_of_every_group_builds(choice):
    build(compose([choice, *NEEDED.get(choice, [])]))


def test_every_further_group_of_networks_is_in_the_table():
    assert {folder.name for folder in (CONF / "architecture").iterdir() if folder.is_dir()} == set(FURTHER)


@pytest.mark.parametrize(
    "choice",
    [f"{name}={file.stem}" for name in FURTHER for file in (CONF / "architecture" / name).glob("*.yaml")],
)
def test_every_file_of_a_network_that_a_game_adds_builds(choice):
    name, _, option = choice.partition("=")
    family = [f"architecture={option}"] if option in ("mlp", "dcgan") else []
    run = build(compose(["data=digits", f"game={FURTHER[name]}", *family, f"architecture/{name}={option}"]))
    assert name in run.module.networks


def test_a_setting_of_a_network_that_a_game_adds_is_refused_by_name():
    chosen = ["game=vae", "architecture=mlp"]
    with pytest.raises(InputError, match=r"^architecture\.encoder\.hidden=\[8, 0\]: entry 2 should be greater than"):
        compose([*chosen, "architecture.encoder.hidden=[8,0]"])
    for name in ("widths=[8]", "image_size=9", "latent_dim=9"):
        setting = f"architecture.encoder.{name.split('=')[0]}"
        with pytest.raises(InputError, match=f"^{setting}: there is no such setting"):
            compose([*chosen, f"+architecture.encoder.{name}"])
    compose([*chosen, "architecture.generator.latent_dim=9"])


@pytest.mark.parametrize(("override", "message"), REFUSED.items())
def test_bad_settings_are_refused_by_name(override, message):
    accelerator = [] if "trainer.accelerator" in override else ["trainer.accelerator=cpu"]
    family = ["architecture=dcgan"] if "widths" in override else []
    with pytest.raises(InputError) as caught:
        build(compose([*accelerator, *family, override]))
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3


WITHOUT_LIGHTNING = """
import json, sys
sys.modules["lightning"] = None  # so `import lightning` fails
from saddle.config import validate
from saddle.config.compose import compose
from saddle.factory.parts import build_parts
sentences = {}
for override in json.loads(sys.argv[1]):
    try:
        build_parts(compose(override.split()))
    except ValueError as error:
        sentences[override] = str(error)
print(json.dumps(sentences))
"""


@pytest.mark.slow
def test_lightning_is_loaded_after_what_can_be_refused_without_it():
    texts = [f"architecture=dcgan {text}" if "widths" in text else text for text in REFUSED if " please" not in text]
    result = command("-c", WITHOUT_LIGHTNING, json.dumps(texts))
    assert result.returncode == 0, result.stderr
    sentences = {text.split()[-1]: sentence for text, sentence in json.loads(result.stdout).items()}
    assert {text for text in REFUSED if " please" not in text} == sentences.keys()
    for override, sentence in sentences.items():
        assert REFUSED[override] in sentence


@pytest.mark.parametrize(
    "override", ["data=null", "~data", "~trainer.accelerator", "~training.accumulate", "game=null"]
)
def test_what_is_missing_is_one_sentence(override):
    with pytest.raises(InputError) as caught:
        compose([override])
    assert "\n" not in str(caught.value)


def test_a_value_is_checked_once(monkeypatch):
    checked: list[str] = []
    check_value = validate._check_value

    def recorded(path, value, expected):
        checked.append(path)
        check_value(path, value, expected)

    monkeypatch.setattr(validate, "_check_value", recorded)
    build(compose(["data=digits", "trainer=cpu"]))
    assert checked.count("penalty.r1.weight") == 1
    twice = {path for path in checked if checked.count(path) > 1}
    assert {path for path in twice if not path.startswith("optimizer.")} == set()  # turns share those


def test_an_experiment_sets_what_its_problem_is_compared_by():
    assert compose(["experiment=ring"]).objective == "metric/modes"
    assert compose(["experiment=swiss_roll"]).objective == "metric/coverage"
    assert compose(["experiment=ring", "objective=null", "seed=3"]).objective is None
    assert compose(["experiment=ring", "penalty=none", "loss=hinge"]).penalty == {}
    assert compose(["data=digits"]).objective == "metric/frechet"
