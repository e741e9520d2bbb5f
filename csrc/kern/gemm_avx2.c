/* gemm_avx2.c - 6 x 16 tiles: 12 accumulators of 16 ymm registers.  Compiled with AVX2,
 * FMA and contraction. */
#define VW 8
#define MR 6
#define NV 2
#define ISA avx2
#define TABLE gn_gemm_avx2
#include "ukr.inc"
