"""The functions that config files call as ${saddle.NAME:...}; `saddle.run.resolver` and `saddle.sweep.resolver`
register those of folders.

Importing this module registers them.
"""

from omegaconf import OmegaConf

from saddle.command import training_command
from saddle.config.fitting import fitting
from saddle.config.labels import times_without_labels
from saddle.config.limit import default_iterations, part_of_run

OmegaConf.register_new_resolver("saddle.command", training_command, replace=True)
OmegaConf.register_new_resolver("saddle.fitting", fitting, replace=True)
OmegaConf.register_new_resolver("saddle.iterations", default_iterations, replace=True)
OmegaConf.register_new_resolver("saddle.part_of_run", part_of_run, replace=True)
OmegaConf.register_new_resolver("saddle.times_without_labels", times_without_labels, replace=True)
