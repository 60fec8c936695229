// Runs the blocks of a kernel one after the other, and the threads of a block in turn: each has a stack of its own and
// goes on up to its next barrier. So every barrier holds, and the order is the same in every run.
#include "shim.h"

#include <dlfcn.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <random>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#else
static void __sanitizer_start_switch_fiber(void **, const void *, size_t) {}
static void __sanitizer_finish_switch_fiber(void *, const void **, size_t *) {}
#endif

shim::Triple threadIdx, blockIdx, blockDim, gridDim;

namespace shim {
// Shared memory of all kernels lies between these: their objects are linked between those of these two names.
extern uint64_t first_shared[], last_shared[];

#if defined(__x86_64__) && !defined(NO_ASSEMBLY)
struct Context {
    void *top;
};

// Puts the registers that a function has to keep on the stack, and goes on with another stack.
extern "C" void change_stack(void **from, void *to);
asm(R"(
.text
.hidden change_stack
.type change_stack, @function
change_stack:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
.size change_stack, . - change_stack
)");

static void change(Context &from, Context &to) { change_stack(&from.top, to.top); }

static void prepare(Context &context, char *stack, size_t size, void (*entry)()) {
    void **top = reinterpret_cast<void **>(stack + size);
    *--top = nullptr;  // where `entry` would return to
    *--top = reinterpret_cast<void *>(entry);
    context.top = top - 6;
}
#else
}  // namespace shim
#include <ucontext.h>
namespace shim {
typedef ucontext_t Context;

static void change(Context &from, Context &to) { swapcontext(&from, &to); }  // slower: it asks the kernel each time

static void prepare(Context &context, char *stack, size_t size, void (*entry)()) {
    getcontext(&context);
    context.uc_stack.ss_sp = stack, context.uc_stack.ss_size = size, context.uc_link = nullptr;
    makecontext(&context, entry, 0);
}
#endif

const size_t STACK = 1 << 18;
const char *const END = "its end";

struct Fibre {
    Context context;
    const void *stack;
    size_t size;
    void *fake_stack;  // of AddressSanitizer, which is told of every change of the stack
    Triple thread;
};

static Fibre caller;
static std::vector<Fibre> fibres;  // threads of a block, in the order in which they run
static size_t running;
static Runner now;
static const char *place;  // the barrier to which the first of them came
static void (*the_thread)(const void *);
static const void *the_arguments;
static char fault[1024];

static void change(Fibre &from, Fibre &to) {
    __sanitizer_start_switch_fiber(&from.fake_stack, to.stack, to.size);
    change(from.context, to.context);
    __sanitizer_finish_switch_fiber(from.fake_stack, nullptr, nullptr);
}

static void come_to(const char *here) {
    Fibre &from = fibres[running];
    if (running == 0) place = here;
    if (std::strcmp(place, here) != 0) {
        const Triple b = blockIdx, one = fibres[0].thread, other = from.thread;
        std::snprintf(
            fault, sizeof fault, "divergent barrier: block %u %u %u, thread %u %u %u came to %s, thread %u %u %u to %s",
            b.x, b.y, b.z, one.x, one.y, one.z, place, other.x, other.y, other.z, here
        );
        change(from, caller);
    }
    running = (running + 1) % fibres.size();
    if (running == 0) ++now.barriers;
    change(from, running == 0 && here == END ? caller : fibres[running]);
    threadIdx = from.thread;
}

void barrier(const char *here) { come_to(here); }

Runner runner() { return {now.launch, now.block, unsigned(running) + 1, now.barriers}; }

Memory memory_of(const void *address) {
    const char *stack = static_cast<const char *>(fibres[running].stack), *at = static_cast<const char *>(address);
    if (at >= stack && at < stack + STACK) return OWN;
    return at >= (const char *)first_shared && at < (const char *)last_shared ? SHARED : DEVICE;
}

void race(const Runner &one, const void *code, const Runner &other, const void *other_code) {
    Dl_info library;
    if (fault[0] || !dladdr((void *)barrier, &library)) return;
    const Triple a = fibres[one.thread - 1].thread, b = fibres[other.thread - 1].thread;
    std::snprintf(
        fault, sizeof fault, "race: thread %u %u %u of block %u at +%#zx, thread %u %u %u of block %u at +%#zx",
        a.x, a.y, a.z, one.block, (const char *)code - (const char *)library.dli_fbase,
        b.x, b.y, b.z, other.block, (const char *)other_code - (const char *)library.dli_fbase
    );
}

static void live() {
    const bool is_first = running == 0;  // which the caller has made way for
    __sanitizer_finish_switch_fiber(nullptr, is_first ? &caller.stack : nullptr, is_first ? &caller.size : nullptr);
    threadIdx = fibres[running].thread;
    the_thread(the_arguments);
    come_to(END);
}

static Triple place_of(size_t number, const Triple &counts) {
    const size_t row = number / counts.x;
    return {unsigned(number % counts.x), unsigned(row % counts.y), unsigned(row / counts.y)};
}

static std::vector<Triple> in_order(const Triple &counts, unsigned order) {
    std::vector<Triple> places;
    for (size_t number = 0; number < size_t(counts.x) * counts.y * counts.z; ++number)
        places.push_back(place_of(number, counts));
    if (order == 1) std::reverse(places.begin(), places.end());
    if (order > 1) std::shuffle(places.begin(), places.end(), std::mt19937(order));
    return places;
}

// Stacks of a block's threads, made once. Their ends are apart by an odd number of lines of the cache.
static char *stack_of(size_t number) {
    static std::vector<char *> stacks;
    while (stacks.size() <= number) {
        const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
        void *memory = mmap(nullptr, 2 * STACK, PROT_READ | PROT_WRITE, flags, -1, 0);
        if (memory == MAP_FAILED) return nullptr;
        stacks.push_back(static_cast<char *>(memory) + 9 * 64 * (stacks.size() % 256));
    }
    return stacks[number];
}

__attribute__((no_sanitize("address"))) static void spoil_shared(unsigned byte) {
    for (volatile uint64_t *at = first_shared; at < last_shared; ++at) *at = byte * 0x0101010101010101u;
}

const char *run(void (*thread)(const void *), const void *arguments, const Launch &launch) {
    gridDim = launch.grid, blockDim = launch.block;
    the_thread = thread, the_arguments = arguments, fault[0] = 0;
    now = {now.launch + 1, 0, 0, 0};
    fibres.clear();
    for (const Triple &each : in_order(launch.block, launch.order)) {
        char *stack = stack_of(fibres.size());
        if (!stack) return "no memory for the stacks of a block";
        fibres.push_back({{}, stack, STACK, nullptr, each});
    }
    for (const Triple &block : in_order(launch.grid, launch.order)) {
        blockIdx = block;
        spoil_shared(launch.spoilt);
        for (Fibre &fibre : fibres) prepare(fibre.context, (char *)fibre.stack, fibre.size, live);
        running = 0;
        change(caller, fibres[0]);
        if (fault[0]) return fault;
        ++now.block;
    }
    return nullptr;
}
}  // namespace shim
