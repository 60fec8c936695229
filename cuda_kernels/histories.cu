// What is remembered of each cell: doses and shares left of a span, and extremes (engine/reference.py).
#include "problem.cuh"

// Law of one history: T - 37 below which its rate is 0, cap of the dose, last node of its table.
struct Law {
    real gate, cap, last;
};

struct DoseArguments {
    Problem p;
    const real *before, *after;  // u at the start and end of the step that is sampled
    real *fields;                // (histories, members, cells)
    const int *kinds;            // (histories,)
    const Law *laws;             // (histories,)
    const real *log2_rates;      // (histories, nodes)
    const real *stops;           // (members, histories, regions): u below which a share falls to 0
    const Span *span;
    int histories, nodes;
    real rate_scale;             // nodes per kelvin
    real hot, cold;              // T - 37 below which no rate acts, u at and above which nothing falls to 0
    real even;                   // doublings below which a rate counts as even
};

__device__ __forceinline__ real log2_rate(const DoseArguments &a, int history, const Law &law, real theta) {
    const real place = clip((theta - law.gate) * a.rate_scale, (real)0, law.last);
    const int node = min(whole(place), whole(law.last) - 1);
    const real *at = a.log2_rates + (size_t)history * a.nodes + node;
    const real low = __ldg(at);
    return low + (place - (real)node) * (__ldg(at + 1) - low);
}

// Mean rate while T - 37 goes evenly from `first` to `last`: exponential in between.
__device__ __forceinline__ real mean_rate(const DoseArguments &a, int history, const Law &law, real first, real last) {
    const real from = log2_rate(a, history, law, first), to = log2_rate(a, history, law, last), change = to - from;
    if (change < a.even && change > -a.even) return exp2((real)0.5 * (from + to));
    return (exp2(to) - exp2(from)) / (change * (real)0.6931471805599453);
}

KERNEL(doses, DoseArguments) {
    const Problem &p = a.p;
    const size_t cells = cells_of(p);
    const int member = blockIdx.y;
    const real share = (real)a.span->share, seconds = (real)a.span->seconds;
    const real half_steps = (real)(0.5 * a.span->steps);
    for (size_t cell = (size_t)blockIdx.x * THREADS + threadIdx.x; cell < cells; cell += (size_t)gridDim.x * THREADS) {
        const size_t at = member * cells + cell;
        const real u0 = __ldg(a.before + at), u1 = __ldg(a.after + at);
        const bool freezes = u1 < a.cold;
        // below the gates in every tissue: T - 37 is at most u where that is above 0
        if (!freezes && max(u0, u1) < a.hot) continue;
        const unsigned region = __ldg(p.labels + at);
        if (freezes) {
            for (int h = 0; h < a.histories; ++h) {
                const real stop = a.stops[((size_t)member * a.histories + h) * p.regions + region];
                if (a.kinds[h] == DECAY && u1 < stop) a.fields[((size_t)h * gridDim.y + member) * cells + cell] = 0;
            }
        }
        if (max(u0, u1) < a.hot) continue;
        const Material m = material_of(p, member, region);
        const real start = theta_of(p, m, member, region, u0);
        const real rise = theta_of(p, m, member, region, u1) - start;
        const real middle = start + share * rise, reach = half_steps * rise;
        for (int h = 0; h < a.histories; ++h) {
            const Law law = a.laws[h];
            if (a.kinds[h] > DECAY || middle < law.gate) continue;
            const real exposure = seconds * mean_rate(a, h, law, middle - reach, middle + reach);
            real *field = a.fields + ((size_t)h * gridDim.y + member) * cells + cell;
            if (a.kinds[h] == ACCUMULATE) *field = min(*field + exposure, law.cap);
            else *field *= exp(-exposure);
        }
    }
}

struct ExtremeArguments {
    const real *u;      // (n,)
    real *greatest;     // (n,), or null
    real *least;        // (n,), or null
    size_t n;
};

KERNEL(extremes, ExtremeArguments) {
    for (size_t i = (size_t)blockIdx.x * THREADS + threadIdx.x; i < a.n; i += (size_t)gridDim.x * THREADS) {
        const real v = __ldg(a.u + i);
        if (a.greatest && v > a.greatest[i]) a.greatest[i] = v;
        if (a.least && v < a.least[i]) a.least[i] = v;
    }
}
