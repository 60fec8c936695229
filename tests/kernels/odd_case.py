"""Small cases in which every kernel has something to do and no size fits a block, and what is done with them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.problems import CEM43_HISTORY, STASIS_HISTORY, TISSUES, Precision
from gpu_ablate.case.case import Case, History, RunSettings
from gpu_ablate.case.cold import cold_histories
from gpu_ablate.case.setup import Endpoint
from gpu_ablate.case.tables import U_NODES, DielectricTables
from gpu_ablate.engine.cuda import batch_of
from gpu_ablate.engine.deposit import AntennaShape, FieldShape, Frame, PointShape, Rings
from gpu_ablate.engine.device import Device
from gpu_ablate.engine.superstep import SuperStep
from tests.engine.needles import in_uniform
from tests.engine.random_cases import HELD, Face, made_case

SHAPE = (19, 11, 37)
"""Cells (nz, ny, nx): two blocks of a stage along each axis, the second ones nearly empty."""

FACES = {"x_min": Face(HELD, 20.0), "y_max": Face(50.0, -150.0), "z_max": Face(HELD, 80.0), "z_min": Face(1e4, 37.0)}

DEAD = Endpoint("cem43", "cem43", 240.0)

NEEDLE = Frame((0.018237, 0.005719, 0.009143), (0.6, 0.0, 0.8))

RINGS = Rings(0.895e-3, 1e-3, -0.012, 30, 11)
"""Some of them lie beyond the box."""

DIELECTRIC = np.array([[43.0, 5.0, 50.0, 5.5, 1.0], [1.7, 0.5, 1.9, 0.4, 0.0]])
"""ε' and σ [S m⁻¹] of the regions at 37 °C."""

REFUSED = SuperStep("rkl2", 0.3, 4)

TREATMENT: tuple[tuple[dict[str, float], tuple[SuperStep, ...]], ...] = (
    ({"antenna": 20.0, "point": 0.1}, (SuperStep("euler", 0.06, 3), SuperStep("rkl1", 0.3, 5))),
    ({"field": 0.5}, (SuperStep("rkl2", 0.3, 4), SuperStep("rkl2", 0.3, 5))),
    ({}, (SuperStep("rkl1", 0.3, 4), SuperStep("euler", 0.02, 1))),
)
"""Power of each source [W] and the super-steps with it."""


def odd_cases(precision: Precision) -> list[Case]:
    """Two cases of four tissues and gas in pieces of a few cells, from deep ice to near boiling, with all histories."""
    return [_odd_case(np.random.default_rng(seed), precision) for seed in (1, 2)]


def _odd_case(rng: np.random.Generator, precision: Precision) -> Case:
    pieces = rng.integers(0, 6, (7, 4, 10), dtype=np.uint8).repeat(3, 0).repeat(3, 1).repeat(4, 2)
    labels = np.minimum(pieces[: SHAPE[0], : SHAPE[1], : SHAPE[2]], 4)
    initial = rng.choice([-140.0, -4.0, 37.0, 45.0, 99.0], 5)[labels] + rng.normal(0.0, 2.0, SHAPE)
    run = RunSettings(10.0, 10.0, 10.0, precision)
    case = made_case((*TISSUES[:4], None), labels, initial, FACES, run)
    stasis = replace(STASIS_HISTORY, cold=-57.0)
    extremes = (History("max_temperature", "max"), History("min_temperature", "min"))
    permittivity, conductivity = (np.outer(values, np.exp(-U_NODES / 400.0)) for values in DIELECTRIC)
    laws = DielectricTables(permittivity, conductivity)
    return replace(case, histories=(CEM43_HISTORY, stasis, *extremes, *cold_histories()), dielectric=laws)


def treat(precision: Precision, device: Device) -> dict[str, NDArray[Any]]:
    """Do everything that the CUDA backend can do to these cases, stepped together; all that it says."""
    cases = odd_cases(precision)
    members, batch = batch_of(cases, device)
    said: dict[str, list[Any]] = defaultdict(list)
    antenna = AntennaShape(in_uniform().field, NEEDLE)
    for member, case in zip(members, cases, strict=True):
        member.set_exchange(*case.exchange.at(0.0))
        said["taken"].append(member.place("antenna", antenna))
        said["taken"].append(member.place("point", PointShape((0.030113, 0.001827, 0.015239))))
        said["taken"].append(member.place("field", FieldShape(np.random.default_rng(3).uniform(0.0, 1e6, SHAPE))))
    for powers, steps in TREATMENT:
        for member in members:
            heating = member.set_source(powers)
            said["heating"] += [heating.absorbed, *heating.rates]
        for step in steps:
            batch.advance(step)
            for ranges in batch.ranges():
                said["ranges"] += [*ranges.lows, *ranges.highs, ranges.pace]
            batch.keep()
    batch.advance(REFUSED)
    batch.undo()
    for member, case in zip(members, cases, strict=True):
        where = member.listed(np.flatnonzero(case.setup.labels == 1))
        said["sums"] += member.sums().values()
        around = member.surroundings(NEEDLE, RINGS)
        said["around"].append([around.inside, around.outside, around.permittivity, around.conductivity])
        said["temperature"].append(member.temperature())
        said["at"] += list(member.at(where))
        said["span"] += [member.span(where), member.span(where, "cem43"), member.span(where, "max_temperature")]
        said["met"].append(member.met(where, DEAD))
        for history in case.histories:
            said[history.name].append(member.history(history.name))
    return {name: np.array(values) for name, values in said.items()}
