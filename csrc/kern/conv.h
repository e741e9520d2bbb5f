/* conv.h - convolution, its input gradient and its weight gradient: three faces of one
 * trilinear form, sum of x w y over
 *
 *   x (N, C, H, W)   w (O, C / groups, R, S)   y (N, O, P, Q)
 *   h = p sh + r dh - top,   w = q sw + s dw - left
 *
 * where x is 0 outside its borders.  Each pass computes one of the three from the others: its
 * arguments become a plan (conv_plan.h), and the plan is run. */
#ifndef GN_CONV_H
#define GN_CONV_H

#include "kern.h"

typedef struct {
    int64_t n, c, h, w, o, p, q, r, s; /* one size a letter; c and o over all groups */
    int64_t sh, sw, dh, dw;            /* stride, dilation */
    int64_t top, left;                 /* zeros before x; what follows it comes from P and Q */
    int64_t groups;
} gn_conv_shape;

typedef enum { GN_CONV_Y, GN_CONV_X, GN_CONV_W } gn_conv_pass; /* which one is computed */

typedef struct {
    gn_conv_shape shape;
    gn_conv_pass pass;
    real *x, *w, *y;
    gn_epilogue epilogue; /* of y (bias over O) or x (bias over C) */
    int64_t batch;        /* images by whose number a loop for y or x may be chosen */
    int threads;          /* that may work at once: the workspace depends on it */
} gn_conv_args;

/* False when offsets into a block of work would not fit into 32 bits. */
bool gn_conv_fits(const gn_conv_shape *s);

#endif
