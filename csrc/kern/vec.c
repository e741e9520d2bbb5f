/* vec.c - which table of vec.h is in use. */
#include "vec.h"

const gn_vec_kern *gn_vec = &gn_vec_portable;

void gn_vec_select(gn_isa isa)
{
    gn_vec = &gn_vec_portable;
#if defined(__x86_64__) && !defined(GANC_FLOAT64)
    if (isa == GN_ISA_AVX2)
        gn_vec = &gn_vec_avx2;
    if (isa == GN_ISA_AVX512)
        gn_vec = &gn_vec_avx512;
#elif defined(__aarch64__) && !defined(GANC_FLOAT64)
    if (isa == GN_ISA_NEON)
        gn_vec = &gn_vec_neon;
#endif
    (void)isa;
}
