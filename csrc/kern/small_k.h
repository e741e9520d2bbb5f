/* small_k.h - direct convolution for small K = C R S (conv_small_k.c, small_k.inc). */
#ifndef GN_SMALL_K_H
#define GN_SMALL_K_H

#include "gemm.h"

enum { GN_SMALL_K_LD = 16 }; /* rows of the tallest microtile, and some to fill a line */

/* A vector of output pixels of a row: read at src + from + tap, written at y + to; n of it
 * count. */
typedef struct {
    int32_t from, n;
    int64_t to;
} gn_pixel_vec;

/* Some rows of y (ys apart) at some vectors of output pixels, a multiple of nv: weights
 * (k, GN_SMALL_K_LD) times what the taps read. */
typedef struct {
    int64_t k;
    const real *a, *src;
    const int32_t *tap;
    const gn_pixel_vec *vec;
    int vecs;
    real *y;
    int64_t ys;
    const real *bias_i; /* one per row, or NULL */
    gn_act act;         /* NONE, RELU or LEAKY_RELU; others are left to the caller */
    real slope;
} gn_small_k;

typedef struct gn_small_k_kern {
    void (*rows[GN_MAX_MR + 1])(const gn_small_k *t); /* [h]: h rows */
} gn_small_k_kern;

#endif
