// What a CUDA kernel finds in its language, for g++: with this file before it the text of a .cu file runs on the CPU as
// it stands; fibres.cpp runs the threads. Only what the kernels use is here: anything else doesn't compile.
#pragma once

#include <climits>
#include <cmath>
#include <cstddef>
#include <cstring>

#define __global__
#define __device__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(threads)
#define __shared__ static  // one block runs at a time
#define __syncthreads() shim::barrier(__FILE__ ":" SHIM_TEXT(__LINE__))
#define SHIM_TEXT(line) SHIM_QUOTED(line)
#define SHIM_QUOTED(line) #line

namespace shim {
struct Triple {
    unsigned x, y, z;
};

// How a kernel is run. order: threads and blocks 0 as they are numbered, 1 the other way round, else shuffled by this
// seed; spoilt: the byte that shared memory is full of when a block begins.
struct Launch {
    Triple grid, block;
    unsigned order, spoilt;
};

// Lets the other threads of the block come to the same barrier.
void barrier(const char *place);

// Runs all threads of all blocks. Returns what went wrong, or null.
const char *run(void (*thread)(const void *), const void *arguments, const Launch &launch);

// What races.cpp has to know: who runs (threads are counted from 1) and whose memory is at an address. What it finds.
struct Runner {
    unsigned launch, block, thread, barriers;
};
enum Memory { OWN, SHARED, DEVICE };
Runner runner();
Memory memory_of(const void *address);
void race(const Runner &one, const void *code, const Runner &other, const void *other_code);

// Tells races.cpp what it would not see.
enum Way { READ, WRITE, ATOMIC };
void come(const void *address, size_t size, Way way, const void *code);
}  // namespace shim

extern shim::Triple threadIdx, blockIdx, blockDim, gridDim;

// What Python finds of KERNEL(name, Arguments) in a .cu file.
#define ENTRY(name, Arguments)                                                                                    \
    static void name##_thread(const void *arguments) { name(*static_cast<const Arguments *>(arguments)); }        \
    extern "C" __attribute__((visibility("default"))) const size_t name##_size = sizeof(Arguments);               \
    extern "C" __attribute__((visibility("default"))) const unsigned name##_threads = THREADS;                    \
    extern "C" __attribute__((visibility("default"))) const char *name##_run(                                     \
        const void *bytes, const shim::Launch *launch                                                             \
    ) {                                                                                                           \
        Arguments arguments;                                                                                      \
        std::memcpy(static_cast<void *>(&arguments), bytes, sizeof arguments);                                    \
        return shim::run(name##_thread, &arguments, *launch);                                                     \
    }

using std::exp;
using std::exp2;
using std::log;
using std::sqrt;

// As in CUDA, the other one of two numbers if one is not a number.
#define SHIM_EXTREMES(type)                                             \
    inline type min(type a, type b) { return a < b || b != b ? a : b; } \
    inline type max(type a, type b) { return a > b || b != b ? a : b; }
SHIM_EXTREMES(int)
SHIM_EXTREMES(unsigned)
SHIM_EXTREMES(unsigned long long)
SHIM_EXTREMES(float)
SHIM_EXTREMES(double)

template <class Value> inline Value __ldg(const Value *address) { return *address; }

// 0 of what is not a number, the nearest one of what is too large.
inline int __double2int_rz(double value) {
    return value != value ? 0 : value <= INT_MIN ? INT_MIN : value >= INT_MAX ? INT_MAX : int(value);
}
inline int __float2int_rz(float value) { return __double2int_rz(value); }

inline long long __double_as_longlong(double value) {
    long long bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

#if defined(__SANITIZE_THREAD__)
#define SHIM_ATOMICALLY(address) shim::come(address, sizeof *address, shim::ATOMIC, __builtin_return_address(0))
#else
#define SHIM_ATOMICALLY(address)
#endif
#define SHIM_ATOMIC(name, type, result)                                                                         \
    __attribute__((no_sanitize("thread"), noinline, unused)) static type name(type *address, type value) {      \
        SHIM_ATOMICALLY(address);                                                                               \
        const type old = *address;                                                                              \
        *address = result;                                                                                      \
        return old;                                                                                             \
    }
#define SHIM_ATOMICS(type)                                  \
    SHIM_ATOMIC(atomicAdd, type, old + value)               \
    SHIM_ATOMIC(atomicMin, type, value < old ? value : old) \
    SHIM_ATOMIC(atomicMax, type, value > old ? value : old)
SHIM_ATOMICS(int)
SHIM_ATOMICS(unsigned)
SHIM_ATOMICS(unsigned long long)
