"""Fault 11: whatever the card beside an extractor's weights says, it is read or refused, and little is spent on it."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from saddle.error import InputError
from saddle.metric import extractor_file
from saddle.metric.classifier_extractor import Card
from saddle.metric.contrastive import ContrastiveNetwork
from saddle.metric.contrastive_extractor import ContrastiveCard

WITHOUT_LABELS = ContrastiveCard(
    "made", 1, 8, steps=1, seed=0, flip=False, trained=2, tested=1, recognized=0.5, command="none"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cards")


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.sampled_from([-1, 0, 1, 3, 28, 10**6, 10**18]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
CARDS = st.dictionaries(st.sampled_from(sorted(Card.__dataclass_fields__)), VALUES, max_size=4)


@settings(max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@example({"image_size": 2000}, True)  # four GB
@given(CARDS, st.booleans())
def test_any_card_of_a_classifier_ends_in_it_or_in_a_sentence(folder, changes, whole):
    path, shipped = folder / "a.safetensors", Path(extractor_file.__file__).with_name("mnist.safetensors")
    path.write_bytes(shipped.read_bytes())
    card = json.loads(shipped.with_suffix(".json").read_text()) if whole else {}
    path.with_suffix(".json").write_text(json.dumps(card | changes))
    begun = time.process_time()
    try:
        assert extractor_file.load_extractor(path).card.data == (card | changes)["data"]
    except InputError as error:
        assert len(str(error).splitlines()) == 1
    assert time.process_time() - begun < 2


@settings(max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@example({"image_size": 10**18})
@given(st.dictionaries(st.sampled_from(sorted(ContrastiveCard.__dataclass_fields__)), VALUES, max_size=4))
def test_any_card_of_a_network_without_labels_does_too(folder, changes):
    path = folder / "c.safetensors"
    if not path.exists():
        extractor_file.save_extractor(path, ContrastiveNetwork(1, 8), WITHOUT_LABELS)
        path.with_suffix(".json").rename(path.with_suffix(".kept"))
    card = json.loads(path.with_suffix(".kept").read_text()) | changes
    path.with_suffix(".json").write_text(json.dumps(card))
    begun = time.process_time()
    try:
        assert extractor_file.load_extractor(path).card.data == card["data"]
    except InputError as error:
        assert len(str(error).splitlines()) == 1
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("text", ["[" * 100_000, "[]", "1", "\0", "\ud800"])
def test_what_is_no_card(folder, text):
    path = folder / "b.safetensors"
    path.with_suffix(".json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError, match="not the card of an extractor"):
        extractor_file.load_extractor(path)
