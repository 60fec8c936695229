"""The report as a PDF of two pages, with the words and numbers of the HTML report."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unicodedata import east_asian_width

from gpu_ablate.errors import ResultError
from gpu_ablate.language import ENGLISH, say, spoken
from gpu_ablate.render import font, style
from gpu_ablate.report.content import Content
from gpu_ablate.report.pictures import Picture
from gpu_ablate.report.tables import Table
from gpu_ablate.report.text import status_words

TEMPLATE = "report.typ"
PAGES = 2
ROWS = (14, 10, 7, 5, 3)
"""Rows of each table: the most with which all fits on two pages."""

SECOND_PAGE = ("film_strip", "margin_map")
"""Pictures of the second page; the first page has the 3D picture, or else the slices."""

LIMIT_ORDER = ("broken", "warning", "ok", "")
SHORT_WORDS = 26
"""Letters of a column beyond which it is not widened."""


def write_pdf(content: Content, path: Path) -> None:
    """Write the PDF of a report.

    Raises
    ------
    ResultError
        It does not fit on two pages, however few rows its tables have.
    """
    import typst

    with TemporaryDirectory() as folder:
        place = Path(folder)
        for picture in content.pictures:
            if picture.file.suffix == ".png":
                shutil.copyfile(picture.file, place / f"{picture.name}.png")
        (place / "main.typ").write_text(
            (files("gpu_ablate.report") / "templates" / TEMPLATE).read_text(encoding="utf-8"), encoding="utf-8"
        )
        for rows in ROWS:
            (place / "data.json").write_text(json.dumps(pdf_data(content, rows), ensure_ascii=False), encoding="utf-8")
            compiler = typst.Compiler(str(place / "main.typ"), root=folder, font_paths=font.folders())
            if json.loads(compiler.query("<pages>", field="value", one=True)) <= PAGES:
                compiler.compile(output=str(path), format="pdf")
                return
    raise ResultError(
        f"{path}: the report does not fit on {PAGES} pages\n  shorten the title or the names in the scene"
    )


def pdf_data(content: Content, rows: int) -> dict[str, Any]:
    """What the template takes, with at most so many rows in each table."""
    pictures = {picture.name: picture for picture in content.pictures}
    first = pictures.get("scene3d", pictures.get("slices"))
    limits = sorted(content.limits, key=lambda limit: LIMIT_ORDER.index(limit.status))
    return {
        "title": content.title,
        "scene": say("Simulated plan: {scene}", scene=content.scene),
        "problem": content.run_problem,
        "disclaimer": content.disclaimer,
        "foot": say("gpu-ablate; the whole report, with sources, is report.html beside this file"),
        "lang": spoken().split("-")[0],
        "fonts": list(font.families(spoken())),
        "faint_bold": spoken() != ENGLISH,
        "colours": style.STATUS,
        "status": content.status,
        "headline": [
            {"words": line.words, "status": line.status, "mark": {**style.STATUS_MARK, "": "•"}[line.status]}
            for line in content.headline
        ],
        "why": [
            line
            for line in (content.why, content.thinnest, content.safety, content.cautions, content.unfinished)
            if line
        ],
        "tiles": [vars(tile) for tile in content.tiles],
        "limits": {
            "head": [say("safety limit"), say("value"), say("allowed"), say("when and where"), say("state")],
            "rows": [
                {
                    "words": limit.words,
                    "value": limit.value,
                    "allowed": limit.allowed,
                    "where": limit.where,
                    "status": limit.status,
                    "state": f"{style.STATUS_MARK[limit.status]} {status_words(limit.status)}",
                }
                for limit in limits[:rows]
            ],
            "left": left_words(len(limits), rows),
        },
        "first": None if first is None else picture_data(first),
        "tables": [table_data(table, rows) for table in (*content.plan[:2], content.measures[0]) if table.rows]
        if content.measures
        else [table_data(table, rows) for table in content.plan[:2]],
        "pictures": [picture_data(pictures[name]) for name in SECOND_PAGE if name in pictures],
        "limits_title": say("Limits of the model."),
        "model_limits": say(" ").join(content.model_limits[:6]),
    }


def picture_data(picture: Picture) -> dict[str, str]:
    """A picture as the template takes it."""
    return {"file": f"{picture.name}.png", "alt": picture.alt}


def table_data(table: Table, rows: int) -> dict[str, Any]:
    """A table as the template takes it, its columns as wide as their words ask for."""
    lines = (table.head, *table.rows[:rows])
    widths = [min(max(max(map(breadth, line[i].split(" "))) + 0.35 * breadth(line[i]) for line in lines), SHORT_WORDS)
              for i in range(len(table.head))]  # fmt: skip
    return {
        "title": table.title,
        "head": list(table.head),
        "rows": [list(row) for row in table.rows[:rows]],
        "widths": [max(width, 4) for width in widths],
        "left": left_words(len(table.rows), rows),
    }


def breadth(text: str) -> int:
    """Letters of a text, those of Chinese counted twice: they are twice as wide."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def left_words(count: int, rows: int) -> str:
    """How many rows were left out, in words; empty without any."""
    return say("{n} more in report.html", n=count - rows) if count > rows else ""
