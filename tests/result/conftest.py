"""A small result with every kind of content, made by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gpu_ablate.case.grid import Grid
from gpu_ablate.case.setup import (
    Endpoint,
    Limit,
    Plan,
    Probe,
    Region,
    Sensor,
    Setup,
    SourcedRow,
    SourcedValue,
    Step,
    Surface,
    Track,
    Until,
)
from gpu_ablate.result.records import MemoryRecords
from gpu_ablate.result.result import Records, Result, Station

SHAPE = (4, 5, 6)
TIP = (0.0, 0.0, 1e-3)
UP = (0.0, 0.0, 1.0)
TIMES = (0.0, 7.5, 30.0)


@pytest.fixture
def setup() -> Setup:
    """Two tissues on a grid whose three sides differ, with one of each kind of part."""
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[1:3, 2:4, 1:5] = 1
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float32) * 1e-3
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], dtype=np.int32)
    return Setup(
        name="two_tissues",
        title="Fat / tumour, “made by hand”",
        frame="local",
        grid=Grid(SHAPE, 1e-3, (-3e-3, 0.5e-3, 2e-3)),
        regions=(Region("breast_fat", "tissue", "breast_fat", "body"), Region("a/b", "target", "t", "body")),
        labels=labels,
        surfaces={"a/b": Surface(corners, faces), "body": Surface(corners * 2, faces)},
        probes=(
            Probe(
                "A",
                "needle",
                (0.0, 1e-3, 3e-3),
                (0.6, 0.0, 0.8),
                7e-4,
                5e-3,
                0.7,
                (
                    Step("hold", 60.0, power=50.0, until=Until("a/b", "covered", 100.0, 0.5)),
                    Step("pull", 0.0, distance=8e-3),
                    Step("reinsert", 20.0, track=Track((1e-3, 1e-3, 3e-3), UP)),
                    Step("rest", 30.0),
                ),
            ),
        ),
        sensors=(Sensor("tc1", (1e-3, 2e-3, 3e-3)),),
        limits=(Limit("skin", "max_temperature_c", 43.0, None),),
        endpoint=Endpoint("cem43_240", "cem43", 240.0),
        plan=Plan("radical", 0.01),
        tissues=(SourcedRow("breast_fat", {"k": SourcedValue(0.21, "W/m/K", 0.2, None, "a source")}),),
        citations=("Pennes1948",),
        notes=("One sentence.",),
        inputs={"labels.nii.gz": "0" * 64},
    )


@pytest.fixture
def fields() -> Callable[[float], dict[str, np.ndarray]]:
    """The fields at a time: each value differs from all others, temperature is not rounded."""

    def at(time_s: float) -> dict[str, np.ndarray]:
        ramp = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)
        return {"temperature": 37 + 0.0137 * ramp + np.float32(time_s), "cem43": 1.1**ramp * time_s}

    return at


@pytest.fixture
def make_result(setup: Setup, fields: Callable[[float], dict[str, np.ndarray]]) -> Callable[[Records], Result]:
    """Fill given records and wrap them in a result."""

    def make(records: Records) -> Result:
        for time_s in TIMES:
            records.append(time_s, fields(time_s))
        last = {name: values.astype(np.float32) for name, values in fields(TIMES[-1]).items()}
        return Result(
            setup=setup,
            records=records,
            status="done",
            final={"max_temperature": last["temperature"], "cem43": last["cem43"]},
            traces={
                "time_s": np.array([0.0, 1.0, 30.0]),
                "sensor.tc1_c": np.array([37.0, 1234567.0, np.nan]),
            },
            energy={"sources_j": 1.25e3, "stored_j": 1.2e3},
            stations=[
                Station("A", 0, "hold", 0.0, 30.0, 50.0, 0.0, (0.0, 0.0, 1e-3), (0.0, 0.0, 1e-3), UP, UP, "duration")
            ],
            run={"backend": "numba", "cell_steps": 10**10, "simulated_s": 30.0},
            provenance={"python": "3.11"},
        )

    return make


@pytest.fixture
def result(make_result: Callable[[Records], Result]) -> Result:
    """The result with its records in memory."""
    return make_result(MemoryRecords())
