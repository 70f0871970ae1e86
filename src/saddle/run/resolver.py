"""The function that conf/train.yaml calls to name the folder of a run or a sweep: ${saddle.unique:...}.

Importing this module registers it.
"""

from omegaconf import OmegaConf

from saddle.run.lock import unique_folder

OmegaConf.register_new_resolver("saddle.unique", unique_folder, use_cache=True, replace=True)
