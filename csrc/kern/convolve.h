/* convolve.h - what conv.c, conv_x.c and conv_w.c say to each other. */
#ifndef GN_CONVOLVE_H
#define GN_CONVOLVE_H

#include "wino.h"
#include "vec.h"

typedef struct gn_conv_plan gn_conv_plan;

/* One way to compute a pass. */
typedef struct {
    void (*plan)(gn_conv_plan *p);
    void (*run)(gn_conv_plan *p);
} gn_conv_loop;

/* One pass, seen so that its loop suits the shape.  x and y, s and pass are already
 * exchanged when flip is set; w is as the caller has it. */
struct gn_conv_plan {
    gn_conv_shape s;
    gn_conv_pass pass;
    const gn_conv_loop *loop;
    bool flip, serial;
    real *x, *w, *y;
    gn_epilogue epilogue;
    const gn_gemm_kern *kern;
    int64_t cg, og, taps; /* channels of a group; R S */
    int64_t wide;         /* columns of a panel */
    gn_grid grid;
    int64_t sub;         /* channels of x at a time */
    int64_t parts;       /* into which a block's channels (y, x) or the blocks (w) are cut */
    int64_t ld, columns; /* distance of rows; most columns of a task */
    int64_t images;      /* conv_x: images of a task, and */
    int64_t band;        /* rows of x of each */
    int64_t share;       /* conv_w, wino_w: channels of x of a task */
    gn_wino wino;
    gn_grid dy; /* wino_w: the tiles of y as grid has those of x */
    int64_t ntask;
    int64_t shared_size, tap_count; /* reals, offsets */
    real *shared;                   /* packed weights (y, x), sums (w) */
    int32_t *tap;
    gn_slots slots;
};

gn_conv_plan gn_conv_make_plan(const gn_conv_args *a);
void gn_conv_spread(gn_conv_plan *p, int64_t ntask, gn_task fn);
int64_t gn_odd_lines(int64_t n);
int64_t gn_conv_block(const gn_conv_shape *s);

bool gn_conv_is_dense(const gn_conv_args *a);
gn_gemm_args gn_conv_dense(const gn_conv_args *a);

extern const gn_conv_loop gn_conv_loop_y, gn_conv_loop_x, gn_conv_loop_w, gn_conv_loop_wino_yx,
    gn_conv_loop_wino_w, gn_conv_loop_thin, gn_conv_loop_few;
bool gn_few_suits(const gn_conv_plan *p);
bool gn_thin_suits(const gn_conv_plan *p);

/* Where part i of n things in `parts` nearly equal parts begins. */
static inline int64_t gn_cut(int64_t n, int64_t parts, int64_t i)
{
    return i * (n / parts) + GN_MIN(i, n % parts);
}

/* Bias and activation of n elements of a channel whose sum ends after its tiles. */
static inline void gn_conv_finish(const gn_epilogue *e, int64_t channel, real *z, int64_t n)
{
    if (e->bias)
        gn_vec->unary[GN_UNARY_affine](z, z, n, 1, e->bias[channel]);
    if (e->act)
        gn_vec->act(z, z, n, e->act, e->slope);
}

#endif
