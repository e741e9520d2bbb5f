/* gemm_neon.c - 8 x 12 tiles: 24 accumulators of 32 q registers.  Compiled for AArch64
 * with contraction. */
#define VW 4
#define MR 8
#define NV 3
#define ISA neon
#define TABLE gn_gemm_neon
#include "ukr.inc"
