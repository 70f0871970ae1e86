"""What is refused before torch and Lightning are loaded."""

import json

import pytest

from helpers import command
from refused import REFUSED
from saddle.config.compose import compose
from saddle.error import InputError

LATER = {  # what only the classes, the device or the built parts tell
    *("data.limit=60001", "data.limit=31", "data.batch_size=60001", "+optimizer.critic.lr=1"),
    *("+training.clip_norm.critic=1", "training.schedule.generator.shape=cosine"),
    *("loss._target_=saddle.seed.hashed_seed", "loss._target_=saddle.penalty.r1.R1"),
    *("loss._target_=saddle.loss.hinge.Hing", "trainer.precision=16-mixed", "trainer.max_time=5m"),
}
CODE = """
import json, sys
sys.modules["torch._utils"] = None  # so `import torch` fails, as does whatever needs it
from saddle.config.compose import compose
said = {}
for override in json.loads(sys.argv[1]):
    try:
        compose(override.split())
    except ImportError:
        said[override] = None
    except ValueError as error:
        said[override] = str(error)
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def said():
    """What is said of each override where torch and Lightning cannot be imported; None if they were asked for."""
    overrides = [f"architecture=dcgan {text}" if "widths" in text else text for text in REFUSED]
    result = command("-c", CODE, json.dumps([text for text in overrides if " please" not in text]))
    assert result.returncode == 0, result.stderr
    return {name.split()[-1]: reason for name, reason in json.loads(result.stdout).items()}


def test_names_types_and_ranges_are_refused_without_torch(said):
    for override in said.keys() - LATER:
        assert REFUSED[override] in (said[override] or ""), override


def test_the_rest_is_left_to_the_full_check(said):
    assert {override for override, reason in said.items() if reason is None} == LATER


@pytest.mark.parametrize(
    "override", ["data=null", "~data", "~trainer.accelerator", "~training.accumulate", "game=null"]
)
def test_what_is_missing_is_one_sentence(override):
    with pytest.raises(InputError) as caught:
        compose([override])
    assert "\n" not in str(caught.value)
