"""Plain text for the terminal: aligned tables and numbers as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

NONE = "-"

Language = Annotated[str, typer.Option("--language", help="en or zh-CN, of the pictures and the report.")]


def number(value: object, decimals: int = 1) -> str:
    """A number with fixed decimals; a dash for None and nan, other values as text."""
    if value is None or value != value:
        return NONE
    return f"{value:.{decimals}f}" if isinstance(value, float | int) else str(value)


def significant(value: float | None) -> str:
    """A number with four digits; a dash for None."""
    return NONE if value is None else f"{value:.4g}"


def point(values: Sequence[float] | None, decimals: int = 1) -> str:
    """(x, y, z); a dash for None."""
    return NONE if values is None else f"({', '.join(number(value, decimals) for value in values)})"


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Title and aligned columns; numbers to the right, text to the left. Nothing if there are no rows."""
    if not rows:
        return ""
    columns = list(zip(header, *rows, strict=True))
    widths = [max(len(cell) for cell in column) for column in columns]
    right = [all(_is_number(cell) for cell in column[1:]) for column in columns]
    lines = [title]
    for row in (header, *rows):
        cells = [
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(row, widths, right, strict=True)
        ]
        lines.append(("  " + "  ".join(cells)).rstrip())
    return "\n".join(lines) + "\n"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text == NONE
    return True
