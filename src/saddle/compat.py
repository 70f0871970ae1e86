"""Makes torchvision, and so lightning, importable when its compiled operators do not fit the installed torch.

The registry's torchvision wheel is built against CUDA torch. With a CPU-only torch its operators do not load, and
`import torchvision` fails at the missing `torchvision::nms`. saddle uses none of these operators, so it is enough to
declare the two missing schemas. Import this module before lightning or torchvision.
"""

import importlib.util
from pathlib import Path

import torch

_SCHEMAS = ("nms", "qnms")
_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def _operators_load() -> bool:
    """Whether torchvision's compiled operators fit this torch; true if torchvision is not installed."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return True
    for library in Path(spec.origin).parent.glob("_C.*"):
        try:
            torch.ops.load_library(str(library))
        except OSError:
            return False
    return True


def _declare_operators() -> torch.library.Library | None:
    """Declare the schemas that torchvision expects if its own do not load. The caller must keep the library alive."""
    if _operators_load():
        return None
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in _SCHEMAS:
        library.define(f"{name}{_SIGNATURE}")
    return library


_library = _declare_operators()
