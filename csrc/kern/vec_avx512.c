/* vec_avx512.c - the kernels of vec.inc, compiled with AVX-512 F, VL, BW, DQ and FMA. */
#define VEC_TABLE gn_vec_avx512
#define VEC_NAME "avx512"
#include "vec.inc"
