/* gemm_portable.c - 4 x 8 microtiles (4 x 4 in double) with the FMA written out lane by lane:
 * for any processor, and for the double build.  Compiled without contraction; slow where
 * the FMA is a call to libm. */
#ifdef GANC_FLOAT64
#define VW 2
#define WIDE 4
#else
#define VW 4
#define WIDE 8
#endif
#define MR 4
#define ISA portable
#ifdef GANC_FLOAT64
#define LANE_FMA __builtin_fma
#else
#define LANE_FMA __builtin_fmaf
#endif
#include "ukr.inc"
