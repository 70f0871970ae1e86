import json
from pathlib import Path

import pytest
import torch

import saddle.metric
from factor_squares import Squares
from saddle.data.digits import Digits
from saddle.data.robots import Robots
from saddle.error import InputError
from saddle.metric.classifier import Classifier
from saddle.metric.extractor_file import load_extractor
from saddle.metric.factor_extractor import FactorCard, FactorExtractor, known_factors

SHIPPED = Path(saddle.metric.__file__).with_name("robots.safetensors")


def extractor(**changes) -> FactorExtractor:
    """A reader of squares that has learned nothing."""
    torch.manual_seed(1)
    form = {"data": "squares", "channels": 1, "image_size": 8, "factors": ["place", "level"], "options": 3}
    rest = {"mode_factors": 2, "epochs": 1, "seed": 0, "drawn": 2, "tested": 1, "errors": {}, "command": "none"}
    return FactorExtractor(Classifier(1, 8, 6), FactorCard(**(form | rest | changes)))


def test_modes_are_the_products_of_the_first_factors():
    images = Squares().drawn(Squares().codes_of(torch.arange(9)))
    features, modes = extractor()(images)
    place, level = extractor().read_factors(features).unbind(1)
    assert features.shape == (9, 128)
    torch.testing.assert_close(modes, (place.unsqueeze(2) * level.unsqueeze(1)).flatten(1))
    torch.testing.assert_close(modes.sum(1), torch.ones(9))
    torch.testing.assert_close(extractor(mode_factors=1)(images)[1], place)


def test_factors_are_known_where_the_extractor_reads_those_of_the_data():
    data = Squares()
    known = known_factors(data, extractor())
    assert known.training.tolist() == [0, 4]
    assert known.label == 1
    assert known.numbers(torch.tensor([[2, 1]])).tolist() == [7]
    assert known_factors(data, extractor(data="robots")) is None
    assert known_factors(data, extractor(factors=["place", "size"])) is None
    assert known_factors(Digits(8, 1, 10, 4, seed=0), extractor()) is None


def test_images_of_other_channels_are_refused():
    extractor().check(1, 8)
    with pytest.raises(InputError, match="reads images with 1 channels, and the data has 3: .* data.channels=1"):
        extractor().check(3, 8)


def test_the_shipped_reader_reads_held_out_robots():
    data, reader = Robots(32, 3, 10, 4, seed=0), load_extractor(SHIPPED)
    codes = data.test_codes()[data.test_codes()[:, 0] < 2][:400]
    features, modes = reader(data.drawn(codes))
    assert (reader.read_factors(features).argmax(2) != codes).sum() <= 3
    assert (modes.argmax(1) == codes[:, 0] * 100 + codes[:, 1] * 10 + codes[:, 2]).double().mean() > 0.99


def test_the_card_of_the_shipped_reader_says_how_well_it_reads():
    card = json.loads(SHIPPED.with_suffix(".json").read_text())
    assert list(card["errors"]) == card["factors"] == list(Robots.factors)
    assert max(card["errors"].values()) <= 0.001
    assert card["tested"] == Robots.test_size
    assert SHIPPED.stat().st_size < 2**21
