"""The processes of a run on several devices, as Lightning is told of them."""

import saddle.compat  # noqa: F401  isort: skip
from lightning.pytorch.plugins.environments import ClusterEnvironment, LightningEnvironment
from lightning.pytorch.utilities import rank_zero_only

from saddle.rank import is_launched, own_rank


class OwnProcesses(LightningEnvironment):
    """Processes that saddle starts itself (`saddle.run.ranks`), so that Lightning starts none.

    Lightning would start each by the command line of this one. That is none in a notebook, it composes the settings
    anew, and it trusts variables such as LOCAL_RANK, which may be there for other reasons.
    """

    def __init__(self) -> None:
        super().__init__()
        rank_zero_only.rank = own_rank()  # type: ignore[attr-defined]  # Lightning reads it there

    @property
    def creates_processes_externally(self) -> bool:
        """True: Lightning starts no processes."""
        return True

    def local_rank(self) -> int:
        """The rank of this process on this machine."""
        return own_rank()


def environments() -> list[ClusterEnvironment]:
    """The environment for the Trainer's plugins; none under torchrun or srun, which Lightning knows."""
    return [] if is_launched() else [OwnProcesses()]
