/* resample.h - kernels that move or weigh neighbouring elements of a plane: separable
 * linear maps (resize, average pooling, padding and their adjoints) and max pooling. */
#ifndef GN_RESAMPLE_H
#define GN_RESAMPLE_H

#include "kern.h"

/* A linear map of one dimension as sparse rows: output i is the sum over e in
 * [start[i], start[i + 1]) of weight[e] x[index[e]].  Outputs [from, to) follow one pattern:
 * group k of `group` outputs reads `taps` consecutive inputs each, output j of it from input
 * at[j] + step k on, with the weights of the first group. */
enum { GN_MAX_GROUP = 4 };
typedef struct {
    int64_t n_in, n_out, entries;
    int32_t *start, *index;
    real *weight;
    bool identity; /* output i is input i */
    bool closed;   /* the pattern is all there is, and a row's groups read that row only */
    int group, step, taps;
    int64_t from, to, at[GN_MAX_GROUP];
} gn_axis;

/* Windows of (kernel) over planes (in), as PyTorch counts them: window p starts at input
 * p stride - pad, its taps are `dilation` apart.  Pairs are (rows, columns). */
typedef struct {
    int64_t in[2], out[2], kernel[2], stride[2], pad[2], dilation[2];
} gn_window;

/* How inputs become an output: their weighted sum, or their maximum. */
typedef struct {
    /* y = sum_k w[k] (row index[k] of x, rows ld apart), or the maximum of the rows; n > 0 */
    void (*rows)(real *y, const real *x, int64_t ld, const int32_t *index, const real *w, int64_t n,
                 int64_t width);
    /* each row of y (rows, n_out) from the same row of x (rows, n_in); outputs without a tap
     * are `fill` */
    void (*columns)(real *y, const real *x, int64_t rows, const gn_axis *a, real fill);
} gn_fold_kern;

typedef struct {
    gn_fold_kern sum, max;
    /* maxima of windows q .. q + n of row p, and their places in the plane: the first of equal
     * ones, -1 for a window without input */
    void (*window_argmax)(real *m, int32_t *where, const real *plane, const gn_window *g, int64_t p,
                          int64_t q, int64_t n);
    /* dx of windows of 2 x 2 that tile planes: (rows, n) values dy, rows of 2 n in x and dx */
    void (*quarters_dx)(real *dx, const real *dy, const real *x, int64_t rows, int64_t n);
} gn_resample_kern;

enum { GN_WINDOWS = 256 }; /* window_argmax takes, at most */

/* The windows whose tap at offset t (t = tap * dilation) lies inside: [*from, *to). */
static inline void gn_window_range(const gn_window *g, int d, int64_t t, int64_t *from, int64_t *to)
{
    int64_t s = g->stride[d], low = g->pad[d] - t, high = g->in[d] - 1 + low;
    *from = low > 0 ? (low + s - 1) / s : 0;
    *to = high < 0 ? 0 : GN_MIN(high / s + 1, g->out[d]);
    *from = GN_MIN(*from, *to);
}

#endif
