// The number type of the solver, and small helpers. Compiled with -DREAL=double for verification.
#pragma once

#ifndef REAL
#define REAL float
#endif
typedef REAL real;
typedef unsigned long long wide;

#define THREADS 256
#define KERNEL(name, Arguments) extern "C" __global__ void __launch_bounds__(THREADS) name(const Arguments a)

__device__ __forceinline__ real clip(real value, real low, real high) {
    return value < low ? low : value > high ? high : value;
}

// The whole part of a number, 0 of one that is not a number.
__device__ __forceinline__ int whole(float value) { return __float2int_rz(value); }
__device__ __forceinline__ int whole(double value) { return __double2int_rz(value); }

// Numbers in an order that integers have too, so that atomicMin and atomicMax find extremes whatever comes first.
// A quantity that is not a number lies above all others.
__device__ __forceinline__ wide ordered(double value) {
    const wide bits = (wide)__double_as_longlong(value);
    return bits >> 63 ? ~bits : bits | (1ull << 63);
}

// Adds the values of a block's threads in fixed order; thread 0 gets the sum.
__device__ __forceinline__ double block_sum(double value, double *shared, int thread, int threads) {
    shared[thread] = value;
    for (int half = threads / 2; half > 0; half /= 2) {
        __syncthreads();
        if (thread < half) shared[thread] += shared[thread + half];
    }
    return thread == 0 ? shared[0] : 0;
}
