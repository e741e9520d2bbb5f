/* gemm_portable.c - 4 x 8 tiles (4 x 4 in double) with the FMA written out lane by lane:
 * for any processor, and for the double build.  Compiled without contraction; slow where
 * the FMA is a call to libm. */
#ifdef GANC_FLOAT64
#define VW 2
#define VECTOR_OF_2 1
#else
#define VW 4
#endif
#define MR 4
#define NV 2
#define ISA portable
#define TABLE gn_gemm_portable
#ifdef GANC_FLOAT64
#define LANE_FMA __builtin_fma
#else
#define LANE_FMA __builtin_fmaf
#endif
#include "ukr.inc"
