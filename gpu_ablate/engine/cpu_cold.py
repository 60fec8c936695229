"""Numba kernels of the CPU backend: what is remembered of freezing (engine/cold.py has the laws)."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from gpu_ablate.case.case import Case
from gpu_ablate.engine.cpu_kernels import EXACT, PART, WHOLE, Arrays, any_beyond
from gpu_ablate.engine.dose_tables import NEVER, cold_tables


class Cold(NamedTuple):
    """engine.dose_tables.ColdTables in the precision of the backend; kinds: 4 time, 5 cycles, 6 passage."""

    kinds: Arrays
    colds: Arrays
    warms: Arrays
    cooling: Arrays
    thawing: Arrays
    drop: Arrays
    gate: Arrays


def laws_of(case: Case, real: type[np.floating]) -> Cold | None:
    """Those of a case; None if it remembers nothing of freezing."""
    found = cold_tables(case)
    if found is None:
        return None
    colds, warms = found.colds.astype(real), found.warms.astype(real)
    return Cold(found.kinds, colds, warms, found.cooling, found.thawing, real(found.drop), real(found.gate))


@numba.njit(fastmath=EXACT, **PART)
def side(u, cold, warm):  # type: ignore[no-untyped-def]
    """1 at and above the warm edge, -1 at and below the cold one, 0 between."""
    return type(u)(u >= warm) - type(u)(u <= cold)


@numba.njit(fastmath=EXACT, **PART)
def passed(clock, before, after, cold, warm, span):  # type: ignore[no-untyped-def]
    """The clock of a passage after a step, and how long the one took that ended in it, signed."""
    first, last = side(before, cold, warm), side(after, cold, warm)
    none = span - span
    came = first if first != none else side(clock, none, none)
    if came in (last, none):
        return none, none
    since = came * clock + span
    if first != none:
        since = span * (((warm if first > none else cold) - after) / (before - after))
    if last == none:
        return came * since, none
    return none, came * (since - span * (((warm if last > none else cold) - after) / (before - after)))


@numba.njit(fastmath=EXACT, **WHOLE)
def remember_cold(labels, laws, before, after, fields, span, z0, z1):  # type: ignore[no-untyped-def]
    """What a step of `span` seconds means for those that froze, in planes z0 .. z1; fields (histories, nz, ny, nx)."""
    kinds, colds, warms, gate = laws.kinds, laws.colds, laws.warms, laws.gate
    real = fields.dtype.type
    half, one, none, far = real(0.5), real(1), real(0), real(NEVER)
    for z in range(z0, z1):
        for y in range(after.shape[1]):
            u0, u1, row = before[z, y], after[z, y], labels[z, y]
            if not (any_beyond(u0, 0, u0.size, gate, far) or any_beyond(u1, 0, u1.size, gate, far)):
                continue
            for x in range(u1.size):
                low, high = min(u0[x], u1[x]), max(u0[x], u1[x])
                if low >= gate:
                    continue
                for f in range(kinds.size):
                    cold, warm = colds[f, row[x]], warms[f, row[x]]
                    if kinds[f] == 4:
                        if low < cold:
                            share = (cold - low) / (high - low) if high > cold else one
                            fields[f, z, y, x] += span * share
                    elif kinds[f] == 5:
                        count = fields[f, z, y, x]
                        if (u1[x] > warm) if count > np.floor(count) else (u1[x] < cold):
                            fields[f, z, y, x] = count + half
                    elif kinds[f] == 6:
                        clock, taken = passed(fields[f, z, y, x], u0[x], u1[x], cold, warm, span)
                        fields[f, z, y, x] = clock
                        if taken != none:
                            fastest = laws.cooling if taken > none else laws.thawing
                            pace = laws.drop / abs(taken)
                            fields[fastest, z, y, x] = max(fields[fastest, z, y, x], pace)
