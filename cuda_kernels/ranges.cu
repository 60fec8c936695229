// What the state spans: least and greatest u of each region, and the greatest change of any cell.
#include "problem.cuh"

#define REGIONS 256

struct RangeArguments {
    Problem p;
    const real *u, *previous;  // (members, cells): now, and at the start of the last (super-)step
    wide *least, *greatest;    // (members, regions), of u; a u that is not finite lies beyond one of them
    wide *change;              // (members,): greatest |u - previous|
};

// Each thread goes up a column of `depth` cells, in which the region seldom changes.
KERNEL(ranges, RangeArguments) {
    const Problem &p = a.p;
    __shared__ wide low_of[REGIONS], high_of[REGIONS], most;
    const int thread = threadIdx.x, member = blockIdx.y;
    for (int region = thread; region < p.regions; region += THREADS) low_of[region] = ~0ull, high_of[region] = 0;
    if (thread == 0) most = 0;
    __syncthreads();

    const size_t plane = (size_t)p.nx * p.ny, base = member * cells_of(p);
    real change = 0;
    const size_t column = (size_t)blockIdx.x * THREADS + thread;
    if (column < plane) {
        const int first = blockIdx.z * p.depth, last = min(first + p.depth, p.nz);
        unsigned region = __ldg(p.labels + base + column + first * plane);
        real low = __ldg(a.u + base + column + first * plane), high = low;
        for (int z = first; z < last; ++z) {
            const size_t at = base + column + z * plane;
            const real v = __ldg(a.u + at);
            const unsigned here = __ldg(p.labels + at);
            if (here != region) {
                atomicMin(low_of + region, ordered(low));
                atomicMax(high_of + region, ordered(high));
                region = here, low = v, high = v;
            }
            const real moved = v < a.previous[at] ? a.previous[at] - v : v - a.previous[at];
            if (!(v - v == 0)) low = high = v - v;  // not a number: stays so in every comparison below
            if (v < low) low = v;
            if (v > high) high = v;
            if (moved > change) change = moved;
        }
        atomicMin(low_of + region, ordered(low));
        atomicMax(high_of + region, ordered(high));
        atomicMax(&most, ordered(change));
    }
    __syncthreads();
    for (int region = thread; region < p.regions; region += THREADS) {
        const size_t at = (size_t)member * p.regions + region;
        if (low_of[region] != ~0ull) atomicMin(a.least + at, low_of[region]);
        if (high_of[region] != 0) atomicMax(a.greatest + at, high_of[region]);
    }
    if (thread == 0) atomicMax(a.change + member, most);
}
