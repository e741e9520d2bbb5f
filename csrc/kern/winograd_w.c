/* winograd_w.c - the weight gradient by Winograd minimal filtering (winograd.h).
 *
 *   dw = G' [sum over tiles of (B' d B) . (A dy A')] G
 *
 * For each transform-domain element the sum over tiles is a GEMM: sums (C by sub-kernels, O)
 * from transformed x (C by sub-kernels, tiles) and transformed dy (tiles, O).  The sums become
 * taps once, at the end.  A task owns some channels of x, some of y and some blocks of tiles;
 * the sums of parts of the blocks are added in order. */
#include "conv_plan.h"

#include <string.h>

enum { SUB = 8, OUT = 128 }; /* channels of x at a time; most channels of y of a task */

/* ---- plan ---------------------------------------------------------------------------- */

static void plan_gemms(gn_winograd_w *w, int64_t channels)
{
    w->sums = w->x = 0;
    for (int i = 0; i < GN_MAX_ALPHA; i++)
        for (int j = 0; j < GN_MAX_ALPHA; j++) {
            gn_winograd_gemm *gemm = &w->gemm[i][j];
            gemm->subs =
                gn_winograd_sharing(&w->axis[0], 0, i) * gn_winograd_sharing(&w->axis[1], 0, j);
            gemm->u = w->sums, gemm->v = w->x;
            w->sums += gemm->subs * channels * w->sums_ld;
            w->x += gemm->subs * SUB * w->ld + GN_LINE;
        }
}

/* The blocks of tiles, of x and, the same tiles, of dy. */
static void plan_tiles(gn_conv_plan *p, gn_winograd_w *w)
{
    for (int d = 0; d < 2; d++) {
        w->dy_axis[d] = w->axis[d];
        w->dy_axis[d].tile_stride = w->dy_axis[d].input = w->axis[d].m;
        w->dy_axis[d].start = 0;
    }
    p->blocking = gn_winograd_blocking(w->axis, p->s.n, p->s.c, p->s.h, p->s.w);
    w->dy = gn_winograd_blocking(w->dy_axis, p->s.n, p->s.o, p->s.p, p->s.q);
    w->padded = GN_MAX(gn_padded_size(&p->blocking, SUB), gn_padded_size(&w->dy, w->out));
}

static bool plan(gn_conv_plan *p)
{
    enum { SHARE = 64, TASKS = 4, MOST_SUMS = 1 << 22 };
    gn_winograd_w *w = &p->winograd_w;
    if (p->pass != GN_CONV_W || !gn_winograd_axes(&p->s, w->axis))
        return false;
    w->out = OUT / p->wide * p->wide;
    plan_tiles(p, w);
    w->share = gn_ceil_div(p->s.c, gn_ceil_div(p->s.c, SHARE));
    w->shares = gn_ceil_div(p->s.c, w->share);
    w->o_shares = gn_ceil_div(p->s.o, w->out);
    w->ld = gn_odd_lines(p->blocking.pixels + GN_MAX_WIDE);
    w->sums_ld = gn_ceil_div(p->s.o, p->wide) * p->wide;
    w->taps_ld = gn_ceil_div(p->taps, GN_LINE) * GN_LINE;
    plan_gemms(w, p->s.c);
    w->dy_element = p->blocking.pixels * GN_MIN(w->out, w->sums_ld) + GN_LINE;
    int64_t tasks = w->shares * w->o_shares;
    w->parts = GN_MIN(gn_ceil_div(TASKS, tasks), GN_MAX(MOST_SUMS / w->sums, 1));
    w->parts = GN_MIN(w->parts, p->blocking.blocks);
    p->ntask = tasks * w->parts;
    p->shared_size = w->parts * w->sums;
    p->slots.size = w->x + w->axis[0].alpha[0] * w->axis[1].alpha[0] * w->dy_element + w->padded;
    int64_t taps = p->taps * w->sums_ld + p->s.o * w->taps_ld; /* of write_channel */
    p->slots.size = GN_MAX(p->slots.size, taps);
    return true;
}

/* ---- one block of tiles -------------------------------------------------------------- */

typedef struct {
    int64_t c0, c1, o0, no; /* channels of x and of y */
    real *sums;             /* of the part */
    real *x, *y, *padded;   /* parts of the slot */
    bool add;
    gn_pixels at; /* the same tiles in x and */
    gn_pixels dy; /* in dy */
} tile_block;

/* Transformed dy of element (i, j): (tiles, wide) of the panel of channel o. */
static real *dy_panel(const gn_conv_plan *p, const tile_block *b, int i, int j, int64_t o)
{
    int element = i * p->winograd_w.axis[1].alpha[0] + j;
    return b->y + element * p->winograd_w.dy_element + o * b->at.count;
}

/* A dy A': tiles by channels, a panel of these at a time. */
static void transform_dy(const gn_conv_plan *p, const tile_block *b)
{
    const gn_winograd_w *w = &p->winograd_w;
    const gn_winograd_axis *axis = w->axis;
    int32_t tile[GN_BLOCK_PIXELS], lane[GN_MAX_WIDE];
    gn_subkernel sub = {.first = {0}, .step = {1, 1}};
    gn_winograd_in in = {.src = b->padded,
                         .item = tile,
                         .lane = lane,
                         .items = b->dy.count,
                         .lanes = p->wide,
                         .pitch = w->dy.pitch,
                         .rows = (int)axis[0].m,
                         .cols = (int)axis[1].m,
                         .form = GN_WINOGRAD_DY,
                         .sub = &sub,
                         .subs = 1,
                         .ds = p->wide};
    for (int d = 0; d < 2; d++) {
        sub.count[d] = (int)axis[d].m;
        sub.alpha[d] = axis[d].alpha[0];
    }
    for (int i = 0; i < sub.alpha[0] * sub.alpha[1]; i++)
        sub.to[i] = i * w->dy_element;
    gn_winograd_tiles(&w->dy, &b->dy, axis[1].m, b->dy.count, tile);
    gn_winograd_fill(&w->dy, w->dy_axis, p->s.n, &b->dy, p->y, b->o0, b->no, b->padded);
    for (int64_t o = 0; o < b->no; o += p->wide) {
        for (int64_t l = 0; l < p->wide; l++)
            lane[l] = (int32_t)(GN_MIN(o + l, b->no - 1) * w->dy.plane);
        in.dst = dy_panel(p, b, 0, 0, o);
        p->kern->winograd->transform(&in);
    }
}

/* B' d B of nc channels, which are in the padded input tile: rows (sub-kernel, channel). */
static void transform_x(const gn_conv_plan *p, const tile_block *b, const int32_t *tile, int64_t nc)
{
    const gn_winograd_w *w = &p->winograd_w;
    const gn_winograd_axis *axis = w->axis;
    int32_t item[SUB];
    gn_subkernel sub[4];
    gn_winograd_in in = {.src = b->padded,
                         .item = item,
                         .lane = tile,
                         .items = nc,
                         .lanes = gn_ceil_div(b->at.count, p->kern->vw) * p->kern->vw,
                         .pitch = p->blocking.pitch,
                         .rows = (int)axis[0].input,
                         .cols = (int)axis[1].input,
                         .form = GN_WINOGRAD_INPUT,
                         .sub = sub,
                         .subs = axis[0].subs * axis[1].subs,
                         .dst = b->x,
                         .ds = w->ld};
    for (int64_t c = 0; c < nc; c++)
        item[c] = (int32_t)(c * p->blocking.plane);
    for (int n = 0; n < in.subs; n++) {
        int f = n / axis[1].subs, g = n % axis[1].subs;
        gn_winograd_sub(axis, f, g, false, &sub[n]);
        int64_t *to = sub[n].to;
        for (int i = 0; i < sub[n].alpha[0]; i++)
            for (int j = 0; j < sub[n].alpha[1]; j++)
                *to++ = w->gemm[i][j].v + gn_winograd_among(axis, f, g, j) * nc * w->ld;
    }
    p->kern->winograd->transform(&in);
}

/* The products of one element, added to the sums of channels from c on. */
static void add_products(const gn_conv_plan *p, const tile_block *b, int i, int j, int64_t c,
                         int64_t nc)
{
    const gn_winograd_w *w = &p->winograd_w;
    const gn_winograd_gemm *gemm = &w->gemm[i][j];
    real *sums = b->sums + gemm->u + c * gemm->subs * w->sums_ld + b->o0;
    gn_microtile t = {
        .k = b->at.count, .as = w->ld, .ak = 1, .bs = p->wide, .cs = w->sums_ld, .add = b->add};
    for (int64_t o = 0; o < b->no; o += p->wide) {
        t.a = b->x + gemm->v;
        t.b = t.ahead = dy_panel(p, b, i, j, o);
        t.c = sums + o;
        gn_multiply_panel(p->kern->wide, p->kern->mr, nc * gemm->subs, t);
    }
}

static void run_block(const gn_conv_plan *p, tile_block *b)
{
    const gn_winograd_axis *axis = p->winograd_w.axis;
    int32_t tile[GN_BLOCK_PIXELS + GN_MAX_WIDE];
    transform_dy(p, b);
    gn_winograd_tiles(&p->blocking, &b->at, axis[1].tile_stride, b->at.count + GN_MAX_WIDE, tile);
    for (int64_t c = b->c0, nc; c < b->c1; c += nc) {
        nc = GN_MIN(SUB, b->c1 - c);
        gn_winograd_fill(&p->blocking, axis, p->s.n, &b->at, p->x, c, nc, b->padded);
        transform_x(p, b, tile, nc);
        for (int i = 0; i < axis[0].alpha[0]; i++)
            for (int j = 0; j < axis[1].alpha[0]; j++)
                add_products(p, b, i, j, c, nc);
    }
}

static void run_part(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    const gn_winograd_w *w = &p->winograd_w;
    tile_block b = {.add = false};
    int64_t share = task % w->shares, rest = task / w->shares, part = rest / w->o_shares;
    b.c0 = gn_cut(p->s.c, w->shares, share), b.c1 = gn_cut(p->s.c, w->shares, share + 1);
    b.o0 = rest % w->o_shares * w->out, b.no = GN_MIN(w->out, p->s.o - b.o0);
    b.sums = p->shared + part * w->sums;
    b.x = gn_slot_take(&p->slots);
    b.padded = b.x + w->x;
    b.y = b.padded + w->padded;
    for (int64_t i = gn_cut(p->blocking.blocks, w->parts, part);
         i < gn_cut(p->blocking.blocks, w->parts, part + 1); i++, b.add = true) {
        gn_block_pixels(&p->blocking, i, &b.at);
        gn_block_pixels(&w->dy, i, &b.dy);
        run_block(p, &b);
    }
    gn_slot_give(&p->slots, b.x);
}

/* ---- from sums to weights ------------------------------------------------------------ */

/* Row of the sums of channel c: those of a share are in groups of SUB, sub-kernel by
 * sub-kernel. */
static int64_t sums_row(const gn_conv_plan *p, int64_t c, int64_t subs, int64_t among)
{
    int64_t share = 0, shares = p->winograd_w.shares;
    while (c >= gn_cut(p->s.c, shares, share + 1))
        share++;
    int64_t c0 = gn_cut(p->s.c, shares, share), end = gn_cut(p->s.c, shares, share + 1);
    c0 += (c - c0) / SUB * SUB;
    return c0 * subs + among * GN_MIN(SUB, end - c0) + c - c0;
}

/* G' M G of sub-kernel (f, g) of a channel: its taps by O. */
static void transform_sums(const gn_conv_plan *p, int64_t c, int f, int g, real *taps)
{
    const gn_winograd_w *w = &p->winograd_w;
    int64_t ld = w->sums_ld;
    gn_subkernel u;
    gn_winograd_sub(w->axis, f, g, true, &u);
    gn_winograd_out out = {.src = p->shared, .n = ld, .filter = true, .dst = taps};
    for (int d = 0; d < 2; d++)
        out.alpha[d] = u.alpha[d], out.m[d] = u.count[d];
    for (int i = 0; i < u.alpha[0]; i++)
        for (int j = 0; j < u.alpha[1]; j++) {
            const gn_winograd_gemm *gemm = &w->gemm[i][j];
            int64_t among = gn_winograd_among(w->axis, f, g, j);
            int64_t at = gemm->u + sums_row(p, c, gemm->subs, among) * ld;
            out.from[i * u.alpha[1] + j] = at;
            for (int64_t part = 1; part < w->parts; part++)
                gn_vec->add_row(p->shared + at, p->shared + part * w->sums + at, ld);
        }
    for (int i = 0; i < u.count[0]; i++)
        for (int j = 0; j < u.count[1]; j++)
            out.to[i * u.count[1] + j] =
                ((u.first[0] + i * u.step[0]) * p->s.s + u.first[1] + j * u.step[1]) * ld;
    p->kern->winograd->output(&out);
}

/* One channel of x: its taps by O, then transposed to O by taps. */
static void write_channel(void *ctx, int64_t c)
{
    const gn_conv_plan *p = ctx;
    const gn_winograd_w *w = &p->winograd_w;
    real *taps = gn_slot_take(&p->slots);
    for (int f = 0; f < w->axis[0].subs; f++)
        for (int g = 0; g < w->axis[1].subs; g++)
            transform_sums(p, c, f, g, taps);
    gn_mat m = {.p = taps, .rs = 1, .cs = w->sums_ld};
    gn_block all = {.src = &m,
                    .n0 = p->s.o,
                    .n1 = p->taps,
                    .dst = taps + p->taps * w->sums_ld,
                    .ds = w->taps_ld};
    p->kern->pack(&all);
    for (int64_t o = 0; o < p->s.o; o++)
        memcpy(p->w + (o * p->s.c + c) * p->taps, all.dst + o * all.ds,
               (size_t)p->taps * sizeof(real));
    gn_slot_give(&p->slots, taps);
}

static void run(const gn_conv_plan *p)
{
    gn_conv_parallel(p, p->ntask, run_part);
    gn_conv_parallel(p, p->s.c, write_channel);
}

const gn_conv_loop gn_conv_loop_winograd_w = {plan, run};
