"""The functions that the config calls as ${saddle....}.

Importing this module makes them known, so that a worker process, which unpickles its task, knows them too.
"""

from omegaconf import OmegaConf

from saddle.config.limit import default_iterations
from saddle.run.folder import unique_folder
from saddle.sweep.jobs import job_name, keeps_settings

OmegaConf.register_new_resolver("saddle.unique", unique_folder, use_cache=True, replace=True)
OmegaConf.register_new_resolver("saddle.iterations", default_iterations, replace=True)
OmegaConf.register_new_resolver("saddle.job", job_name, replace=True)
OmegaConf.register_new_resolver("saddle.settings", keeps_settings, replace=True)
