/* conv_small_k.c - the pass for y where x has few channels, as in the first layer of a
 * discriminator: K = C R S is small.
 *
 *   y (O, pixels) = weights (O, K) times what the taps read, directly from the padded input
 *   tile (small_k.inc): no im2col buffer. */
#include "conv_plan.h"
#include "small_k.h"

/* ---- plan ---------------------------------------------------------------------------- */

/* A vector of output pixels lies in one row: lanes past its end are computed without effect. */
static bool rows_fill_vectors(const gn_conv_plan *p)
{
    gn_blocking g = gn_blocking_make(&p->s, gn_usual_block(&p->s));
    return 4 * g.ql >= 3 * p->kern->vw;
}

static bool plan(gn_conv_plan *p)
{
    enum { MOST_K = 256, FEWEST_ROWS = 8, TASKS = 8 };
    gn_conv_small_k *f = &p->small_k;
    int64_t k = p->cg * p->taps, pixels = p->s.n * p->s.p * p->s.q;
    if (p->pass != GN_CONV_Y || k > MOST_K || p->og < FEWEST_ROWS || !rows_fill_vectors(p))
        return false;
    int64_t block = GN_MAX(pixels * p->s.groups / TASKS, 2 * p->wide);
    p->blocking = gn_blocking_make(&p->s, GN_MIN(block, gn_usual_block(&p->s)));
    f->k = k;
    f->tiles = gn_ceil_div(p->og, p->kern->mr);
    f->tile = k * GN_SMALL_K_LD;
    p->shared_size = p->s.groups * f->tiles * f->tile;
    p->tap_count = 2 * k; /* in the padded input tile; in the weights */
    p->ntask = p->s.groups * p->blocking.blocks;
    p->slots.size = gn_padded_size(&p->blocking, p->cg) + GN_MAX_WIDE;
    return true;
}

/* ---- y ------------------------------------------------------------------------------- */

/* The weights of a microtile, k by k. */
static void pack_tile(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    const gn_conv_small_k *f = &p->small_k;
    int64_t group = task / f->tiles, tile = task % f->tiles;
    int64_t o = gn_cut(p->og, f->tiles, tile), h = gn_cut(p->og, f->tiles, tile + 1) - o;
    gn_mat w = {.p = p->w + (group * p->og + o) * f->k, .rs = 1, .cs = f->k};
    if (p->swapped)
        w = (gn_mat){
            .p = p->w + group * p->og * f->k + o * p->taps, .row = p->tap + f->k, .cs = p->taps};
    gn_block part = {.src = &w,
                     .n0 = f->k,
                     .n1 = h,
                     .pad = GN_SMALL_K_LD,
                     .dst = p->shared + task * f->tile,
                     .ds = GN_SMALL_K_LD};
    p->kern->pack(&part);
}

/* Vectors of pixels: the last one of a row ends with it, or else begins with it and spills
 * into the next row of the block, which is written later. */
static int list_vectors(const gn_conv_plan *p, const gn_pixels *at, gn_pixel_vec *to)
{
    const gn_conv_shape *s = &p->s;
    int64_t vw = p->kern->vw;
    int count = 0;
    for (const gn_span *v = at->span; v < at->span + at->nspan; v++)
        for (int64_t row = 0; row < v->p1 - v->p0; row++) {
            int64_t from = v->base + row * s->sh * p->blocking.pitch;
            int64_t y = v->n * s->o * s->p * s->q + (v->p0 + row) * s->q + v->q0;
            bool spills = v->ql == s->q && row + 1 < v->p1 - v->p0;
            for (int64_t q = 0; q < v->ql; q += vw) {
                int64_t i = GN_MAX(GN_MIN(q, v->ql - vw), 0);
                int64_t n = spills ? vw : GN_MIN(vw, v->ql);
                to[count++] = (gn_pixel_vec){(int32_t)(from + i), (int32_t)n, y + i};
            }
        }
    for (; count % p->kern->nv; count++)
        to[count] = to[count - 1];
    return count;
}

/* The activations that the kernels have not got. */
static void finish(const gn_conv_plan *p, const gn_pixels *at, int64_t group)
{
    gn_epilogue e = p->epilogue;
    gn_run run[GN_BLOCK_PIXELS + 1];
    int64_t plane = p->s.p * p->s.q;
    if (e.act != GN_ACT_TANH && e.act != GN_ACT_SIGMOID)
        return;
    e.bias = NULL;
    int runs = gn_output_runs(&p->blocking, at, 0, at->count, run);
    for (int64_t o = group * p->og; o < (group + 1) * p->og; o++)
        for (int r = 0; r < runs; r++)
            gn_conv_finish(&e, o, p->y + o * plane + run[r].to, run[r].n);
}

static void run_block(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    const gn_conv_small_k *f = &p->small_k;
    const gn_epilogue *e = &p->epilogue;
    int64_t group = task / p->blocking.blocks, plane = p->s.p * p->s.q;
    gn_pixel_vec vec[GN_BLOCK_PIXELS + GN_LINE];
    gn_pixels at;
    real *padded = gn_slot_take(&p->slots);
    gn_block_pixels(&p->blocking, task % p->blocking.blocks, &at);
    gn_padded_fill(&p->blocking, &at, p->x, group * p->cg, p->cg, padded);
    gn_small_k t = {.k = f->k,
                    .src = padded,
                    .tap = p->tap,
                    .vec = vec,
                    .vecs = list_vectors(p, &at, vec),
                    .ys = plane,
                    .act = e->act,
                    .slope = e->slope};
    for (int64_t tile = 0; tile < f->tiles; tile++) {
        int64_t i = gn_cut(p->og, f->tiles, tile), h = gn_cut(p->og, f->tiles, tile + 1) - i;
        t.a = p->shared + (group * f->tiles + tile) * f->tile;
        t.y = p->y + (group * p->og + i) * plane;
        t.bias_i = e->bias ? e->bias + group * p->og + i : NULL;
        p->kern->small_k->rows[h](&t);
    }
    finish(p, &at, group);
    gn_slot_give(&p->slots, padded);
}

/* Where tap k of the weights lies with x and y exchanged, the taps reversed. */
static void list_swapped(const gn_conv_plan *p, int32_t *row)
{
    for (int64_t k = 0; k < p->small_k.k; k++)
        row[k] = (int32_t)(k / p->taps * p->og * p->taps + p->taps - 1 - k % p->taps);
}

static void run(const gn_conv_plan *p)
{
    enum { SERIAL = 1 << 14 };
    const gn_conv_small_k *f = &p->small_k;
    int64_t tiles = p->s.groups * f->tiles;
    gn_tap_offsets(&p->blocking, p->cg, p->tap);
    if (p->swapped)
        list_swapped(p, p->tap + f->k);
    if (p->og * f->k < SERIAL)
        gn_serial(tiles, pack_tile, (void *)p);
    else
        gn_conv_parallel(p, tiles, pack_tile);
    gn_conv_parallel(p, p->ntask, run_block);
}

const gn_conv_loop gn_conv_loop_small_k = {plan, run};
