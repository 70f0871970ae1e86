"""Columns of text in line."""


def aligned(rows: list[list[str]], left: int) -> list[str]:
    """Lines of aligned columns: the first `left` columns are flush left, the others flush right."""
    columns: list[list[str]] = []
    for number, column in enumerate(zip(*rows, strict=True)):
        width = max(map(len, column))
        pad = str.ljust if number < left else str.rjust
        columns.append([pad(cell, width) for cell in column])
    lines: list[str] = []
    for cells in zip(*columns, strict=True):
        lines.append("  " + "  ".join(cells))
    return lines
