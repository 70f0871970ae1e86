"""Every loss with every penalty on every architecture trains or is refused with a sentence; nothing else happens."""

import pytest
from pairs import ARCHITECTURES, LOSSES, PENALTIES, outcome

from helpers import REPOSITORY

CONF = REPOSITORY / "conf"


def test_the_walk_leaves_no_option_out():
    for group, walked in (("loss", LOSSES), ("penalty", PENALTIES), ("architecture", ARCHITECTURES)):
        chosen = {part for overrides in walked.values() for part in overrides if part.startswith(f"{group}=")}
        options = {f"{group}={file.stem}" for file in (CONF / group).glob("*.yaml")}
        assert options - {"architecture=resnet"} <= chosen  # no latent: the game refuses it with any loss and penalty


@pytest.mark.slow
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_pair_trains_or_is_refused(architecture, loss):
    for penalty in PENALTIES:
        found = outcome(architecture, loss, penalty)
        assert found == "trained" or found.split("=")[0] in ("loss", "penalty"), f"{penalty}: {found}"
        assert "\n" not in found


def test_what_is_refused_is_what_must_be():
    assert "no minimum" in outcome("mlp", "wasserstein", "none")
    assert "batch norm mixes images" in outcome("mlp, batch norm in D", "hinge", "r2")
    assert "it says nothing of points" in outcome("points", "minimax", "balanced_consistency")
    assert outcome("mlp", "wasserstein", "weight_clipping") == "trained"
