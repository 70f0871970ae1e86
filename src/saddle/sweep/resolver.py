"""The functions for the folders of a sweep's jobs: ${saddle.job:...} and ${saddle.settings:...}.

Importing this module registers them. A worker process, which unpickles its task, imports it again.
"""

from omegaconf import OmegaConf

import saddle.run.resolver  # noqa: F401
from saddle.sweep.jobs import job_name, output_subdir

OmegaConf.register_new_resolver("saddle.job", job_name, replace=True)
OmegaConf.register_new_resolver("saddle.settings", output_subdir, replace=True)
