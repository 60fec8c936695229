"""`gpu-ablate check`: load and build a scene without computing it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpu_ablate.cli.text import NONE, Language, number, point, table
from gpu_ablate.errors import SceneError

if TYPE_CHECKING:
    from gpu_ablate.case.setup import Setup
    from gpu_ablate.engine.estimate import Estimate


STATIONS = """probes, at the end of each step
  depth: below the skin, square to it where the shaft enters; heat: middle of the heat, or of what freezes
  to deep edge: how much deeper than the heat the tumour's deepest point lies, along the inward normal of the skin
    nearest to the tumour's centre; negative where the heat lies deeper
  to skin: from the heat to the nearest cell of role skin (spared skin)
  zone: short axis by a rule of thumb from the energy, ± 30 %"""
"""Title of the table of stations, and what its columns mean."""


RESAMPLED = """anatomy image on the grid, before other regions are painted over it
  cells added: so that thin skin has no hole and thin vessels do not break"""


def check(
    scene: Annotated[str, typer.Argument(help="Scene file, or the name of a shipped scene.")],
    file: Annotated[
        Path | None, typer.Argument(help="With --figure: the picture (PNG); default is the scene's name, here.")
    ] = None,
    spacing_mm: Annotated[float | None, typer.Option(help="Edge of a voxel instead of the scene's.")] = None,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY.PATH=VALUE", help="Change a value: probe.A.steps.0.power_w=50"),
    ] = None,
    after: Annotated[
        Path | None, typer.Option(help="A run to begin from, as a second stage (sets initial.from_run).")
    ] = None,
    figure: Annotated[bool, typer.Option("--figure", help="Draw the plan, with nothing computed.")] = False,
    language: Language = "en",
) -> None:
    """Check a scene without computing it."""
    from gpu_ablate.case.build import build_case
    from gpu_ablate.engine.estimate import estimate
    from gpu_ablate.language import require_language
    from gpu_ablate.scene.load import load_scene

    require_language(language)
    if file is not None and not figure:
        raise SceneError(f"{file}: is not used without --figure\n  remedy: add --figure, or leave it out")
    picture = file or Path(f"{Path(scene).stem}.png")
    if figure and picture.exists():
        raise SceneError(f"{picture}: there is such a file\n  remedy: remove it, or name another after --figure")

    loaded = load_scene(scene, change or (), spacing_mm, after)
    case = build_case(loaded)
    planned = estimate(case, loaded.duration_s())
    typer.echo(describe(case.setup, planned, loaded.initial.uniform_c))
    if figure:
        draw(case.setup, loaded.initial.uniform_c, picture, language)


def draw(setup: Setup, start_c: float, picture: Path, language: str) -> None:
    """Write the picture of the plan, and say where it is."""
    from gpu_ablate.language import speaking
    from gpu_ablate.render.plan_picture import draw_plan
    from gpu_ablate.result.files import written_aside

    with speaking(language), written_aside(picture) as aside:
        lacking = draw_plan(setup, start_c, aside)
    typer.echo(f"\npicture  {picture}" + (f" (slices alone: {lacking})" if lacking else ""))


def describe(setup: Setup, planned: Estimate, start_c: float) -> str:
    """Grid, steps to come, regions with their volume, probes with their stations, limits and notes as text.

    start_c : temperature of the tissue at the start [°C]
    """
    from gpu_ablate.units import MM

    grid = setup.grid
    nz, ny, nx = grid.shape
    low, high = (point([x / MM for x in corner]) for corner in (grid.origin, grid.upper))
    head = (
        f"{setup.name}: {setup.title}\n"
        f"grid     {nx} x {ny} x {nz} = {grid.cells:,} voxels of {grid.spacing / MM:g} mm, "
        f"from {low} to {high} mm\n"
        f"run      {planned}\n"
        f"endpoint {setup.endpoint.name}, {setup.plan.intent} intent, "
        f"margin goal {setup.plan.margin_goal / MM:g} mm\n"
    )
    notes = "\n".join(f"note     {note}" for note in setup.notes)
    parts = (
        head,
        _regions(setup),
        _resampled(setup),
        needles(setup),
        _stations(setup, start_c),
        _limits(setup),
        notes,
    )
    return "\n".join(part for part in parts if part)


def needles(setup: Setup) -> str:
    """How each needle lies as planned, in the words of the report: one block for each, then their spacing."""
    from gpu_ablate.outcome.needles import measure_needles
    from gpu_ablate.outcome.ways import ways_planned
    from gpu_ablate.report.needles import needle_table, pair_table

    measured = {"needles": measure_needles(setup, ways_planned(setup))}
    each, pairs = needle_table(measured), pair_table(measured)
    wide = max(map(len, each.head))
    blocks = []
    for name, *cells in each.rows:
        lines = [f"    {word.ljust(wide)}  {cell}" for word, cell in zip(each.head[1:], cells, strict=True)]
        blocks.append("\n".join([f"  {name}", *lines]))
    listed = "\n".join([each.title.lower(), *blocks, *([f"  {each.note}"] if each.note else [])])
    spacing = table(pairs.title.lower(), pairs.head, pairs.rows)
    if pairs.rows:
        spacing += f"  {pairs.note}\n"
    return "\n".join(part for part in (listed + "\n", spacing) if part) if each.rows else ""


def _regions(setup: Setup) -> str:
    import numpy as np

    from gpu_ablate.units import CM3

    counts = np.bincount(setup.labels.ravel(), minlength=len(setup.regions))
    rows = [
        [region.name, region.role, region.tissue, region.phase, number(n * setup.grid.cell_volume / CM3, 2)]
        for region, n in zip(setup.regions, counts.tolist(), strict=True)
        if n
    ]
    nowhere = len(setup.regions) - len(rows)
    title = "regions" + (f" ({nowhere} more {'has' if nowhere == 1 else 'have'} no cell in the box)" if nowhere else "")
    return table(title, ("name", "role", "tissue", "phase", "cm³"), rows)


def _resampled(setup: Setup) -> str:
    """What the grid made of the regions of the anatomy image."""
    from gpu_ablate.units import CM3

    rows = [
        [each.region, number(each.before / CM3, 2), number(each.after / CM3, 2), str(each.added)]
        for each in setup.resampled
        if each.before or each.after
    ]
    return table(RESAMPLED, ("name", "image cm³", "grid cm³", "cells added"), rows) if rows else ""


def _stations(setup: Setup, start_c: float) -> str:
    """Where each probe is at the end of each step if no condition ends one early."""
    from gpu_ablate.case.heated import heated_places
    from gpu_ablate.case.surroundings import Surroundings
    from gpu_ablate.engine.clock import planned_stations
    from gpu_ablate.units import MM

    around = Surroundings(setup)
    rows = []
    for probe in setup.probes:
        widths = {leg.number: place.width for place in heated_places(probe, start_c) for leg in place.legs}
        for step, station in zip(probe.steps, planned_stations(probe), strict=True):
            power = f"{step.power:.0f}{' net' if step.net else ''}"
            if step.action == "freeze":
                power = f"{100.0 * step.output:g} %"
            track = probe.track_after(station.step)
            place = around.place(probe, track, station.tip_end)
            rows.append(
                [
                    f"{probe.name}.{station.step}",
                    number(track + 1, 0),
                    station.action,
                    power,
                    number(station.start_s, 0),
                    number(station.end_s, 0),
                    point([value / MM for value in station.tip_end]),
                    *(
                        number(value / MM)
                        for value in (place.tip_depth, place.heat_depth, place.to_deep_edge, place.to_skin)
                    ),
                    number(widths[station.step] / MM if station.step in widths else None),
                ]
            )
    header = (
        "step",
        "track",
        "action",
        "W or %",
        "from s",
        "to s",
        "tip at the end mm",
        "tip depth mm",
        "heat depth mm",
        "to deep edge mm",
        "to skin mm",
        "zone mm",
    )
    return table(STATIONS, header, rows)


def _limits(setup: Setup) -> str:
    rows = [
        [limit.where, limit.quantity, *(NONE if x is None else f"{x:g}" for x in (limit.warn, limit.fail))]
        for limit in setup.limits
    ]
    return table("limits", ("where", "quantity", "warns at", "broken at"), rows)
