// Finds races. What g++ -fsanitize=thread reports of the kernels' reads and writes comes here, not to ThreadSanitizer:
// two threads of a block that come to the same memory between the same barriers, or threads of two blocks, race if one
// of them writes; not if both do so atomically.
#include "shim.h"

#include <cstdint>
#include <initializer_list>
#include <unordered_map>

namespace shim {
struct Access {
    const void *code;  // null: none so far
    Runner by;
};

// The last write, and of reads and atomic operations since then one of the first and the last one.
struct Accesses {
    Access write, read, last_read, atomic, last_atomic;
};

static void keep(const Access &access, Access &first, Access &last) {
    const bool is_over = first.by.block == access.by.block && first.by.barriers != access.by.barriers;
    (!first.code || is_over ? first : last) = access;
}

void come(const void *address, size_t size, Way way, const void *code) {
    static std::unordered_map<uintptr_t, Accesses> words;  // of 4 bytes
    static unsigned launch;
    const Memory memory = memory_of(address);
    const Runner now = runner();
    if (memory == OWN) return;
    if (launch != now.launch) words.clear(), launch = now.launch;
    const uintptr_t first = uintptr_t(address) / 4, last = (uintptr_t(address) + size - 1) / 4;
    for (uintptr_t word = first; word <= last; ++word) {
        Accesses &seen = words[word];
        const auto look = [&](const Access &access) {
            const Runner &other = access.by;
            const bool meet = other.block != now.block ? memory == DEVICE  // each block has its own shared memory
                                                       : other.thread != now.thread && other.barriers == now.barriers;
            if (access.code && meet) race(other, access.code, now, code);
        };
        look(seen.write);
        if (way != READ) look(seen.read), look(seen.last_read);
        if (way != ATOMIC) look(seen.atomic), look(seen.last_atomic);
        if (way == READ) keep({code, now}, seen.read, seen.last_read);
        if (way == ATOMIC) keep({code, now}, seen.atomic, seen.last_atomic);
        if (way == WRITE) seen = {{code, now}, {}, {}, {}, {}};
    }
}
}  // namespace shim

#define REPORTED(name, way, size) \
    extern "C" void __tsan_##name##size(void *at) { shim::come(at, size, shim::way, __builtin_return_address(0)); }
#define REPORTED_OF(size)                 \
    REPORTED(read, READ, size)            \
    REPORTED(write, WRITE, size)          \
    REPORTED(unaligned_read, READ, size)  \
    REPORTED(unaligned_write, WRITE, size)
REPORTED_OF(1)
REPORTED_OF(2)
REPORTED_OF(4)
REPORTED_OF(8)
REPORTED_OF(16)
extern "C" void __tsan_read_range(void *at, size_t size) {
    shim::come(at, size, shim::READ, __builtin_return_address(0));
}
extern "C" void __tsan_write_range(void *at, size_t size) {
    shim::come(at, size, shim::WRITE, __builtin_return_address(0));
}
extern "C" void __tsan_init() {}
extern "C" void __tsan_func_entry(void *) {}
extern "C" void __tsan_func_exit() {}
