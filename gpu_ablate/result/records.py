"""Fields at the recorded times: in memory, or one HDF5 file for each record while a run lasts."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from gpu_ablate.errors import ResultError
from gpu_ablate.result.files import volume_storage, written_aside

TEMPERATURE_STEP_C = 1 / 128
"""Recorded temperatures are multiples of this [°C]: finer than 0.01 °C, and a binary fraction packs best."""


def _rounded(name: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
    if name != "temperature":
        return np.asarray(values, dtype=np.float32)
    return (np.round(values * (1 / TEMPERATURE_STEP_C)) * TEMPERATURE_STEP_C).astype(np.float32)


class MemoryRecords:
    """Records kept in memory as they come, not rounded."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._fields: list[dict[str, NDArray[np.float32]]] = []

    @property
    def times(self) -> list[float]:
        """Recorded times [s], ascending."""
        return list(self._times)

    @property
    def names(self) -> list[str]:
        """Names of the recorded fields."""
        return list(self._fields[0]) if self._fields else []

    def append(self, time_s: float, fields: dict[str, NDArray[np.float32]]) -> None:
        """Add a record: copies of the fields (nz, ny, nx)."""
        self._fields.append({name: np.array(values, dtype=np.float32) for name, values in fields.items()})
        self._times.append(float(time_s))

    def read(self, index: int, name: str) -> NDArray[np.float32]:
        """One field (nz, ny, nx) of one record."""
        return self._fields[index][name]


class FolderRecords:
    """Records of a run that still lasts: ``<folder>/records/000001.h5`` and so on.

    Each file is written aside and renamed, so that whatever ends the run leaves only whole records. Files
    that are already there are taken as the first records. Temperature is rounded to `TEMPERATURE_STEP_C`.

    Parameters
    ----------
    folder : the run folder; ``records`` is made inside it
    keep : how many records stay; later ones are removed. All stay if None

    Raises
    ------
    ResultError
        A file in ``records`` is not a record, or fewer than ``keep`` are there.
    """

    def __init__(self, folder: Path, keep: int | None = None) -> None:
        self.folder = folder / "records"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._times: list[float] = []
        self._names: list[str] = []
        paths = sorted(self.folder.glob("*.h5"))
        if keep is not None:
            if paths[:keep] != [self.path(index) for index in range(keep)]:
                raise ResultError(f"{self.folder}: lacks some of its first {keep} records\n  run the scene again")
            for path in paths[keep:]:
                path.unlink()
        for path in paths[:keep]:
            try:
                with h5py.File(path, "r") as file:
                    self._times.append(float(file.attrs["time_s"]))
                    self._names = list(file)
            except (OSError, KeyError) as error:
                raise ResultError(f"{path}: not a record of a run ({error})\n  remove it") from error

    @property
    def times(self) -> list[float]:
        """Recorded times [s], ascending."""
        return list(self._times)

    @property
    def names(self) -> list[str]:
        """Names of the recorded fields."""
        return list(self._names)

    def path(self, index: int) -> Path:
        """File of one record."""
        return self.folder / f"{index + 1:06d}.h5"

    def append(self, time_s: float, fields: dict[str, NDArray[np.float32]]) -> None:
        """Write a record: the fields (nz, ny, nx), with the time in the attribute ``time_s``."""
        path = self.path(len(self._times))
        with written_aside(path) as aside, h5py.File(aside, "w") as file:
            file.attrs["time_s"] = float(time_s)
            for name, values in fields.items():
                data = _rounded(name, values)
                file.create_dataset(name, data=data, **volume_storage(data.shape, data.itemsize))
        self._times.append(float(time_s))
        self._names = sorted(fields)

    def read(self, index: int, name: str) -> NDArray[np.float32]:
        """One field (nz, ny, nx) of one record."""
        with h5py.File(self.path(index), "r") as file:
            values: NDArray[np.float32] = file[name][...]
        return values

    def copy_packed(self, index: int, name: str, target: h5py.Dataset) -> None:
        """Copy a field, packed as it is, to one step of a dataset (steps, nz, ny, nx) of the same slabs."""
        with h5py.File(self.path(index), "r") as file:
            source = file[name].id
            for number in range(source.get_num_chunks()):
                corner = source.get_chunk_info(number).chunk_offset
                filters, packed = source.read_direct_chunk(corner)
                target.id.write_direct_chunk((index, *corner), packed, filters)
