"""Numba kernels of the CPU backend: what is remembered of each cell, and what the state spans."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from gpu_ablate.engine.cpu_kernels import CHUNK, EXACT, PART, WHOLE, Arrays, any_beyond, between

FAR = 1e300
"""Beyond any u; finite, as `any_beyond` is compiled for finite numbers."""


class Doses(NamedTuple):
    """kinds of the histories: 0 accumulate, 1 decay, 2 max, 3 min;  laws (histories, 3): gate, cap, last node
    log2_rates (histories, nodes);  scale: 1/RATE_STEP;  stops (histories, regions): u below which it falls to 0
    hot: T - 37 below which no rate acts;  cold: u at and above which nothing falls to 0
    """

    kinds: Arrays
    laws: Arrays
    log2_rates: Arrays
    scale: Arrays
    stops: Arrays
    hot: Arrays
    cold: Arrays


@numba.njit(fastmath=EXACT, **PART)
def log2_rate(table, law, f, theta, scale):  # type: ignore[no-untyped-def]
    """log2 of a rate at T - 37, held beyond the ends of its table."""
    last = law[f, 2]
    place = min(max((theta - law[f, 0]) * scale, last - last), last)
    node = min(np.int32(place), np.int32(last) - np.int32(1))
    low = table[f, node]
    return low + (place - table.dtype.type(node)) * (table[f, node + 1] - low)


@numba.njit(fastmath=EXACT, **WHOLE)
def add_doses(tables, labels, doses, before, after, fields, share, steps, span, even, z0, z1):  # type: ignore[no-untyped-def]
    """Doses of a span in planes z0 .. z1 (see Reference._remember_doses); fields (histories, nz, ny, nx)."""
    kinds, rates, limits, stops = doses.kinds, doses.log2_rates, doses.laws, doses.stops
    cold, hot, rate_scale = doses.cold, doses.hot, doses.scale
    table, lowest, scale = tables.theta, tables.grid[0], tables.grid[1]
    real = table.dtype.type
    half, log_2 = real(0.5), real(np.log(2.0))
    for z in range(z0, z1):
        for y in range(after.shape[1]):
            u0, u1, row = before[z, y], after[z, y], labels[z, y]
            if not (any_beyond(u0, 0, u0.size, cold, hot) or any_beyond(u1, 0, u1.size, cold, hot)):
                continue
            for x in range(u1.size):
                if u1[x] < cold:
                    for f in range(kinds.size):
                        if kinds[f] == 1 and u1[x] < stops[f, row[x]]:
                            fields[f, z, y, x] = real(0)
                if max(u0[x], u1[x]) < hot:
                    continue
                start = between(table, row[x], u0[x], lowest, scale)
                rise = between(table, row[x], u1[x], lowest, scale) - start
                middle, reach = start + share * rise, half * steps * rise
                for f in range(kinds.size):
                    if kinds[f] > 1 or middle < limits[f, 0]:
                        continue
                    first = log2_rate(rates, limits, f, middle - reach, rate_scale)
                    last = log2_rate(rates, limits, f, middle + reach, rate_scale)
                    if abs(last - first) < even:
                        mean = np.exp2(half * (first + last))
                    else:
                        mean = (np.exp2(last) - np.exp2(first)) / ((last - first) * log_2)
                    if kinds[f] == 0:
                        fields[f, z, y, x] = min(fields[f, z, y, x] + span * mean, limits[f, 1])
                    else:
                        fields[f, z, y, x] *= np.exp(-span * mean)


@numba.njit(fastmath=EXACT, **WHOLE)
def widen(kinds, u, fields, z0, z1):  # type: ignore[no-untyped-def]
    """Update the extremes in planes z0 .. z1."""
    for f in range(kinds.size):
        for z in range(z0, z1):
            values, kept = u[z].reshape(-1), fields[f, z].reshape(-1)
            if kinds[f] == 2:
                for i in range(values.size):
                    kept[i] = values[i] if values[i] > kept[i] else kept[i]
            elif kinds[f] == 3:
                for i in range(values.size):
                    kept[i] = values[i] if values[i] < kept[i] else kept[i]


@numba.njit(**PART)
def finite(u, first, last):  # type: ignore[no-untyped-def]
    """Whether the values first .. last are finite: x - x is not 0 for any other (no freedom for the compiler here)."""
    values = u[first:last]
    odd = np.int32(0)
    for i in range(values.size):
        odd |= np.int32(values[i] - values[i] != 0)
    return odd == 0


@numba.njit(fastmath={"nsz"}, **PART)
def farthest(u, previous):  # type: ignore[no-untyped-def]
    """Greatest difference, in steps of CHUNK cells (a search is not vectorised)."""
    most = abs(u[0] - previous[0])
    for start in range(0, u.size, CHUNK):
        a, b = u[start : start + CHUNK], previous[start : start + CHUNK]
        beyond = np.int32(0)
        for i in range(a.size):
            beyond |= np.int32(abs(a[i] - b[i]) > most)
        if beyond != 0:
            for i in range(a.size):
                most = max(most, abs(a[i] - b[i]))
    return most


@numba.njit(**WHOLE)
def ranges(layout, u, previous, planes, changes, z0, z1):  # type: ignore[no-untyped-def]
    """Least and greatest u of each region in planes z0 .. z1, into planes (nz, regions, 2); greatest change of u, into
    changes (nz,). All nan in a plane that is not finite, (FAR, -FAR) where a region has no cell."""
    ny = u.shape[1]
    for z in range(z0, z1):
        for region in range(planes.shape[1]):
            planes[z, region, 0], planes[z, region, 1] = FAR, -FAR
        values = u[z].reshape(-1)
        changes[z] = farthest(values, previous[z].reshape(-1))
        run, start = layout.run_at_row[z * ny], 0
        while start < values.size:
            stop = layout.run_first[run + 1] if layout.run_first[run + 1] > start else values.size
            region = layout.run_label[run]
            if not finite(values, start, stop):
                for lost in range(planes.shape[1]):
                    planes[z, lost, 0] = planes[z, lost, 1] = np.nan
                break
            if any_beyond(values, start, stop, planes[z, region, 0], planes[z, region, 1]):
                for i in range(start, stop):
                    planes[z, region, 0] = min(planes[z, region, 0], values[i])
                    planes[z, region, 1] = max(planes[z, region, 1], values[i])
            start = stop
            run += 1
