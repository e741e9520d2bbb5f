/* gemm_avx512.c - 14 x 32 microtiles: 28 accumulators of 32 zmm registers.  Compiled with
 * AVX-512 F, VL, BW, DQ, FMA and contraction. */
#define VW 16
#define WIDE 32
#define MR 14
#define ISA avx512
#include "ukr.inc"
