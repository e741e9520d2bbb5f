/* planes.h - what the ops on the last two dimensions share: separable linear maps (resize,
 * average pooling, padding: op_axes.c) and windows (pooling, im2col: op_window.c).
 *
 * y = H x W' on each plane, H and W sparse (gn_axis).  The adjoint of such a map is the map
 * of the transposed axes, so that one engine serves an op and its gradient. */
#ifndef GN_PLANES_H
#define GN_PLANES_H

#include "kern/resample.h"
#include "tape.h"

/* An axis is written output by output: its taps, then the end of the row.  `most` bounds the
 * taps of all rows.  False with an error pending: the axis holds nothing, and may be freed. */
bool gn_axis_begin(gn_axis *a, int64_t n_in, int64_t n_out, int64_t most);
void gn_axis_tap(gn_axis *a, int64_t index, double weight);
void gn_axis_row(gn_axis *a);
bool gn_axis_finish(gn_axis *a, bool adjoint); /* adjoint: transposes it */
bool gn_axis_same(gn_axis *a, int64_t n);      /* the identity of n elements */
void gn_axis_free(gn_axis *a);                 /* of a zeroed one too */

/* Planes (h->n_in, w->n_in) at x to planes (h->n_out, w->n_out), all of y; where one of the axes
 * has no tap y is `fill`.  gn_axes_max takes the maximum of the taps instead of their sum. */
void gn_axes_apply(gn_tensor *y, const real *x, const gn_axis *h, const gn_axis *w, double fill);
void gn_axes_max(gn_tensor *y, const real *x, const gn_axis *h, const gn_axis *w);

/* (C, H, W) or (N, C, H, W), H and W at least 1 */
bool gn_planes_check(const char *op, const gn_tensor *x);
gn_tensor *gn_planes_new(const gn_tensor *like, int64_t h, int64_t w);

/* One integer or two, each in [low, INT32_MAX]; not given or empty: otherwise. */
bool gn_pair_read(const char *op, const char *name, const gn_attr *a, int64_t low,
                  const int64_t *otherwise, int64_t *pair);

/* The attributes that describe windows; stride NULL or not given: otherwise. */
typedef struct {
    const gn_attr *kernel, *stride, *pad, *dilation; /* dilation may be NULL */
    const int64_t *stride_otherwise;                 /* NULL: the kernel */
    bool pool; /* padding at most half the kernel, as every window must hold an input */
    bool ceil; /* a last window may begin inside and end outside */
} gn_window_attrs;
bool gn_window_read(const char *op, const int64_t *in, gn_window_attrs a, gn_window *g);

#endif
