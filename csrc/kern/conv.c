/* conv.c - which of these loops computes a pass of a convolution, and the one for y.
 *
 *   y   C = weights (O, C R S) times what the taps read (C R S, positions): conv.c
 *   x   columns = weights (C R S, O) times y (O, positions), then each element of x sums
 *       its taps: conv_x.c
 *   w   what the taps read (C R S, positions) times y (positions, O): conv_w.c
 *   y   the same, nothing packed, where x has few channels: conv_thin.c
 *   w   y times what the taps read, where there are few positions: conv_few.c
 *   all   with fewer products where kernel and stride allow: wino_yx.c, wino_w.c
 *   all   one product where the kernel covers the image: conv_dense.c
 *
 * Nothing is scattered and no im2col matrix exists: a task copies what its taps read to
 * panels of the size of the cache.  With stride 1 the roles of x and y may be exchanged, the
 * taps reversed (flip): what is cheap for many channels of y then serves where only x
 * has many.  Every choice depends on the shape alone. */
#include "convolve.h"

#include <string.h>

enum {
    FEW = 16,  /* channels: fewer rows than a tile has are a waste */
    TASKS = 4, /* enough for two threads, and a block need not be packed twice */
};

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

static void flip(gn_conv_plan *p)
{
    p->flip = true;
    p->s = flipped(&p->s);
    p->pass = p->pass == GN_CONV_Y ? GN_CONV_X : p->pass == GN_CONV_X ? GN_CONV_Y : GN_CONV_W;
    real *x = p->x;
    p->x = p->y, p->y = x;
}

static const gn_conv_loop *choose_loop(const gn_conv_plan *p, bool fewer)
{
    if (fewer)
        return p->pass == GN_CONV_W ? &gn_conv_loop_wino_w : &gn_conv_loop_wino_yx;
    if (gn_thin_suits(p))
        return &gn_conv_loop_thin;
    if (gn_few_suits(p))
        return &gn_conv_loop_few;
    return p->pass == GN_CONV_Y   ? &gn_conv_loop_y
           : p->pass == GN_CONV_X ? &gn_conv_loop_x
                                  : &gn_conv_loop_w;
}

gn_conv_plan gn_conv_make_plan(const gn_conv_args *a)
{
    gn_conv_plan p = {.s = a->shape,
                      .pass = a->pass,
                      .x = a->x,
                      .w = a->w,
                      .y = a->y,
                      .epilogue = a->epilogue,
                      .kern = gn_gemm_kernel};
    bool fewer = gn_wino_axes(&p.s, p.pass, p.wino.axis);
    if (!fewer && can_flip(&p.s) && better_flipped(&p.s, p.pass))
        flip(&p);
    p.cg = p.s.c / p.s.groups;
    p.og = p.s.o / p.s.groups;
    p.taps = p.s.r * p.s.s;
    p.wide = p.kern->vw * p.kern->nv;
    double work = (double)p.s.n * p.s.p * p.s.q * p.s.o * p.cg * p.taps;
    p.serial = work < (1 << 18);
    p.loop = choose_loop(&p, fewer);
    p.loop->plan(&p);
    p.slots.count = p.serial ? 1 : GN_MIN(p.ntask, a->threads);
    return p;
}

/* Positions of a block: what keeps y of a block in the cache. */
int64_t gn_conv_block(const gn_conv_shape *s)
{
    return GN_MAX(GN_MIN((1 << 16) * s->groups / s->o, GN_CONV_COLUMNS), 128);
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

/* Large ones are powers of two: the pool then has one block that serves most layers.  What is
 * not used is never touched. */
static size_t few_sizes(size_t bytes)
{
    size_t size = (size_t)1 << 20;
    if (bytes <= size)
        return bytes;
    while (size < bytes)
        size *= 2;
    return size;
}

size_t gn_conv_workspace(const gn_conv_args *a)
{
    if (gn_conv_is_dense(a)) {
        gn_gemm_args g = gn_conv_dense(a);
        return gn_gemm_workspace(&g);
    }
    gn_conv_plan p = gn_conv_make_plan(a);
    return few_sizes(round_line((size_t)p.shared_size * sizeof(real)) +
                     round_line((size_t)p.tap_count * sizeof(int32_t)) +
                     round_line((size_t)p.slots.count * sizeof(int32_t)) +
                     (size_t)p.slots.count * slot_bytes(&p));
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
    if (gn_conv_is_dense(a)) {
        gn_gemm_args g = gn_conv_dense(a);
        gn_gemm(&g, work);
        return;
    }
    gn_conv_plan p = gn_conv_make_plan(a);
    place(&p, work);
    p.loop->run(&p);
}

/* Offsets into a patch or into the columns of conv_x.c; the first bound keeps the sizes of the
 * grid themselves in range. */
bool gn_conv_fits(const gn_conv_shape *s)
{
    double taps = (double)s->r * s->s, high = (double)s->r * s->dh, broad = (double)s->s * s->dw;
    double columns = (high / s->sh + 2) * s->q + 1024;
    if ((high + s->sh) * (broad + s->sw) > 1e12 || taps * columns > 1e9)
        return false;
    gn_grid g = gn_grid_make(s, gn_conv_block(s));
    return (double)g.plane * GN_MAX(GN_KC / taps, 1) < 1e9;
}

/* ---- y ------------------------------------------------------------------------------- */

/* Distance of rows that lie apart by an odd number of lines: those of a tile then fall on
 * different sets of the cache. */
int64_t gn_odd_lines(int64_t n)
{
    return (gn_ceil_div(n, GN_LINE) | 1) * GN_LINE;
}

static void plan_y(gn_conv_plan *p)
{
    int64_t k = p->cg * p->taps;
    p->grid = gn_grid_make(&p->s, gn_conv_block(&p->s));
    p->sub = gn_ceil_div(p->cg, gn_ceil_div(p->cg, GN_MAX(GN_KC / p->taps, 1)));
    p->ld = p->flip ? gn_odd_lines(k) : k;
    p->shared_size = p->flip ? p->s.o * p->ld : 0;
    p->tap_count = p->sub * p->taps;
    int64_t tiles = gn_ceil_div(p->og, p->kern->mr), few = p->s.groups * p->grid.blocks;
    p->parts = GN_MAX(GN_MIN(gn_ceil_div(TASKS, few), tiles / 4), 1);
    p->ntask = few * p->parts;
    int64_t panels = gn_ceil_div(p->grid.columns, p->wide), kn = p->sub * p->taps;
    p->slots.size = (int64_t)gn_patch_size(&p->grid, p->sub) + panels * kn * p->wide + GN_MAX_WIDE;
}

/* Row o of the weights with x and y exchanged and the taps reversed. */
static void flip_row(void *ctx, int64_t o)
{
    const gn_conv_plan *p = ctx;
    real *to = p->shared + o * p->ld;
    int64_t group = o / p->og;
    for (int64_t c = 0; c < p->cg; c++) {
        const real *from = p->w + ((group * p->cg + c) * p->og + o % p->og) * p->taps;
        for (int64_t t = 0; t < p->taps; t++)
            *to++ = from[p->taps - 1 - t];
    }
}

/* A block of positions and some channels of x, those of the group counted from 0. */
typedef struct {
    int64_t group, c0, nc;
    int64_t o0, o1;       /* channels of y */
    real *patch, *panels; /* parts of the slot */
    gn_positions at;
} y_block;

/* One tile's rows of the weights. */
typedef struct {
    const real *a;
    int64_t ld, o, h; /* o counts all groups */
} y_rows;

/* Where positions j .. j+n-1 of channel 0 of y lie. */
typedef struct {
    int64_t j, n, width;
    const real *panel;
    gn_run run[GN_MAX_WIDE];
    int runs;
} y_panel;

static y_rows rows_of_tile(const gn_conv_plan *p, const y_block *b, int64_t i, int64_t h)
{
    int64_t o = b->group * p->og + i;
    return (y_rows){(p->flip ? p->shared : p->w) + o * p->ld + b->c0 * p->taps, p->ld, o, h};
}

/* Between a tile of its own and the places of y. */
static void copy_corner(const gn_conv_plan *p, const y_panel *q, const y_rows *rows, real *corner,
                        bool out)
{
    int64_t plane = p->s.p * p->s.q;
    for (const gn_run *run = q->run; run < q->run + q->runs; run++)
        for (int64_t r = 0; r < rows->h; r++) {
            real *tile = corner + r * q->width + run->at;
            real *y = p->y + (rows->o + r) * plane + run->to;
            memcpy(out ? y : tile, out ? tile : y, (size_t)run->n * sizeof(real));
        }
}

static void run_tile_y(const gn_conv_plan *p, const y_block *b, const y_panel *q,
                       const y_rows *rows)
{
    real corner[GN_MAX_MR * GN_MAX_WIDE] __attribute__((aligned(64)));
    int64_t plane = p->s.p * p->s.q;
    const gn_epilogue *e = &p->epilogue;
    bool direct = q->runs == 1 && q->n == q->width, last = b->c0 + b->nc == p->cg;
    gn_tile t = {
        .k = b->nc * p->taps,
        .a = rows->a,
        .as = rows->ld,
        .ak = 1,
        .b = q->panel,
        .bs = p->wide,
        .c = direct ? p->y + rows->o * plane + q->run[0].to : corner,
        .cs = direct ? plane : q->width,
        .add = b->c0 > 0,
        .bias_i = last && e->bias ? e->bias + rows->o : NULL,
        .act = last ? e->act : GN_ACT_NONE,
        .slope = e->slope,
        .ahead = q->panel,
    };
    if (!direct && t.add)
        copy_corner(p, q, rows, corner, false);
    (q->width == p->wide ? p->kern->wide : p->kern->narrow)[rows->h](&t);
    if (t.act == GN_ACT_TANH || t.act == GN_ACT_SIGMOID)
        for (int64_t r = 0; r < rows->h; r++)
            gn_vec->act(t.c + r * t.cs, t.c + r * t.cs, q->width, t.act, 0);
    if (!direct)
        copy_corner(p, q, rows, corner, true);
}

/* What the taps read at all positions, panel by panel; what is known of each panel. */
static int64_t pack_panels(const gn_conv_plan *p, const y_block *b, y_panel *panel)
{
    gn_piece piece[2 * GN_MAX_WIDE];
    gn_pieces copy = {.src = b->patch, .row = p->tap, .rows = b->nc * p->taps, .piece = piece};
    int64_t count = 0;
    for (int64_t j = 0; j < b->at.columns; j += p->wide) {
        y_panel *q = &panel[count++];
        q->j = j;
        q->n = GN_MIN(p->wide, b->at.columns - j);
        q->width = q->n <= p->kern->vw ? p->kern->vw : p->wide;
        q->panel = copy.dst = b->panels + j * copy.rows;
        q->runs = gn_output_runs(&p->grid, &b->at, j, q->n, q->run);
        copy.ds = p->wide;
        copy.pieces = gn_patch_pieces(&p->grid, &b->at, j, q->n, piece);
        p->kern->copy_pieces(&copy);
    }
    return count;
}

static void multiply_y(const gn_conv_plan *p, const y_block *b)
{
    enum { MOST_PANELS = GN_CONV_COLUMNS / 2 };
    y_panel panel[MOST_PANELS];
    int64_t panels = pack_panels(p, b, panel);
    int64_t rows = b->o1 - b->o0, tiles = gn_ceil_div(rows, p->kern->mr);
    for (int64_t tile = 0; tile < tiles; tile++) {
        int64_t i = gn_cut(rows, tiles, tile), h = gn_cut(rows, tiles, tile + 1) - i;
        y_rows a = rows_of_tile(p, b, b->o0 + i, h);
        for (int64_t j = 0; j < panels; j++)
            run_tile_y(p, b, &panel[j], &a);
    }
}

static void run_block_y(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    int64_t part = task % p->parts, block = task / p->parts % p->grid.blocks;
    y_block b = {.group = task / p->parts / p->grid.blocks};
    b.o0 = gn_cut(p->og, p->parts, part);
    b.o1 = gn_cut(p->og, p->parts, part + 1);
    b.patch = gn_slot_take(&p->slots);
    b.panels = b.patch + gn_patch_size(&p->grid, p->sub);
    gn_grid_block(&p->grid, block, &b.at);
    for (; b.c0 < p->cg; b.c0 += p->sub) {
        b.nc = GN_MIN(p->sub, p->cg - b.c0);
        gn_patch_fill(&p->grid, &b.at, p->x, b.group * p->cg + b.c0, b.nc, b.patch);
        multiply_y(p, &b);
    }
    gn_slot_give(&p->slots, b.patch);
}

static void run_y(gn_conv_plan *p)
{
    gn_patch_taps(&p->grid, p->sub, p->tap);
    if (p->flip)
        gn_conv_spread(p, p->s.o, flip_row);
    gn_conv_spread(p, p->ntask, run_block_y);
}

const gn_conv_loop gn_conv_loop_y = {plan_y, run_y};
