"""Numba kernels of the CPU backend: one explicit step, the histories, the range of u; slabs of z-planes.

Written without a constant of physics; `engine.reference` says what they compute.
"""

from __future__ import annotations

import numba
import numpy as np

from gpu_ablate.case.tables import U_BINS

FAST = {"contract", "arcp", "nsz", "nnan", "ninf", "reassoc"}
"""Floating-point freedoms given to the compiler: none that changes more than rounding."""

BLOCK = 64
"""Cells along a plane that are looked up together when they are one tissue in its linear range."""


@numba.njit(inline="always", fastmath=FAST)
def look_up(u, labels, bins, linear, grid, theta, resistance):  # type: ignore[no-untyped-def]
    """T - 37 and Δx²/2k of one plane (flat)."""
    real = u.dtype.type
    one = real(1)
    cells = u.size
    for start in range(0, cells, BLOCK):
        end = min(start + BLOCK, cells)
        low = u[start]
        high = u[start]
        first = labels[start]
        mixed = np.uint8(0)
        for x in range(start, end):
            low = min(low, u[x])
            high = max(high, u[x])
            mixed |= labels[x] ^ first
        if mixed == 0 and low >= linear[first, 0] and high <= linear[first, 1]:
            r37 = linear[first, 2]
            slope = linear[first, 3]
            for x in range(start, end):
                theta[x] = u[x]
                resistance[x] = r37 / (one + slope * u[x])
        else:
            for x in range(start, end):
                position = (u[x] - grid[0]) * grid[1]
                node = min(max(np.int32(position), np.int32(0)), np.int32(U_BINS - 1))
                position -= real(node)
                row = np.int32(labels[x]) * np.int32(U_BINS) + node
                theta[x] = bins[row, 0] + position * bins[row, 1]
                resistance[x] = bins[row, 2] + position * bins[row, 3]


@numba.njit(nogil=True, fastmath=FAST, cache=True, error_model="numpy")
def step(  # type: ignore[no-untyped-def]
    u,
    out,
    labels,
    bins,
    flow,
    linear,
    grid,
    material,
    source,
    alive,
    rows,
    cells,
    weights,
    groups,
    film,
    outside,
    dt,
    z0,
    z1,
    theta3,
    r3,
    rate,
    sums,
):
    """One Euler step of planes z0 .. z1 of `out`; sums (nz, 2 + groups): perfusion, metabolic, exchange [W m⁻³].

    grid : (U_MIN, 1/U_STEP, blood_theta);  material (regions, 3): 1/(ρc), ωρ_b c_b, Q_m
    source, alive : (nz, ny, nx) or (0, 0, 0) when there is none
    """
    nz, ny, nx = u.shape
    plane = ny * nx
    real = u.dtype.type
    one, zero = real(1), real(0)
    flat = u.reshape(nz, plane)
    tissue = labels.reshape(nz, plane)
    below = max(z0 - 1, 0)
    look_up(flat[below], tissue[below], bins, linear, grid, theta3[(z0 + 2) % 3], r3[(z0 + 2) % 3])
    look_up(flat[z0], tissue[z0], bins, linear, grid, theta3[z0 % 3], r3[z0 % 3])
    for z in range(z0, z1):
        above = min(z + 1, nz - 1)
        look_up(flat[above], tissue[above], bins, linear, grid, theta3[(z + 1) % 3], r3[(z + 1) % 3])
        for y in range(ny):
            here = slice(y * nx, (y + 1) * nx)
            south = slice(max(y - 1, 0) * nx, (max(y - 1, 0) + 1) * nx)
            north = slice(min(y + 1, ny - 1) * nx, (min(y + 1, ny - 1) + 1) * nx)
            t, r = theta3[z % 3][here], r3[z % 3][here]
            ts, rs = theta3[z % 3][south], r3[z % 3][south]
            tn, rn = theta3[z % 3][north], r3[z % 3][north]
            tb, rb = theta3[(z + 2) % 3][here], r3[(z + 2) % 3][here]
            ta, ra = theta3[(z + 1) % 3][here], r3[(z + 1) % 3][here]
            for x in range(nx):
                rate[x] = (
                    (ts[x] - t[x]) / (rs[x] + r[x])
                    + (tn[x] - t[x]) / (rn[x] + r[x])
                    + (tb[x] - t[x]) / (rb[x] + r[x])
                    + (ta[x] - t[x]) / (ra[x] + r[x])
                )
            for x in range(1, nx - 1):
                rate[x] += (t[x - 1] - t[x]) / (r[x - 1] + r[x]) + (t[x + 1] - t[x]) / (r[x + 1] + r[x])
            if nx > 1:
                rate[0] += (t[1] - t[0]) / (r[1] + r[0])
                rate[nx - 1] += (t[nx - 2] - t[nx - 1]) / (r[nx - 2] + r[nx - 1])
            lab = labels[z, y]
            row_u, row_out = u[z, y], out[z, y]
            brought = zero
            made = zero
            for x in range(nx):
                share = one
                if alive.size > 0:
                    share = alive[z, y, x]
                if row_u[x] < linear[lab[x], 0]:
                    position = (row_u[x] - grid[0]) * grid[1]
                    node = min(max(np.int32(position), np.int32(0)), np.int32(U_BINS - 1))
                    position -= real(node)
                    low = flow[lab[x], node]
                    share *= low + position * (flow[lab[x], node + 1] - low)
                perfusion = material[lab[x], 1] * share * (grid[2] - t[x])
                metabolic = material[lab[x], 2] * share
                brought += perfusion
                made += metabolic
                rate[x] += perfusion + metabolic
            if source.size > 0:
                for x in range(nx):
                    rate[x] += source[z, y, x]
            for x in range(nx):
                row_out[x] = row_u[x] + dt * material[lab[x], 0] * rate[x]
            sums[z, 0] += brought
            sums[z, 1] += made
        t, r = theta3[z % 3], r3[z % 3]
        target = out.reshape(nz, plane)[z]
        for row in range(rows[z], rows[z + 1]):
            cell = cells[row] - z * plane
            group = groups[row]
            flux = weights[row] * (outside[group] - t[cell]) / (r[cell] + film[group])
            target[cell] += dt * material[tissue[z, cell], 0] * flux
            sums[z, 2 + group] += flux


@numba.njit(nogil=True, fastmath=FAST, cache=True, error_model="numpy")
def remember(  # type: ignore[no-untyped-def]
    before, after, labels, bins, grid, fields, kinds, laws, log2_rates, rate_scale, dt, hot, z0, z1
):
    """Update all histories of planes z0 .. z1; dose rates at the middle of the step.

    fields : (histories, nz, ny, nx);  laws (histories, 3): theta_min, cap, last node of its rate table
    hot : T - 37 below which no rate acts
    """
    real = after.dtype.type
    half = real(0.5)
    for z in range(z0, z1):
        for y in range(after.shape[1]):
            u0, u1, lab = before[z, y], after[z, y], labels[z, y]
            warmest = u1[0]
            for x in range(u1.size):
                warmest = max(warmest, max(u0[x], u1[x]))
            for f in range(kinds.size):
                row = fields[f, z, y]
                if kinds[f] == 2:
                    for x in range(u1.size):
                        row[x] = max(row[x], u1[x])
                elif kinds[f] == 3:
                    for x in range(u1.size):
                        row[x] = min(row[x], u1[x])
            if warmest < hot:
                continue
            for x in range(u1.size):
                middle = half * (u0[x] + u1[x])
                if middle < hot:
                    continue
                position = (middle - grid[0]) * grid[1]
                node = min(max(np.int32(position), np.int32(0)), np.int32(U_BINS - 1))
                position -= real(node)
                bin_row = np.int32(lab[x]) * np.int32(U_BINS) + node
                theta = bins[bin_row, 0] + position * bins[bin_row, 1]
                for f in range(kinds.size):
                    if kinds[f] > 1 or theta < laws[f, 0]:
                        continue
                    place = min((theta - laws[f, 0]) * rate_scale, laws[f, 2])
                    low = min(np.int32(place), np.int32(laws[f, 2]) - np.int32(1))
                    place -= real(low)
                    log2 = log2_rates[f, low] + place * (log2_rates[f, low + 1] - log2_rates[f, low])
                    exposure = dt * np.exp2(log2)
                    if kinds[f] == 0:
                        fields[f, z, y, x] = min(fields[f, z, y, x] + exposure, laws[f, 1])
                    else:
                        fields[f, z, y, x] *= np.exp(-exposure)


@numba.njit(nogil=True, cache=True)
def ranges(u, labels, planes, z0, z1):  # type: ignore[no-untyped-def]
    """Least and greatest u of each region in planes z0 .. z1, into planes (nz, regions, 2); nan where any is."""
    for z in range(z0, z1):
        planes[z, :, 0] = np.inf
        planes[z, :, 1] = -np.inf
        finite = True
        for y in range(u.shape[1]):
            for x in range(u.shape[2]):
                value, region = u[z, y, x], labels[z, y, x]
                finite &= value == value
                if value < planes[z, region, 0]:
                    planes[z, region, 0] = value
                if value > planes[z, region, 1]:
                    planes[z, region, 1] = value
        if not finite:
            planes[z] = np.nan
