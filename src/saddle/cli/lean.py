"""Lightning loads torchmetrics, which loads all it could ever use: scipy, matplotlib, torchvision, transformers, ...

Nothing here uses torchmetrics but its base class, so in the processes of the command line it is told, while it is
imported, that those packages are not installed: seconds less before the first iteration.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

_NEEDED = ("torch", "torchmetrics")


class _Finder(MetaPathFinder):
    """Finds torchmetrics, once, as it is found without this, and has it loaded lean."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "torchmetrics":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_lean(module: ModuleType) -> None:
                with _alone():
                    load(module)

            spec.loader.exec_module = load_lean
        return spec


def import_lean() -> None:
    """From now on torchmetrics is imported lean; where it is imported already, nothing changes."""
    if "torchmetrics" not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


@contextmanager
def _alone() -> Iterator[None]:
    """What torchmetrics asks for inside is said, for good, to be absent."""
    from lightning_utilities.core import imports

    start, look = imports.RequirementCache.__init__, imports.package_available

    def begin(asked: imports.RequirementCache, requirement: str | None = None, module: str | None = None) -> None:
        start(asked, requirement, module)
        if re.split(r"[^\w-]", requirement or module)[0] not in _NEEDED:
            asked.available, asked.message = False, f"{requirement or module} is not used by saddle"

    imports.RequirementCache.__init__, imports.package_available = begin, lambda name: False
    try:
        yield
    finally:
        imports.RequirementCache.__init__, imports.package_available = start, look
