"""The pages of the reference, in Markdown: one for each group of the config, the commands, and the Python interface."""

import argparse
import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from saddle.cli.tools import parser_of_tools
from sitebuild.meaning import source_of, summary
from sitebuild.settings import PRESETS, Option, Setting, groups, options, schedule_settings, top_settings

_ARXIV = re.compile(r"\barXiv:? (\d{4}\.\d{4,5})")
_SPECIAL = re.compile(r"([\\|<>*\[\]])")

GROUPS = {
    "data": "The images or points that a run learns from.",
    "architecture": "The networks of a run. Those of some games come from the groups inside of it.",
    "loss": "What D and G minimize, as functions of D's logits.",
    "penalty": "What is added to a loss, or done to the weights. Several at once: `'penalty=[r1,r2]'`.",
    "augmentation": "Changes of the images that D sees, real and generated alike (docs/augmentation.md).",
    "game": "The turns of an iteration: which networks each trains, and on which loss (docs/games.md).",
    "optimizer": "How each turn's gradients change its weights.",
    "training": "Length, averages, schedules, and how iterations are computed.",
    "metric": "What is measured on samples; several at once: `'metric=[default,manifold]'` (docs/metrics.md).",
    "callback": "What happens beside training: curves, grids, comparisons, alarms, checkpoints. Leave one out by "
    "`~callback.NAME`.",
    "logger": "Where curves and pictures go beside the run's folder; several at once (docs/loggers.md).",
    "trainer": "Devices, precision and limits: the flags of Lightning's Trainer that work here.",
    "experiment": "Recipes: choices in several groups at once. What you type after them stands.",
    "method": "An objective as its paper has it, for studies (docs/choosing.md).",
    "study": "Sweeps that are ready to be trained, for `-m` (docs/choosing.md).",
    "sweep": "How the jobs of a sweep are run.",
}
"""Each group's page, in the order of the site, with its first sentence."""


def reference_pages() -> dict[str, str]:
    """All pages of the reference by their path in the site."""
    pages = {"reference/index.md": _overview(), "reference/schedules.md": _schedules()}
    for group in GROUPS:
        pages[f"reference/{group}.md"] = group_page(group)
    return {**pages, "reference/commands.md": commands_page()}


def group_page(group: str) -> str:
    """The page of a group, and of the groups inside of it."""
    parts = [f"# `{group}`", GROUPS[group]]
    for inside in groups():
        if inside.split("/")[0] == group:
            if inside != group:
                parts += [
                    f"## `{inside}`",
                    "Chosen by what needs it; change it by its name." if group in PRESETS else "",
                ]
            parts += [_section(option) for option in options(inside)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _overview() -> str:
    """The first page: the groups, and the settings outside of them."""
    rows = [f"| [`{group}`]({group}.md) | {GROUPS[group]} | {_names(group)} |" for group in GROUPS]
    return "\n\n".join(
        (
            "# All settings",
            "These pages are made from the code: the type and range of a setting are those that saddle checks before "
            "training, and its default is the one that it trains with. Choose an option of a group by `GROUP=OPTION`, "
            "and change a setting by its dotted name. `python train.py --help` shows the same for the config that you "
            "type.",
            "\n".join(["| group | what it chooses | options |", "|---|---|---|", *rows]),
            "## Settings outside of the groups",
            table(top_settings()),
            "Two more belong to Hydra: `hydra.run.dir=FOLDER` places a run, and `hydra.sweep.dir=FOLDER` a sweep. "
            "`keep=RUN` starts or resumes a run and restarts it when it is killed (docs/runs.md).",
        )
    )


def _names(group: str) -> str:
    return ", ".join(f"`{option.name}`" for option in options(group))


def _schedules() -> str:
    """The page of the settings that every schedule has."""
    from saddle.schedule import Schedule

    return "\n\n".join(
        (
            "# Schedules",
            "A schedule is a factor over the images seen. Its settings stand below the setting that it belongs to, as "
            "`training.schedule.generator.shape=cosine`.",
            _prose(" ".join((Schedule.__doc__ or "").split("\n\n")[1].split())),
            table(schedule_settings()),
        )
    )


def _section(option: Option) -> str:
    """An option: what it is, where it is from, and its settings."""
    parts = [f"### `{option.group}={option.name}`"] if "/" not in option.group else [f"### `{option.name}`"]
    if option.group.split("/")[0] in PRESETS:
        return "\n\n".join([*parts, _header(option.file.header), f"```yaml\n{option.file.body}\n```"])
    parts.append(_header(option.file.header))
    parts += [_about(name, target) for name, target in option.targets.items() if target.__module__.startswith("saddle")]
    bases = [base.partition("@")[0] for base in option.file.defaults if isinstance(base, str) and base != "_self_"]
    if bases:
        parts.append(f"Begins as {', '.join(f'`{base}`' for base in bases)}.")
    elsewhere = _elsewhere(option)
    if elsewhere:
        parts.append(f"It also sets:\n\n```yaml\n{elsewhere}\n```")
    parts.append(table(option.settings) if option.settings else "It has no settings.")
    return "\n\n".join(part for part in parts if part)


def _elsewhere(option: Option) -> str:
    """What a file of the whole config sets in other groups."""
    if not option.file.is_global:
        return ""
    content = option.file.content.plain
    others = {name: value for name, value in content.items() if name != option.group}
    for base in option.file.defaults:
        if isinstance(base, dict):
            others.update(base)
    return yaml.safe_dump(others, sort_keys=False).strip() if others else ""


def _header(text: str) -> str:
    """The comment at the top of a file; lines such as `command   python train.py` as a list."""
    lines: list[str] = []
    for line in text.splitlines():
        key, _, rest = line.partition("  ")
        if key == "command":
            lines.append(f"\n- `{rest.strip()}`")
        else:
            lines.append(f"- {key}: {_prose(rest.strip())}" if key in ("expected", "cost") else _prose(line))
    return "\n".join(lines)


def _about(name: str, target: type) -> str:
    """A class: its first paragraph, and its paper."""
    role = name.split(".")[1] if name.count(".") == 1 else ""
    label = f"**{role}**: " if role in ("generator", "discriminator", "inverse", "source_discriminator") else ""
    paper = source_of(target)
    papers = f" {_prose(paper)}" if _ARXIV.search(paper) and label != "**discriminator**: " else ""
    return f"{label}{_prose(summary(target))}{papers}"


def table(settings: Sequence[Setting]) -> str:
    """Settings as a table: name, type and range, default, meaning."""
    lines = ["| setting | type and range | default | meaning |", "|---|---|---|---|"]
    for setting in settings:
        kind = "[schedule](schedules.md)" if setting.is_schedule else _prose(setting.kind)
        meaning = _prose(setting.meaning or "")
        lines.append(f"| {_name(setting.name)} | {kind} | {_value(setting.default)} | {meaning} |")
    return "\n".join(lines)


def _name(setting: str) -> str:
    """A dotted name, which may be broken behind its dots."""
    return f"<code>{setting.replace('.', '.<wbr>')}</code>"


def _value(value: Any) -> str:
    if value == "???":
        return "*must be given*"
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix("\n").removesuffix("...").strip()
    return f"`{text}`"


def _prose(text: str) -> str:
    """Plain text of a docstring or comment as Markdown: its signs stay, papers become links."""
    parts = text.split("`")
    for index in range(0, len(parts), 2):  # outside of backticks
        parts[index] = _ARXIV.sub(r"[arXiv \1](https://arxiv.org/abs/\1)", _SPECIAL.sub(r"\\\1", parts[index]))
    for index in range(1, len(parts), 2):
        parts[index] = parts[index].replace("|", "\\|")
    return "`".join(parts)


def commands_page() -> str:
    """Every command of `saddle` with its arguments, as `--help` has them."""
    parser = parser_of_tools()
    (commands,) = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    parts = [
        "# Commands",
        "`python train.py` in a checkout, or `saddle train` anywhere, trains: its settings are on the pages of the "
        "groups. The commands below work on finished runs; RUN is a run's folder or one of its checkpoints.",
    ]
    for name, command in commands.choices.items():
        if name != "train":
            parts += [f"## `saddle {name}`", *_command(command)]
    return "\n\n".join(parts) + "\n"


def _command(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield _prose(" ".join((parser.description or "").split()))
    lines = ["| argument | meaning |", "|---|---|"]
    for action in parser._actions:
        if action.dest != "help":
            lines.append(f"| `{_argument(action)}` | {_prose(_help(parser, action))} |")
    yield "\n".join(lines)


def _argument(action: argparse.Action) -> str:
    if not action.option_strings:
        return str(action.metavar or action.dest)
    name = ", ".join(action.option_strings)
    if action.nargs == 0:
        return name
    if action.choices:
        return f"{name} {'|'.join(map(str, action.choices))}".replace("|", "\\|")
    return f"{name} {action.metavar or action.dest.upper()}"


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    return parser._get_formatter()._expand_help(action) if action.help else ""
