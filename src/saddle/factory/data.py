"""The data set of a run, or of overrides alone."""

from collections.abc import Sequence

from saddle.config.checked import CheckedConfig
from saddle.config.compose import compose
from saddle.config.node import Node
from saddle.data.memory import MemoryData
from saddle.factory.instantiate import make


def data_node(config: CheckedConfig) -> Node:
    """The node of the group `data`, completed by the seed and the number of accumulated parts."""
    return config.data.with_settings({"seed": config.seed, "accumulate": config.training["accumulate"]})


def fetched_data(overrides: Sequence[str]) -> MemoryData:
    """The data set of these overrides, downloaded if necessary, for use without batches; raises InputError."""
    config = compose([*overrides, "data.batch_size=1"])
    data: MemoryData = make(data_node(config))
    data.prepare_data()
    return data
