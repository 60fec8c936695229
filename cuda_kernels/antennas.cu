// Antennas: their fields averaged over cells, what these heat by, and what surrounds them (engine/deposit.py).
#include "problem.cuh"

// Lengths in cells, in double: positions would lose the last digits that the steep field beside the needle needs.
struct Needle {
    double tip_x, tip_y, tip_z;     // from the middle of the first cell
    double axis_x, axis_y, axis_z;  // to the handle
    double spacing;                 // [m]
    double near;                    // distance from the axis within which samples^3 points are taken of a cell
    int first_x, first_y, first_z, last_x, last_y, last_z;  // cells in reach, the last ones not included
    int samples;
};

// Distance from the axis, and height along it.
struct AboutAxis {
    double r, z;
};

// Of a point relative to the tip.
__device__ __forceinline__ AboutAxis about_axis(const Needle &n, double x, double y, double z) {
    const double along = x * n.axis_x + y * n.axis_y + z * n.axis_z;
    return {sqrt(max(x * x + y * y + z * z - along * along, 0.0)), along};
}

__device__ __forceinline__ double sample(const Needle &n, int index) { return (index + 0.5) / n.samples - 0.5; }

struct AntennaArguments {
    Problem p;
    Needle needle;
    const double *log_half_square;  // (rows, columns) of (r, z) in the antenna's frame
    real *field;                    // (cells,): mean of |E|^2/2 per watt over each cell
    double r_min, r_step, z_first, z_step;  // [m]
    int rows, columns;
};

__device__ __forceinline__ double half_square(const AntennaArguments &a, AboutAxis at) {
    const double r = at.r * a.needle.spacing, z = at.z * a.needle.spacing;
    if (r < a.r_min && z >= 0) return 0;
    double i = log(max(r, a.r_min) / a.r_min) / a.r_step, j = (z - a.z_first) / a.z_step;
    if (i > a.rows - 1 || j < 0 || j > a.columns - 1) return 0;
    i = min(i, a.rows - 1.001), j = min(j, a.columns - 1.001);
    const int row = whole(i), column = whole(j);
    const double across_share = i - row, along_share = j - column;
    const double *here = a.log_half_square + (size_t)row * a.columns + column, *further = here + a.columns;
    const double low = here[0] + along_share * (here[1] - here[0]);
    const double high = further[0] + along_share * (further[1] - further[0]);
    return exp(low + across_share * (high - low));
}

KERNEL(antenna, AntennaArguments) {
    const Needle &n = a.needle;
    const size_t cells = cells_of(a.p);
    for (size_t cell = (size_t)blockIdx.x * THREADS + threadIdx.x; cell < cells; cell += (size_t)gridDim.x * THREADS) {
        const int i = cell % a.p.nx, j = cell / a.p.nx % a.p.ny, k = cell / a.p.nx / a.p.ny;
        double mean = 0;
        if (i >= n.first_x && i < n.last_x && j >= n.first_y && j < n.last_y && k >= n.first_z && k < n.last_z) {
            const double x = i - n.tip_x, y = j - n.tip_y, z = k - n.tip_z;
            const AboutAxis middle = about_axis(n, x, y, z);
            if (middle.r >= n.near) {
                mean = half_square(a, middle);
            } else {
                const int count = n.samples * n.samples * n.samples;
                for (int s = 0; s < count; ++s)
                    mean += half_square(a, about_axis(n, x + sample(n, s % n.samples),
                                                      y + sample(n, s / n.samples % n.samples),
                                                      z + sample(n, s / n.samples / n.samples)));
                mean /= count;
            }
        }
        a.field[cell] = (real)mean;
    }
}

struct AbsorbArguments {
    Problem p;
    const real *u, *field;     // (members, cells), (cells,)
    const real *conductivity;  // (regions, bins + 1) of this member
    real *density;             // (cells,): sigma(u) field
    int member;
};

KERNEL(absorb, AbsorbArguments) {
    const size_t cells = cells_of(a.p);
    for (size_t cell = (size_t)blockIdx.x * THREADS + threadIdx.x; cell < cells; cell += (size_t)gridDim.x * THREADS) {
        const real weight = a.field[cell];
        const size_t at = a.member * cells + cell;
        const real *law = a.conductivity + (size_t)a.p.labels[at] * (a.p.bins + 1);
        a.density[cell] = weight == (real)0 ? (real)0 : weight * between(a.p, law, a.u[at]);
    }
}

struct SurroundingsArguments {
    Problem p;
    Needle needle;
    const real *u;                            // (members, cells)
    const real *permittivity, *conductivity;  // (regions, bins + 1) of this member
    wide *sums;                               // (4, rows, columns): inside, outside, permittivity, conductivity; times UNIT
    double r_min, width, z_first;             // rings, in cells
    int rows, columns, member;
};

// Parts of a cell, and what they carry, are summed as integers: their sum does not depend on the order.
#define UNIT 4294967296.0

__device__ __forceinline__ void add_to_rings(const SurroundingsArguments &a, AboutAxis at, double weight, bool inside,
                                             double permittivity, double conductivity) {
    if (at.r < a.r_min && at.z >= 0) return;
    const double q = max((at.r - a.r_min) / a.width, 0.0), p = (at.z - a.z_first) / a.width;
    if (p < -1 || p >= a.rows || q >= a.columns) return;
    const int row = whole(p + 1) - 1, column = whole(q);
    const size_t rings = (size_t)a.rows * a.columns;
    for (int corner = 0; corner < 4; ++corner) {
        const int dj = corner / 2, di = corner % 2;
        if (row + dj < 0 || row + dj >= a.rows || column + di >= a.columns) continue;
        const double up = p - row, out = q - column;
        const double part = weight * (dj ? up : 1 - up) * (di ? out : 1 - out) * UNIT;
        wide *sum = a.sums + (size_t)(row + dj) * a.columns + column + di;
        if (!inside) {
            atomicAdd(sum + rings, (wide)part);
            continue;
        }
        atomicAdd(sum, (wide)part);
        atomicAdd(sum + 2 * rings, (wide)(part * permittivity));
        atomicAdd(sum + 3 * rings, (wide)(part * conductivity));
    }
}

KERNEL(surroundings, SurroundingsArguments) {
    const Needle &n = a.needle;
    const size_t nx = n.last_x - n.first_x, ny = n.last_y - n.first_y, nz = n.last_z - n.first_z;
    const size_t cells = cells_of(a.p);
    for (size_t s = (size_t)blockIdx.x * THREADS + threadIdx.x; s < nx * ny * nz; s += (size_t)gridDim.x * THREADS) {
        const int i = n.first_x + (int)(s % nx), j = n.first_y + (int)(s / nx % ny), k = n.first_z + (int)(s / nx / ny);
        const double x = i - n.tip_x, y = j - n.tip_y, z = k - n.tip_z;
        const AboutAxis middle = about_axis(n, x, y, z);
        if (middle.r > a.r_min + a.columns * a.width + 1) continue;
        const bool inside = i >= 0 && j >= 0 && k >= 0 && i < a.p.nx && j < a.p.ny && k < a.p.nz;
        double permittivity = 0, conductivity = 0;
        if (inside) {
            const size_t at = a.member * cells + ((size_t)k * a.p.ny + j) * a.p.nx + i;
            const size_t law = (size_t)a.p.labels[at] * (a.p.bins + 1);
            permittivity = between(a.p, a.permittivity + law, a.u[at]);
            conductivity = between(a.p, a.conductivity + law, a.u[at]);
        }
        if (middle.r >= n.near) {
            add_to_rings(a, middle, 1, inside, permittivity, conductivity);
            continue;
        }
        const int count = n.samples * n.samples * n.samples;
        for (int q = 0; q < count; ++q)
            add_to_rings(a, about_axis(n, x + sample(n, q % n.samples), y + sample(n, q / n.samples % n.samples),
                                       z + sample(n, q / n.samples / n.samples)),
                         1.0 / count, inside, permittivity, conductivity);
    }
}
