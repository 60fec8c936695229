// What is remembered of freezing (the laws: engine/cold.py): seconds below an edge, cycles, passages between two edges.
#include "problem.cuh"

struct ColdArguments {
    Problem p;
    const real *before, *after;  // u at the start and end of a step
    real *fields;                // (histories, members, cells)
    const int *kinds;            // (histories,)
    const real *colds, *warms;   // (members, histories, regions): u of the edges
    const Span *span;            // of the super-step, of which this is one of `steps` equal steps
    int histories;
    int cooling, thawing;        // the histories that a passage leads to
    real drop;                   // between the edges of a passage, K s/min
    real gate;                   // u at and above which nothing is remembered
};

// 1 at and above the warm edge, -1 at and below the cold one, 0 between.
__device__ __forceinline__ int side(real u, real cold, real warm) { return (u >= warm) - (u <= cold); }

// Moves the clock of a passage on; how long the one took that ended in this step, signed, or 0.
__device__ __forceinline__ real passed(real *clock, real before, real after, real cold, real warm, real seconds) {
    const int first = side(before, cold, warm), last = side(after, cold, warm);
    const real at_start = *clock;
    const int came = first ? first : side(at_start, 0, 0);
    real now = 0, taken = 0;
    if (came && came != last) {
        const real per_kelvin = before == after ? (real)0 : seconds / (before - after);
        const real since = first ? ((first > 0 ? warm : cold) - after) * per_kelvin : came * at_start + seconds;
        if (last == 0) now = came * since;
        else taken = came * (since - ((last > 0 ? warm : cold) - after) * per_kelvin);
    }
    if (now != at_start) *clock = now;
    return taken;
}

KERNEL(cold, ColdArguments) {
    const Problem &p = a.p;
    const size_t cells = cells_of(p);
    const int member = blockIdx.y;
    const real seconds = (real)(a.span->seconds / a.span->steps);
    for (size_t cell = (size_t)blockIdx.x * THREADS + threadIdx.x; cell < cells; cell += (size_t)gridDim.x * THREADS) {
        const size_t at = member * cells + cell;
        const real u0 = __ldg(a.before + at), u1 = __ldg(a.after + at), low = min(u0, u1), high = max(u0, u1);
        if (low >= a.gate) continue;
        const unsigned region = __ldg(p.labels + at);
        for (int h = 0; h < a.histories; ++h) {
            const size_t edge = ((size_t)member * a.histories + h) * p.regions + region;
            const real cold = __ldg(a.colds + edge), warm = __ldg(a.warms + edge);
            real *fields = a.fields + member * cells + cell, *own = fields + h * gridDim.y * cells;
            if (a.kinds[h] == TIME) {
                if (low < cold) *own += high > cold ? seconds * ((cold - low) / (high - low)) : seconds;
            } else if (a.kinds[h] == CYCLES) {
                const real count = *own;
                if (count > (real)whole(count) ? u1 > warm : u1 < cold) *own = count + (real)0.5;
            } else if (a.kinds[h] == PASSAGE) {
                const real taken = passed(own, u0, u1, cold, warm, seconds);
                if (taken == 0) continue;
                real *fastest = fields + (taken > 0 ? a.cooling : a.thawing) * gridDim.y * cells;
                *fastest = max(*fastest, a.drop / (taken > 0 ? taken : -taken));
            }
        }
    }
}
