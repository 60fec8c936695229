"""Numba kernels of the CPU backend: one stage of a super-step on a block of rows.

Written without a constant of physics; `engine.reference` says what they compute. A block goes through its planes with
T and Φ of three of them in cache. Each plane is worked on in passes over flat arrays, few arrays in each, so that the
compiler vectorises them; what differs from cell to cell (materials, ice, interfaces) is done per run of one material
or per listed cell.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np

CHUNK = 128
"""Cells of one material that are tested together for being in its linear range."""

FIRST, LATER, FIRST_RKL2, LATER_RKL2 = range(4)
"""Kinds of a stage."""

EXACT = {"contract", "nsz", "nnan", "ninf"}
"""Floating-point freedoms given to the compiler: sums are not reordered, so that differences of equals are 0."""

SUMS = EXACT | {"reassoc"}
"""For reductions, which are only vectorised when their order is free.

All functions are inlined (`forceinline`): else a process that has just compiled them calls copies of its own, whose
sums are ordered otherwise than those of a process that reads the cache, and a resumed run differs in the last bits.
"""

Arrays = Any  # NumPy arrays of the solver's precision; Numba compiles for what it is given


class Tables(NamedTuple):
    """theta, potential, resistance (regions, nodes): T - 37, Φ, Δx²/2k on the nodes of u
    material (regions, 8): 1/ρc, ωρ_b c_b, Q_m, u of half thawed, linear range (2), rise of Φ in it (2)
    grid: (U_MIN, 1/U_STEP, blood T - 37)
    """

    theta: Arrays
    potential: Arrays
    resistance: Arrays
    material: Arrays
    grid: Arrays


class Layout(NamedTuple):
    """What never changes: labels (nz, ny, nx); runs of one material within a plane: first cell in its plane, label,
    and the run in which each grid row begins; cells that meet another material (in their plane) and the first of each
    row; for each of six sides (-x +x -y +y -z +z) the cells that meet another there, and that one, by their numbers
    among the former (sides, 2), and the first of each row (6, ..).
    """

    labels: Arrays
    run_first: Arrays
    run_label: Arrays
    run_at_row: Arrays
    meeting: Arrays
    meeting_at_row: Arrays
    sides: Arrays
    sides_at_row: Arrays


class Outside(NamedTuple):
    """The exchange list (see case.Exchange), first row of each grid row, film resistance and T_ext - 37 of groups."""

    at_row: Arrays
    cells: Arrays
    weights: Arrays
    series: Arrays
    groups: Arrays
    film: Arrays
    theta: Arrays


class Fields(NamedTuple):
    """Y_{j-1} (u), Y_0, M(Y_0), the result (over Y_{j-2}); power density and share of perfusion left, or size 0."""

    u: Arrays
    start: Arrays
    start_rate: Arrays
    out: Arrays
    source: Arrays
    alive: Arrays


class Scratch(NamedTuple):
    """Of one thread, for three planes of a block with a row on each side: Φ (3, (rows + 2)·nx), T - 37 and Δx²/2k of
    the cells that meet another material (3, most of them), the first of these (3,); the rate of a block, and what it
    comes to with blood; weights (1, 0, 0, 0)."""

    potential: Arrays
    theta: Arrays
    resistance: Arrays
    listed: Arrays
    rate: Arrays
    change: Arrays
    unit: Arrays


# The functions below that work on a chunk or block take whole arrays and cut them themselves, and take no tuples: a
# slice made where several branches follow, or an array taken out of a tuple, costs a reference count (an atomic
# operation) each.


@numba.njit(nogil=True, fastmath=EXACT, error_model="numpy", forceinline=True)
def any_beyond(u, first, last, low, high):  # type: ignore[no-untyped-def]
    """Whether any of the values first .. last lies outside low .. high (counted: a search is not vectorised)."""
    values = u[first:last]
    beyond = np.int32(0)
    for i in range(values.size):
        beyond |= np.int32(values[i] < low) | np.int32(values[i] > high)
    return beyond != 0


@numba.njit(nogil=True, fastmath=EXACT, error_model="numpy", forceinline=True)
def between(table, material, u, lowest, scale):  # type: ignore[no-untyped-def]
    """Value of a table (regions, nodes) at u, linear in its bin and beyond the last ones."""
    position = (u - lowest) * scale
    node = min(max(np.int32(position), np.int32(0)), np.int32(table.shape[1] - 2))
    low = table[material, node]
    return low + (position - table.dtype.type(node)) * (table[material, node + 1] - low)


@numba.njit(nogil=True, fastmath=EXACT, error_model="numpy", forceinline=True)
def look_up_linear(u, first, last, rise, bend, potential, at):  # type: ignore[no-untyped-def]
    """Φ of cells of one material in its linear range, to place `at` and on."""
    values, p = u[first:last], potential[at : at + last - first]
    for i in range(values.size):
        p[i] = (rise + bend * values[i]) * values[i]


@numba.njit(nogil=True, fastmath=EXACT, error_model="numpy", forceinline=True)
def look_up_binned(table, law, grid, material, u, first, last, potential, at):  # type: ignore[no-untyped-def]
    """`look_up_linear` where some cells are frozen, boiling or dry."""
    low, high, rise, bend = law[material, 4], law[material, 5], law[material, 6], law[material, 7]
    lowest, scale = grid[0], grid[1]
    for i in range(last - first):
        v = u[first + i]
        if v >= low and v <= high:
            potential[at + i] = (rise + bend * v) * v
        else:
            potential[at + i] = between(table, material, v, lowest, scale)


@numba.njit(nogil=True, fastmath=EXACT, error_model="numpy", forceinline=True)
def look_up(table, law, grid, run_first, run_label, run, u, plane, first, last, potential, place):  # type: ignore[no-untyped-def]
    """Φ of the cells first .. last of the plane whose first cell is `plane`, of which `run` holds the first, to
    `place` and on."""
    start = first
    while start < last:
        end = last if run_first[run + 1] <= start else min(run_first[run + 1], last)
        m = run_label[run]
        while start < end:
            stop = min(start + CHUNK, end)
            at, cell, size = place + start - first, plane + start, stop - start
            if any_beyond(u, cell, cell + size, law[m, 4], law[m, 5]):
                look_up_binned(table, law, grid, m, u, cell, cell + size, potential, at)
            else:
                look_up_linear(u, cell, cell + size, law[m, 6], law[m, 7], potential, at)
            start = stop
        run += 1


@numba.njit(nogil=True, fastmath=EXACT, error_model="numpy", forceinline=True)
def look_up_meeting(tables, labels, u, plane, cells, begin, end, theta, resistance):  # type: ignore[no-untyped-def]
    """T - 37 and Δx²/2k of the listed cells begin .. end, of the plane whose first cell is `plane`."""
    law, theta_of, resistance_of = tables.material, tables.theta, tables.resistance
    lowest, scale, half = tables.grid[0], tables.grid[1], tables.grid.dtype.type(0.5)
    for index in range(end - begin):
        cell = plane + cells[begin + index]
        material, v = labels[cell], u[cell]
        if v >= law[material, 4] and v <= law[material, 5]:  # k/Δx² is the slope of Φ
            theta[index] = v
            resistance[index] = half / (law[material, 6] + (law[material, 7] + law[material, 7]) * v)
        else:
            theta[index] = between(theta_of, material, v, lowest, scale)
            resistance[index] = between(resistance_of, material, v, lowest, scale)


@numba.njit(nogil=True, fastmath=EXACT, error_model="numpy", forceinline=True)
def conduct(potential, under, here, over, at, size, nx, source, first, rate):  # type: ignore[no-untyped-def]
    """Σ Φ_j - Φ_i of whole rows, the cells at .. at + size of plane `here`, and the source, from its place `first` on
    (or of size 0); no flux through the box in x."""
    p, r = potential[here], rate[:size]
    centre, west, east = p[at : at + size], p[at - 1 : at - 1 + size], p[at + 1 : at + 1 + size]
    south, north = p[at - nx : at - nx + size], p[at + nx : at + nx + size]
    below, above = potential[under, at : at + size], potential[over, at : at + size]
    if source.size == 0:
        for i in range(r.size):
            c = centre[i]
            across = ((south[i] - c) + (north[i] - c)) + ((below[i] - c) + (above[i] - c))
            r[i] = across + ((west[i] - c) + (east[i] - c))
    else:
        q = source[first : first + size]
        for i in range(r.size):
            c = centre[i]
            across = ((south[i] - c) + (north[i] - c)) + ((below[i] - c) + (above[i] - c))
            r[i] = across + ((west[i] - c) + (east[i] - c)) + q[i]
    for row in range(0, size, nx):
        for i in (row, row + nx - 1):
            c = centre[i]
            x = c - c
            if i > row:
                x += west[i] - c
            if i < row + nx - 1:
                x += east[i] - c
            r[i] = ((south[i] - c) + (north[i] - c)) + ((below[i] - c) + (above[i] - c)) + x
            if source.size > 0:
                r[i] += source[first + i]


@numba.njit(nogil=True, fastmath=EXACT, error_model="numpy", forceinline=True)
def meet(t, p, r, listed, here, far, shift, sides, first, last, cells, place, at, rate):  # type: ignore[no-untyped-def]
    """Put q_ij between two materials in place of Φ_j - Φ_i on the sides first .. last; j lies in plane `far`, `shift`
    on; sides: i and j as listed cells."""
    own, other = listed[here], listed[far]
    for index in range(first, last):
        a = sides[index, 0] - own
        b = sides[index, 1] - other
        i = cells[sides[index, 0]] + place
        flux = (t[far, b] - t[here, a]) / (r[far, b] + r[here, a])
        rate[i - at] += flux - (p[far, i + shift] - p[here, i])


@numba.njit(nogil=True, fastmath=EXACT, error_model="numpy", forceinline=True)
def couple(tables, outside, labels, u, first, begin, end, rate, booked, sums):  # type: ignore[no-untyped-def]
    """Heat from the rows begin .. end of the exchange list, to the rate of a block with first cell `first` (flat)."""
    theta_of, resistance_of, lowest, scale = tables.theta, tables.resistance, tables.grid[0], tables.grid[1]
    cells, weights, series, groups = outside.cells, outside.weights, outside.series, outside.groups
    film, theta = outside.film, outside.theta
    for index in range(begin, end):
        cell, group = cells[index], groups[index]
        material, v = labels[cell], u[cell]
        resistance = series[index] * between(resistance_of, material, v, lowest, scale) + film[group]
        flux = weights[index] * (theta[group] - between(theta_of, material, v, lowest, scale)) / resistance
        rate[cell - first] += flux
        sums[2 + group] += booked * flux


@numba.njit(nogil=True, fastmath=SUMS, error_model="numpy", forceinline=True)
def perfuse(u, first, rate, at, size, law, m, blood, kind, weights, out, to):  # type: ignore[no-untyped-def]
    """Add blood and metabolism to the rate of cells of one material m in its linear range (T - 37 = u), divide by ρc
    and put the result (see `stage`) to place `to` of out and on; their sums [W m⁻³]."""
    inverse, perfusion, metabolic, gain, mu = law[m, 0], law[m, 1], law[m, 2], weights[0], weights[1]
    y, r, o = u[first : first + size], rate[at : at + size], out[to : to + size]
    cooling, zero = blood - blood, blood - blood
    for i in range(y.size):
        colder = blood - y[i]
        cooling += colder
        change = gain * ((r[i] + (perfusion * colder + metabolic)) * inverse)
        base = o[i] + mu * (y[i] - o[i]) if kind == LATER else y[i] if kind == FIRST else zero
        o[i] = base + change
    return perfusion * cooling, metabolic * size


@numba.njit(nogil=True, fastmath=SUMS, error_model="numpy", forceinline=True)
def perfuse_part(u, first, rate, at, size, alive, law, m, blood, kind, weights, out, to):  # type: ignore[no-untyped-def]
    """`perfuse` where part of the vessels is closed."""
    inverse, perfusion, metabolic, gain, mu = law[m, 0], law[m, 1], law[m, 2], weights[0], weights[1]
    y, r, o, share = u[first : first + size], rate[at : at + size], out[to : to + size], alive[first : first + size]
    cooling, living, zero = blood - blood, blood - blood, blood - blood
    for i in range(y.size):
        colder = (blood - y[i]) * share[i]
        cooling += colder
        living += share[i]
        change = gain * ((r[i] + (perfusion * colder + metabolic * share[i])) * inverse)
        base = o[i] + mu * (y[i] - o[i]) if kind == LATER else y[i] if kind == FIRST else zero
        o[i] = base + change
    return perfusion * cooling, metabolic * living


@numba.njit(nogil=True, fastmath=EXACT, error_model="numpy", forceinline=True)
def perfuse_binned(table, grid, u, first, rate, at, size, alive, law, m, kind, weights, out, to):  # type: ignore[no-untyped-def]
    """`perfuse` where some cells are frozen, boiling or dry; alive may be of size 0."""
    half, one, zero = grid.dtype.type(0.5), grid.dtype.type(1), grid.dtype.type(0)
    lowest, scale, blood, gain, mu = grid[0], grid[1], grid[2], weights[0], weights[1]
    inverse, perfusion, metabolic, thawed = law[m, 0], law[m, 1], law[m, 2], law[m, 3]
    cooling, living = zero, zero
    for i in range(size):
        v = u[first + i]
        share = min(max((v - thawed) * scale + half, zero), one)
        heat = rate[at + i]
        if share > zero:
            if alive.size > 0:
                share *= alive[first + i]
            colder = share * (blood - between(table, m, v, lowest, scale))
            cooling += colder
            living += share
            heat += perfusion * colder + metabolic * share
        base = out[to + i] + mu * (v - out[to + i]) if kind == LATER else v if kind == FIRST else zero
        out[to + i] = base + gain * (heat * inverse)
    return perfusion * cooling, metabolic * living


@numba.njit(nogil=True, fastmath=EXACT, error_model="numpy", forceinline=True)
def finish(table, law, grid, run_first, run_label, run, u, alive, plane, first, last, rate, kind, weights, out, to):  # type: ignore[no-untyped-def]
    """`perfuse` of the cells first .. last of the plane whose first cell is `plane`, of which `run` holds the first;
    the sums in float64."""
    brought, made = 0.0, 0.0
    start, blood = first, grid[2]
    while start < last:
        end = last if run_first[run + 1] <= start else min(run_first[run + 1], last)
        m = run_label[run]
        while start < end:
            stop = min(start + CHUNK, end)
            at, size, cell = start - first, stop - start, plane + start
            place = to + at
            if any_beyond(u, cell, cell + size, law[m, 4], law[m, 5]):
                b, q = perfuse_binned(table, grid, u, cell, rate, at, size, alive, law, m, kind, weights, out, place)
            elif alive.size > 0:
                b, q = perfuse_part(u, cell, rate, at, size, alive, law, m, blood, kind, weights, out, place)
            else:
                b, q = perfuse(u, cell, rate, at, size, law, m, blood, kind, weights, out, place)
            brought += b
            made += q
            start = stop
        run += 1
    return brought, made


@numba.njit(nogil=True, fastmath=EXACT, error_model="numpy", forceinline=True)
def combine(kind, weights, u, start, start_rate, rate, out, first, size):  # type: ignore[no-untyped-def]
    """Y_j of RKL2 from M(Y_{j-1}): in start_rate for the first stage, else in rate."""
    gain, mu, nu, gain_0 = weights[0], weights[1], weights[2], weights[3]
    y, to, r = u[first : first + size], out[first : first + size], rate[:size]
    y0, m0 = start[first : first + size], start_rate[first : first + size]
    if kind == FIRST_RKL2:
        for i in range(y.size):
            to[i] = y[i] + gain * m0[i]
    else:
        for i in range(y.size):
            change = mu * (y[i] - y0[i]) + nu * (to[i] - y0[i])
            to[i] = y0[i] + (change + (gain * r[i] + gain_0 * m0[i]))


@numba.njit(nogil=True, fastmath=EXACT, cache=True, error_model="numpy")
def stage(tables, layout, outside, fields, scratch, kind, weights, booked, sums, z0, z1, y0, y1):  # type: ignore[no-untyped-def]
    """One stage of rows y0 .. y1 of planes z0 .. z1; sums (nz, 2 + groups) [W m⁻³ s]: perfusion, metabolic, exchange.

    kind : Y_1 (FIRST) or a later Y_j (LATER) of Euler and RKL1, or of RKL2; a Y_j is written over Y_{j-2}
    weights : τ gain, μ, ν, τ gain_0 (see superstep.Stage)
    booked : seconds for which the rates of this stage count in the sums
    """
    nz, ny, nx = layout.labels.shape
    plane = ny * nx
    potential, theta, resistance, rate = scratch.potential, scratch.theta, scratch.resistance, scratch.rate
    listed, meeting, meeting_at_row = scratch.listed, layout.meeting, layout.meeting_at_row
    labels, u, start = layout.labels.reshape(-1), fields.u.reshape(-1), fields.start.reshape(-1)
    source, alive, out = fields.source.reshape(-1), fields.alive.reshape(-1), fields.out.reshape(-1)
    start_rate, sides, at_row, coupled = (
        fields.start_rate.reshape(-1),
        layout.sides,
        layout.sides_at_row,
        outside.at_row,
    )
    run_first, run_label, run_at_row = layout.run_first, layout.run_label, layout.run_at_row
    law, grid, potential_of, theta_of = tables.material, tables.grid, tables.potential, tables.theta
    below, beyond, size = max(y0 - 1, 0), min(y1 + 1, ny), (y1 - y0) * nx
    for z in range(z0 - 2, z1):
        ahead = z + 1
        if 0 <= ahead < nz:  # one plane ahead, with a row on each side
            p, row = potential[ahead % 3], ahead * ny + below
            look_up(
                potential_of, law, grid, run_first, run_label, run_at_row[row], u, ahead * plane, below * nx,
                beyond * nx, p, (below - y0 + 1) * nx,
            )  # fmt: skip
            if y0 == 0:
                p[:nx] = p[nx : 2 * nx]
            if y1 == ny:
                p[size + nx : size + 2 * nx] = p[size : size + nx]
            begin, end = meeting_at_row[row], meeting_at_row[ahead * ny + beyond]
            listed[ahead % 3] = begin
            look_up_meeting(
                tables, labels, u, ahead * plane, meeting, begin, end, theta[ahead % 3], resistance[ahead % 3]
            )
        if z < z0:
            continue
        here = z % 3
        under, over = (z + 2) % 3 if z > 0 else here, (z + 1) % 3 if z < nz - 1 else here
        first, row0, row1, sums_here = z * plane + y0 * nx, z * ny + y0, z * ny + y1, sums[z]
        conduct(potential, under, here, over, nx, size, nx, source, first, rate)
        for side in range(6):
            begin, end = at_row[side, row0], at_row[side, row1]
            if begin < end:
                far = under if side == 4 else over if side == 5 else here
                shift = (-1, 1, -nx, nx, 0, 0)[side]
                meet(
                    theta, potential, resistance, listed, here, far, shift, sides, begin, end, meeting,
                    (1 - y0) * nx, nx, rate,
                )  # fmt: skip
        if coupled[row0] < coupled[row1]:
            couple(tables, outside, labels, u, first, coupled[row0], coupled[row1], rate, booked, sums_here)
        if kind in (FIRST, LATER):
            target, place, part = out, first, weights
        elif kind == FIRST_RKL2:
            target, place, part = start_rate, first, scratch.unit
        else:
            target, place, part = scratch.change, 0, scratch.unit
        brought, made = finish(
            theta_of, law, grid, run_first, run_label, run_at_row[row0], u, alive, z * plane, y0 * nx, y1 * nx, rate,
            kind, part, target, place,
        )  # fmt: skip
        sums_here[0] += booked * brought
        sums_here[1] += booked * made
        if kind in (FIRST_RKL2, LATER_RKL2):
            combine(kind, weights, u, start, start_rate, scratch.change, out, first, size)
