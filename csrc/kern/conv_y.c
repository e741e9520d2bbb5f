/* conv_y.c - the pass for y, as an implicit GEMM.
 *
 *   y (O, pixels) = weights (O, C R S) times im2col (C R S, pixels)
 *
 * A task owns a block of output pixels and some rows of the weights.  It packs panels of im2col
 * rows from the padded input tile, some channels of x at a time; the weights stay in place, and
 * bias and activation come with the store of the last channels. */
#include "conv_plan.h"

#include <string.h>

/* A block of output pixels and some channels of x, those of the group counted from 0. */
typedef struct {
    int64_t group, c0, nc;
    int64_t o0, o1;        /* channels of y */
    real *padded, *panels; /* parts of the slot */
    gn_pixels at;
} y_block;

/* The rows of the weights of one microtile. */
typedef struct {
    const real *a;
    int64_t o, h; /* o counts all groups */
} y_rows;

/* Where pixels j .. j+n-1 of channel 0 of y lie. */
typedef struct {
    int64_t j, n, width;
    const real *panel;
    gn_run run[GN_MAX_WIDE];
    int runs;
} y_panel;

static bool plan(gn_conv_plan *p)
{
    enum { TASKS = 4 }; /* enough for two threads, and a block need not be packed twice */
    gn_conv_y *y = &p->for_y;
    int64_t k = p->cg * p->taps;
    if (p->pass != GN_CONV_Y)
        return false;
    p->blocking = gn_blocking_make(&p->s, gn_usual_block(&p->s));
    y->channels = gn_ceil_div(p->cg, gn_ceil_div(p->cg, GN_MAX(GN_KC / p->taps, 1)));
    y->ld = p->swapped ? gn_odd_lines(k) : k;
    p->shared_size = p->swapped ? p->s.o * y->ld : 0;
    p->tap_count = y->channels * p->taps;
    int64_t tiles = gn_ceil_div(p->og, p->kern->mr), tasks = p->s.groups * p->blocking.blocks;
    y->parts = GN_MAX(GN_MIN(gn_ceil_div(TASKS, tasks), tiles / 4), 1);
    p->ntask = tasks * y->parts;
    int64_t panels = gn_ceil_div(p->blocking.pixels, p->wide), kn = y->channels * p->taps;
    p->slots.size = gn_padded_size(&p->blocking, y->channels) + panels * kn * p->wide + GN_MAX_WIDE;
    return true;
}

/* Row o of the weights with x and y exchanged and the taps reversed. */
static void swap_row(void *ctx, int64_t o)
{
    const gn_conv_plan *p = ctx;
    real *to = p->shared + o * p->for_y.ld;
    int64_t group = o / p->og;
    for (int64_t c = 0; c < p->cg; c++) {
        const real *from = p->w + ((group * p->cg + c) * p->og + o % p->og) * p->taps;
        for (int64_t t = 0; t < p->taps; t++)
            *to++ = from[p->taps - 1 - t];
    }
}

static y_rows rows_of_tile(const gn_conv_plan *p, const y_block *b, int64_t i, int64_t h)
{
    int64_t o = b->group * p->og + i;
    return (y_rows){(p->swapped ? p->shared : p->w) + o * p->for_y.ld + b->c0 * p->taps, o, h};
}

/* Between a microtile in a buffer of its own and y. */
static void copy_edge(const gn_conv_plan *p, const y_panel *q, const y_rows *rows, real *edge,
                      bool out)
{
    int64_t plane = p->s.p * p->s.q;
    for (const gn_run *run = q->run; run < q->run + q->runs; run++)
        for (int64_t r = 0; r < rows->h; r++) {
            real *tile = edge + r * q->width + run->at;
            real *y = p->y + (rows->o + r) * plane + run->to;
            memcpy(out ? y : tile, out ? tile : y, (size_t)run->n * sizeof(real));
        }
}

static void run_tile(const gn_conv_plan *p, const y_block *b, const y_panel *q, const y_rows *rows)
{
    real edge[GN_MAX_MR * GN_MAX_WIDE] __attribute__((aligned(64)));
    int64_t plane = p->s.p * p->s.q;
    const gn_epilogue *e = &p->epilogue;
    bool direct = q->runs == 1 && q->n == q->width, last = b->c0 + b->nc == p->cg;
    gn_microtile t = {
        .k = b->nc * p->taps,
        .a = rows->a,
        .as = p->for_y.ld,
        .ak = 1,
        .b = q->panel,
        .bs = p->wide,
        .c = direct ? p->y + rows->o * plane + q->run[0].to : edge,
        .cs = direct ? plane : q->width,
        .add = b->c0 > 0,
        .bias_i = last && e->bias ? e->bias + rows->o : NULL,
        .act = last ? e->act : GN_ACT_NONE,
        .slope = e->slope,
        .ahead = q->panel,
    };
    if (!direct && t.add)
        copy_edge(p, q, rows, edge, false);
    (q->width == p->wide ? p->kern->wide : p->kern->narrow)[rows->h](&t);
    if (t.act == GN_ACT_TANH || t.act == GN_ACT_SIGMOID)
        for (int64_t r = 0; r < rows->h; r++)
            gn_vec->act(t.c + r * t.cs, t.c + r * t.cs, q->width, t.act, 0);
    if (!direct)
        copy_edge(p, q, rows, edge, true);
}

/* im2col rows of all pixels, panel by panel; what is known of each panel. */
static int64_t pack_panels(const gn_conv_plan *p, const y_block *b, y_panel *panel)
{
    gn_vec_copy copies[2 * GN_MAX_WIDE];
    gn_im2col im2col = {
        .src = b->padded, .row = p->tap, .rows = b->nc * p->taps, .copy = copies, .ds = p->wide};
    int64_t count = 0;
    for (int64_t j = 0; j < b->at.count; j += p->wide) {
        y_panel *q = &panel[count++];
        q->j = j;
        q->n = GN_MIN(p->wide, b->at.count - j);
        q->width = q->n <= p->kern->vw ? p->kern->vw : p->wide;
        q->panel = im2col.dst = b->panels + j * im2col.rows;
        q->runs = gn_output_runs(&p->blocking, &b->at, j, q->n, q->run);
        im2col.copies = gn_tap_copies(&p->blocking, &b->at, j, q->n, copies);
        p->kern->im2col->im2col(&im2col);
    }
    return count;
}

static void multiply(const gn_conv_plan *p, const y_block *b)
{
    enum { MOST_PANELS = GN_BLOCK_PIXELS / 2 };
    y_panel panel[MOST_PANELS];
    int64_t panels = pack_panels(p, b, panel);
    int64_t rows = b->o1 - b->o0, tiles = gn_ceil_div(rows, p->kern->mr);
    for (int64_t tile = 0; tile < tiles; tile++) {
        int64_t i = gn_cut(rows, tiles, tile), h = gn_cut(rows, tiles, tile + 1) - i;
        y_rows a = rows_of_tile(p, b, b->o0 + i, h);
        for (int64_t j = 0; j < panels; j++)
            run_tile(p, b, &panel[j], &a);
    }
}

static void run_block(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    const gn_conv_y *y = &p->for_y;
    int64_t part = task % y->parts, block = task / y->parts % p->blocking.blocks;
    y_block b = {.group = task / y->parts / p->blocking.blocks};
    b.o0 = gn_cut(p->og, y->parts, part);
    b.o1 = gn_cut(p->og, y->parts, part + 1);
    b.padded = gn_slot_take(&p->slots);
    b.panels = b.padded + gn_padded_size(&p->blocking, y->channels);
    gn_block_pixels(&p->blocking, block, &b.at);
    for (; b.c0 < p->cg; b.c0 += y->channels) {
        b.nc = GN_MIN(y->channels, p->cg - b.c0);
        gn_padded_fill(&p->blocking, &b.at, p->x, b.group * p->cg + b.c0, b.nc, b.padded);
        multiply(p, &b);
    }
    gn_slot_give(&p->slots, b.padded);
}

static void run(const gn_conv_plan *p)
{
    gn_tap_offsets(&p->blocking, p->for_y.channels, p->tap);
    if (p->swapped)
        gn_conv_parallel(p, p->s.o, swap_row);
    gn_conv_parallel(p, p->ntask, run_block);
}

const gn_conv_loop gn_conv_loop_y = {plan, run};
