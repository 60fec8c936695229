"""metrics.json: every key of the contract, JSON types, finite or null."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gpu_ablate.case.setup import Endpoint, Limit, Plan, Region, Sensor
from gpu_ablate.outcome.metrics import measure
from tests.outcome.conftest import ellipsoid_surface


def ball(center, radius):
    return lambda x, y, z: radius - np.sqrt(sum((p - c) ** 2 for p, c in zip((x, y, z), center, strict=True)))


@pytest.fixture
def treated(world):
    """Tumour of 5 mm under skin, all dead 11 mm around it."""
    made = world((-20, -20, -36), (20, 20, 4))
    made.put("skin", lambda x, y, z: z + 2)
    made.put("outside", lambda x, y, z: z)
    made.put_tumour((0, 0, -18), 5.0)
    made.needle((0, 0, -20), (0, 0, 1))
    made.kill(ball((0, 0, -18), 16.0))
    warm = made.at(lambda x, y, z: 37 + 50 * np.exp(-(x**2 + y**2 + (z + 18) ** 2) / 200))
    made.final["max_temperature"] = warm
    made.records.append(0.0, {"temperature": np.full_like(warm, 37.0)})
    made.records.append(2.0, {"temperature": warm})
    made.limits = (Limit("skin", "max_temperature_c", 43, 50), Limit("nerve", "min_temperature_c", 10, 0))
    made.sensors = (Sensor("tc1", (0.0, 0.0, 0.0)), Sensor("silent", (0.0, 0.0, 0.0)))
    made.traces["sensor.tc1_c"] = np.array([37.0, 45.0, 43.0])
    return made


def test_contract(treated, assert_contract):
    metrics = measure(treated.result())
    assert_contract(metrics)
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics
    assert metrics["grid"] == {"shape": [40, 40, 40], "spacing_mm": [1.0, 1.0, 1.0], "cells": 64000}
    assert metrics["time"]["mcell_steps_per_s"] == 4.0
    assert metrics["energy"]["vessels_j"] == 0.0
    assert metrics["sensors"]["tc1"] == {"final_c": 43.0, "min_c": 37.0, "max_c": 45.0}
    assert metrics["sensors"]["silent"] == {"final_c": None, "min_c": None, "max_c": None}


def test_what_was_done_is_what_is_said(treated):
    metrics = measure(treated.result())
    (target,) = metrics["targets"]
    assert target["volume_cm3"] == pytest.approx(4e-3 / 3 * np.pi * 5**3, rel=0.01)
    assert target["ablated_percent"] == 100
    assert target["min_margin_mm"] == target["boundary_margin_mm"] == pytest.approx(11, abs=0.1)
    assert metrics["zones"]["cem43_240"]["beyond_tip_mm"] == pytest.approx(14, abs=0.1)
    assert metrics["verdict"]["outcome"] == "radical"
    assert set(metrics["collateral"]) == {"breast_fat", "skin"}


def test_involved_skin_is_part_of_the_target_and_spared_skin_bears_the_limits(treated, assert_contract):
    """All skin dies: the involved part is a target, its death no collateral and no broken limit."""
    invaded = Region("invaded skin", "involved_skin", "skin", "body")
    treated.regions = (*treated.regions, invaded)
    treated.put("invaded skin", lambda x, y, z: np.minimum(8 - np.abs(x + 0 * y), np.minimum(z + 2, -z)))
    treated.surfaces["invaded skin"] = ellipsoid_surface((0, 0, -1), (8, 8, 1))
    treated.kill(ball((0, 0, 0), 60.0))
    treated.final["max_temperature"] = treated.at(lambda x, y, z: np.where(np.abs(x) < 8, 80.0, 60.0) + 0 * (y + z))
    treated.limits = (Limit("skin", "max_temperature_c", 43, 70),)
    metrics = measure(treated.result())
    assert_contract(metrics)
    assert [(target["name"], target["role"]) for target in metrics["targets"]] == [
        ("tumour", "target"),
        ("invaded skin", "involved_skin"),
    ]
    assert [target["ablated_percent"] for target in metrics["targets"]] == [100, 100]
    assert metrics["targets"][1]["min_margin_mm"] is None
    assert metrics["collateral"]["skin"]["killed_cm3"] == pytest.approx((40 - 16) * 40 * 2 / 1000)
    assert metrics["limits"][0]["value"] == 60
    assert metrics["limits"][0]["status"] == "warning"


def test_ice_edge_and_effective_zone_of_an_endpoint_of_cold(treated, assert_contract):
    treated.endpoint = Endpoint("lethal40", "min_temperature", -40.0)
    treated.final = {"min_temperature": treated.at(lambda x, y, z: 4 * np.sqrt(x**2 + y**2 + (z + 18) ** 2) - 68)}
    treated.plan = Plan("radical", 10e-3)
    metrics = measure(treated.result())
    assert_contract(metrics)
    assert metrics["targets"][0]["min_margin_mm"] == pytest.approx(2, abs=0.1)
    assert metrics["targets"][0]["boundary_margin_mm"] == pytest.approx(12, abs=0.1)
    assert metrics["verdict"]["outcome"] == "radical"
    assert metrics["verdict"]["strict_outcome"] == "covered, margin short"


def test_broken_off_run_without_records_or_probe_and_with_its_target_painted_over(world, assert_contract):
    made = world((-6, -6, -6), (6, 6, 6))
    made.final = {"cem43": np.full(made.grid.shape, np.nan, np.float32)}
    made.traces = {"time_s": np.zeros(0)}
    made.sensors = (Sensor("tc1", (0.0, 0.0, 0.0)),)
    result = made.result()
    result.status = "failed"
    result.run = {}
    result.energy = {"sources_j": float("nan")}
    metrics = measure(result)
    assert_contract(metrics)
    assert metrics["status"] == "failed"
    assert metrics["energy"]["sources_j"] is None
    (target,) = metrics["targets"]
    assert target["volume_cm3"] == 0
    assert target["ablated_percent"] is None
    assert metrics["verdict"]["outcome"] == "no target"
