"""The tables of a comparison as text for a terminal, as Markdown, and as rows of a CSV file."""

from collections.abc import Sequence
from textwrap import wrap

from saddle.file import relative
from saddle.sweep.aligned import aligned
from saddle.sweep.comparison import Comparison, Row, Table

CSV_COLUMNS = (
    *("measured", "settings", "n", "mean", "spread", "low", "high", "better", "tied", "failed", "collapsed"),
    *("cpu_seconds", "images", "learning_rates"),
)

_WIDTH = 100  # letters in a line of notes

_LEGEND = (
    "n: seeds, failed ones included; mean, spread (sample standard deviation) and the 95 % interval of the mean "
    "(bootstrap over seeds): of those that did not fail; better: probability that a seed is better than one of the "
    "first row; =: the seeds do not tell the row from the first one; rows with failed seeds stand below those without"
)


def columns_of(table: Table) -> list[str]:
    """The names of a table's columns."""
    columns = [*(table.settings or ["runs"]), "n", "mean", "spread", "95 % interval", "better", "", "failed"]
    columns += ["collapsed", "CPU s", "images"]
    return [*columns, "rates"] if _rates_differ(table) else columns


def cells_of(table: Table, row: Row) -> list[str]:
    """The cells of a row, as text."""
    low_high = "-" if row.interval is None else f"{row.interval[0]:.4g} to {row.interval[1]:.4g}"
    spread = "-" if row.spread is None else f"{row.spread:.4g}"
    better = "-" if row is table.rows[0] else f"{table.probability(row):.2f}"
    cells = [*(row.name or ("all",)), str(len(row.trials)), f"{row.mean:.4g}", spread, low_high, better]
    cells += ["=" if table.tied(row) else "", str(row.failed), str(row.collapsed)]
    for name, form in (("cpu_seconds", ",.1f"), ("images", ",.0f")):
        cost = row.cost(name)
        cells.append("-" if cost is None else format(cost, form))
    return [*cells, row.rates] if _rates_differ(table) else cells


def _rates_differ(table: Table) -> bool:
    return len({row.rates for row in table.rows}) > 1


def title_of(table: Table) -> str:
    """What a table compares, and how it was measured."""
    return f"{table.metric}, {'larger' if table.larger else 'smaller'} is better ({table.measured})"


def footnotes_of(comparison: Comparison) -> list[str]:
    """What holds for all tables: what their columns mean, and what they leave out."""
    notes = [_LEGEND]
    if len(comparison.tables) > 1:
        notes.append("runs that were measured in different ways stand in tables of their own: do not compare these")
    for job in comparison.unfinished:
        notes.append(f"not counted, {job.state}: {relative(job.folder)} ({job.reason})")
    return notes


def text_of(comparison: Comparison) -> str:
    """All tables for a terminal."""
    lines: list[str] = []
    for table in comparison.tables:
        rows = [columns_of(table), *(cells_of(table, row) for row in table.rows)]
        lines += ["", title_of(table), "", *aligned(rows, max(1, len(table.settings)))]
        lines += ["", *(f"  {note}" for note in table.notes)] if table.notes else []
    for note in footnotes_of(comparison):
        lines += ["", *wrap(note, _WIDTH, initial_indent="  ", subsequent_indent="  ")]
    return "\n".join([*lines, ""])


def markdown_of(comparison: Comparison) -> str:
    """All tables in Markdown."""
    lines: list[str] = []
    for table in comparison.tables:
        columns = columns_of(table)
        lines += [f"## {title_of(table)}", "", _line(columns), _line(["---"] * len(columns))]
        lines += [_line(cells_of(table, row)) for row in table.rows]
        lines += ["", *(f"- {note}" for note in table.notes), ""]
    return "\n".join([*lines, *(f"- {note}" for note in footnotes_of(comparison)), ""])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def csv_rows(comparison: Comparison) -> list[list[object]]:
    """The rows of all tables with full numbers, by `CSV_COLUMNS`; an empty cell where there is no number."""
    rows: list[list[object]] = []
    for table in comparison.tables:
        for row in table.rows:
            settings = " ".join(f"{name}={value}" for name, value in zip(table.settings, row.name, strict=True))
            low, high = row.interval or ("", "")
            spread = "" if row.spread is None else row.spread
            numbers = [len(row.trials), row.mean, spread, low, high, table.probability(row), table.tied(row)]
            costs = [row.cost("cpu_seconds"), row.cost("images")]
            rows.append([table.measured, settings, *numbers, row.failed, row.collapsed, *costs, row.rates])
    return rows
