// What never changes during a run, as engine/cuda_layout.py lays it out, and the look-ups in it.
#pragma once
#include "real.cuh"

// Laws of one region, read 16 bytes at a time: 1/rho c, omega rho_b c_b, Q_m, u of half thawed, linear range, rise of
// the potential in it.
struct alignas(16) Material {
    real inverse, perfusion, metabolic, thawed, low, high, rise, bend;
};

// Kinds of what is remembered of each cell (engine/dose_tables.py).
enum HistoryKind { ACCUMULATE, DECAY, GREATEST, LEAST, TIME, CYCLES, PASSAGE };

// The span of a super-step and how it is sampled: by one of `steps` equal steps, at `share` of which its middle lies.
struct Span {
    double share, steps, seconds;
};

// Sides on which a cell meets another material, and whether the exchange list names it.
enum { WEST = 1, EAST = 2, SOUTH = 4, NORTH = 8, BELOW = 16, ABOVE = 32, COUPLED = 64 };

struct Problem {
    int nx, ny, nz;             // cells of a member along x, y, z; x runs fastest
    int depth, chunks;          // planes that a block of `stage` goes through, and how many such there are
    int regions, bins, groups;  // of each member
    real lowest, scale;         // u of the first node, nodes per kelvin
    const unsigned char *labels, *sides;          // (members, cells)
    const real *theta, *potential, *resistance;   // (members, regions, bins + 1): T - 37, Kirchhoff's, dx^2/2k
    const Material *materials;                    // (members, regions)
    const real *blood;                            // (members,) T - 37
    const int *row_first;                         // (members, nz ny + 1): first exchange row of each grid row
    const unsigned *row_cell;                     // (rows,): cell of its member
    const int *row_group;                         // (rows,)
    const real *row_weight, *row_series;          // (rows,)
    const real *film, *outside;                   // (members, groups)
};

__device__ __forceinline__ size_t cells_of(const Problem &p) { return (size_t)p.nx * p.ny * p.nz; }

// Value of a table of one region at u: linear in its bin, and beyond the last ones.
__device__ __forceinline__ real between(const Problem &p, const real *table, real u) {
    const real place = (u - p.lowest) * p.scale;
    const int node = whole(clip(place, (real)0, (real)(p.bins - 1)));
    const real low = __ldg(table + node);
    return low + (place - (real)node) * (__ldg(table + node + 1) - low);
}

__device__ __forceinline__ const real *table_of(const Problem &p, const real *table, int member, unsigned region) {
    return table + ((size_t)member * p.regions + region) * (p.bins + 1);
}

__device__ __forceinline__ bool is_linear(const Material &m, real u) { return (u >= m.low) & (u <= m.high); }

// T - 37 [K]
__device__ __forceinline__ real theta_of(const Problem &p, const Material &m, int member, unsigned region, real u) {
    return is_linear(m, u) ? u : between(p, table_of(p, p.theta, member, region), u);
}

// Kirchhoff's potential [W m^-3]
__device__ __forceinline__ real potential_of(const Problem &p, const Material &m, int member, unsigned region, real u) {
    return is_linear(m, u) ? (m.rise + m.bend * u) * u : between(p, table_of(p, p.potential, member, region), u);
}

// dx^2/2k [K m^3 W^-1]; k/dx^2 is the slope of the potential
__device__ __forceinline__ real resistance_of(const Problem &p, const Material &m, int member, unsigned region, real u) {
    return is_linear(m, u) ? (real)0.5 / (m.rise + (real)2 * m.bend * u)
                           : between(p, table_of(p, p.resistance, member, region), u);
}

__device__ __forceinline__ Material material_of(const Problem &p, int member, unsigned region) {
    return p.materials[(size_t)member * p.regions + region];
}
