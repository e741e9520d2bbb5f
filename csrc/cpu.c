/* cpu.c - what the processor can do, and its floating-point control word. */
#include "base.h"

#if defined(__x86_64__)
#include <immintrin.h>
enum { FTZ_DAZ = 0x8040 };

gn_isa gn_cpu_isa(void)
{
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq"))
        return GN_ISA_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return GN_ISA_AVX2;
    return GN_ISA_PORTABLE;
}

uint32_t gn_cpu_float_flush(bool on)
{
    uint32_t old = _mm_getcsr();
    _mm_setcsr(on ? old | FTZ_DAZ : old & ~(uint32_t)FTZ_DAZ);
    return old;
}

void gn_cpu_float_restore(uint32_t word)
{
    _mm_setcsr(word);
}

#elif defined(__aarch64__)
enum { FZ = 1 << 24 };

gn_isa gn_cpu_isa(void)
{
    return GN_ISA_NEON;
}

uint32_t gn_cpu_float_flush(bool on)
{
    uint64_t old;
    __asm__ volatile("mrs %0, fpcr" : "=r"(old));
    uint64_t word = on ? old | FZ : old & ~(uint64_t)FZ;
    __asm__ volatile("msr fpcr, %0" : : "r"(word));
    return (uint32_t)old;
}

void gn_cpu_float_restore(uint32_t word)
{
    uint64_t wide = word;
    __asm__ volatile("msr fpcr, %0" : : "r"(wide));
}

#else
gn_isa gn_cpu_isa(void)
{
    return GN_ISA_PORTABLE;
}

uint32_t gn_cpu_float_flush(bool on)
{
    (void)on;
    return 0;
}

void gn_cpu_float_restore(uint32_t word)
{
    (void)word;
}
#endif

const char *gn_isa_name(gn_isa isa)
{
#define TEXT(id, name) #name,
    static const char *const text[] = {GN_ALL_ISAS(TEXT)};
#undef TEXT
    return text[isa];
}
