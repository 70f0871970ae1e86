"""A trained classifier as an extractor of features, and the card that describes it."""

from dataclasses import dataclass

from saddle.data.module import ImageData
from saddle.metric.classifier import Classifier
from saddle.metric.network_extractor import NetworkCard, NetworkExtractor


@dataclass(frozen=True)
class Card(NetworkCard):
    """What a classifier was trained for and on; `accuracy` in [0, 1] is over `tested` images outside its training set.

    The cards of older classifiers name no classes.
    """

    classes: int
    epochs: int
    seed: int
    trained: int
    tested: int
    accuracy: float
    command: str
    class_names: list[str] | None = None


class ClassifierExtractor(NetworkExtractor):
    """A classifier of saddle with its card."""

    def __init__(self, model: Classifier, card: Card) -> None:
        super().__init__(model, card)
        self.card = card

    def reads_classes_of(self, data: ImageData) -> bool:
        names = self.card.class_names
        is_of_other_classes = self.name == type(data).__name__.lower() and names not in (None, data.class_names)
        return super().reads_classes_of(data) and not is_of_other_classes
