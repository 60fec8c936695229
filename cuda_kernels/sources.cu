// Volume heat: fields of one watt, placed where their source is now, and their sum (engine/deposit.py).
#include "problem.cuh"

// In double: positions would lose the last digits that the steep field beside the needle needs.
struct AntennaArguments {
    Problem p;
    const double *log_density;       // (rows, columns) of (r, |z|) in the antenna's frame
    const double *absorption;        // (regions,) relative to the medium; 0 in gas
    real *field;                     // (cells,): mean over each cell, per watt [m^-3]
    double centre_x, centre_y, centre_z;  // from the middle of the first cell [m]
    double axis_x, axis_y, axis_z;
    double r_min, r_step, z_step, reach, spacing;
    double near;                     // distance from the axis within which a cell's mean is taken over samples [m]
    int rows, columns, samples, member;
};

__device__ __forceinline__ double density(const AntennaArguments &a, double x, double y, double z) {
    const double along = x * a.axis_x + y * a.axis_y + z * a.axis_z;
    const double r = sqrt(max(x * x + y * y + z * z - along * along, 0.0));
    double i = log(max(r, a.r_min) / a.r_min) / a.r_step, j = (along < 0 ? -along : along) / a.z_step;
    if (r < a.r_min || i > a.rows - 1 || j > a.columns - 1) return 0;
    i = min(i, a.rows - 1.001), j = min(j, a.columns - 1.001);
    const int row = whole(i), column = whole(j);
    const double across_share = i - row, along_share = j - column;
    const double *at = a.log_density + (size_t)row * a.columns + column, *further = at + a.columns;
    const double low = at[0] + along_share * (at[1] - at[0]);
    const double high = further[0] + along_share * (further[1] - further[0]);
    return exp(low + across_share * (high - low));
}

KERNEL(antenna, AntennaArguments) {
    const Problem &p = a.p;
    const size_t cells = cells_of(p);
    for (size_t cell = (size_t)blockIdx.x * THREADS + threadIdx.x; cell < cells; cell += (size_t)gridDim.x * THREADS) {
        const int i = cell % p.nx, j = cell / p.nx % p.ny, k = cell / p.nx / p.ny;
        const double x = i * a.spacing - a.centre_x, y = j * a.spacing - a.centre_y, z = k * a.spacing - a.centre_z;
        double mean = 0;
        if (max(max(x, -x), max(max(y, -y), max(z, -z))) <= a.reach) {
            const double along = x * a.axis_x + y * a.axis_y + z * a.axis_z;
            if (x * x + y * y + z * z - along * along < a.near * a.near) {
                const double step = a.spacing / a.samples, corner = 0.5 * (step - a.spacing);
                for (int n = 0; n < a.samples * a.samples * a.samples; ++n) {
                    const int s = n % a.samples, t = n / a.samples % a.samples, q = n / a.samples / a.samples;
                    mean += density(a, x + corner + s * step, y + corner + t * step, z + corner + q * step);
                }
                mean /= a.samples * a.samples * a.samples;
            } else {
                mean = density(a, x, y, z);
            }
        }
        a.field[cell] = (real)(mean * a.absorption[p.labels[a.member * cells + cell]]);
    }
}

struct ScatterArguments {
    const unsigned *cells;  // (n,)
    const real *values;     // (n,)
    real *field;
    int n;
};

KERNEL(scatter, ScatterArguments) {
    for (int i = blockIdx.x * THREADS + threadIdx.x; i < a.n; i += gridDim.x * THREADS) a.field[a.cells[i]] = a.values[i];
}

struct CombineArguments {
    const real *field;  // (n,) per watt
    real *source;       // (n,) [W m^-3]
    real watt;
    int is_first;       // forget what the source was
    size_t n;
};

KERNEL(combine, CombineArguments) {
    for (size_t i = (size_t)blockIdx.x * THREADS + threadIdx.x; i < a.n; i += (size_t)gridDim.x * THREADS) {
        const real value = a.watt * a.field[i];
        a.source[i] = a.is_first ? value : a.source[i] + value;
    }
}

struct HeatingArguments {
    Problem p;
    const real *source;  // (cells,) of one member
    double *sums;        // (blocks,)
    wide *extremes;      // (2,): least and greatest rate of u [K s^-1]
    int member;
};

KERNEL(heating, HeatingArguments) {
    const Problem &p = a.p;
    __shared__ double added[THREADS];
    __shared__ wide least, greatest;
    if (threadIdx.x == 0) least = ~0ull, greatest = 0;
    __syncthreads();
    const size_t cells = cells_of(p);
    wide low = ~0ull, high = 0;
    double sum = 0;
    for (size_t cell = (size_t)blockIdx.x * THREADS + threadIdx.x; cell < cells; cell += (size_t)gridDim.x * THREADS) {
        const real heat = __ldg(a.source + cell);
        const unsigned region = __ldg(p.labels + a.member * cells + cell);
        const wide rate = ordered(heat * material_of(p, a.member, region).inverse);
        sum += heat;
        low = min(low, rate), high = max(high, rate);
    }
    atomicMin(&least, low);
    atomicMax(&greatest, high);
    sum = block_sum(sum, added, threadIdx.x, THREADS);
    if (threadIdx.x == 0) {
        a.sums[blockIdx.x] = sum;
        atomicMin(a.extremes, least);
        atomicMax(a.extremes + 1, greatest);
    }
}
