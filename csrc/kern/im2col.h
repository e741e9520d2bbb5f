/* im2col.h - between images and the rows that a convolution multiplies (im2col.inc): zero
 * padding, im2col of a panel, and col2im, its adjoint.  Neither buffer ever exists as a whole:
 * the drivers call these for as many output pixels as fit into the cache. */
#ifndef GN_IM2COL_H
#define GN_IM2COL_H

#include "kern.h"

/* Rows of a channel of x, copied to a padded input tile: `above` rows of zeros, `rows`
 * of x, `below` of zeros.  Element i < wi of phase p of the stride is column first + p + i step
 * of the row.  Up to a vector past the last row may be written; reads stay between begin
 * and end. */
typedef struct {
    const real *x, *begin, *end;
    int64_t w, ahead; /* columns; distance of the channel that comes next */
    real *to;
    int64_t pitch, wi, step, phases, first;
    int64_t above, rows, below;
} gn_pad_rows;

/* A vector to copy: from src[from] to dst[at].  A run of fewer than vw elements is copied as a
 * whole vector, and what it spills is overwritten by the next one. */
typedef struct {
    int32_t at, from;
} gn_vec_copy;

/* Rows of an im2col buffer: row k of dst consists of copies from src + row[k]. */
typedef struct {
    const real *src;
    const int32_t *row; /* (rows): where tap k of the first output pixel lies */
    int64_t rows;
    const gn_vec_copy *copy;
    int copies;
    real *dst;
    int64_t ds;
} gn_im2col;

/* One row of x in each of some channels, from an im2col buffer.  x[i step + f] is the sum of the
 * taps of phase f, numbers first[f] .. first[f+1]-1: tap t is the row of q elements at
 * col + offset[t], shifted to the right by shift[t]. */
typedef struct {
    real *x;
    const real *col;
    int64_t x_step, col_step, channels; /* distances of channels */
    int64_t w, step, q;
    const int32_t *first, *offset, *shift;
} gn_col2im;

typedef struct gn_im2col_kern {
    void (*pad_rows)(const gn_pad_rows *f);
    void (*im2col)(const gn_im2col *b);
    void (*col2im)(const gn_col2im *f);
} gn_im2col_kern;

#endif
