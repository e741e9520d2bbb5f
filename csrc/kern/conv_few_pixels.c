/* conv_few_pixels.c - the pass for the weights where there are fewer output pixels than channels
 * of y.
 *
 *   w (O, C R S) = y (O, pixels) times im2row (pixels, C R S)
 *
 * Of the three the weights are the largest by far: they are written once, where they belong.
 * The im2col rows are transposed instead, panel by panel.  A task owns some panels. */
#include "conv_plan.h"

#include <string.h>

static bool plan(gn_conv_plan *p)
{
    enum { TASKS = 32 };
    gn_conv_few_pixels *f = &p->few_pixels;
    int64_t pixels = p->s.n * p->s.p * p->s.q;
    if (p->pass != GN_CONV_W || p->swapped || pixels < 1 || pixels > GN_MIN(p->og, GN_BLOCK_PIXELS))
        return false;
    f->pixels = pixels;
    p->blocking = gn_blocking_make(&p->s, 2 * pixels);        /* one block */
    f->channels = GN_MIN((p->wide - 2) / p->taps + 2, p->cg); /* that a panel can touch */
    f->panels = gn_ceil_div(p->cg * p->taps, p->wide);
    f->parts = GN_MIN(f->panels, gn_ceil_div(TASKS, p->s.groups));
    f->ld = gn_odd_lines(pixels);
    f->row_ld = gn_odd_lines(pixels + p->wide);
    p->ntask = p->s.groups * f->parts;
    p->shared_size = p->s.o * f->ld + GN_MAX_WIDE;
    p->tap_count = f->channels * p->taps;
    p->slots.size = gn_padded_size(&p->blocking, f->channels) + p->wide * f->row_ld +
                    pixels * p->wide + 2 * GN_MAX_WIDE;
    return true;
}

/* Some rows of y, the pixels of all images one after the other. */
static void pack_rows(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    int64_t plane = p->s.p * p->s.q, chunks = gn_ceil_div(p->s.o, GN_LINE);
    for (int64_t o = gn_cut(p->s.o, chunks, task); o < gn_cut(p->s.o, chunks, task + 1); o++)
        for (int64_t n = 0; n < p->s.n; n++)
            memcpy(p->shared + o * p->few_pixels.ld + n * plane, p->y + (n * p->s.o + o) * plane,
                   (size_t)plane * sizeof(real));
}

typedef struct {
    int64_t group, k, n;         /* columns k .. k+n-1 of the weights */
    real *padded, *rows, *panel; /* parts of the slot */
    int copies;
    gn_vec_copy copy[2 * GN_BLOCK_PIXELS];
    gn_pixels at;
} few_block;

/* im2col rows (c, r, s) of a panel, then transposed: pixels by rows. */
static void pack_panel(const gn_conv_plan *p, const few_block *b)
{
    int64_t c = b->k / p->taps, nc = (b->k + b->n - 1) / p->taps + 1 - c;
    int64_t ld = p->few_pixels.row_ld;
    gn_padded_fill(&p->blocking, &b->at, p->x, b->group * p->cg + c, nc, b->padded);
    gn_im2col im2col = {.src = b->padded,
                        .row = p->tap + b->k % p->taps,
                        .rows = b->n,
                        .copy = b->copy,
                        .copies = b->copies,
                        .dst = b->rows,
                        .ds = ld};
    p->kern->im2col->im2col(&im2col);
    gn_mat m = {.p = b->rows, .rs = 1, .cs = ld};
    gn_block part = {.src = &m,
                     .n0 = p->few_pixels.pixels,
                     .n1 = b->n,
                     .pad = p->wide,
                     .dst = b->panel,
                     .ds = p->wide};
    p->kern->pack(&part);
}

static void multiply(const gn_conv_plan *p, const few_block *b)
{
    real edge[GN_MAX_MR * GN_MAX_WIDE] __attribute__((aligned(64)));
    int64_t k = p->cg * p->taps, tiles = gn_ceil_div(p->og, p->kern->mr);
    bool whole = b->n == p->wide;
    gn_microtile t = {.k = p->few_pixels.pixels,
                      .as = p->few_pixels.ld,
                      .ak = 1,
                      .b = b->panel,
                      .bs = p->wide,
                      .cs = whole ? k : p->wide,
                      .ahead = b->panel};
    for (int64_t tile = 0; tile < tiles; tile++) {
        int64_t i = gn_cut(p->og, tiles, tile), h = gn_cut(p->og, tiles, tile + 1) - i;
        real *w = p->w + (b->group * p->og + i) * k + b->k;
        t.a = p->shared + (b->group * p->og + i) * t.as;
        t.c = whole ? w : edge;
        t.next_c = whole && tile + 1 < tiles ? w + h * k : NULL;
        p->kern->wide[h](&t);
        for (int64_t r = 0; r < h && !whole; r++)
            memcpy(w + r * k, edge + r * p->wide, (size_t)b->n * sizeof(real));
    }
}

static void run_part(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    const gn_conv_few_pixels *f = &p->few_pixels;
    int64_t part = task % f->parts, end = gn_cut(f->panels, f->parts, part + 1);
    few_block b;
    b.group = task / f->parts, b.padded = gn_slot_take(&p->slots);
    b.rows = b.padded + gn_padded_size(&p->blocking, f->channels);
    b.panel = b.rows + p->wide * f->row_ld + GN_MAX_WIDE;
    gn_block_pixels(&p->blocking, 0, &b.at);
    b.copies = gn_tap_copies(&p->blocking, &b.at, 0, f->pixels, b.copy);
    for (int64_t panel = gn_cut(f->panels, f->parts, part); panel < end; panel++) {
        b.k = panel * p->wide, b.n = GN_MIN(p->wide, p->cg * p->taps - b.k);
        pack_panel(p, &b);
        multiply(p, &b);
    }
    gn_slot_give(&p->slots, b.padded);
}

static void run(const gn_conv_plan *p)
{
    gn_tap_offsets(&p->blocking, p->few_pixels.channels, p->tap);
    gn_conv_parallel(p, gn_ceil_div(p->s.o, GN_LINE), pack_rows);
    gn_conv_parallel(p, p->ntask, run_part);
}

const gn_conv_loop gn_conv_loop_few_pixels = {plan, run};
