/* gemm_avx2.c - 6 x 16 microtiles: 12 accumulators of 16 ymm registers.  Compiled with AVX2,
 * FMA and contraction. */
#define VW 8
#define WIDE 16
#define MR 6
#define ISA avx2
#include "ukr.inc"
