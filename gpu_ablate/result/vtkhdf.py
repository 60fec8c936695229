"""result.vtkhdf: the fields as VTKHDF ImageData over time, and all else of a run in a group beside it.

docs/formats.md lists every dataset.
Source of the layout: Kitware, docs.vtk.org, "VTKHDF File Format", ImageData and temporal data.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.earlier import FINAL
from gpu_ablate.case.grid import Grid
from gpu_ablate.case.setup import Surface
from gpu_ablate.errors import ResultError
from gpu_ablate.result.encode import decode_setup, decode_stations, encode, encode_setup
from gpu_ablate.result.files import volume_storage
from gpu_ablate.result.records import FolderRecords
from gpu_ablate.result.result import Records, Result
from gpu_ablate.units import MM

SCHEMA_VERSION = 1
"""Of the group ``/gpu_ablate``; raised when an older program could no longer read it rightly."""

VTKHDF_VERSION = (2, 1)
"""Of the group ``/VTKHDF``: the oldest that knows all that is used here."""

REMEMBERED = 4
"""Fields that are kept after they were read: two between two records."""


class StoredRecords:
    """Records of a finished run, read from result.vtkhdf when asked for.

    Parameters
    ----------
    path : the file
    times : recorded times [s]
    names : recorded fields
    """

    def __init__(self, path: Path, times: list[float], names: list[str]) -> None:
        self.path = path
        self._times = times
        self._names = names
        self._remembered = lru_cache(REMEMBERED)(self._read)

    @property
    def times(self) -> list[float]:
        """Recorded times [s], ascending."""
        return list(self._times)

    @property
    def names(self) -> list[str]:
        """Names of the recorded fields."""
        return list(self._names)

    def append(self, time_s: float, fields: dict[str, NDArray[np.float32]]) -> None:
        """Refused: the run is finished.

        Raises
        ------
        ResultError
            Always.
        """
        raise ResultError(f"{self.path}: holds a finished run\n  start a new one in another folder")

    def read(self, index: int, name: str) -> NDArray[np.float32]:
        """One field (nz, ny, nx) of one record; the last few are remembered, for what goes on in time."""
        return self._remembered(index, name)

    def _read(self, index: int, name: str) -> NDArray[np.float32]:
        try:
            with h5py.File(self.path, "r") as file:
                field: NDArray[np.float32] = _at_step(file["VTKHDF/CellData"][name], index)
        except (OSError, KeyError) as error:
            raise damaged(self.path, error) from error
        field.flags.writeable = False
        return field


def write_vtkhdf(result: Result, metrics: dict[str, Any], scene: str, path: Path) -> None:
    """Write a result to one file.

    Parameters
    ----------
    metrics : contents of metrics.json
    scene : text of the resolved scene file
    """
    with h5py.File(path, "w") as file:
        _write_image(result, file.create_group("VTKHDF"))
        _write_own(result, metrics, scene, file.create_group("gpu_ablate"))


def replace_metrics(metrics: dict[str, Any], path: Path) -> None:
    """Put new metrics into a file that `write_vtkhdf` wrote."""
    with h5py.File(path, "r+") as file:
        del file["gpu_ablate/metrics"]
        file["gpu_ablate/metrics"] = encode(metrics)


def read_vtkhdf(path: Path) -> Result:
    """Read a result; its records stay in the file until asked for.

    Raises
    ------
    ResultError
        The file is not a result, is damaged, or is of a newer schema.
    """
    try:
        with h5py.File(path, "r") as file:
            own = file["gpu_ablate"]
            version = int(own.attrs["schema_version"])
            if version > SCHEMA_VERSION:
                raise ResultError(
                    f"{path}: schema {version} is newer than this program reads (up to {SCHEMA_VERSION})\n"
                    "  upgrade gpu-ablate"
                )
            return _read(file, path)
    except (OSError, KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception) -> ResultError:
    """What to say of a file that lacks or garbles something."""
    return ResultError(
        f"{path}: cannot be read as a result of gpu-ablate ({error})\n  run the scene again into another folder"
    )


def _write_image(result: Result, image: h5py.Group) -> None:
    setup, records = result.setup, result.records
    grid = setup.grid
    nz, ny, nx = grid.shape
    image.attrs.create("Type", b"ImageData", dtype=h5py.string_dtype("ascii", len("ImageData")))
    image.attrs["Version"] = VTKHDF_VERSION
    image.attrs["WholeExtent"] = (0, nx, 0, ny, 0, nz)
    image.attrs["Origin"] = tuple(x / MM for x in grid.origin)
    image.attrs["Spacing"] = (grid.spacing / MM,) * 3
    image.attrs["Direction"] = np.eye(3).ravel()

    times = records.times or [float(result.run.get("simulated_s", 0.0))]
    steps = image.create_group("Steps")
    steps.attrs["NSteps"] = len(times)
    steps["Values"] = np.asarray(times, dtype=np.float64)
    offsets = steps.create_group("CellDataOffsets")
    cells = image.create_group("CellData")
    for name in records.names:
        volume = _create_volume(cells, name, grid, np.dtype(np.float32), len(times), len(times))
        for index in range(len(times)):
            _write_record(records, index, name, volume)
        offsets[name] = np.arange(len(times))
    fixed: dict[str, NDArray[Any]] = {"labels": setup.labels}
    if setup.backdrop is not None:
        fixed[setup.modality.lower()] = setup.backdrop
    still = fixed | {FINAL + name: values for name, values in result.final.items()}
    for name, values in still.items():
        _create_volume(cells, name, grid, values.dtype, 1, len(times))[...] = values
        offsets[name] = np.zeros(len(times), dtype=np.int64)


def _create_volume(
    cells: h5py.Group, name: str, grid: Grid, dtype: np.dtype[Any], kept: int, steps: int
) -> h5py.Dataset:
    """A dataset (kept, nz, ny, nx); (nz, ny, nx) for one step, which VTK reads as a file without time."""
    storage = volume_storage(grid.shape, dtype.itemsize)
    if steps == 1:
        return cells.create_dataset(name, grid.shape, dtype, **storage)
    storage["chunks"] = (1, *storage["chunks"])
    return cells.create_dataset(name, (kept, *grid.shape), dtype, **storage)


def _require_shape(volume: h5py.Dataset, steps: int) -> None:
    if volume.ndim not in (3, 4) or (volume.ndim == 4 and len(volume) < steps):
        raise ValueError(f"{volume.name} has the shape {volume.shape}, for {steps} recorded times")


def _at_step(volume: h5py.Dataset, step: int) -> NDArray[Any]:
    values: NDArray[Any] = volume[step] if volume.ndim == 4 else volume[...]
    return values


def _write_record(records: Records, index: int, name: str, volume: h5py.Dataset) -> None:
    if volume.ndim == 3:
        volume[...] = records.read(index, name)
    elif isinstance(records, FolderRecords):
        records.copy_packed(index, name, volume)
    else:
        volume[index] = records.read(index, name)


def _write_own(result: Result, metrics: dict[str, Any], scene: str, own: h5py.Group) -> None:
    own.attrs["schema_version"] = SCHEMA_VERSION
    own.attrs["status"] = result.status
    own.attrs["recorded"] = encode(result.records.names)
    own["scene"] = scene
    own["setup"] = encode_setup(result.setup)
    own["stations"] = encode(result.stations)
    own["energy"] = encode(result.energy)
    own["run"] = encode(result.run)
    own["provenance"] = encode(result.provenance)
    own["metrics"] = encode(metrics)
    traces = own.create_dataset(
        "traces", data=np.column_stack(list(result.traces.values())) if result.traces else np.zeros((0, 0))
    )
    traces.attrs["columns"] = encode(list(result.traces))
    surfaces = own.create_group("surfaces")
    for number, (name, surface) in enumerate(result.setup.surfaces.items()):
        group = surfaces.create_group(f"{number:03d}")
        group.attrs["name"] = name
        group["points"] = surface.points
        group["faces"] = surface.faces


def _read(file: h5py.File, path: Path) -> Result:
    own, image = file["gpu_ablate"], file["VTKHDF"]
    cells = image["CellData"]

    def text(name: str) -> str:
        found: str = own[name].asstr()[()]
        return found

    surfaces = {
        group.attrs["name"]: Surface(group["points"][...], group["faces"][...]) for group in own["surfaces"].values()
    }
    labels = _at_step(cells["labels"], 0)
    backdrop = next((_at_step(cells[name], 0) for name in ("ct", "mr") if name in cells), None)
    columns = json.loads(own["traces"].attrs["columns"])
    values = own["traces"][...]
    recorded = json.loads(own.attrs["recorded"])
    times = image["Steps/Values"][...].tolist() if recorded else []
    for name in recorded:
        _require_shape(cells[name], len(times))
    return Result(
        setup=decode_setup(text("setup"), labels, surfaces, backdrop),
        records=StoredRecords(path, times, recorded),
        status=own.attrs["status"],
        final={name.removeprefix(FINAL): _at_step(cells[name], 0) for name in cells if name.startswith(FINAL)},
        traces={name: values[:, i].copy() for i, name in enumerate(columns)},
        energy=json.loads(text("energy")),
        stations=decode_stations(text("stations")),
        run=json.loads(text("run")),
        provenance=json.loads(text("provenance")),
    )
