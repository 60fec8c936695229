"""`gpu-ablate compare`: what was seen after a treatment, against the run that computed it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gpu_ablate.cli.text import Language
from gpu_ablate.language import ENGLISH, require_language, speaking

if TYPE_CHECKING:
    from gpu_ablate.geometry.meshes import Mesh
    from gpu_ablate.outcome.observed import Observed
    from gpu_ablate.outcome.places import Past

FILES = ("compare.json", "outlines.png")
"""What a comparison writes."""


def compare(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    observed: Annotated[
        Path,
        typer.Argument(help="Label image, SEG, RTSTRUCT or closed mesh, registered to the images of the scene."),
    ],
    at: Annotated[
        Literal["immediate", "1m", "3m", "6m", "12m"], typer.Option(help="How long after the treatment it was seen.")
    ] = "immediate",
    seen: Annotated[
        Literal["zone", "lesion"] | None,
        typer.Option(
            help="What was segmented: the zone without blood flow, or a lesion. Default: a lesion from 3m on."
        ),
    ] = None,
    label: Annotated[str | None, typer.Option(help="Number or name of the label, where the image has several.")] = None,
    zone: Annotated[
        str, typer.Option(help="Simulated zone to compare with, by its name in metrics.json.")
    ] = "nonperfused",
    series: Annotated[
        Path | None, typer.Option(help="Folder of the DICOM series that contours (RTSTRUCT) were drawn on.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write to; default RUN/compare/OBSERVED-AT.")] = None,
    language: Language = ENGLISH,
) -> None:
    """Compare a zone or a lesion that was seen with a run: how far they agree, and what that suggests."""
    import json

    from gpu_ablate.outcome.compared import EARLY, simulated_zone
    from gpu_ablate.outcome.compared import compare as compared
    from gpu_ablate.outcome.observed import read_observed, require_overlap
    from gpu_ablate.outcome.places import recall
    from gpu_ablate.report.agreement import told_lines
    from gpu_ablate.result.files import folder_aside
    from gpu_ablate.result.store import load_result, require_replaceable

    require_language(language)
    result = load_result(run)
    what = seen or ("zone" if at in EARLY else "lesion")
    folder = out or run / "compare" / f"{observed.name.split('.')[0]}-{at}"
    require_replaceable(folder, FILES)
    found = read_observed(observed, label, series)
    require_overlap(found, observed, result.setup.grid, what == "lesion")
    surface = simulated_zone(result, zone, run)
    past = recall(result)
    if what == "lesion":
        _require_target(past, run)
    with speaking(language):
        told = compared(past, found, surface, zone, at, what)
        typer.echo("\n".join(told_lines(told, result.setup)))
        with folder_aside(folder, replace=True) as aside:
            text = json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False)
            (aside / "compare.json").write_text(text + "\n", encoding="utf-8")
            _draw(past, found, surface, told, aside / "outlines.png")
    for name in FILES:
        typer.echo(folder / name)


def _require_target(past: Past, run: Path) -> None:
    from gpu_ablate.errors import ResultError

    if not past.targets:
        raise ResultError(
            f"{run}: this run has no target, so nothing can be said of a lesion seen later\n"
            "  compare a zone with it (--seen zone)"
        )


def _draw(past: Past, found: Observed, surface: Mesh, told: dict[str, Any], path: Path) -> None:
    import os

    from gpu_ablate.render import gl
    from gpu_ablate.render.outlines import draw_outlines
    from gpu_ablate.render.view import look_at
    from gpu_ablate.report.agreement_picture import outlines_of, picture_words

    setup = past.result.setup
    reason = gl.missing_gl()
    if reason is None:
        os.environ.update(gl.offscreen_environment())
    else:
        typer.echo(reason)
    drawn = outlines_of(told, setup, found, surface)
    view = look_at(past.result, past.edge.phi >= 0, drawn.at)
    draw_outlines(setup, view, drawn, *picture_words(told, setup), path, reason is None)
