/* conv_plan.h - the plan of one convolution: made from the shape once per call, then run.
 *
 * A plan has a common part and the numbers of the one loop that computes the pass.  conv.c
 * chooses the loop; the loops (conv_*.c, winograd_*.c) know the plan, but neither conv.c nor each
 * other. */
#ifndef GN_CONV_PLAN_H
#define GN_CONV_PLAN_H

#include "vec.h"
#include "winograd.h"

typedef struct gn_conv_plan gn_conv_plan;

/* One way to compute a pass. */
typedef struct {
    bool (*plan)(gn_conv_plan *p); /* false: not for this shape */
    void (*run)(const gn_conv_plan *p);
} gn_conv_loop;

/* ---- the numbers of each loop; sizes are in reals, ld is a distance of rows ------------- */

/* conv_y.c */
typedef struct {
    int64_t channels; /* of x at a time */
    int64_t parts;    /* into which the rows of the weights are cut */
    int64_t ld;       /* weights */
} gn_conv_y;

/* conv_x.c */
typedef struct {
    bool transposed;          /* so few output pixels that the weights are B */
    bool bands;               /* of rows of x; else whole images */
    int64_t images, band;     /* images of a task, rows of x of each */
    int64_t pixels;           /* most output pixels of a task */
    int64_t channels, parts;  /* channels of x at a time; parts into which they are cut */
    int64_t kc;               /* block of K = O */
    int64_t ld, y_ld, col_ld; /* weights; transposed y; im2col buffer */
    int64_t y, lists;         /* packed y and the lists of taps */
} gn_conv_x;

/* conv_w.c */
typedef struct {
    int64_t share, shares;   /* channels of x of a task; parts of C */
    int64_t channels;        /* of these at a time */
    int64_t parts;           /* into which the blocks are cut */
    int64_t ld, sums_ld;     /* im2col rows; sums */
    int64_t sums, all, w_ld; /* sums of a group, of all groups; transposed sums */
} gn_conv_w;

/* conv_small_k.c */
typedef struct {
    int64_t k, tiles, tile; /* C R S; microtiles over O; packed weights of one */
} gn_conv_small_k;

/* conv_few_pixels.c */
typedef struct {
    int64_t pixels, channels; /* of all images; of x that a panel can touch */
    int64_t panels, parts;    /* of a group; into which these are cut */
    int64_t ld, row_ld;       /* y; im2col rows */
} gn_conv_few_pixels;

/* ---- the plan -------------------------------------------------------------------------- */

/* One pass, seen so that its loop suits the shape.  x and y, s and pass are already
 * exchanged when swapped is set; w is as the caller has it. */
struct gn_conv_plan {
    gn_conv_shape s;
    gn_conv_pass pass;
    bool swapped, serial;
    int64_t batch; /* images by whose number a loop may be chosen */
    real *x, *w, *y;
    gn_epilogue epilogue;
    const gn_gemm_kern *kern;
    int64_t cg, og, taps, wide; /* channels of a group; R S; columns of a panel */
    gn_blocking blocking;       /* of the output pixels, or of the tiles */
    int64_t ntask;
    const gn_conv_loop *loop;
    union {
        gn_conv_y for_y;
        gn_conv_x for_x;
        gn_conv_w for_w;
        gn_conv_small_k small_k;
        gn_conv_few_pixels few_pixels;
        gn_winograd_yx winograd_yx;
        gn_winograd_w winograd_w;
        gn_gemm_args full; /* conv_full.c */
    };
    size_t workspace;               /* bytes; of these */
    int64_t shared_size, tap_count; /* reals, offsets */
    real *shared;                   /* packed weights (y, x), sums (w) */
    int32_t *tap;
    gn_slots slots;
};

gn_conv_plan gn_conv_make_plan(const gn_conv_args *a);
/* work: p->workspace bytes, 64-byte aligned, from the caller. */
void gn_conv(gn_conv_plan *p, void *work);

extern const gn_conv_loop gn_conv_loop_y, gn_conv_loop_x, gn_conv_loop_w, gn_conv_loop_small_k,
    gn_conv_loop_few_pixels, gn_conv_loop_full, gn_conv_loop_winograd_yx, gn_conv_loop_winograd_w;

/* winograd_plan.c, for winograd_yx.c; channels: transformed at a time at most; padded at a time */
enum { GN_WINOGRAD_DEPTH = 128, GN_WINOGRAD_SUB = 16 };
bool gn_winograd_plan_yx(gn_conv_plan *p);

static inline void gn_conv_parallel(const gn_conv_plan *p, int64_t ntask, gn_task fn)
{
    (p->serial ? gn_serial : gn_parallel)(ntask, fn, (void *)p);
}

/* The part of the epilogue that no microtile could apply: bias and activation of n elements of
 * a channel of the output. */
static inline void gn_conv_finish(const gn_epilogue *e, int64_t channel, real *z, int64_t n)
{
    if (e->bias)
        gn_vec->unary[GN_UNARY_affine](z, z, n, 1, e->bias[channel]);
    if (e->act)
        gn_vec->act(z, z, n, e->act, e->slope);
}

#endif
