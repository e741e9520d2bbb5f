/* vec_neon.c - the kernels of vec.inc, compiled for AArch64. */
#define VEC_TABLE gn_vec_neon
#define VEC_NAME "neon"
#include "vec.inc"
