"""Error of the grid: how far zones and margins still are from those of an infinitely fine grid.

Richardson's extrapolation (1911, Phil Trans R Soc A 210:307) from spacings h and r·h, reported as the grid convergence
index of Roache (1994, J Fluids Eng 116:405): error = F |f_h - f_rh| / (r^p - 1).
"""

from __future__ import annotations

from typing import Any

RATIO = 1.5
"""r: spacing of the coarse grid over that of the run."""

ORDER = 1.0
"""p. Two grids do not show it: 2 where tissue is uniform, 1 where voxels stand for curved surfaces; so the lower."""

SAFETY_FACTOR = 1.25
"""F of Roache for an order that is not overrated. With p = 1 it makes 2.5 |f_h - f_rh|, as much as his F = 3 for two
grids makes with p = 2 (2.4)."""


def error_of(fine: float, coarse: float) -> float:
    """Estimated error of `fine`, both in the same unit."""
    return SAFETY_FACTOR * abs(fine - coarse) / (RATIO**ORDER - 1.0)


def numerical_error(metrics: dict[str, Any], coarse: dict[str, Any]) -> dict[str, Any]:
    """The `numerical_error` of metrics.json (docs/formats.md lists its keys).

    metrics, coarse : of the run and of the same case at `RATIO` times its spacing
    """
    fine_mm = metrics["grid"]["spacing_mm"][0]
    zones = {
        name: {
            "volume_cm3": zone["volume_cm3"],
            "coarse_volume_cm3": coarse["zones"][name]["volume_cm3"],
            **_zone_error(zone["volume_cm3"], coarse["zones"][name]["volume_cm3"]),
        }
        for name, zone in metrics["zones"].items()
        if zone["volume_cm3"] or coarse["zones"][name]["volume_cm3"]
    }
    found = {target["name"]: target for target in coarse["targets"]}
    targets = [_target_error(target, found.get(target["name"], {})) for target in metrics["targets"]]
    return {
        **_basis(fine_mm, coarse["grid"]["spacing_mm"][0]),
        "reason": None,
        "zones": zones,
        "targets": targets,
    }


def no_estimate(spacing_mm: float, reason: str) -> dict[str, Any]:
    """The `numerical_error` of metrics.json of a run whose error could not be estimated.

    spacing_mm : of the run
    """
    return {**_basis(spacing_mm, RATIO * spacing_mm), "reason": reason, "zones": {}, "targets": []}


def _basis(fine_mm: float, coarse_mm: float) -> dict[str, Any]:
    return {"spacing_mm": [fine_mm, coarse_mm], "order": ORDER, "safety_factor": SAFETY_FACTOR}


def _error_if_known(fine: float | None, coarse: float | None) -> float | None:
    return None if fine is None or coarse is None else error_of(fine, coarse)


def _zone_error(fine: float, coarse: float) -> dict[str, Any]:
    if not fine or not coarse:
        return {"error_cm3": None, "reason": f"empty on the {'finer' if coarse else 'coarser'} grid"}
    return {"error_cm3": error_of(fine, coarse), "reason": None}


def _target_error(fine: dict[str, Any], coarse: dict[str, Any]) -> dict[str, Any]:
    """Errors of one target; `coarse` is empty where the coarse grid has no such target."""
    reasons = []
    percents = fine["ablated_percent"], coarse.get("ablated_percent")
    margins = fine["min_margin_mm"], coarse.get("min_margin_mm")
    if None in percents:
        reasons.append(f"no cell on the {'finer' if percents[0] is None else 'coarser'} grid")
    elif None in margins and fine["role"] == "target":
        reasons.append(f"no margin on the {'finer' if margins[0] is None else 'coarser'} grid: nothing is killed there")
    return {
        "name": fine["name"],
        "ablated_percent": percents[0],
        "coarse_ablated_percent": percents[1],
        "ablated_error_percent": _error_if_known(*percents),
        "min_margin_mm": margins[0],
        "coarse_min_margin_mm": margins[1],
        "error_mm": _error_if_known(*margins),
        "reason": reasons[0] if reasons else None,
    }
