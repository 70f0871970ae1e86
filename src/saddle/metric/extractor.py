"""Which network the features of metrics come from."""

from pathlib import Path

from saddle.file import expanded
from saddle.metric.base import Extractor
from saddle.metric.extractor_file import load_extractor
from saddle.metric.inception import Inception


def extractor_for(choice: str, shipped: str | None) -> Extractor | None:
    """The extractor that a setting names; None where the setting is `none`.

    `auto` is what ships for the data, named `shipped`; None where nothing ships. A file that ends in .pth
    holds the weights of Inception. Anything else is the path of a safetensors file. Raises InputError if the extractor
    cannot be loaded.
    """
    if choice == "none" or (choice == "auto" and shipped is None):
        return None
    if choice.endswith(".pth"):
        return Inception(Path(expanded(choice)))
    if choice == "auto":
        return load_extractor(Path(__file__).with_name(f"{shipped}.safetensors"))
    return load_extractor(Path(expanded(choice)))
