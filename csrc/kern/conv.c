/* conv.c - which of three loops computes a pass of a convolution, and the one for y.
 *
 *   y   C = weights (O, C R S) times what the taps read (C R S, positions): conv.c
 *   x   columns = weights (C R S, O) times y (O, positions), then each element of x sums
 *       its taps: conv_x.c
 *   w   what the taps read (C R S, positions) times y (positions, O): conv_w.c
 *
 * Nothing is scattered and no im2col matrix exists: a task copies what its taps read to
 * panels of the size of the cache.  With stride 1 the roles of x and y may be exchanged, the
 * taps reversed (flip): what is cheap for many channels of y then serves where only x
 * has many.  Every choice depends on the shape alone. */
#include "convolve.h"

#include <string.h>

enum { FEW = 16 }; /* channels: fewer rows than a tile has are a waste */

/* ---- the other view of a convolution of stride 1 ------------------------------------- */

static bool can_flip(const gn_conv_shape *s)
{
    return s->sh == 1 && s->sw == 1;
}

static gn_conv_shape flipped(const gn_conv_shape *s)
{
    gn_conv_shape f = *s;
    f.c = s->o, f.h = s->p, f.w = s->q;
    f.o = s->c, f.p = s->h, f.q = s->w;
    f.top = (s->r - 1) * s->dh - s->top;
    f.left = (s->s - 1) * s->dw - s->left;
    return f;
}

static bool better_flipped(const gn_conv_shape *s, gn_conv_pass pass)
{
    int64_t c = s->c / s->groups, o = s->o / s->groups;
    switch (pass) {
    case GN_CONV_Y:
        return o < FEW && c > o;
    case GN_CONV_X:
        return c >= FEW || c >= o;
    default:
        return o < FEW && c > o;
    }
}

gn_conv_plan gn_conv_make_plan(const gn_conv_args *a)
{
    gn_conv_plan p = {.s = a->shape, .pass = a->pass, .kern = gn_gemm_kernel};
    if (can_flip(&p.s) && better_flipped(&p.s, a->pass)) {
        p.flip = true;
        p.s = flipped(&p.s);
        p.pass = a->pass == GN_CONV_Y ? GN_CONV_X : a->pass == GN_CONV_X ? GN_CONV_Y : GN_CONV_W;
    }
    p.x = p.flip ? a->y : a->x;
    p.y = p.flip ? a->x : a->y;
    p.w = a->w;
    p.epilogue = a->epilogue;
    p.cg = p.s.c / p.s.groups;
    p.og = p.s.o / p.s.groups;
    p.taps = p.s.r * p.s.s;
    p.wide = p.kern->vw * p.kern->nv;
    double work = (double)p.s.n * p.s.p * p.s.q * p.s.o * p.cg * p.taps;
    p.serial = work < (1 << 18);
    if (p.pass == GN_CONV_Y)
        gn_conv_plan_y(&p);
    else if (p.pass == GN_CONV_X)
        gn_conv_plan_x(&p);
    else
        gn_conv_plan_w(&p);
    p.slots.count = p.serial ? 1 : GN_MIN(p.ntask, gn_get_num_threads());
    return p;
}

/* ---- memory: weights or sums, offsets, flags, slots ---------------------------------- */

static size_t round_line(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static size_t slot_bytes(const gn_conv_plan *p)
{
    return round_line((size_t)p->slots.size * sizeof(real));
}

size_t gn_conv_workspace(const gn_conv_args *a)
{
    gn_conv_plan p = gn_conv_make_plan(a);
    return round_line((size_t)p.shared_size * sizeof(real)) +
           round_line((size_t)p.tap_count * sizeof(int32_t)) +
           round_line((size_t)p.slots.count * sizeof(int32_t)) +
           (size_t)p.slots.count * slot_bytes(&p);
}

static void place(gn_conv_plan *p, void *work)
{
    char *at = work;
    p->shared = (real *)at;
    at += round_line((size_t)p->shared_size * sizeof(real));
    p->tap = (int32_t *)at;
    at += round_line((size_t)p->tap_count * sizeof(int32_t));
    p->slots.busy = (int32_t *)at;
    memset(at, 0, (size_t)p->slots.count * sizeof(int32_t));
    at += round_line((size_t)p->slots.count * sizeof(int32_t));
    p->slots.base = (real *)at;
    p->slots.size = (int64_t)(slot_bytes(p) / sizeof(real));
}

void gn_conv_spread(gn_conv_plan *p, int64_t ntask, gn_task fn)
{
    (p->serial ? gn_serial : gn_parallel)(ntask, fn, p);
}

void gn_conv(const gn_conv_args *a, void *work)
{
    gn_conv_plan p = gn_conv_make_plan(a);
    place(&p, work);
    if (p.pass == GN_CONV_Y)
        gn_conv_run_y(&p);
    else if (p.pass == GN_CONV_X)
        gn_conv_run_x(&p);
    else
        gn_conv_run_w(&p);
}

bool gn_conv_fits(const gn_conv_shape *s)
{
    double taps = (double)s->r * s->s, halo = (double)s->r * s->dh;
    double rows = GN_CONV_COLUMNS * (halo + s->sh), row = (double)s->s * s->dw;
    row += (double)GN_CONV_COLUMNS * s->sw;
    double columns = (halo / s->sh + 2) * s->q + 1024;
    return rows * row * GN_MAX(GN_KC / taps, 1) < 1e9 && taps * columns < 1e9;
}

/* ---- y ------------------------------------------------------------------------------- */

/* Distance of rows that lie apart by an odd number of lines: those of a tile then fall on
 * different sets of the cache. */
int64_t gn_odd_lines(int64_t n)
{
    return (gn_ceil_div(n, GN_LINE) | 1) * GN_LINE;
}

void gn_conv_plan_y(gn_conv_plan *p)
{
    p->grid = gn_grid_make(&p->s);
    p->sub = gn_ceil_div(p->cg, gn_ceil_div(p->cg, GN_MAX(GN_KC / p->taps, 1)));
    p->ld = gn_odd_lines(p->cg * p->taps);
    p->shared_size = p->s.o * p->ld;
    p->tap_count = p->sub * p->taps;
    int64_t tiles = gn_ceil_div(p->og, p->kern->mr), few = p->s.groups * p->grid.blocks;
    p->parts = GN_MAX(GN_MIN(gn_ceil_div(8, few), tiles / 4), 1);
    p->ntask = few * p->parts;
    p->slots.size =
        (int64_t)gn_patch_size(&p->grid, p->sub) + (p->sub * p->taps + 1) * p->wide + GN_MAX_WIDE;
}

/* Row o of the weights: as they lie, or with x and y exchanged and the taps reversed. */
static void pack_row_y(void *ctx, int64_t o)
{
    const gn_conv_plan *p = ctx;
    real *to = p->shared + o * p->ld;
    int64_t k = p->cg * p->taps, group = o / p->og;
    if (!p->flip) {
        memcpy(to, p->w + o * k, (size_t)k * sizeof(real));
        return;
    }
    for (int64_t c = 0; c < p->cg; c++) {
        const real *from = p->w + ((group * p->cg + c) * p->og + o % p->og) * p->taps;
        for (int64_t t = 0; t < p->taps; t++)
            *to++ = from[p->taps - 1 - t];
    }
}

/* What the taps of channels c0 .. read at positions j .. of a block, and where their sums go. */
typedef struct {
    int64_t o0, o1, c0, nc; /* output rows within the group, channels within the group */
    int64_t group, j, n, width;
    const real *panel;
    gn_run run[GN_MAX_WIDE];
    int runs;
} y_panel;

static void run_tile_y(const gn_conv_plan *p, const y_panel *q, int64_t i, int64_t h)
{
    real corner[GN_MAX_MR * GN_MAX_WIDE] __attribute__((aligned(64)));
    int64_t plane = p->s.p * p->s.q, row = q->group * p->og + i;
    const gn_epilogue *e = &p->epilogue;
    bool direct = q->runs == 1 && q->n == q->width, last = q->c0 + q->nc == p->cg;
    real *y = p->y + row * plane;
    gn_tile t = {
        .k = q->nc * p->taps,
        .a = p->shared + row * p->ld + q->c0 * p->taps,
        .as = p->ld,
        .ak = 1,
        .b = q->panel,
        .bs = q->width,
        .c = direct ? y + q->run[0].to : corner,
        .cs = direct ? plane : q->width,
        .add = q->c0 > 0,
        .bias_i = last && e->bias ? e->bias + row : NULL,
        .act = last ? e->act : GN_ACT_NONE,
        .slope = e->slope,
        .ahead = q->panel,
    };
    t.next_c = direct && i + h < q->o1 ? t.c + h * t.cs : NULL;
    for (int r = 0; !direct && t.add && r < q->runs; r++)
        for (int64_t l = 0; l < h; l++)
            memcpy(corner + l * q->width + q->run[r].at, y + l * plane + q->run[r].to,
                   (size_t)q->run[r].n * sizeof(real));
    (q->width == p->wide ? p->kern->wide : p->kern->narrow)[h](&t);
    if (t.act == GN_ACT_TANH || t.act == GN_ACT_SIGMOID)
        for (int64_t l = 0; l < h; l++)
            gn_vec->act(t.c + l * t.cs, t.c + l * t.cs, q->width, t.act, 0);
    for (int r = 0; !direct && r < q->runs; r++)
        for (int64_t l = 0; l < h; l++)
            memcpy(y + l * plane + q->run[r].to, corner + l * q->width + q->run[r].at,
                   (size_t)q->run[r].n * sizeof(real));
}

static void run_panel_y(const gn_conv_plan *p, y_panel *q, const gn_positions *at,
                        const real *patch, real *panel)
{
    gn_piece piece[2 * GN_MAX_WIDE];
    gn_pieces copy = {.src = patch, .row = p->tap, .rows = q->nc * p->taps, .piece = piece};
    q->width = q->n <= p->kern->vw ? p->kern->vw : p->wide;
    copy.pieces = gn_patch_pieces(&p->grid, at, q->j, q->n, piece);
    copy.dst = panel;
    copy.ds = q->width;
    p->kern->copy_pieces(&copy);
    q->panel = panel;
    q->runs = gn_output_runs(&p->grid, at, q->j, q->n, q->run);
    int64_t rows = q->o1 - q->o0, tiles = gn_ceil_div(rows, p->kern->mr);
    for (int64_t tile = 0; tile < tiles; tile++) {
        int64_t i = gn_cut(rows, tiles, tile);
        run_tile_y(p, q, q->o0 + i, gn_cut(rows, tiles, tile + 1) - i);
    }
}

static void run_block_y(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    gn_positions at;
    int64_t part = task % p->parts, block = task / p->parts % p->grid.blocks;
    y_panel q = {.group = task / p->parts / p->grid.blocks};
    q.o0 = gn_cut(p->og, p->parts, part);
    q.o1 = gn_cut(p->og, p->parts, part + 1);
    real *patch = gn_slot_take(&p->slots), *panel = patch + gn_patch_size(&p->grid, p->sub);
    gn_grid_block(&p->grid, block, &at);
    for (q.c0 = 0; q.c0 < p->cg; q.c0 += p->sub) {
        q.nc = GN_MIN(p->sub, p->cg - q.c0);
        gn_patch_fill(&p->grid, &at, p->x, q.group * p->cg + q.c0, q.nc, patch);
        for (q.j = 0; q.j < at.columns; q.j += p->wide) {
            q.n = GN_MIN(p->wide, at.columns - q.j);
            run_panel_y(p, &q, &at, patch, panel);
        }
    }
    gn_slot_give(&p->slots, patch);
}

void gn_conv_run_y(gn_conv_plan *p)
{
    gn_patch_taps(&p->grid, p->sub, p->tap);
    gn_conv_spread(p, p->s.o, pack_row_y);
    gn_conv_spread(p, p->ntask, run_block_y);
}
