"""What the CUDA kernels take that remember what cells live through, but for the states before and after a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case
from gpu_ablate.case.tables import RATE_STEP
from gpu_ablate.engine import lookup
from gpu_ablate.engine.cuda_layout import Problem, Structures
from gpu_ablate.engine.device import Device
from gpu_ablate.engine.dose_tables import NEVER, cold_tables, dose_tables


class Laws:
    """The laws of the histories of a batch of cases, on a device.

    doses, cold : the structures of these kernels; None if no history needs them
    """

    def __init__(
        self, cases: Sequence[Case], device: Device, structures: Structures, problem: Problem, fields: int, span: int
    ) -> None:
        """Fields and span are addresses: of the histories (histories, members, cells), and of Span (problem.cuh)."""
        self._device, self._problem, self._fields, self._span = device, problem, fields, span
        self._real = structures.real
        self._histories = len(cases[0].histories)
        self._kept: list[object] = []
        self.doses = self._doses(cases, structures.doses)
        self.cold = self._cold(cases, structures.cold)

    def _doses(self, cases: Sequence[Case], kind: np.dtype[np.void]) -> NDArray[np.void] | None:
        if not any(history.kind in ("accumulate", "decay") for history in cases[0].histories):
            return None
        found = [dose_tables(case) for case in cases]
        shared = found[0]
        arguments = self._arguments(
            kind,
            {
                "kinds": shared.kinds,
                "laws": shared.laws.astype(self._real),
                "log2_rates": shared.log2_rates.astype(self._real),
                "stops": self._of_regions([tables.stops for tables in found]),
            },
        )
        arguments["nodes"] = shared.log2_rates.shape[1]
        arguments["rate_scale"], arguments["even"] = 1.0 / RATE_STEP, lookup.EVEN
        arguments["hot"], arguments["cold"] = shared.hot, max(tables.cold for tables in found)
        return arguments

    def _cold(self, cases: Sequence[Case], kind: np.dtype[np.void]) -> NDArray[np.void] | None:
        found = [tables for case in cases if (tables := cold_tables(case))]
        if not found:
            return None
        arguments = self._arguments(
            kind,
            {
                "kinds": found[0].kinds,
                "colds": self._of_regions([tables.colds for tables in found]),
                "warms": self._of_regions([tables.warms for tables in found]),
            },
        )
        for name in ("cooling", "thawing", "drop"):
            arguments[name] = getattr(found[0], name)
        arguments["gate"] = max(tables.gate for tables in found)
        return arguments

    def _arguments(self, kind: np.dtype[np.void], arrays: Mapping[str, NDArray[np.generic]]) -> NDArray[np.void]:
        arguments = np.zeros((), kind)
        arguments["p"], arguments["fields"], arguments["span"] = self._problem.arguments, self._fields, self._span
        arguments["histories"] = self._histories
        for name, values in arrays.items():
            array = self._device.array(values)
            self._kept.append(array)
            arguments[name] = self._device.address(array)
        return arguments

    def _of_regions(self, values: Sequence[NDArray[np.float64]]) -> NDArray[np.floating]:
        """What each member has for each history and region (members, histories, regions)."""
        together = np.full((len(values), self._histories, self._problem.regions), -NEVER, self._real)
        for own, its in zip(together, values, strict=True):
            own[:, : its.shape[1]] = its
        return together
