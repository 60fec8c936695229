"""Results made from formulas: no scene, no solver. Lengths in mm, as functions of x, y, z in mm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkFiltersSources import vtkSphereSource

from gpu_ablate.case.grid import Grid
from gpu_ablate.case.setup import Endpoint, Limit, Plan, Probe, Region, Sensor, Setup, Surface
from gpu_ablate.outcome.zones import zone_surface
from gpu_ablate.result.records import MemoryRecords
from gpu_ablate.result.result import Result, Station

MM = 1e-3
Formula = Callable[[NDArray[Any], NDArray[Any], NDArray[Any]], Any]
REGIONS = (
    Region("flesh", "tissue", "breast_fat", "body"),
    Region("tumour", "target", "breast_tumour", "body"),
    Region("skin", "skin", "skin", "body"),
    Region("saline layer", "isolation", "saline", "fluid"),
    Region("outside", "tissue", "air", "gas"),
)
CEM43 = Endpoint("cem43_240", "cem43", 240.0)
LETHAL40 = Endpoint("lethal40", "min_temperature", -40.0)


def ball(center: tuple[float, float, float], radius: float) -> Formula:
    """Distance inwards from the surface of a ball [mm]."""
    cx, cy, cz = center
    return lambda x, y, z: radius - np.sqrt((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2)


def ellipsoid_surface(center: tuple[float, ...], radii: tuple[float, ...], around: int = 60) -> Surface:
    """Triangles with their points on an ellipsoid, lengths in mm."""
    source = vtkSphereSource()
    source.SetRadius(1.0)
    source.SetThetaResolution(around)
    source.SetPhiResolution(around)
    source.Update()
    mesh = source.GetOutput()
    unit = vtk_to_numpy(mesh.GetPoints().GetData()).astype(float)
    unit /= np.linalg.norm(unit, axis=1)[:, None]
    faces = vtk_to_numpy(mesh.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    points = (np.asarray(center) + unit * np.asarray(radii)) * MM
    return Surface(points.astype(np.float32), faces.astype(np.int32))


class World:
    """A body in a box, to which a test gives regions, histories and a plan."""

    def __init__(self, lower: tuple[int, int, int], upper: tuple[int, int, int], spacing: float = 1.0) -> None:
        nx, ny, nz = (round((b - a) / spacing) for a, b in zip(lower, upper, strict=True))
        x, y, z = lower
        self.grid = Grid((nz, ny, nx), spacing * MM, (x * MM, y * MM, z * MM))
        xs, ys, zs = (axis / MM for axis in self.grid.axes())
        self.x, self.y, self.z = xs[None, None, :], ys[None, :, None], zs[:, None, None]
        self.regions = REGIONS
        self.damage_law = "weaver_stoll"
        self.labels = np.zeros(self.grid.shape, np.uint8)
        self.surfaces: dict[str, Surface] = {}
        self.final: dict[str, NDArray[np.float32]] = {}
        self.records = MemoryRecords()
        self.probes: tuple[Probe, ...] = ()
        self.stations: list[Station] = []
        self.limits: tuple[Limit, ...] = ()
        self.sensors: tuple[Sensor, ...] = ()
        self.traces: dict[str, NDArray[np.float64]] = {"time_s": np.array([0.0, 1.0, 2.0])}
        self.endpoint = CEM43
        self.plan = Plan("radical", 10 * MM)

    def at(self, formula: Formula) -> NDArray[np.float32]:
        """A formula on all cell centres, float32 (nz, ny, nx)."""
        values = np.asarray(formula(self.x, self.y, self.z), float)
        return np.broadcast_to(values, self.grid.shape).astype(np.float32)

    def put(self, name: str, inwards: Formula) -> None:
        """Label the cells whose centre has inwards ≥ 0."""
        self.labels[self.at(inwards) >= 0] = [region.name for region in self.regions].index(name)

    def put_tumour(self, center: tuple[float, float, float], radius: float, around: int = 60) -> None:
        """A spherical target with its surface of so many points around and from pole to pole."""
        self.put("tumour", ball(center, radius))
        self.surfaces["tumour"] = ellipsoid_surface(center, (radius,) * 3, around)

    def kill(self, inwards: Formula) -> None:
        """Dose that is 240 min where inwards = 0 and doubles with every mm inwards."""
        self.final["cem43"] = self.at(lambda x, y, z: 240.0 * 2.0 ** np.clip(inwards(x, y, z), -60, 22))

    def needle(self, tip: tuple[float, float, float], direction: tuple[float, float, float]) -> None:
        """One probe; direction from the tip to the handle."""
        place = tuple(t * MM for t in tip)
        self.probes = (Probe("A", "antenna", place, direction, 0.8 * MM, 6 * MM, 0.7, ()),)

    def result(self) -> Result:
        """The finished result."""
        body = np.isin(self.labels, [i for i, region in enumerate(self.regions) if region.phase != "gas"])
        if not body.all() and "body" not in self.surfaces:
            self.surfaces["body"] = zone_surface(np.ones(self.grid.shape, np.float32), body, self.grid)
        setup = Setup(
            name="made_up", title="Made up", frame="local", grid=self.grid, regions=self.regions,
            labels=self.labels, surfaces=self.surfaces, probes=self.probes, sensors=self.sensors,
            limits=self.limits, endpoint=self.endpoint, plan=self.plan, damage_law=self.damage_law,
        )  # fmt: skip
        run: dict[str, str | float | int] = {
            "backend": "numpy", "device": "CPU", "precision": "float64", "simulated_s": 2.0, "wall_s": 0.5,
            "solve_s": 0.25, "cell_steps": 1_000_000,
        }  # fmt: skip
        energy = {"sources_j": 10.0, "stored_j": 9.0, "skin_j": -1.0, "relative_imbalance": 1e-9}
        return Result(setup, self.records, "done", self.final, self.traces, energy, self.stations, run)


@pytest.fixture
def world() -> type[World]:
    """The builder of results."""
    return World


KEYS = {
    "": "schema_version status scene backend device precision grid time energy zones targets collateral "
    "isolation skin limits verdict sensors thinnest needles dose_volume bracket numerical_error",
    "grid": "shape spacing_mm cells",
    "time": "simulated_s wall_s solve_s cell_steps mcell_steps_per_s",
    "energy": "sources_j escaped_j probes_j vessels_j skin_j boundary_j infusion_j perfusion_j metabolic_j "
    "stored_j relative_imbalance",
    "verdict": "intent rule outcome strict_outcome reads strict_reads why",
    "each zones": "volume_cm3 extent_mm equivalent_diameter_mm along_probe_mm across_probe_mm beyond_tip_mm "
    "parts largest_part_cm3",
    "each targets": "name role volume_cm3 ablated_percent min_margin_mm margin_5mm_percent margin_10mm_percent "
    "at_surface_cm2 across_fluid_percent across_fluid",
    "thinnest": "target mm at_mm direction outward probe track distance_to_axis_mm along_mm below_skin_mm clock",
    "needles": "tracks pairs",
    "dose_volume": "thresholds regions",
    "each collateral": "killed_cm3",
    "each isolation": "name tissue volume_ml thickness_max_mm thickness_mean_mm target_to_skin_before_mm "
    "target_to_skin_after_mm",
    "each skin": "name role area_cm2 first_degree_cm2 second_degree_cm2 third_degree_cm2 killed_cm2 max_c",
    "each limits": "where quantity value at_s at_mm status note",
    "each sensors": "final_c min_c max_c",
}
"""Every key of the contract of metrics.json, by the place where it stands."""

MAY_BE_NULL = ("thinnest",)
"""Keys whose whole value is null where there is nothing to tell."""

ISOTHERMS = [f"above_{t}c" for t in (42, 43, 45, 50, 54, 60)]
ISOTHERMS += ["below_0c", "below_m20c", "below_m30c", "below_m40c"]


def check_contract(metrics: dict[str, Any]) -> None:
    """Metrics hold every key of the contract, and nothing but JSON types with finite numbers."""
    for place, keys in KEYS.items():
        name = place.removeprefix("each ")
        entry = metrics[name] if name else metrics
        if entry is None and name in MAY_BE_NULL:
            continue
        if place.startswith("each "):
            entries = list(entry.values()) if isinstance(entry, dict) else entry
        else:
            entries = [entry]
        for one in entries:
            assert set(keys.split()) <= set(one), f"{place}: {set(keys.split()) - set(one)} missing"
    assert {f"{name}{when}" for name in ISOTHERMS for when in ("", "_now")} < set(metrics["zones"])
    assert metrics["status"] in ("done", "interrupted", "failed")
    assert all(limit["status"] in ("ok", "warning", "broken") for limit in metrics["limits"])
    check_plain(metrics)


def check_plain(value: Any) -> None:
    """Only dict, list, str, bool, int, None and finite float."""
    assert type(value) in (dict, list, str, bool, int, float, type(None)), type(value)
    if isinstance(value, dict):
        assert all(type(key) is str for key in value)
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        check_plain(item)
    assert not isinstance(value, float) or np.isfinite(value)


@pytest.fixture
def assert_contract() -> Callable[[dict[str, Any]], None]:
    """The check that metrics keep the contract."""
    return check_contract
