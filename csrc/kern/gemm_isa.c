/* gemm_isa.c - whose kernels GEMM and convolution use. */
#include "gemm.h"

const gn_gemm_kern *gn_gemm_kernel = &gn_gemm_portable;

void gn_gemm_select(gn_isa isa)
{
#define ENTRY(id, name) [GN_ISA_##id] = &gn_gemm_##name,
    static const gn_gemm_kern *const table[] = {GN_ISAS(ENTRY)};
#undef ENTRY
    const gn_gemm_kern *found = (int)isa < GN_COUNT(table) ? table[isa] : NULL;
    gn_gemm_kernel = found ? found : &gn_gemm_portable;
}
