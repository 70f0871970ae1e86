"""The functions that conf/train.yaml calls to name folders: ${saddle.unique:...}, ${saddle.job:...}.

Importing this module registers them. A worker process, which unpickles its task, imports it again.
"""

from omegaconf import OmegaConf

from saddle.run.lock import unique_folder
from saddle.sweep.jobs import job_name, output_subdir

OmegaConf.register_new_resolver("saddle.unique", unique_folder, use_cache=True, replace=True)
OmegaConf.register_new_resolver("saddle.job", job_name, replace=True)
OmegaConf.register_new_resolver("saddle.settings", output_subdir, replace=True)
