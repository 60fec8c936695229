// One stage of a super-step (engine/reference.py says what it computes): every block goes up through its planes with
// Kirchhoff's potential of one of them in shared memory, so that each cell is read once and looked up once.
#include "problem.cuh"

#define TILE_X 32
#define TILE_Y 8

// tau gain, mu, nu, tau gain_0 of Y_j (see engine/superstep.py); the seconds for which its rates count in the sums.
struct Weights {
    double gain, mu, nu, gain_0, booked;
};

struct StageArguments {
    Problem p;
    const real *u;                // Y_{j-1}
    const real *before;           // Y_{j-2}; may be `out`
    const real *start;            // Y_0
    real *start_rate;             // M(Y_0) of RKL2
    real *out;                    // Y_j
    const real *source;           // power density, or null
    const real *alive;            // share of perfusion left, or null
    const Weights *weights;       // of this stage
    double *sums;                 // (members, blocks of a member, 2): perfusion, metabolic heat [W m^-3 s]
    double *row_sums;             // (rows,): heat of each exchange row [W m^-3 s]
};

enum Kind { FIRST, LATER, FIRST_RKL2, LATER_RKL2 };

// Heat between two materials through two half cells in series.
__device__ __forceinline__ real across(
    const Problem &p, const unsigned char *labels, int member, const real *u, unsigned other, real theta, real resistance
) {
    const unsigned region = labels[other];
    const Material m = material_of(p, member, region);
    const real v = u[other];
    return (theta_of(p, m, member, region, v) - theta) / (resistance + resistance_of(p, m, member, region, v));
}

// Heat that the exchange list brings to a cell: its rows follow each other among those of its grid row.
__device__ __forceinline__ real coupled(
    const StageArguments &a, int member, int row, unsigned cell, real theta, real resistance
) {
    const Problem &p = a.p;
    const int *first = p.row_first + (size_t)member * ((size_t)p.ny * p.nz + 1) + row;
    int low = first[0], high = first[1];
    const int end = high;
    while (low < high) {
        const int middle = (low + high) / 2;
        if (p.row_cell[middle] < cell) low = middle + 1;
        else high = middle;
    }
    real heat = 0;
    for (int i = low; i < end && p.row_cell[i] == cell; ++i) {
        const size_t group = (size_t)member * p.groups + p.row_group[i];
        const real flux = p.row_weight[i] * (p.outside[group] - theta) / (p.row_series[i] * resistance + p.film[group]);
        a.row_sums[i] += a.weights->booked * flux;
        heat += flux;
    }
    return heat;
}

template <Kind KIND> __device__ __forceinline__ void stage(const StageArguments &a) {
    const Problem &p = a.p;
    __shared__ real shared[2][TILE_Y + 2][TILE_X + 2];
    __shared__ double added[THREADS];
    const int thread = threadIdx.y * TILE_X + threadIdx.x;
    const int member = blockIdx.z / p.chunks, first_z = (blockIdx.z % p.chunks) * p.depth;
    const int last_z = min(first_z + p.depth, p.nz);
    const int x = blockIdx.x * TILE_X + threadIdx.x, y = blockIdx.y * TILE_Y + threadIdx.y;
    const bool inside = x < p.nx && y < p.ny;
    const unsigned plane = p.nx * p.ny;
    const size_t base = member * cells_of(p);  // cells of one member are counted in 32 bits
    const unsigned char *labels = p.labels + base, *sides = p.sides + base;
    const real *u = a.u + base, *before = a.before + base;
    const real *sources = a.source ? a.source + base : a.source, *alive = a.alive ? a.alive + base : a.alive;
    const real *start = KIND == LATER_RKL2 ? a.start + base : a.start;
    real *start_rate = KIND == FIRST_RKL2 || KIND == LATER_RKL2 ? a.start_rate + base : a.start_rate;
    real *out = a.out + base;
    const real gain = a.weights->gain, mu = a.weights->mu, nu = a.weights->nu, gain_0 = a.weights->gain_0;
    const real blood = p.blood[member];

    // The rim of the tile, one cell for each of the first threads. Beyond the box a cell stands for its neighbour
    // outside, so that nothing flows there.
    int rim_x = -1, rim_y = -1;
    if (thread < TILE_X) rim_x = thread + 1, rim_y = 0;
    else if (thread < 2 * TILE_X) rim_x = thread - TILE_X + 1, rim_y = TILE_Y + 1;
    else if (thread < 2 * TILE_X + TILE_Y) rim_x = 0, rim_y = thread - 2 * TILE_X + 1;
    else if (thread < 2 * TILE_X + 2 * TILE_Y) rim_x = TILE_X + 1, rim_y = thread - 2 * TILE_X - TILE_Y + 1;
    const bool on_rim = rim_x >= 0;
    const int far_x = min(max((int)(blockIdx.x * TILE_X) + rim_x - 1, 0), p.nx - 1);
    const int far_y = min(max((int)(blockIdx.y * TILE_Y) + rim_y - 1, 0), p.ny - 1);
    unsigned rim = first_z * plane + far_y * p.nx + far_x;
    unsigned cell = first_z * plane + min(y, p.ny - 1) * p.nx + min(x, p.nx - 1);

    // Along z: the potential below, here and above, and u and label of two planes ahead, which are on their way.
    unsigned region = __ldg(labels + cell);
    real v = __ldg(u + cell);
    real here = potential_of(p, material_of(p, member, region), member, region, v), under = here;
    if (first_z > 0) {
        const unsigned lower = __ldg(labels + cell - plane);
        under = potential_of(p, material_of(p, member, lower), member, lower, __ldg(u + cell - plane));
    }
    const unsigned next = first_z + 1 < p.nz ? cell + plane : cell;
    unsigned next_region = __ldg(labels + next), rim_region = 0;
    real next_v = __ldg(u + next), rim_v = 0;
    if (on_rim) rim_region = __ldg(labels + rim), rim_v = __ldg(u + rim);

    real brought = 0, made = 0;
    for (int z = first_z; z < last_z; ++z) {
        const int turn = (z - first_z) & 1;
        const unsigned after = cell + (z + 2 < p.nz ? 2 * plane : z + 1 < p.nz ? plane : 0);
        const unsigned after_region = __ldg(labels + after), meets = __ldg(sides + cell);
        const real after_v = __ldg(u + after), source = sources ? __ldg(sources + cell) : (real)0;
        real earlier = 0, y0 = 0, rate_0 = 0;
        if (KIND == LATER || KIND == LATER_RKL2) earlier = before[cell];
        if (KIND == LATER_RKL2) y0 = __ldg(start + cell), rate_0 = start_rate[cell];

        shared[turn][threadIdx.y + 1][threadIdx.x + 1] = here;
        if (on_rim) {
            const Material m = material_of(p, member, rim_region);
            shared[turn][rim_y][rim_x] = potential_of(p, m, member, rim_region, rim_v);
            if (z + 1 < last_z) rim += plane;
            rim_region = __ldg(labels + rim), rim_v = __ldg(u + rim);
        }
        const real over = potential_of(p, material_of(p, member, next_region), member, next_region, next_v);
        __syncthreads();

        if (inside) {
            const Material m = material_of(p, member, region);
            const real *tile = &shared[turn][threadIdx.y + 1][threadIdx.x + 1];
            real west = tile[-1] - here, east = tile[1] - here;
            real south = tile[-(TILE_X + 2)] - here, north = tile[TILE_X + 2] - here;
            real below = under - here, above = over - here, outer = 0;
            if (meets) {
                const real theta = theta_of(p, m, member, region, v), resistance = resistance_of(p, m, member, region, v);
                if (meets & WEST) west = across(p, labels, member, u, cell - 1, theta, resistance);
                if (meets & EAST) east = across(p, labels, member, u, cell + 1, theta, resistance);
                if (meets & SOUTH) south = across(p, labels, member, u, cell - p.nx, theta, resistance);
                if (meets & NORTH) north = across(p, labels, member, u, cell + p.nx, theta, resistance);
                if (meets & BELOW) below = across(p, labels, member, u, cell - plane, theta, resistance);
                if (meets & ABOVE) above = across(p, labels, member, u, cell + plane, theta, resistance);
                if (meets & COUPLED) outer = coupled(a, member, z * p.ny + y, cell, theta, resistance);
            }
            real heat = ((south + north) + (below + above)) + (west + east) + source + outer;

            real share = clip((v - m.thawed) * p.scale + (real)0.5, (real)0, (real)1);
            if (share > 0) {
                if (alive) share *= __ldg(alive + cell);
                const real flow = m.perfusion * share * (blood - theta_of(p, m, member, region, v));
                brought += flow;
                made += m.metabolic * share;
                heat += flow + m.metabolic * share;
            }
            const real rate = heat * m.inverse;
            real result;
            if (KIND == FIRST) result = v + gain * rate;
            if (KIND == LATER) result = earlier + mu * (v - earlier) + gain * rate;
            if (KIND == FIRST_RKL2) {
                start_rate[cell] = rate;
                result = v + gain * rate;
            }
            if (KIND == LATER_RKL2) {
                const real change = mu * (v - y0) + nu * (earlier - y0);
                result = y0 + (change + (gain * rate + gain_0 * rate_0));
            }
            out[cell] = result;
        }
        under = here, here = over, v = next_v, region = next_region;
        next_v = after_v, next_region = after_region;
        cell += plane;
    }

    const size_t blocks = (size_t)gridDim.x * gridDim.y * p.chunks;
    const size_t block = ((size_t)(blockIdx.z % p.chunks) * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    double *sums = a.sums + 2 * (member * blocks + block);
    const double all_brought = block_sum(brought, added, thread, THREADS);
    if (thread == 0) sums[0] += a.weights->booked * all_brought;
    __syncthreads();
    const double all_made = block_sum(made, added, thread, THREADS);
    if (thread == 0) sums[1] += a.weights->booked * all_made;
}

KERNEL(first, StageArguments) { stage<FIRST>(a); }
KERNEL(later, StageArguments) { stage<LATER>(a); }
KERNEL(first_rkl2, StageArguments) { stage<FIRST_RKL2>(a); }
KERNEL(later_rkl2, StageArguments) { stage<LATER_RKL2>(a); }
