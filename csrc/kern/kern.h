/* kern.h - the table of kernels.  Kernels see raw pointers and sizes and cannot fail.
 *
 * portable.c fills a table; avx2.c, avx512.c and neon.c compile the same sources
 * (point.def, vec.inc, ukr.inc) with other flags and vector widths.  Every table gives
 * the same bits: FMA chains over fixed blocks of K in GEMM, 16 virtual lanes in reductions, no
 * contraction, no libm. */
#ifndef GN_KERN_H
#define GN_KERN_H

#include "../base.h"

/* ---- activations that a GEMM store or a norm can apply ------------------------------- */
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
 * when row is NULL, i * rs; col likewise.  Dense, transposed, im2col of a padded copy
 * and the phases of a transposed convolution are all such pairs. */
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
void gn_gemm_select(gn_isa isa);     /* which tiles; not while a gn_gemm runs */
double gn_gemm_peak(double seconds); /* FLOP/s of independent FMAs, all threads */

/* Bytes/s of a = b + s c over arrays of n elements, all threads; work: 3 n elements.  Four
 * transfers an element: before a line is written the cache reads it. */
double gn_triad_bandwidth(real *work, int64_t n, double seconds);

#endif
