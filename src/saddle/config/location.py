"""Where the config files are: in saddle's own folder, in plugins, and where the command line says."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.plugins.search_path_plugin import SearchPathPlugin

from saddle.error import InputError
from saddle.plugin import plugins


def config_folder() -> str:
    """The path of the folder conf/: beside src/ in a checkout, inside the package when installed."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "conf"
    checkout = package.parents[1] / "conf"
    return str(installed if installed.is_dir() else checkout)


def config_folders() -> list[Path]:
    """The folders that hold config files, in the order in which they are searched.

    While Hydra runs a job, these are all folders of its search path. Otherwise they are saddle's own and the plugins'.
    """
    own = Path(config_folder())
    if HydraConfig.initialized():
        folders: list[Path] = []
        for source in HydraConfig.get().runtime.config_sources:
            folder = _folder_of(source.schema, source.path)
            if folder is not None:
                folders.append(folder)
        if own in folders:  # else it is another program's Hydra
            return folders
    return [own, *plugin_folders().values()]


def _folder_of(schema: str, path: str) -> Path | None:
    """The folder of one of Hydra's config sources; None for Hydra's own files and for what lies in no folder."""
    if schema == "file":
        return Path(path)
    if schema != "pkg" or path.startswith("hydra."):
        return None
    return folder_of_package(path)


def folder_of_package(name: str) -> Path | None:
    """The folder of a package's files, which is not imported; None if it is not installed."""
    top, *below = name.split(".")
    spec = importlib.util.find_spec(top)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]).joinpath(*below)


def plugin_folders() -> dict[str, Path]:
    """The folders of the plugins' config files, by the plugins' names."""
    folders: dict[str, Path] = {}
    for plugin in plugins():
        if plugin.folder is not None:
            folders[plugin.name] = plugin.folder
    return folders


def check_options(added: Mapping[str, Path]) -> None:
    """Raise InputError if two config folders hold different files of one name, of which Hydra would take the first.

    `added` are the folders that the command line names, by the words for them.
    """
    folders = {"saddle": Path(config_folder()), **plugin_folders(), **added}
    owners: dict[str, str] = {}
    for owner, folder in folders.items():
        for file in sorted(folder.rglob("*.yaml")):
            name = file.relative_to(folder).as_posix()
            first = owners.setdefault(name, owner)
            if first != owner and file.read_bytes() != (folders[first] / name).read_bytes():
                raise InputError(f"{owner} and {first} both have a config file {name}: rename one of the two")


class PluginFolders(SearchPathPlugin):
    """Tells Hydra where the plugins' config files are."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Append the plugins' folders, after saddle's own. Hydra calls this."""
        for name, folder in plugin_folders().items():
            search_path.append(name, f"file://{folder}")


Plugins.instance().register(PluginFolders)
