// Energy: what is stored now, and taking over (or dropping) what a super-step has booked.
#include "problem.cuh"

struct StoredArguments {
    Problem p;
    const real *u;                 // (members, cells)
    const double *heat_capacity;   // (regions,) of the member; 0 in gas
    double *sums;                  // (blocks,)
    int member;
};

KERNEL(stored, StoredArguments) {
    __shared__ double added[THREADS];
    const size_t cells = cells_of(a.p), base = a.member * cells;
    double sum = 0;
    for (size_t cell = (size_t)blockIdx.x * THREADS + threadIdx.x; cell < cells; cell += (size_t)gridDim.x * THREADS)
        sum += a.heat_capacity[__ldg(a.p.labels + base + cell)] * (double)__ldg(a.u + base + cell);
    sum = block_sum(sum, added, threadIdx.x, THREADS);
    if (threadIdx.x == 0) a.sums[blockIdx.x] = sum;
}

struct SettleArguments {
    double *pending, *total;  // (n,)
    int n, keep;
};

KERNEL(settle, SettleArguments) {
    for (int i = blockIdx.x * THREADS + threadIdx.x; i < a.n; i += gridDim.x * THREADS) {
        if (a.keep) a.total[i] += a.pending[i];
        a.pending[i] = 0;
    }
}
