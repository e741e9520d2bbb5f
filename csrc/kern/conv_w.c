/* conv_w.c - the pass for the weights.
 *
 *   sums (C R S, O) = what the taps read (C R S, positions) times y (positions, O)
 *
 * A task owns some channels of x and some blocks of positions.  For each block it packs y
 * by positions once, then what a few channels' taps read, row by row, and adds the product
 * to its sums.  At the end the sums of all tasks are added in order and transposed. */
#include "convolve.h"

#include <string.h>

enum { ROWS = 112, SHARE = 512, TASKS = 16, MOST_SUMS = 1 << 21, REDUCE_ROWS = 16 };

/* ---- plan ---------------------------------------------------------------------------- */

static int64_t panels(const gn_conv_plan *p)
{
    return gn_ceil_div(p->og, p->wide);
}

static int64_t sums_ld(const gn_conv_plan *p)
{
    return panels(p) * p->wide;
}

static int64_t sums_size(const gn_conv_plan *p)
{
    return p->cg * p->taps * sums_ld(p);
}

static int64_t shares(const gn_conv_plan *p)
{
    return gn_ceil_div(p->cg, p->share);
}

static void plan_w(gn_conv_plan *p)
{
    p->grid = gn_grid_make(&p->s, gn_conv_block(&p->s));
    p->columns = p->grid.columns;
    p->share = GN_MIN(GN_MAX(SHARE / p->taps, 1), p->cg);
    p->share = gn_ceil_div(p->cg, gn_ceil_div(p->cg, p->share));
    p->sub = GN_MAX(ROWS / p->taps, 1);
    p->sub = gn_ceil_div(p->share, gn_ceil_div(p->share, p->sub));
    int64_t few = p->s.groups * shares(p), all = p->s.groups * sums_size(p);
    p->parts = GN_MIN(gn_ceil_div(TASKS, few), GN_MAX(MOST_SUMS / all, 1));
    p->parts = GN_MIN(p->parts, p->grid.blocks);
    p->ntask = few * p->parts;
    p->ld = gn_odd_lines(p->columns);
    p->shared_size = p->parts * all;
    p->tap_count = p->sub * p->taps;
    int64_t reduce = REDUCE_ROWS * (gn_ceil_div(p->cg * p->taps, GN_LINE) + 1) * GN_LINE;
    p->slots.size = (int64_t)gn_patch_size(&p->grid, p->sub) + sums_ld(p) * p->columns +
                    p->sub * p->taps * p->ld + GN_MAX_WIDE;
    p->slots.size = GN_MAX(p->slots.size, reduce);
}

/* ---- one block of positions ---------------------------------------------------------- */

typedef struct {
    int64_t group, c0, nc; /* channels within the group: those of the task, then a few */
    real *sums;            /* of the task's first channel */
    real *patch, *y, *x;   /* in its slot: (panels, positions, wide), (rows, ld) */
    bool add;
    gn_positions at;
} w_block;

static void pack_y(const gn_conv_plan *p, const w_block *b)
{
    int32_t row[GN_CONV_COLUMNS];
    gn_run run[GN_CONV_COLUMNS + 1];
    int64_t plane = p->s.p * p->s.q, n = b->at.columns;
    int runs = gn_output_runs(&p->grid, &b->at, 0, n, run);
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
    gn_piece piece[2 * GN_CONV_COLUMNS];
    gn_pieces copy = {.src = b->patch,
                      .row = p->tap,
                      .rows = nc * p->taps,
                      .piece = piece,
                      .dst = b->x,
                      .ds = p->ld};
    gn_patch_fill(&p->grid, &b->at, p->x, b->group * p->cg + c, nc, b->patch);
    copy.pieces = gn_patch_pieces(&p->grid, &b->at, 0, b->at.columns, piece);
    p->kern->copy_pieces(&copy);
}

static void add_products(const gn_conv_plan *p, const w_block *b, int64_t c, int64_t nc)
{
    int64_t rows = nc * p->taps, tiles = gn_ceil_div(rows, p->kern->mr), ld = sums_ld(p);
    real *sums = b->sums + (c - b->c0) * p->taps * ld;
    for (int64_t o = 0; o < p->og; o += p->wide) {
        bool narrow = p->og - o <= p->kern->vw;
        gn_tile t = {.k = b->at.columns, .as = p->ld, .ak = 1, .bs = p->wide, .cs = ld};
        t.b = t.ahead = b->y + o * b->at.columns;
        t.add = b->add;
        for (int64_t tile = 0; tile < tiles; tile++) {
            int64_t i = gn_cut(rows, tiles, tile), h = gn_cut(rows, tiles, tile + 1) - i;
            t.a = b->x + i * p->ld;
            t.c = sums + i * ld + o;
            t.next_c = tile + 1 < tiles ? t.c + h * ld : NULL;
            (narrow ? p->kern->narrow : p->kern->wide)[h](&t);
        }
    }
}

static void run_part_w(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    int64_t share = task % shares(p), part = task / shares(p) % p->parts;
    real *slot = gn_slot_take(&p->slots);
    w_block b = {.group = task / shares(p) / p->parts, .patch = slot};
    b.c0 = gn_cut(p->cg, shares(p), share);
    int64_t end = gn_cut(p->cg, shares(p), share + 1);
    b.sums =
        p->shared + (part * p->s.groups + b.group) * sums_size(p) + b.c0 * p->taps * sums_ld(p);
    b.y = slot + gn_patch_size(&p->grid, p->sub);
    b.x = b.y + sums_ld(p) * p->columns;
    for (int64_t block = gn_cut(p->grid.blocks, p->parts, part);
         block < gn_cut(p->grid.blocks, p->parts, part + 1); block++) {
        gn_grid_block(&p->grid, block, &b.at);
        pack_y(p, &b);
        for (int64_t c = b.c0; c < end; c += p->sub) {
            int64_t nc = GN_MIN(p->sub, end - c);
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
    int64_t all = p->s.groups * sums_size(p), at = task * GN_CHUNK;
    for (int64_t part = 1; part < p->parts; part++)
        gn_vec->add_row(p->shared + at, p->shared + part * all + at, GN_MIN(GN_CHUNK, all - at));
}

/* w (O, C R S) from sums (C R S, O), some rows at a time. */
static void write_rows(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    int64_t chunks = gn_ceil_div(p->og, REDUCE_ROWS), group = task / chunks;
    int64_t o = task % chunks * REDUCE_ROWS, n = GN_MIN(REDUCE_ROWS, p->og - o);
    int64_t columns = p->cg * p->taps, ld = (gn_ceil_div(columns, GN_LINE) + 1) * GN_LINE;
    real *slot = gn_slot_take(&p->slots);
    gn_mat sums = {.p = p->shared + group * sums_size(p), .rs = 1, .cs = sums_ld(p)};
    gn_block part = {.src = &sums, .r0 = o, .n0 = n, .n1 = columns, .dst = slot, .ds = ld};
    p->kern->pack(&part);
    for (int64_t i = 0; i < n; i++)
        memcpy(p->w + (group * p->og + o + i) * columns, slot + i * ld,
               (size_t)columns * sizeof(real));
    gn_slot_give(&p->slots, slot);
}

/* With x and y exchanged w is (C, O, R S), and the taps are reversed. */
static void write_flipped(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    int64_t group = task / p->cg, c = task % p->cg, taps = p->taps;
    const real *sums = p->shared + group * sums_size(p) + c * taps * sums_ld(p);
    real *w = p->w + task * p->og * taps;
    for (int64_t t = 0; t < taps; t++)
        for (int64_t o = 0; o < p->og; o++)
            w[o * taps + taps - 1 - t] = sums[t * sums_ld(p) + o];
}

static void run_w(gn_conv_plan *p)
{
    gn_patch_taps(&p->grid, p->sub, p->tap);
    gn_conv_spread(p, p->ntask, run_part_w);
    if (p->parts > 1)
        gn_conv_spread(p, gn_ceil_div(p->s.groups * sums_size(p), GN_CHUNK), add_parts);
    if (p->flip)
        gn_conv_spread(p, p->s.c, write_flipped);
    else
        gn_conv_spread(p, p->s.groups * gn_ceil_div(p->og, REDUCE_ROWS), write_rows);
}

const gn_conv_loop gn_conv_loop_w = {plan_w, run_w};
