/* gemm.h - the microtiles that GEMM and convolution are made of, and the table of kernels that
 * each ISA has for them (ukr.inc).
 *
 * A microtile is a block of C of h <= mr rows and one or nv vectors of vw columns, kept in
 * registers while k runs.  The drivers (gemm.c, conv_*.c, winograd_*.c) cut C into microtiles;
 * what an operand looks like in memory is hidden from these by strides or by packing. */
#ifndef GN_GEMM_H
#define GN_GEMM_H

#include "kern.h"

enum {
    GN_MAX_MR = 14, /* rows and columns of the largest microtile */
    GN_MAX_WIDE = 128 / sizeof(real),
    GN_KC = 512, /* most steps of k in a block: a panel of B is GN_KC x wide */
    GN_LINE = 64 / sizeof(real)
};

/* C (h, width) = act([C +] A B + bias): one FMA chain over k for each element. */
typedef struct {
    int64_t k;
    const real *a; /* (h, k): element (i, l) at a[i * as + l * ak] */
    int64_t as, ak;
    const real *b; /* (k, width): rows contiguous, bs apart */
    int64_t bs;
    real *c; /* (h, width): rows contiguous, cs apart */
    int64_t cs;
    bool add;           /* C is added after the chain */
    const real *bias_i; /* (h) or NULL, added after the chain */
    const real *bias_j; /* (width) or NULL */
    gn_act act;         /* NONE, RELU or LEAKY_RELU; others are left to the caller */
    real slope;
    const real *next_c; /* the microtile to be written next, prefetched, or NULL */
    /* What the driver will read next.  A line is prefetched every 4 steps of k: four lines
     * `near` elements apart, then again `far` further on. */
    const real *ahead;
    int64_t near, far;
} gn_microtile;

typedef void gn_ukr(const gn_microtile *t);

/* Packs the (n0, n1) block of src that starts at (r0, c0) into dense rows dst, ds apart,
 * and fills columns n1 .. pad-1 with any numbers.  dst has room for n1 rounded up to vw
 * columns even when pad is less. */
typedef struct {
    const gn_mat *src;
    int64_t r0, c0, n0, n1, pad;
    real *dst;
    int64_t ds;
} gn_block;

/* What one ISA offers.  Algorithms beside the GEMM have tables of their own, which their
 * headers declare: im2col.h, small_k.h, winograd.h. */
typedef struct {
    const char *name;
    int vw, mr, nv;
    gn_ukr *narrow[GN_MAX_MR + 1]; /* [h]: h rows of one vector */
    gn_ukr *wide[GN_MAX_MR + 1];   /* [h]: h rows of nv vectors */
    void (*pack)(const gn_block *b);
    void (*fma_loop)(int64_t n, real *sink); /* 10 n independent vector FMAs: the peak */
    const struct gn_im2col_kern *im2col;
    const struct gn_small_k_kern *small_k;
    const struct gn_winograd_kern *winograd;
} gn_gemm_kern;

#define GN_DECLARE(id, name) extern const gn_gemm_kern gn_gemm_##name;
GN_ISAS(GN_DECLARE)
#undef GN_DECLARE
extern const gn_gemm_kern *gn_gemm_kernel; /* the one in use */

/* Where part i of n things in `parts` nearly equal parts begins. */
static inline int64_t gn_cut(int64_t n, int64_t parts, int64_t i)
{
    return i * (n / parts) + GN_MIN(i, n % parts);
}

/* Distance of rows that lie apart by an odd number of cache lines: those of a microtile then
 * fall on different sets of the cache. */
static inline int64_t gn_odd_lines(int64_t n)
{
    return (gn_ceil_div(n, GN_LINE) | 1) * GN_LINE;
}

/* All rows of a panel of C, in microtiles of nearly equal heights; t: the first one. */
static inline void gn_multiply_panel(gn_ukr *const *ukr, int64_t mr, int64_t rows, gn_microtile t)
{
    const real *a = t.a;
    real *c = t.c;
    int64_t tiles = gn_ceil_div(rows, mr);
    for (int64_t tile = 0; tile < tiles; tile++) {
        int64_t i = gn_cut(rows, tiles, tile), h = gn_cut(rows, tiles, tile + 1) - i;
        t.a = a + i * t.as;
        t.c = c + i * t.cs;
        t.next_c = tile + 1 < tiles ? t.c + h * t.cs : NULL;
        ukr[h](&t);
    }
}

#endif
