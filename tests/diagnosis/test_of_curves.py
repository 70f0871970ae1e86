"""Symptoms of curves and of the end of a run."""

import json
from types import SimpleNamespace

import pytest

from saddle.diagnosis.of_curves import collapse_alarms


@pytest.mark.parametrize(
    ("alarms", "number"), [([], 0), (["duplicates"], 1), (["classes", "duplicates", "quality"], 2), (None, None)]
)
def test_alarms_of_collapse_are_counted_where_the_run_has_ended(tmp_path, alarms, number):
    if alarms is not None:
        (tmp_path / "summary.json").write_text(json.dumps({"alarms": alarms}))
    assert collapse_alarms(SimpleNamespace(run=SimpleNamespace(folder=tmp_path))) == number
    assert collapse_alarms(SimpleNamespace(run=SimpleNamespace(folder=None))) is None
