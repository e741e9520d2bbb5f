/* conv_few.c - the pass for the weights where there are fewer positions than channels of y.
 *
 *   w (O, C R S) = y (O, positions) times what the taps read (positions, C R S)
 *
 * Of the three the weights are the largest by far: they are written once, where they belong.
 * What the taps read is transposed instead, panel by panel.  A task owns some panels. */
#include "convolve.h"

#include <string.h>

enum { TASKS = 32 };

bool gn_few_suits(const gn_conv_plan *p)
{
    int64_t positions = p->s.n * p->s.p * p->s.q;
    return p->pass == GN_CONV_W && !p->flip && positions > 0 &&
           positions <= GN_MIN(p->og, GN_CONV_COLUMNS);
}

/* Panels of a group. */
static int64_t panels(const gn_conv_plan *p)
{
    return gn_ceil_div(p->cg * p->taps, p->wide);
}

static int64_t rows_ld(const gn_conv_plan *p)
{
    return gn_odd_lines(p->columns + p->wide);
}

static void plan(gn_conv_plan *p)
{
    p->columns = p->s.n * p->s.p * p->s.q;
    p->grid = gn_grid_make(&p->s, 2 * p->columns);       /* one block */
    p->sub = GN_MIN((p->wide - 2) / p->taps + 2, p->cg); /* that a panel can touch */
    p->parts = GN_MIN(panels(p), gn_ceil_div(TASKS, p->s.groups));
    p->ntask = p->s.groups * p->parts;
    p->ld = gn_odd_lines(p->columns);
    p->shared_size = p->s.o * p->ld + GN_MAX_WIDE;
    p->tap_count = p->sub * p->taps;
    p->slots.size = (int64_t)gn_patch_size(&p->grid, p->sub) + p->wide * rows_ld(p) +
                    p->columns * p->wide + 2 * GN_MAX_WIDE;
}

/* Some rows of y, the positions of all images one after the other. */
static void pack_rows(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    int64_t plane = p->s.p * p->s.q, chunks = gn_ceil_div(p->s.o, GN_LINE);
    for (int64_t o = gn_cut(p->s.o, chunks, task); o < gn_cut(p->s.o, chunks, task + 1); o++)
        for (int64_t n = 0; n < p->s.n; n++)
            memcpy(p->shared + o * p->ld + n * plane, p->y + (n * p->s.o + o) * plane,
                   (size_t)plane * sizeof(real));
}

typedef struct {
    int64_t group, k, n;        /* columns k .. k+n-1 of the weights */
    real *patch, *rows, *panel; /* parts of the slot */
    int pieces;
    gn_piece piece[2 * GN_CONV_COLUMNS];
    gn_positions at;
} few_block;

/* Rows (c, r, s) of a panel, then positions by rows. */
static void pack_panel(const gn_conv_plan *p, const few_block *b)
{
    int64_t c = b->k / p->taps, nc = (b->k + b->n - 1) / p->taps + 1 - c, ld = rows_ld(p);
    gn_patch_fill(&p->grid, &b->at, p->x, b->group * p->cg + c, nc, b->patch);
    gn_pieces copy = {.src = b->patch,
                      .row = p->tap + b->k % p->taps,
                      .rows = b->n,
                      .piece = b->piece,
                      .pieces = b->pieces,
                      .dst = b->rows,
                      .ds = ld};
    p->kern->copy_pieces(&copy);
    gn_mat m = {.p = b->rows, .rs = 1, .cs = ld};
    gn_block part = {
        .src = &m, .n0 = p->columns, .n1 = b->n, .pad = p->wide, .dst = b->panel, .ds = p->wide};
    p->kern->pack(&part);
}

static void multiply(const gn_conv_plan *p, const few_block *b)
{
    real corner[GN_MAX_MR * GN_MAX_WIDE] __attribute__((aligned(64)));
    int64_t k = p->cg * p->taps, tiles = gn_ceil_div(p->og, p->kern->mr);
    bool whole = b->n == p->wide;
    gn_tile t = {.k = p->columns,
                 .as = p->ld,
                 .ak = 1,
                 .b = b->panel,
                 .bs = p->wide,
                 .cs = whole ? k : p->wide,
                 .ahead = b->panel};
    for (int64_t tile = 0; tile < tiles; tile++) {
        int64_t i = gn_cut(p->og, tiles, tile), h = gn_cut(p->og, tiles, tile + 1) - i;
        real *w = p->w + (b->group * p->og + i) * k + b->k;
        t.a = p->shared + (b->group * p->og + i) * p->ld;
        t.c = whole ? w : corner;
        t.next_c = whole && tile + 1 < tiles ? w + h * k : NULL;
        p->kern->wide[h](&t);
        for (int64_t r = 0; r < h && !whole; r++)
            memcpy(w + r * k, corner + r * p->wide, (size_t)b->n * sizeof(real));
    }
}

static void run_part(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    int64_t part = task % p->parts, end = gn_cut(panels(p), p->parts, part + 1);
    few_block b;
    b.group = task / p->parts, b.patch = gn_slot_take(&p->slots);
    b.rows = b.patch + gn_patch_size(&p->grid, p->sub);
    b.panel = b.rows + p->wide * rows_ld(p) + GN_MAX_WIDE;
    gn_grid_block(&p->grid, 0, &b.at);
    b.pieces = gn_patch_pieces(&p->grid, &b.at, 0, p->columns, b.piece);
    for (int64_t panel = gn_cut(panels(p), p->parts, part); panel < end; panel++) {
        b.k = panel * p->wide, b.n = GN_MIN(p->wide, p->cg * p->taps - b.k);
        pack_panel(p, &b);
        multiply(p, &b);
    }
    gn_slot_give(&p->slots, b.patch);
}

static void run(gn_conv_plan *p)
{
    gn_patch_taps(&p->grid, p->sub, p->tap);
    gn_conv_spread(p, gn_ceil_div(p->s.o, GN_LINE), pack_rows);
    gn_conv_spread(p, p->ntask, run_part);
}

const gn_conv_loop gn_conv_loop_few = {plan, run};
