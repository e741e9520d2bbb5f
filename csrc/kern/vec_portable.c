/* vec_portable.c - the kernels of vec.inc, plain C for any processor, and the double build. */
#define VEC_TABLE gn_vec_portable
#define VEC_NAME "portable"
#include "vec.inc"
