/* conv_thin.c - few channels of x, as the first layer of a discriminator has them: K = C R S
 * is short.
 *
 *   y   weights (O, K) times what the taps read, straight from the patch (thin.inc) */
#include "convolve.h"

enum { MOST_K = 256, FEWEST_ROWS = 8, TASKS = 8, SERIAL = 1 << 14 };

/* ---- which ones ---------------------------------------------------------------------- */

/* A vector of positions lies in one row: those past its end are computed in vain. */
static bool rows_fill_vectors(const gn_conv_plan *p)
{
    gn_grid g = gn_grid_make(&p->s, gn_conv_block(&p->s));
    return 4 * g.ql >= 3 * p->kern->vw;
}

bool gn_thin_suits(const gn_conv_plan *p)
{
    return p->pass == GN_CONV_Y && p->cg * p->taps <= MOST_K && p->og >= FEWEST_ROWS &&
           rows_fill_vectors(p);
}

/* ---- y ------------------------------------------------------------------------------- */

static int64_t tiles_of(const gn_conv_plan *p)
{
    return gn_ceil_div(p->og, p->kern->mr);
}

static int64_t tile_size(const gn_conv_plan *p)
{
    return p->cg * p->taps * GN_THIN_LD;
}

static void plan_y(gn_conv_plan *p)
{
    int64_t k = p->cg * p->taps, positions = p->s.n * p->s.p * p->s.q;
    int64_t block = GN_MAX(positions * p->s.groups / TASKS, 2 * p->wide);
    p->grid = gn_grid_make(&p->s, GN_MIN(block, gn_conv_block(&p->s)));
    p->shared_size = p->s.groups * tiles_of(p) * tile_size(p);
    p->tap_count = 2 * k; /* in the patch; in the weights */
    p->ntask = p->s.groups * p->grid.blocks;
    p->slots.size = (int64_t)gn_patch_size(&p->grid, p->cg) + GN_MAX_WIDE;
}

/* The weights of a tile, k by k. */
static void pack_tile(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    int64_t k = p->cg * p->taps, tiles = tiles_of(p), group = task / tiles, tile = task % tiles;
    int64_t o = gn_cut(p->og, tiles, tile), h = gn_cut(p->og, tiles, tile + 1) - o;
    gn_mat w = {.p = p->w + (group * p->og + o) * k, .rs = 1, .cs = k};
    if (p->flip)
        w = (gn_mat){.p = p->w + group * p->og * k + o * p->taps, .row = p->tap + k, .cs = p->taps};
    gn_block part = {.src = &w,
                     .n0 = k,
                     .n1 = h,
                     .pad = GN_THIN_LD,
                     .dst = p->shared + task * tile_size(p),
                     .ds = GN_THIN_LD};
    p->kern->pack(&part);
}

/* Vectors of positions: the last one of a row ends with it, or else begins with it and spills
 * into the next row of the block, which is written later. */
static int list_pieces(const gn_conv_plan *p, const gn_positions *at, gn_thin_piece *to)
{
    const gn_conv_shape *s = &p->s;
    int64_t vw = p->kern->vw;
    int count = 0;
    for (const gn_span *v = at->span; v < at->span + at->nspan; v++)
        for (int64_t row = 0; row < v->p1 - v->p0; row++) {
            int64_t from = v->base + row * s->sh * p->grid.pitch;
            int64_t y = v->n * s->o * s->p * s->q + (v->p0 + row) * s->q + v->q0;
            bool spills = v->ql == s->q && row + 1 < v->p1 - v->p0;
            for (int64_t q = 0; q < v->ql; q += vw) {
                int64_t i = GN_MAX(GN_MIN(q, v->ql - vw), 0);
                int64_t n = spills ? vw : GN_MIN(vw, v->ql);
                to[count++] = (gn_thin_piece){(int32_t)(from + i), (int32_t)n, y + i};
            }
        }
    for (; count % p->kern->nv; count++)
        to[count] = to[count - 1];
    return count;
}

/* The activations that the tiles have not got. */
static void finish_y(const gn_conv_plan *p, const gn_positions *at, int64_t group)
{
    gn_epilogue e = p->epilogue;
    gn_run run[GN_CONV_COLUMNS + 1];
    int64_t plane = p->s.p * p->s.q;
    if (e.act != GN_ACT_TANH && e.act != GN_ACT_SIGMOID)
        return;
    e.bias = NULL;
    int runs = gn_output_runs(&p->grid, at, 0, at->columns, run);
    for (int64_t o = group * p->og; o < (group + 1) * p->og; o++)
        for (int r = 0; r < runs; r++)
            gn_conv_finish(&e, o, p->y + o * plane + run[r].to, run[r].n);
}

static void run_block_y(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    const gn_epilogue *e = &p->epilogue;
    int64_t group = task / p->grid.blocks, plane = p->s.p * p->s.q, tiles = tiles_of(p);
    gn_thin_piece piece[GN_CONV_COLUMNS + GN_LINE];
    gn_positions at;
    real *patch = gn_slot_take(&p->slots);
    gn_grid_block(&p->grid, task % p->grid.blocks, &at);
    gn_patch_fill(&p->grid, &at, p->x, group * p->cg, p->cg, patch);
    gn_thin t = {.k = p->cg * p->taps,
                 .src = patch,
                 .tap = p->tap,
                 .piece = piece,
                 .pieces = list_pieces(p, &at, piece),
                 .ys = plane,
                 .act = e->act,
                 .slope = e->slope};
    for (int64_t tile = 0; tile < tiles; tile++) {
        int64_t i = gn_cut(p->og, tiles, tile), h = gn_cut(p->og, tiles, tile + 1) - i;
        t.a = p->shared + (group * tiles + tile) * tile_size(p);
        t.y = p->y + (group * p->og + i) * plane;
        t.bias_i = e->bias ? e->bias + group * p->og + i : NULL;
        p->kern->thin[h](&t);
    }
    finish_y(p, &at, group);
    gn_slot_give(&p->slots, patch);
}

/* Where tap k of the weights lies with x and y exchanged, the taps reversed. */
static void list_flipped(const gn_conv_plan *p, int32_t *row)
{
    for (int64_t k = 0; k < p->cg * p->taps; k++)
        row[k] = (int32_t)(k / p->taps * p->og * p->taps + p->taps - 1 - k % p->taps);
}

static void run_y(gn_conv_plan *p)
{
    gn_patch_taps(&p->grid, p->cg, p->tap);
    if (p->flip)
        list_flipped(p, p->tap + p->cg * p->taps);
    if (p->og * p->cg * p->taps < SERIAL)
        gn_serial(p->s.groups * tiles_of(p), pack_tile, p);
    else
        gn_conv_spread(p, p->s.groups * tiles_of(p), pack_tile);
    gn_conv_spread(p, p->ntask, run_block_y);
}

const gn_conv_loop gn_conv_loop_thin = {plan_y, run_y};
