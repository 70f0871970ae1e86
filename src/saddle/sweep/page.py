"""A comparison as one HTML page, which needs no other file and no network."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape

from saddle.sweep.comparison import Comparison, Table
from saddle.sweep.report import cells_of, columns_of, footnotes_of, title_of

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #2b2d42; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin-top: 2.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.7rem; text-align: right; white-space: nowrap; border-bottom: 1px solid #ddd; }
th.name, td.name { text-align: left; }
tr.tied td { background: #f4f6fb; }
.notes { color: #667; font-size: 0.85rem; }
svg, img { max-width: 100%; height: auto; display: block; margin: 0.8rem 0; }
img { image-rendering: pixelated; }
"""

Figures = Sequence[tuple[str, str | bytes]]
"""Captions and figures: the text of an SVG file, or the bytes of a PNG file."""


def page_of(comparison: Comparison, title: str, figures: Mapping[int, Figures]) -> str:
    """The page: each table, and below it its `figures`, by the number of the table."""
    parts = [f"<h1>{escape(title)}</h1>"]
    for number, table in enumerate(comparison.tables):
        parts += [f"<h2>{escape(title_of(table))}</h2>", _table(table), _list(table.notes)]
        for caption, figure in figures.get(number, ()):
            parts += [f"<h2>{escape(caption)}</h2>", _embedded(figure, caption)]
    parts.append(_list(footnotes_of(comparison)))
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{"".join(parts)}</body></html>\n'


def _table(table: Table) -> str:
    left = max(1, len(table.settings))
    rows = [f"<tr>{_cells(columns_of(table), left, 'th')}</tr>"]
    for row in table.rows:
        kind = ' class="tied"' if table.tied(row) else ""
        rows.append(f"<tr{kind}>{_cells(cells_of(table, row), left, 'td')}</tr>")
    return f'<div class="wide"><table>{"".join(rows)}</table></div>'


def _cells(cells: Sequence[str], left: int, tag: str) -> str:
    """Cells in HTML, of which the first `left` hold text."""
    made: list[str] = []
    for number, cell in enumerate(cells):
        kind = ' class="name"' if number < left else ""
        made.append(f"<{tag}{kind}>{escape(cell)}</{tag}>")
    return "".join(made)


def _list(notes: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f'<ul class="notes">{items}</ul>' if notes else ""


def _embedded(figure: str | bytes, caption: str) -> str:
    if isinstance(figure, str):
        return figure[figure.index("<svg") :]  # without the XML declaration, which HTML has no place for
    return f'<img alt="{escape(caption)}" src="data:image/png;base64,{b64encode(figure).decode()}">'
