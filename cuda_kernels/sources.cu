// Volume heat: points and fields of one watt, and their sum (engine/deposit.py; antennas in antennas.cu).
#include "problem.cuh"

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
