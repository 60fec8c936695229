"""A made-up pull-back in a slab of fat, built by formula: no scene, no solver, no measuring."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

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
)
from gpu_ablate.result.result import ENERGY_TERMS, Result, Station
from tests.render.made_metrics import make_metrics

MM = 1e-3
DIRECTION = (0.8, 0.0, 0.6)
TIP = (-9.0, 0.0, -17.0)
OFFSET_MM = 6.0
REGIONS = (
    Region("air", "tissue", "air", "gas"),
    Region("fat", "tissue", "breast_fat", "body"),
    Region("skin", "skin", "skin", "body"),
    Region("tumour", "target", "breast_tumour", "body"),
    Region("saline layer", "isolation", "saline", "fluid"),
)


class ListRecords:
    """Records kept in a list."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.fields: list[dict[str, NDArray[np.float32]]] = []

    @property
    def names(self) -> list[str]:
        return list(self.fields[0])

    def append(self, time_s: float, fields: dict[str, NDArray[np.float32]]) -> None:
        self.times.append(time_s)
        self.fields.append(fields)

    def read(self, index: int, name: str) -> NDArray[np.float32]:
        return self.fields[index][name]


def distances(x: NDArray[Any], y: NDArray[Any], z: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Rough signed distances [mm], negative inside, of skin, saline and tumour (points in mm)."""
    bulge = 5.0 * np.exp(-(x**2 + y**2) / (2 * 12.0**2))
    top = np.minimum(bulge, 4.0)
    saline = np.maximum(z - (top - 1.5), -1.5 - z)
    return {
        "body": z - top,
        "skin": np.maximum(z - top, top - 1.5 - z),
        "saline layer": np.where(top > 0.8, saline, np.maximum(saline, 0.8 - top)),
        "tumour": 8.0 * (np.sqrt((x / 9) ** 2 + ((y - 2.5) / 8) ** 2 + ((z + 12) / 7) ** 2) - 1.0),
    }


def tip_at(withdrawn_mm: float) -> tuple[float, float, float]:
    x, y, z = (MM * (t + withdrawn_mm * d) for t, d in zip(TIP, DIRECTION, strict=True))
    return x, y, z


def closed_surface(name: str) -> Surface:
    import pyvista as pv

    axes = [np.arange(-36.0, 36.5, 0.6), np.arange(-36.0, 36.5, 0.6), np.arange(-33.0, 9.0, 0.4)]
    z, y, x = np.meshgrid(*axes[::-1], indexing="ij")
    values = distances(x, y, z)[name]
    values[[0, -1]] = values[:, [0, -1]] = values[:, :, [0, -1]] = 1.0
    image = pv.ImageData(dimensions=x.shape[::-1], spacing=(0.6, 0.6, 0.4), origin=[axis[0] for axis in axes])
    image["distance"] = values.ravel()
    mesh = image.contour([0.0], method="flying_edges")
    return Surface((mesh.points * MM).astype(np.float32), mesh.regular_faces.astype(np.int32))


def make_setup(title: str = "Breast tumour near the skin: pull-back with liquid isolation") -> Setup:
    grid = Grid((40, 70, 70), MM, (-35 * MM, -35 * MM, -32 * MM))
    xs, ys, zs = grid.axes()
    z, y, x = np.meshgrid(zs / MM, ys / MM, xs / MM, indexing="ij")
    inside = {name: values < 0 for name, values in distances(x, y, z).items()}
    labels = np.zeros(grid.shape, dtype=np.uint8)
    labels[inside["body"]] = 1
    for value, region in enumerate(REGIONS):
        if region.name in inside:
            labels[inside[region.name]] = value
    steps = (
        Step("hold", 120.0, 60.0),
        Step("pull", 0.0, distance=8 * MM),
        Step("hold", 90.0, 30.0),
        Step("pull", 0.0, distance=7 * MM),
        Step("hold", 60.0, 20.0),
        Step("rest", 30.0),
    )
    probe = Probe("A", "microwave_2450_16g", tip_at(0.0), DIRECTION, 0.8 * MM, OFFSET_MM * MM, 0.75, steps)
    source = "Hasgall 2022"
    return Setup(
        name="breast_pullback",
        title=title,
        frame="local",
        grid=grid,
        regions=REGIONS,
        labels=labels,
        surfaces={name: closed_surface(name) for name in ("skin", "tumour", "saline layer", "body")},
        probes=(probe,),
        sensors=(Sensor("skin centre", (0.0, 0.0, 3.5 * MM)),),
        limits=(
            Limit("skin", "max_temperature_c", 43.0, 50.0, "[yarmolenko2011]"),
            Limit("skin", "cem43_minutes", 10.0, 16.0),
        ),
        endpoint=Endpoint("cem43_240", "cem43", 240.0),
        plan=Plan("radical", 10 * MM),
        tissues=(
            SourcedRow("breast_fat", {"conductivity_w_mk": SourcedValue(0.21, "W/(m K)", 0.17, 0.32, source)}),
            SourcedRow(
                "microwave_2450_16g",
                {
                    "frequency_mhz": SourcedValue(2450.0, "MHz", None, None, source),
                    "cable_efficiency": SourcedValue(0.75, "", 0.6, 0.9, source),
                },
            ),
        ),
        citations=("hasgall2022", "pennes1948"),
        notes=("Perfusion: published values of gland differ twelvefold.",),
        inputs={"labels.nii.gz": "0" * 64},
    )


def make_stations() -> list[Station]:
    plan = [("hold", 0, 120, 60.0, 0, 0), ("pull", 120, 120, 0.0, 0, 8), ("hold", 120, 210, 30.0, 8, 8)]
    plan += [
        ("pull", 210, 210, 0.0, 8, 15),
        ("hold", 210, 262, 20.0, 15, 15),
        ("rest", 262, 292, 0.0, 15, 15),
    ]
    return [
        Station(
            "A",
            i + 1,
            action,
            float(start),
            float(end),
            power,
            0.0,
            tip_at(before),
            tip_at(after),
            DIRECTION,
            DIRECTION,
            "skin above 42 °C" if power == 20 else "duration",
        )
        for i, (action, start, end, power, before, after) in enumerate(plan)
    ]


def temperature(setup: Setup, stations: list[Station], time_s: float) -> NDArray[np.float32]:
    """Gaussian clouds that grow with each hold and fade after it [°C]."""
    xs, ys, zs = setup.grid.axes()
    z, y, x = np.meshgrid(zs / MM, ys / MM, xs / MM, indexing="ij")
    rise = np.zeros(setup.grid.shape)
    for station in stations:
        if station.power_w == 0 or time_s <= station.start_s:
            continue
        heated = min(time_s, station.end_s) - station.start_s
        fade = np.exp(-max(time_s - station.end_s, 0.0) / 90.0)
        centre = [t / MM + OFFSET_MM * d for t, d in zip(station.tip_end, DIRECTION, strict=True)]
        along = sum((p - c) * d for p, c, d in zip((x, y, z), centre, DIRECTION, strict=True))
        square = sum((p - c) ** 2 for p, c in zip((x, y, z), centre, strict=True))
        width = 3.4 + 2.0 * (station.power_w / 60) * np.sqrt(heated / 120)
        top = 70.0 * (1 - np.exp(-heated / 20.0)) * fade
        rise += top * np.exp(-(square - 0.4 * along**2) / (2 * width**2))
    rise[setup.labels == 4] *= 0.6
    rise[setup.labels == 2] *= 0.5
    field = 37.0 + np.minimum(rise, 68.0)
    field[setup.labels == 0] = 25.0
    return field.astype(np.float32)


def make_result(setup: Setup | None = None) -> Result:
    setup = setup or make_setup()
    stations = make_stations()
    records = ListRecords()
    cem = np.zeros(setup.grid.shape)
    hottest = np.full(setup.grid.shape, -np.inf)
    times = np.linspace(0.0, 292.0, 11)
    for time_s in times:
        field = temperature(setup, stations, float(time_s))
        ratio = np.where(field >= 43.0, 0.5, 0.25)
        if time_s > 0:
            cem += (times[1] / 60.0) * ratio ** (43.0 - np.minimum(field, 70.0))
        hottest = np.maximum(hottest, field)
        records.append(float(time_s), {"temperature": field, "cem43": cem.astype(np.float32)})
    seconds = np.arange(0.0, 293.0)
    level = np.interp(seconds, [0, 120, 210, 262, 292], [0.0, 0.45, 0.8, 1.0, 1.0])
    power = np.select([seconds < 120, seconds < 210, seconds < 262], [60.0, 30.0, 20.0], 0.0)
    traces = {
        "time_s": seconds,
        "sensor.skin centre_c": 36.0 + 5.6 * level,
        "probe.A.power_w": power,
        "probe.A.escaped_w": 0.04 * power,
        "probe.A.tip_depth_mm": np.select([seconds < 120, seconds < 210], [21.0, 16.9], 13.3),
        "zone.cem43_240_approx_cm3": 9.0 * level,
        "skin_max_c": 36.2 + 6.1 * level,
        "skin_min_c": 33.0 + level,
        "target.tumour_covered_percent": 100.0 * np.minimum(1.05 * level, 0.973),
    }
    energy = dict.fromkeys(ENERGY_TERMS, 0.0) | {"sources_j": 8010.0, "stored_j": 7200.5, "skin_j": -809.5}
    return Result(
        setup=setup,
        records=records,
        status="done",
        final={
            "max_temperature": hottest.astype(np.float32),
            "cem43": cem.astype(np.float32),
        },
        traces=traces,
        energy=energy,
        stations=stations,
        run={
            "backend": "numba",
            "device": "2 cores",
            "precision": "float32",
            "simulated_s": 292.0,
            "wall_s": 21.4,
            "solve_s": 14.0,
            "cell_steps": 1000,
        },
        provenance={"gpu-ablate": "0.1.0", "python": "3.11", "date": "2026-01-02"},
    )


@pytest.fixture(scope="session")
def result() -> Result:
    return make_result()


@pytest.fixture(scope="session")
def metrics(result: Result) -> dict[str, Any]:
    return make_metrics(result)


@pytest.fixture
def two_tracks(result: Result) -> Result:
    """The same run, then the needle reinserted from the other side and heated once more."""
    track = Track((9 * MM, 0.0, -14 * MM), (-0.8, 0.0, 0.6))
    (probe,) = result.setup.probes
    probe = replace(probe, steps=(*probe.steps, Step("reinsert", 20.0, track=track), Step("hold", 30.0, 40.0)))
    last = result.stations[-1]
    moved = replace(last, step=7, action="reinsert", start_s=292.0, end_s=312.0, tip_end=track.tip,
                    direction_end=track.direction)  # fmt: skip
    heated = replace(moved, step=8, action="hold", start_s=312.0, end_s=342.0, power_w=40.0, tip_start=track.tip,
                     direction_start=track.direction)  # fmt: skip
    setup = replace(result.setup, probes=(probe,))
    return replace(result, setup=setup, stations=[*result.stations, moved, heated])
