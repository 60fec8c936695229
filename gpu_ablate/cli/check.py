"""`gpu-ablate check`: load and build a scene without computing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gpu_ablate.cli.text import NONE, number, point, table

if TYPE_CHECKING:
    from gpu_ablate.case.setup import Setup
    from gpu_ablate.engine.estimate import Estimate


def check(
    scene: Annotated[str, typer.Argument(help="Scene file, or the name of a shipped scene.")],
    spacing_mm: Annotated[float | None, typer.Option(help="Edge of a voxel instead of the scene's.")] = None,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY.PATH=VALUE", help="Change a value: probe.A.steps.0.power_w=50"),
    ] = None,
) -> None:
    """Check a scene without computing it."""
    from gpu_ablate.case.build import build_case
    from gpu_ablate.engine.estimate import estimate
    from gpu_ablate.scene.load import load_scene

    loaded = load_scene(scene, change or (), spacing_mm)
    case = build_case(loaded)
    planned = estimate(case, loaded.duration_s())
    typer.echo(describe(case.setup, planned))


def describe(setup: Setup, planned: Estimate) -> str:
    """Grid, steps to come, regions with their volume, probes with their stations, limits and notes as text."""
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
    return "\n".join(part for part in (head, _regions(setup), _stations(setup), _limits(setup), notes) if part)


def _regions(setup: Setup) -> str:
    import numpy as np

    from gpu_ablate.units import CM3

    counts = np.bincount(setup.labels.ravel(), minlength=len(setup.regions))
    rows = [
        [region.name, region.role, region.tissue, region.phase, number(n * setup.grid.cell_volume / CM3, 2)]
        for region, n in zip(setup.regions, counts.tolist(), strict=True)
    ]
    return table("regions", ("name", "role", "tissue", "phase", "cm³"), rows)


def _stations(setup: Setup) -> str:
    """Where each probe is at the end of each step if no condition ends one early."""
    import numpy as np

    from gpu_ablate.case.depth import SkinDepth
    from gpu_ablate.engine.clock import ProbeClock
    from gpu_ablate.units import MM

    target = np.argwhere(setup.mask("target"))
    centre = setup.grid.origin + (target.mean(axis=0)[::-1] + 0.5) * setup.grid.spacing if len(target) else None
    rows = []
    for probe in setup.probes:
        clock, depth = ProbeClock(probe), SkinDepth(setup, probe)
        while clock.step is not None:
            station = clock.finish(clock.switch, "duration")
            tip = np.asarray(station.tip_end)
            heat = tip + probe.emission_offset * np.asarray(probe.direction)
            away = None if centre is None else float(np.linalg.norm(heat - centre)) / MM
            rows.append(
                [
                    f"{probe.name}.{station.step}",
                    station.action,
                    number(station.power_w, 0),
                    number(station.start_s, 0),
                    number(station.end_s, 0),
                    point((tip / MM).tolist()),
                    number(depth.at(station.tip_end) / MM),
                    number(depth.at((heat[0], heat[1], heat[2])) / MM),
                    number(away),
                ]
            )
    header = (
        "step",
        "action",
        "W",
        "from s",
        "to s",
        "tip at the end mm",
        "tip depth mm",
        "heat depth mm",
        "heat to target centre mm",
    )
    return table("probes (depth below the skin; heat: middle of the radiating part)", header, rows)


def _limits(setup: Setup) -> str:
    rows = [
        [limit.where, limit.quantity, *(NONE if x is None else f"{x:g}" for x in (limit.warn, limit.fail))]
        for limit in setup.limits
    ]
    return table("limits", ("where", "quantity", "warns at", "broken at"), rows)
