"""metrics.json of the made-up pull-back."""

from __future__ import annotations

from typing import Any

from gpu_ablate.result.result import Result


def make_metrics(result: Result) -> dict[str, Any]:
    setup = result.setup
    dead = (result.final["cem43"] >= 240) & setup.phase_mask("body")
    tumour = setup.mask("tumour")
    volume = {
        "volume_cm3": round(float(dead.sum()) / 1000, 2),
        "extent_mm": [34.0, 21.0, 24.0],
        "equivalent_diameter_mm": 26.1,
        "along_probe_mm": 36.4,
        "across_probe_mm": [21.2, 20.8],
        "beyond_tip_mm": 3.1,
    }
    return {
        "schema_version": 1,
        "status": "done",
        "scene": setup.name,
        "backend": "numba",
        "device": "2 cores",
        "precision": "float32",
        "grid": {"shape": list(setup.grid.shape), "spacing_mm": [1.0, 1.0, 1.0], "cells": setup.grid.cells},
        "time": {
            "simulated_s": 292.0,
            "wall_s": 21.4,
            "solve_s": 14.0,
            "cell_steps": 1000,
            "mcell_steps_per_s": 71.0,
        },
        "energy": result.energy | {"relative_imbalance": 2.1e-6},
        "zones": {"cem43_240": volume, "above_60c": volume | {"volume_cm3": 5.55}},
        "targets": [
            {
                "name": "tumour",
                "volume_cm3": round(float(tumour.sum()) / 1000, 2),
                "ablated_percent": 97.34,
                "min_margin_mm": -1.37,
                "min_margin_at_mm": [2.4, 10.2, -12.6],
                "margin_5mm_percent": 41.25,
                "margin_10mm_percent": 7.75,
                "margin_ends_at_box": False,
                "across_fluid_percent": 12.5,
                "at_surface_cm2": 0.0,
            }
        ],
        "collateral": {"breast_fat": {"killed_cm3": 4.56}, "skin": {"killed_cm3": 0.0}},
        "limits": [
            {
                "where": "skin",
                "quantity": "max_temperature_c",
                "value": 42.31,
                "at_s": 262.0,
                "at_mm": [4.0, 0.0, 3.5],
                "status": "ok",
                "warn": 43.0,
                "fail": 50.0,
            },
            {
                "where": "skin",
                "quantity": "cem43_minutes",
                "value": 11.8,
                "at_s": 292.0,
                "at_mm": [4.0, 0.0, 3.5],
                "status": "warning",
                "warn": 10.0,
                "fail": 16.0,
            },
        ],
        "verdict": {
            "intent": "radical",
            "rule": "the whole tumour and 10 mm around it",
            "outcome": "residual tumour",
            "strict_outcome": "residual tumour",
            "why": "97.3 % of the tumour is ablated; the thinnest margin is -1.4 mm",
        },
        "sensors": {"skin centre": {"final_c": 41.6, "min_c": 36.0, "max_c": 41.6}},
        "bracket": None,
        "numerical_error": None,
    }
