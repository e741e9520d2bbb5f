/* conv_w.c - the pass for the weights, as an implicit GEMM.
 *
 *   sums (C R S, O) = im2col (C R S, pixels) times y (pixels, O)
 *
 * A task owns some channels of x and some blocks of output pixels.  For each block it packs y
 * by pixels once, then the im2col rows of a few channels, and adds the product to its sums.
 * At the end the sums of all tasks are added in order and transposed. */
#include "conv_plan.h"

#include <string.h>

enum { WRITE_ROWS = 16 }; /* of the weights, transposed at a time */

/* ---- plan ---------------------------------------------------------------------------- */

static bool plan(gn_conv_plan *p)
{
    enum { ROWS = 112, SHARE = 512, TASKS = 16, MOST_SUMS = 1 << 21 };
    gn_conv_w *w = &p->for_w;
    int64_t k = p->cg * p->taps;
    if (p->pass != GN_CONV_W)
        return false;
    p->blocking = gn_blocking_make(&p->s, gn_usual_block(&p->s));
    w->share = GN_MIN(GN_MAX(SHARE / p->taps, 1), p->cg);
    w->share = gn_ceil_div(p->cg, gn_ceil_div(p->cg, w->share));
    w->shares = gn_ceil_div(p->cg, w->share);
    w->channels = GN_MAX(ROWS / p->taps, 1);
    w->channels = gn_ceil_div(w->share, gn_ceil_div(w->share, w->channels));
    w->ld = gn_odd_lines(p->blocking.pixels);
    w->sums_ld = gn_ceil_div(p->og, p->wide) * p->wide;
    w->sums = k * w->sums_ld;
    w->all = p->s.groups * w->sums;
    w->w_ld = (gn_ceil_div(k, GN_LINE) + 1) * GN_LINE;
    int64_t tasks = p->s.groups * w->shares;
    /* as if panels were as wide as on the widest ISA: the sum has the same parts on every one */
    int64_t widest = gn_ceil_div(p->og, GN_MAX_WIDE) * GN_MAX_WIDE;
    int64_t most = GN_MAX(MOST_SUMS / (p->s.groups * k * widest), 1);
    w->parts = GN_MIN(gn_ceil_div(TASKS, tasks), most);
    w->parts = GN_MIN(w->parts, p->blocking.blocks);
    p->ntask = tasks * w->parts;
    p->shared_size = w->parts * w->all;
    p->tap_count = w->channels * p->taps;
    p->slots.size = gn_padded_size(&p->blocking, w->channels) + w->sums_ld * p->blocking.pixels +
                    w->channels * p->taps * w->ld + GN_MAX_WIDE;
    p->slots.size = GN_MAX(p->slots.size, WRITE_ROWS * w->w_ld);
    return true;
}

/* ---- one block of output pixels ------------------------------------------------------ */

typedef struct {
    int64_t group, c0;    /* the task's first channel within the group */
    real *sums;           /* of this channel */
    real *padded, *y, *x; /* in its slot; y (panels, pixels, wide), x (rows, ld) */
    bool add;
    gn_pixels at;
} w_block;

static void pack_y(const gn_conv_plan *p, const w_block *b)
{
    int32_t row[GN_BLOCK_PIXELS];
    gn_run run[GN_BLOCK_PIXELS + 1];
    int64_t plane = p->s.p * p->s.q, n = b->at.count;
    int runs = gn_output_runs(&p->blocking, &b->at, 0, n, run);
    for (int r = 0; r < runs; r++)
        for (int64_t j = 0; j < run[r].n; j++)
            row[run[r].at + j] = (int32_t)(run[r].to - run[0].to + j);
    gn_mat m = {.p = p->y + b->group * p->og * plane + run[0].to, .row = row, .cs = plane};
    for (int64_t o = 0; o < p->og; o += p->wide) {
        gn_block part = {.src = &m,
                         .c0 = o,
                         .n0 = n,
                         .n1 = GN_MIN(p->wide, p->og - o),
                         .pad = p->wide,
                         .dst = b->y + o * n,
                         .ds = p->wide};
        p->kern->pack(&part);
    }
}

/* Rows (c, r, s) of channels c .. c+nc-1 of the group. */
static void pack_x(const gn_conv_plan *p, const w_block *b, int64_t c, int64_t nc)
{
    gn_vec_copy copies[2 * GN_BLOCK_PIXELS];
    gn_im2col im2col = {.src = b->padded,
                        .row = p->tap,
                        .rows = nc * p->taps,
                        .copy = copies,
                        .dst = b->x,
                        .ds = p->for_w.ld};
    gn_padded_fill(&p->blocking, &b->at, p->x, b->group * p->cg + c, nc, b->padded);
    im2col.copies = gn_tap_copies(&p->blocking, &b->at, 0, b->at.count, copies);
    p->kern->im2col->im2col(&im2col);
}

static void add_products(const gn_conv_plan *p, const w_block *b, int64_t c, int64_t nc)
{
    const gn_conv_w *w = &p->for_w;
    real *sums = b->sums + (c - b->c0) * p->taps * w->sums_ld;
    gn_microtile t = {
        .k = b->at.count, .as = w->ld, .ak = 1, .bs = p->wide, .cs = w->sums_ld, .add = b->add};
    for (int64_t o = 0; o < p->og; o += p->wide) {
        bool narrow = p->og - o <= p->kern->vw;
        t.a = b->x;
        t.b = t.ahead = b->y + o * b->at.count;
        t.c = sums + o;
        gn_multiply_panel(narrow ? p->kern->narrow : p->kern->wide, p->kern->mr, nc * p->taps, t);
    }
}

static void run_part(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    const gn_conv_w *w = &p->for_w;
    int64_t share = task % w->shares, part = task / w->shares % w->parts;
    real *slot = gn_slot_take(&p->slots);
    w_block b = {.group = task / w->shares / w->parts, .padded = slot};
    b.c0 = gn_cut(p->cg, w->shares, share);
    int64_t end = gn_cut(p->cg, w->shares, share + 1);
    b.sums = p->shared + part * w->all + b.group * w->sums + b.c0 * p->taps * w->sums_ld;
    b.y = slot + gn_padded_size(&p->blocking, w->channels);
    b.x = b.y + w->sums_ld * p->blocking.pixels;
    for (int64_t block = gn_cut(p->blocking.blocks, w->parts, part);
         block < gn_cut(p->blocking.blocks, w->parts, part + 1); block++) {
        gn_block_pixels(&p->blocking, block, &b.at);
        pack_y(p, &b);
        for (int64_t c = b.c0; c < end; c += w->channels) {
            int64_t nc = GN_MIN(w->channels, end - c);
            pack_x(p, &b, c, nc);
            add_products(p, &b, c, nc);
        }
        b.add = true;
    }
    gn_slot_give(&p->slots, slot);
}

/* ---- the sum of all parts, transposed ------------------------------------------------ */

static void add_parts(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    int64_t all = p->for_w.all, at = task * GN_CHUNK;
    for (int64_t part = 1; part < p->for_w.parts; part++)
        gn_vec->add_row(p->shared + at, p->shared + part * all + at, GN_MIN(GN_CHUNK, all - at));
}

/* w (O, C R S) from sums (C R S, O), some rows at a time. */
static void write_rows(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    const gn_conv_w *w = &p->for_w;
    int64_t chunks = gn_ceil_div(p->og, WRITE_ROWS), group = task / chunks;
    int64_t o = task % chunks * WRITE_ROWS, n = GN_MIN(WRITE_ROWS, p->og - o);
    int64_t k = p->cg * p->taps;
    real *slot = gn_slot_take(&p->slots);
    gn_mat sums = {.p = p->shared + group * w->sums, .rs = 1, .cs = w->sums_ld};
    gn_block part = {.src = &sums, .r0 = o, .n0 = n, .n1 = k, .dst = slot, .ds = w->w_ld};
    p->kern->pack(&part);
    for (int64_t i = 0; i < n; i++)
        memcpy(p->w + (group * p->og + o + i) * k, slot + i * w->w_ld, (size_t)k * sizeof(real));
    gn_slot_give(&p->slots, slot);
}

/* With x and y exchanged w is (C, O, R S), and the taps are reversed. */
static void write_swapped(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    int64_t group = task / p->cg, c = task % p->cg, taps = p->taps, ld = p->for_w.sums_ld;
    const real *sums = p->shared + group * p->for_w.sums + c * taps * ld;
    real *w = p->w + task * p->og * taps;
    for (int64_t t = 0; t < taps; t++)
        for (int64_t o = 0; o < p->og; o++)
            w[o * taps + taps - 1 - t] = sums[t * ld + o];
}

static void run(const gn_conv_plan *p)
{
    gn_tap_offsets(&p->blocking, p->for_w.channels, p->tap);
    gn_conv_parallel(p, p->ntask, run_part);
    if (p->for_w.parts > 1)
        gn_conv_parallel(p, gn_ceil_div(p->for_w.all, GN_CHUNK), add_parts);
    if (p->swapped)
        gn_conv_parallel(p, p->s.c, write_swapped);
    else
        gn_conv_parallel(p, p->s.groups * gn_ceil_div(p->og, WRITE_ROWS), write_rows);
}

const gn_conv_loop gn_conv_loop_w = {plan, run};
