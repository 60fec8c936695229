"""The antennas of one case of a batch: their fields on the device, what they heat by, and what surrounds them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.engine.cuda_batch import Batch
from gpu_ablate.engine.deposit import (
    AROUND_SAMPLES,
    FIELD_SAMPLES,
    NEAR_CELLS,
    AntennaShape,
    Frame,
    Rings,
    Surroundings,
    window,
)
from gpu_ablate.engine.device import DeviceArray

UNIT = 2.0**32
"""By which antennas.cu multiplies what it adds as integers."""


class Antennas:
    """Fields |E|²/2 of antennas by their names, as `place` has left them."""

    def __init__(self, batch: Batch, index: int) -> None:
        self.batch, self.index = batch, index
        self.device, self.structures = batch.device, batch.structures
        self.grid = batch.cases[index].setup.grid
        self.fields: dict[str, tuple[AntennaShape, DeviceArray, DeviceArray]] = {}
        """Shape, its table, its field in cells."""
        laws = batch.cases[index].dielectric
        self.laws = (
            {}
            if laws is None
            else {
                "permittivity": self.device.array(laws.permittivity.astype(batch.real)),
                "conductivity": self.device.array(laws.conductivity.astype(batch.real)),
            }
        )

    def place(self, name: str, shape: AntennaShape, field: DeviceArray) -> None:
        """Put an antenna's field into `field` (cells,), unless it is there."""
        known = self.fields.get(name)
        if known is not None and known[0] == shape:
            return
        source = shape.field
        same = known is not None and known[0].field is source
        table = known[1] if known is not None and same else self.device.array(source.log_half_square)
        self.fields[name] = shape, table, field
        arguments = np.zeros((), self.structures.antenna)
        arguments["p"] = self.batch.problem.arguments
        arguments["needle"] = self._needle(shape.frame, FIELD_SAMPLES, source.radius, source.z_first, source.z_last)
        arguments["log_half_square"], arguments["field"] = map(self.device.address, (table, field))
        for key in ("r_min", "r_step", "z_first", "z_step"):
            arguments[key] = getattr(source, key)
        arguments["rows"], arguments["columns"] = source.log_half_square.shape
        self.batch.in_strides("antenna", arguments)

    def absorbing(self, name: str) -> DeviceArray:
        """σ(u)·field (cells,) of now, in a field that no super-step needs any more."""
        batch = self.batch
        density = batch.spare[0][self.index]
        arguments = np.zeros((), self.structures.absorb)
        arguments["p"], arguments["u"] = batch.problem.arguments, self.device.address(batch.u)
        arguments["field"] = self.device.address(self.fields[name][2])
        arguments["conductivity"] = self.device.address(self.laws["conductivity"])
        arguments["density"], arguments["member"] = self.device.address(density), self.index
        batch.in_strides("absorb", arguments)
        return density

    def surroundings(self, frame: Frame, rings: Rings) -> Surroundings:
        """What lies around a needle now."""
        batch = self.batch
        sums = self.device.empty((4, rings.rows, rings.columns), np.uint64)
        self.device.clear(sums)
        arguments = np.zeros((), self.structures.surroundings)
        arguments["p"], arguments["u"] = batch.problem.arguments, self.device.address(batch.u)
        arguments["needle"] = self._needle(frame, AROUND_SAMPLES, rings.radius, *rings.heights)
        for name, law in self.laws.items():
            arguments[name] = self.device.address(law)
        arguments["sums"], arguments["member"] = self.device.address(sums), self.index
        for key in ("r_min", "width", "z_first"):
            arguments[key] = getattr(rings, key) / self.grid.spacing
        arguments["rows"], arguments["columns"] = rings.rows, rings.columns
        batch.in_strides("surroundings", arguments)
        return Surroundings(*(sums.get() / UNIT))

    def _needle(self, frame: Frame, samples: int, radius: float, z_first: float, z_last: float) -> NDArray[np.void]:
        """A needle, and the cells within a cylinder about its axis [m], as the kernels take them."""
        needle = np.zeros((), self.structures.needle)
        tip = (np.array(frame.tip) - self.grid.origin) / self.grid.spacing - 0.5
        first, last = window(self.grid, frame, radius, z_first, z_last)
        for axis, *values in zip("xyz", tip, frame.direction, first, last, strict=True):
            for key, value in zip(("tip", "axis", "first", "last"), values, strict=True):
                needle[f"{key}_{axis}"] = value
        needle["spacing"], needle["near"], needle["samples"] = self.grid.spacing, NEAR_CELLS, samples
        return needle
