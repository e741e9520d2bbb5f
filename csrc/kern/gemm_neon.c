/* gemm_neon.c - 8 x 12 microtiles: 24 accumulators of 32 q registers.  Compiled for AArch64
 * with contraction. */
#define VW 4
#define WIDE 12
#define MR 8
#define ISA neon
#include "ukr.inc"
