// What a person watches: temperatures, histories, and how many cells are dead, at listed cells or everywhere.
#include "problem.cuh"

struct SurveyArguments {
    Problem p;
    const real *field;       // (members, cells): u or a history
    const unsigned *cells;   // (n,), or null for all
    real *values;            // (n,): of `gather`
    wide *extremes;          // (2,): of `span`
    unsigned *count;         // (1,): of `count`
    real body;               // what is added to T - 37
    real threshold;
    int n, member;
    int is_state;            // the field is u: its temperature is asked for
    int is_count;            // cycles: a half is one that has begun
    int at_most;             // count values up to the threshold, else from it on
};

__device__ __forceinline__ real value_at(const SurveyArguments &a, int i) {
    const size_t at = a.member * cells_of(a.p) + (a.cells ? a.cells[i] : (unsigned)i);
    const real v = a.field[at];
    if (!a.is_state) return a.is_count ? ceil(v) : v;
    const unsigned region = a.p.labels[at];
    return a.body + theta_of(a.p, material_of(a.p, a.member, region), a.member, region, v);
}

KERNEL(gather, SurveyArguments) {
    for (int i = blockIdx.x * THREADS + threadIdx.x; i < a.n; i += gridDim.x * THREADS) a.values[i] = value_at(a, i);
}

KERNEL(span, SurveyArguments) {
    __shared__ wide least, greatest;
    if (threadIdx.x == 0) least = ~0ull, greatest = 0;
    __syncthreads();
    wide low = ~0ull, high = 0;
    for (int i = blockIdx.x * THREADS + threadIdx.x; i < a.n; i += gridDim.x * THREADS) {
        const wide value = ordered(value_at(a, i));
        low = min(low, value), high = max(high, value);
    }
    atomicMin(&least, low);
    atomicMax(&greatest, high);
    __syncthreads();
    if (threadIdx.x == 0) {
        atomicMin(a.extremes, least);
        atomicMax(a.extremes + 1, greatest);
    }
}

KERNEL(count, SurveyArguments) {
    __shared__ unsigned met;
    if (threadIdx.x == 0) met = 0;
    __syncthreads();
    unsigned own = 0;
    for (int i = blockIdx.x * THREADS + threadIdx.x; i < a.n; i += gridDim.x * THREADS) {
        const real value = value_at(a, i);
        if (a.at_most ? value <= a.threshold : value >= a.threshold) ++own;
    }
    atomicAdd(&met, own);
    __syncthreads();
    if (threadIdx.x == 0) atomicAdd(a.count, met);
}
