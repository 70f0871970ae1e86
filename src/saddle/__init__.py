"""saddle trains generative adversarial networks on PyTorch Lightning, configured by Hydra.

Importing the package loads nothing heavy, so that `--help` and a refused setting answer at once.
"""

__version__ = "0.2.0"
