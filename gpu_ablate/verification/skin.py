"""A10: the skin in air and under a warm bag."""

from __future__ import annotations

from collections.abc import Iterator

from gpu_ablate.physics.analytic import perfused_slab
from gpu_ablate.units import BODY_C, MM
from gpu_ablate.verification.check import Check, absolute
from gpu_ablate.verification.runner import Runner


def slab(runner: Runner) -> Iterator[Check]:
    """A10: within 0.01 °C, 0.4 % of the fall towards the skin."""
    for cover, film, outside_c in (("air", 10.0, 25.0), ("warm bag", 100.0, 40.0)):
        run = runner.run("skin_slab", f"skin_surface.h_w_m2k={film}", f"skin_surface.temperature_c={outside_c}")
        metabolic, thickness = run.tissue.metabolic_heat_w_m3.value, 40 * MM
        for depth in (0, 2, 5, 10, 20, 30):
            cell = run.near(0, 0, -depth - 0.5)
            at = -cell.centre[2]
            expected = float(perfused_slab(run.medium, metabolic, thickness, BODY_C, film, outside_c, at))
            found = run.temperature(cell, run.scene.duration_s())
            yield absolute(f"{cover}: T at {at / MM:g} mm", expected, found, "°C", 0.01)
