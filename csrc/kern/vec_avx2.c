/* vec_avx2.c - the kernels of vec.inc, compiled with AVX2 and FMA. */
#define VEC_TABLE gn_vec_avx2
#define VEC_NAME "avx2"
#include "vec.inc"
