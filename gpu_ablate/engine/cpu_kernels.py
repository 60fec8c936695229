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
"""For reductions, which are only vectorised when their order is free."""

WHOLE = {"nogil": True, "error_model": "numpy", "cache": True}
"""Options of the functions that Python calls."""

PART = {
    "nogil": True,
    "error_model": "numpy",
    "forceinline": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
"""Options of those that they call. All of these are inlined: else a process that has just compiled them calls copies
of its own, whose sums are ordered otherwise than those of a process that reads the cache, and a resumed run differs in
the last bits. Without wrappers, which nobody calls, they compile faster.
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
    """What never changes: labels (nz, ny, nx); rows first .. last of the blocks (blocks, 2); whether a block and all
    its neighbours are one solved material (blocks, nz); runs of one material within a plane: first cell in its plane,
    label, and the run in which each grid row begins; cells that meet another material (in their plane) and the first
    of each row; for each of six sides (-x +x -y +y -z +z) the cells that meet another there, and that one, by their
    numbers among the former (sides, 2), and the first of each row (6, ..).
    """

    labels: Arrays
    blocks: Arrays
    uniform: Arrays
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
    the cells that meet another material (3, most of them), the first of these (3,), and which plane these hold, plus
    one (3,); which plane was tested for `straight` (3,); the rate of a block, and what it comes to with blood; weights
    (1, 0, 0, 0)."""

    potential: Arrays
    theta: Arrays
    resistance: Arrays
    listed: Arrays
    held: Arrays
    tested: Arrays
    rate: Arrays
    change: Arrays
    unit: Arrays


# The functions below that work on a chunk or block take whole arrays and cut them themselves, and take no tuples: a
# slice made where several branches follow, or an array taken out of a tuple, costs a reference count (an atomic
# operation) each.


@numba.njit(fastmath=EXACT, **PART)
def any_beyond(u, first, last, low, high):  # type: ignore[no-untyped-def]
    """Whether any of the values first .. last lies outside low .. high (counted: a search is not vectorised)."""
    values = u[first:last]
    beyond = np.int32(0)
    for i in range(values.size):
        beyond |= np.int32(values[i] < low) | np.int32(values[i] > high)
    return beyond != 0


@numba.njit(fastmath=EXACT, **PART)
def between(table, material, u, lowest, scale):  # type: ignore[no-untyped-def]
    """Value of a table (regions, nodes) at u, linear in its bin and beyond the last ones."""
    position = (u - lowest) * scale
    node = min(max(np.int32(position), np.int32(0)), np.int32(table.shape[1] - 2))
    low = table[material, node]
    return low + (position - table.dtype.type(node)) * (table[material, node + 1] - low)


@numba.njit(fastmath=EXACT, **PART)
def look_up_linear(u, first, last, rise, bend, potential, at):  # type: ignore[no-untyped-def]
    """Φ of cells of one material in its linear range, to place `at` and on."""
    values, p = u[first:last], potential[at : at + last - first]
    for i in range(values.size):
        p[i] = (rise + bend * values[i]) * values[i]


@numba.njit(fastmath=EXACT, **PART)
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


@numba.njit(fastmath=EXACT, **PART)
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


@numba.njit(fastmath=EXACT, **PART)
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


@numba.njit(fastmath=EXACT, **PART)
def conduct(potential, under, here, over, at, size, nx, source, first, on, rate):  # type: ignore[no-untyped-def]
    """Σ Φ_j - Φ_i of whole rows, the cells at .. at + size of plane `here`, and `on` times the source, from its place
    `first` on; no flux through the box in x."""
    p, r, q = potential[here], rate[:size], source[first : first + size]
    centre, west, east = p[at : at + size], p[at - 1 : at - 1 + size], p[at + 1 : at + 1 + size]
    south, north = p[at - nx : at - nx + size], p[at + nx : at + nx + size]
    below, above = potential[under, at : at + size], potential[over, at : at + size]
    for i in range(r.size):
        c = centre[i]
        across = ((south[i] - c) + (north[i] - c)) + ((below[i] - c) + (above[i] - c))
        r[i] = across + ((west[i] - c) + (east[i] - c)) + on * q[i]
    for row in range(0, size, nx):
        for i in (row, row + nx - 1):
            c = centre[i]
            x = c - c
            if i > row:
                x += west[i] - c
            if i < row + nx - 1:
                x += east[i] - c
            r[i] = ((south[i] - c) + (north[i] - c)) + ((below[i] - c) + (above[i] - c)) + x + on * q[i]


@numba.njit(fastmath=EXACT, **PART)
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


@numba.njit(fastmath=EXACT, **PART)
def couple(tables, outside, labels, u, begin, end, gain, out, shift, booked, sums):  # type: ignore[no-untyped-def]
    """Add `gain` times what the rows begin .. end of the exchange list change u by, to place cell - `shift` of out."""
    theta_of, resistance_of, lowest, scale = tables.theta, tables.resistance, tables.grid[0], tables.grid[1]
    cells, weights, series, groups = outside.cells, outside.weights, outside.series, outside.groups
    film, theta, law = outside.film, outside.theta, tables.material
    for index in range(begin, end):
        cell, group = cells[index], groups[index]
        material, v = labels[cell], u[cell]
        resistance = series[index] * between(resistance_of, material, v, lowest, scale) + film[group]
        flux = weights[index] * (theta[group] - between(theta_of, material, v, lowest, scale)) / resistance
        out[cell - shift] += gain * (flux * law[material, 0])
        sums[2 + group] += booked * flux


@numba.njit(fastmath=SUMS, **PART)
def perfuse(u, first, rate, at, size, law, m, blood, mode, weights, out, to):  # type: ignore[no-untyped-def]
    """Add blood and metabolism to the rate of cells of one material m in its linear range (T - 37 = u), divide by ρc
    and put it times the gain, with its base, to place `to` of out and on; their sums [W m⁻³].

    mode : (later, keep). base is Y_{j-2} + μ (Y_{j-1} - Y_{j-2}) of a later stage, with Y_{j-2} in out, else `keep`
        (1 or 0) times u
    """
    inverse, perfusion, metabolic, gain, mu = law[m, 0], law[m, 1], law[m, 2], weights[0], weights[1]
    later, keep = mode
    y, r, o = u[first : first + size], rate[at : at + size], out[to : to + size]
    cooling = blood - blood
    for i in range(y.size):
        colder = blood - y[i]
        cooling += colder
        change = gain * ((r[i] + (perfusion * colder + metabolic)) * inverse)
        base = o[i] + mu * (y[i] - o[i]) if later else keep * y[i]
        o[i] = base + change
    return perfusion * cooling, metabolic * size


@numba.njit(fastmath=SUMS, **PART)
def perfuse_part(u, first, rate, at, size, alive, law, m, blood, mode, weights, out, to):  # type: ignore[no-untyped-def]
    """`perfuse` where part of the vessels is closed."""
    inverse, perfusion, metabolic, gain, mu = law[m, 0], law[m, 1], law[m, 2], weights[0], weights[1]
    later, keep = mode
    y, r, o, share = u[first : first + size], rate[at : at + size], out[to : to + size], alive[first : first + size]
    cooling, living = blood - blood, blood - blood
    for i in range(y.size):
        colder = (blood - y[i]) * share[i]
        cooling += colder
        living += share[i]
        change = gain * ((r[i] + (perfusion * colder + metabolic * share[i])) * inverse)
        base = o[i] + mu * (y[i] - o[i]) if later else keep * y[i]
        o[i] = base + change
    return perfusion * cooling, metabolic * living


@numba.njit(fastmath=EXACT, **PART)
def perfuse_binned(table, grid, u, first, rate, at, size, alive, law, m, mode, weights, out, to):  # type: ignore[no-untyped-def]
    """`perfuse` where some cells are frozen, boiling or dry; alive may be of size 0."""
    half, one, zero = grid.dtype.type(0.5), grid.dtype.type(1), grid.dtype.type(0)
    lowest, scale, blood, gain, mu = grid[0], grid[1], grid[2], weights[0], weights[1]
    later, keep = mode
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
        base = out[to + i] + mu * (v - out[to + i]) if later else keep * v
        out[to + i] = base + gain * (heat * inverse)
    return perfusion * cooling, metabolic * living


@numba.njit(fastmath=EXACT, **PART)
def finish(table, law, grid, run_first, run_label, run, u, alive, plane, first, last, rate, mode, weights, out, to):  # type: ignore[no-untyped-def]
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
                b, q = perfuse_binned(table, grid, u, cell, rate, at, size, alive, law, m, mode, weights, out, place)
            elif alive.size > 0:
                b, q = perfuse_part(u, cell, rate, at, size, alive, law, m, blood, mode, weights, out, place)
            else:
                b, q = perfuse(u, cell, rate, at, size, law, m, blood, mode, weights, out, place)
            brought += b
            made += q
            start = stop
        run += 1
    return brought, made


@numba.njit(fastmath=EXACT, **PART)
def straight(u, plane, nz, z, first, last, low, high, tested):  # type: ignore[no-untyped-def]
    """Whether the cells first .. last of plane z and its neighbours lie within low .. high; each plane is tested once:
    tested (3,) holds its number plus one, negative if any does not."""
    for near in range(max(z - 1, 0), min(z + 2, nz)):
        if abs(tested[near % 3]) != near + 1:
            beyond = any_beyond(u, near * plane + first, near * plane + last, low, high)
            tested[near % 3] = -near - 1 if beyond else near + 1
        if tested[near % 3] < 0:
            return False
    return True


@numba.njit(fastmath=EXACT, **PART)
def climb(here, there, rise, bend):  # type: ignore[no-untyped-def]
    """Φ_j - Φ_i of two cells of one material in its linear range."""
    return (there - here) * (rise + bend * (there + here))


@numba.njit(fastmath=SUMS, **PART)
def sweep(u, first, size, nx, ways, source, on, law, m, blood, mode, weights, ends, out, to):  # type: ignore[no-untyped-def]
    """`conduct` and `perfuse` in one pass, for whole rows of cells of one material m, like all their neighbours, in its
    linear range; ways: to the cells at -y +y -z +z, 0 at the box; ends (2·rows,) is written over."""
    inverse, perfusion, metabolic, rise, bend = law[m, 0], law[m, 1], law[m, 2], law[m, 6], law[m, 7]
    gain, mu, cooling = weights[0], weights[1], blood - blood
    later, keep = mode
    y, o, q = u[first : first + size], out[to : to + size], source[first : first + size]
    south, north = u[first + ways[0] : first + ways[0] + size], u[first + ways[1] : first + ways[1] + size]
    below, above = u[first + ways[2] : first + ways[2] + size], u[first + ways[3] : first + ways[3] + size]
    for row in range(size // nx):
        for side in range(2):
            i = row * nx + side * (nx - 1)
            c, inner = y[i], y[i + 1 - 2 * side]
            across = climb(c, south[i], rise, bend) + climb(c, north[i], rise, bend)
            across += climb(c, below[i], rise, bend) + climb(c, above[i], rise, bend)
            heat = across + climb(c, inner, rise, bend) + on * q[i]
            change = gain * ((heat + (perfusion * (blood - c) + metabolic)) * inverse)
            ends[2 * row + side] = (o[i] + mu * (c - o[i]) if later else keep * c) + change
    for i in range(1, size - 1):
        c = y[i]
        colder = blood - c
        cooling += colder
        across = climb(c, south[i], rise, bend) + climb(c, north[i], rise, bend)
        across += climb(c, below[i], rise, bend) + climb(c, above[i], rise, bend)
        heat = across + (climb(c, y[i - 1], rise, bend) + climb(c, y[i + 1], rise, bend)) + on * q[i]
        change = gain * ((heat + (perfusion * colder + metabolic)) * inverse)
        o[i] = (o[i] + mu * (c - o[i]) if later else keep * c) + change
    for row in range(size // nx):
        o[row * nx], o[row * nx + nx - 1] = ends[2 * row], ends[2 * row + 1]
    return perfusion * (cooling + ((blood - y[0]) + (blood - y[size - 1]))), metabolic * size


@numba.njit(fastmath=EXACT, **PART)
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


@numba.njit(fastmath=EXACT, **WHOLE)
def stage(tables, layout, outside, fields, scratch, kind, weights, booked, sums, z0, z1, block):  # type: ignore[no-untyped-def]
    """One stage of a block in planes z0 .. z1; sums (nz, 2 + groups) [W m⁻³ s]: perfusion, metabolic, exchange.

    kind : Y_1 (FIRST) or a later Y_j (LATER) of Euler and RKL1, or of RKL2; a Y_j is written over Y_{j-2}
    weights : τ gain, μ, ν, τ gain_0 (see superstep.Stage)
    booked : seconds for which the rates of this stage count in the sums
    """
    nz, ny, nx = layout.labels.shape
    plane, y0, y1 = ny * nx, layout.blocks[block, 0], layout.blocks[block, 1]
    potential, theta, resistance, rate = scratch.potential, scratch.theta, scratch.resistance, scratch.rate
    listed, held, tested, meeting = scratch.listed, scratch.held, scratch.tested, layout.meeting
    labels, u, start = layout.labels.reshape(-1), fields.u.reshape(-1), fields.start.reshape(-1)
    alive, out, start_rate = fields.alive.reshape(-1), fields.out.reshape(-1), fields.start_rate.reshape(-1)
    meeting_at_row, sides, at_row, coupled = layout.meeting_at_row, layout.sides, layout.sides_at_row, outside.at_row
    run_first, run_label, run_at_row = layout.run_first, layout.run_label, layout.run_at_row
    law, grid, potential_of, theta_of = tables.material, tables.grid, tables.potential, tables.theta
    one = grid.dtype.type(1)
    source, on = (fields.source.reshape(-1), one) if fields.source.size > 0 else (u, one - one)
    direct = kind in (FIRST, LATER)
    mode, part = (kind == LATER, one if direct else one - one), weights if direct else scratch.unit
    low, high, size = max(y0 - 1, 0), min(y1 + 1, ny), (y1 - y0) * nx
    for ring in range(3):
        held[ring] = tested[ring] = 0
    for z in range(z0, z1):
        first, row0, row1, sums_here = z * plane + y0 * nx, z * ny + y0, z * ny + y1, sums[z]
        if direct:
            target, to = out, first
        elif kind == FIRST_RKL2:
            target, to = start_rate, first
        else:
            target, to = scratch.change, 0
        m, brought, made = labels[first], 0.0, 0.0
        uniform = layout.uniform[block, z] and alive.size == 0
        if uniform and straight(u, plane, nz, z, low * nx, high * nx, law[m, 4], law[m, 5], tested):
            row = y0
            while row < y1:
                stop = 1 if row == 0 else ny if row == ny - 1 else min(y1, ny - 1)
                ways = (
                    -nx if row > 0 else 0,
                    nx if row < ny - 1 else 0,
                    -plane if z > 0 else 0,
                    plane if z < nz - 1 else 0,
                )
                b, q = sweep(
                    u, z * plane + row * nx, (stop - row) * nx, nx, ways, source, on, law, m, grid[2], mode, part,
                    rate, target, to + (row - y0) * nx,
                )  # fmt: skip
                brought += b
                made += q
                row = stop
        else:
            for ahead in range(max(z - 1, 0), min(z + 2, nz)):
                p, row = potential[ahead % 3], ahead * ny + low
                if held[ahead % 3] == ahead + 1:
                    continue
                held[ahead % 3] = ahead + 1  # with a row on each side
                look_up(
                    potential_of, law, grid, run_first, run_label, run_at_row[row], u, ahead * plane, low * nx,
                    high * nx, p, (low - y0 + 1) * nx,
                )  # fmt: skip
                for x in range(nx):
                    if y0 == 0:
                        p[x] = p[nx + x]
                    if y1 == ny:
                        p[size + nx + x] = p[size + x]
                begin, end = meeting_at_row[row], meeting_at_row[ahead * ny + high]
                listed[ahead % 3] = begin
                look_up_meeting(
                    tables, labels, u, ahead * plane, meeting, begin, end, theta[ahead % 3], resistance[ahead % 3]
                )
            here = z % 3
            under, over = (z + 2) % 3 if z > 0 else here, (z + 1) % 3 if z < nz - 1 else here
            conduct(potential, under, here, over, nx, size, nx, source, first, on, rate)
            for side in range(6):
                begin, end = at_row[side, row0], at_row[side, row1]
                if begin < end:
                    far = under if side == 4 else over if side == 5 else here
                    shift = (-1, 1, -nx, nx, 0, 0)[side]
                    meet(
                        theta, potential, resistance, listed, here, far, shift, sides, begin, end, meeting,
                        (1 - y0) * nx, nx, rate,
                    )  # fmt: skip
            brought, made = finish(
                theta_of, law, grid, run_first, run_label, run_at_row[row0], u, alive, z * plane, y0 * nx, y1 * nx,
                rate, mode, part, target, to,
            )  # fmt: skip
        sums_here[0] += booked * brought
        sums_here[1] += booked * made
        if coupled[row0] < coupled[row1]:
            couple(
                tables, outside, labels, u, coupled[row0], coupled[row1], part[0], target, first - to, booked, sums_here
            )
        if not direct:
            combine(kind, weights, u, start, start_rate, scratch.change, out, first, size)
