"""Small runs that compare their samples with training images."""

from helpers import Points, default_metrics, fit, small_module
from saddle.callback.curves import Curves
from saddle.callback.quality import Quality
from saddle.callback.summary import Summary
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.training.checkpoint_io import AtomicCheckpointIO

METRICS = default_metrics()


class Digits(Points):
    """Points that are read by the classifier of MNIST."""

    extractor = "mnist"


def module(**changes):
    return small_module(Adversarial(AdversarialObjective(NonSaturating())), **changes)


def measured(folder, network, steps=9, data=None, **settings):
    """The callback after training `network`, with metrics.csv and summary.json in `folder`."""
    quality = Quality(str(folder), METRICS, num=40, **{"every_images": 32, "cache": None, **settings})
    callbacks = [Curves(str(folder / "metrics.csv")), quality, Summary(str(folder))]
    fit(network, data or Digits(), steps, callbacks, log_every_n_steps=4, plugins=[AtomicCheckpointIO()])
    return quality
