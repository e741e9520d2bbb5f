/* kern.h - what every file of kern/ stands on, and the GEMM as ops call it.  Kernels see raw
 * pointers and sizes and cannot fail.
 *
 * Each ISA has two tables of kernels: gn_gemm_kern (gemm.h), for matrix products and
 * convolutions, and gn_vec_kern (vec.h), for what runs along memory.  Files named after an ISA
 * compile the same sources, ukr.inc and vec.inc, with flags and a vector width of their own.
 * Every table gives the same bits: one chain of FMAs per element and block of K in the GEMM
 * microtiles, the only code compiled with contraction; 16 virtual lanes in reductions; no libm. */
#ifndef GN_KERN_H
#define GN_KERN_H

#include "../base.h"

/* The ISAs that this build has kernels for: F(of GN_ISA_*, name in files and tables). */
#if defined(__x86_64__) && !defined(GANC_FLOAT64)
#define GN_ISAS(F) F(PORTABLE, portable) F(AVX2, avx2) F(AVX512, avx512)
#elif defined(__aarch64__) && !defined(GANC_FLOAT64)
#define GN_ISAS(F) F(PORTABLE, portable) F(NEON, neon)
#else
#define GN_ISAS(F) F(PORTABLE, portable)
#endif

/* ---- activations that an epilogue or a norm can apply -------------------------------- */
typedef enum {
    GN_ACT_NONE,
    GN_ACT_RELU,
    GN_ACT_LEAKY_RELU,
    GN_ACT_TANH,
    GN_ACT_SIGMOID,
    GN_ACT_COUNT
} gn_act;

/* ---- gemm.c: C = act(A B + bias) -------------------------------------------------
 * Element (i, j) of a matrix lives at p[row(i) + col(j)], where row(i) is row[i] or,
 * when row is NULL, i * rs; col likewise.  A dense matrix, its transpose and one channel of all
 * images as a row are all such pairs. */
typedef struct {
    const real *p;
    const int32_t *row, *col; /* or NULL: strides */
    int64_t rs, cs;
} gn_mat;

typedef struct {
    const real *bias; /* or NULL */
    int bias_axis;    /* 0: bias[i] of the row, 1: bias[j] of the column */
    gn_act act;
    real slope; /* of leaky_relu */
} gn_epilogue;

/* c.p is written.  work: gn_gemm_workspace(...) bytes, 64-byte aligned, from the caller
 * (kernels cannot fail).  nbatch problems of one shape; strides in elements, may be 0
 * for an operand that all problems share. */
typedef struct {
    int64_t m, n, k, nbatch;
    gn_mat a, b, c;
    int64_t a_step, b_step, c_step;
    gn_epilogue epilogue;
} gn_gemm_args;
size_t gn_gemm_workspace(const gn_gemm_args *g);
void gn_gemm(const gn_gemm_args *g, void *work);

/* ---- gemm_isa.c: whose kernels; not while a gn_gemm or gn_conv runs ------------------- */
void gn_gemm_select(gn_isa isa);

/* ---- peak.c -------------------------------------------------------------------------- */
double gn_gemm_peak(double seconds); /* FLOP/s of independent FMAs, all threads */
/* Bytes/s of a = b + s c over arrays of n elements, all threads; work: 3 n elements.  Four
 * transfers an element: before a line is written the cache reads it. */
double gn_triad_bandwidth(real *work, int64_t n, double seconds);

#endif
