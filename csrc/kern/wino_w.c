/* wino_w.c - the weight gradient with fewer products (wino.h).
 *
 * At each point the products of x and y are summed over all tiles: sums (C by units, O)
 * from points of x (C by units, tiles) and of y (tiles, O).  The sums become taps once, at
 * the end.  A task owns some channels of x, some of y and some blocks of tiles; the sums of
 * parts of the blocks are added in order. */
#include "convolve.h"

#include <string.h>

enum { SUB = 8, SHARE = 64, OUT = 128, TASKS = 4, MOST_SUMS = 1 << 22 };

/* ---- plan ---------------------------------------------------------------------------- */

static int64_t shares(const gn_conv_plan *p)
{
    return gn_ceil_div(p->s.c, p->share);
}

static int64_t out_shares(const gn_conv_plan *p)
{
    return gn_ceil_div(p->s.o, OUT);
}

static int64_t sums_ld(const gn_conv_plan *p)
{
    return gn_ceil_div(p->s.o, p->wide) * p->wide;
}

static int64_t taps_ld(const gn_conv_plan *p)
{
    return gn_ceil_div(p->taps, GN_LINE) * GN_LINE;
}

static const gn_wino_set *set_of(const gn_conv_plan *p, int i, int j)
{
    return &p->wino.set[0][0][GN_POINTS * i + j];
}

/* Sets: units that share the point; sums at u, points of x at v. */
static void plan_sets(gn_conv_plan *p, int64_t *sums, int64_t *x)
{
    *sums = *x = 0;
    for (int i = 0; i < GN_POINTS; i++)
        for (int j = 0; j < GN_POINTS; j++) {
            gn_wino_set *set = &p->wino.set[0][0][GN_POINTS * i + j];
            set->units =
                gn_wino_sharing(&p->wino.axis[0], 0, i) * gn_wino_sharing(&p->wino.axis[1], 0, j);
            set->u = *sums, set->v = *x;
            *sums += set->units * p->s.c * sums_ld(p);
            *x += set->units * SUB * p->ld + GN_LINE;
        }
}

/* Panels of y of a point. */
static int64_t y_point(const gn_conv_plan *p)
{
    return p->grid.columns * GN_MIN(OUT, sums_ld(p)) + GN_LINE;
}

static int64_t patches(const gn_conv_plan *p)
{
    return GN_MAX((int64_t)gn_patch_size(&p->grid, SUB), (int64_t)gn_patch_size(&p->dy, OUT));
}

/* y itself in tiles. */
static void tiles_of_y(const gn_conv_plan *p, gn_wino_axis tiles[2])
{
    for (int d = 0; d < 2; d++) {
        tiles[d] = p->wino.axis[d];
        tiles[d].pitch = tiles[d].window = tiles[d].m;
        tiles[d].start = 0;
    }
}

static void plan(gn_conv_plan *p)
{
    const gn_wino_axis *v = &p->wino.axis[0], *h = &p->wino.axis[1];
    gn_wino_axis tiles[2];
    tiles_of_y(p, tiles);
    p->grid = gn_wino_grid(p->wino.axis, p->s.n, p->s.c, p->s.h, p->s.w);
    p->dy = gn_wino_grid(tiles, p->s.n, p->s.o, p->s.p, p->s.q);
    p->share = gn_ceil_div(p->s.c, gn_ceil_div(p->s.c, SHARE));
    p->ld = gn_odd_lines(p->grid.columns + GN_MAX_WIDE);
    int64_t few = shares(p) * out_shares(p), sums, x;
    plan_sets(p, &sums, &x);
    p->wino.panel = x;
    p->wino.sums = sums;
    p->parts = GN_MIN(gn_ceil_div(TASKS, few), GN_MAX(MOST_SUMS / sums, 1));
    p->parts = GN_MIN(p->parts, p->grid.blocks);
    p->ntask = few * p->parts;
    p->shared_size = p->parts * sums;
    p->slots.size = x + v->points[0] * h->points[0] * y_point(p) + patches(p);
    int64_t taps = p->taps * sums_ld(p) + p->s.o * taps_ld(p); /* of write_channel */
    p->slots.size = GN_MAX(p->slots.size, taps);
}

/* ---- one block of tiles -------------------------------------------------------------- */

typedef struct {
    int64_t c0, c1, o0, no; /* channels of x and of y */
    real *sums;             /* of the part */
    real *x, *y, *patch;    /* parts of the slot */
    bool add;
    gn_positions at; /* the same tiles in x and */
    gn_positions dy; /* in y */
} block_w;

static real *y_panel(const gn_conv_plan *p, const block_w *b, int i, int j, int64_t o)
{
    int point = i * p->wino.axis[1].points[0] + j;
    return b->y + point * y_point(p) + o * b->at.columns;
}

/* All points of y: tiles by channels, a panel of these at a time. */
static void transform_y(const gn_conv_plan *p, const block_w *b)
{
    const gn_wino_axis *axis = p->wino.axis;
    gn_wino_axis tiles[2];
    int32_t tile[GN_CONV_COLUMNS], lane[GN_MAX_WIDE];
    gn_wino_unit unit = {.first = {0}, .step = {1, 1}};
    gn_wino_in in = {.src = b->patch,
                     .item = tile,
                     .lane = lane,
                     .items = b->dy.columns,
                     .lanes = p->wide,
                     .pitch = p->dy.pitch,
                     .rows = (int)axis[0].m,
                     .cols = (int)axis[1].m,
                     .form = GN_WINO_SPREAD,
                     .unit = &unit,
                     .units = 1,
                     .ds = p->wide};
    for (int d = 0; d < 2; d++) {
        unit.count[d] = (int)axis[d].m;
        unit.points[d] = axis[d].points[0];
    }
    for (int i = 0; i < unit.points[0] * unit.points[1]; i++)
        unit.to[i] = i * y_point(p);
    gn_wino_tiles(&p->dy, &b->dy, axis[1].m, b->dy.columns, tile);
    tiles_of_y(p, tiles);
    gn_wino_fill(&p->dy, tiles, p->s.n, &b->dy, p->y, b->o0, b->no, b->patch);
    for (int64_t o = 0; o < b->no; o += p->wide) {
        for (int64_t l = 0; l < p->wide; l++)
            lane[l] = (int32_t)(GN_MIN(o + l, b->no - 1) * p->dy.plane);
        in.dst = y_panel(p, b, 0, 0, o);
        p->kern->wino_in(&in);
    }
}

/* Points of nc channels whose patch is filled: rows (unit, channel). */
static void transform_x(const gn_conv_plan *p, const block_w *b, const int32_t *tile, int64_t nc)
{
    const gn_wino_axis *axis = p->wino.axis;
    int32_t item[SUB];
    gn_wino_unit unit[4];
    gn_wino_in in = {.src = b->patch,
                     .item = item,
                     .lane = tile,
                     .items = nc,
                     .lanes = gn_ceil_div(b->at.columns, p->kern->vw) * p->kern->vw,
                     .pitch = p->grid.pitch,
                     .rows = (int)axis[0].window,
                     .cols = (int)axis[1].window,
                     .form = GN_WINO_PLACES,
                     .unit = unit,
                     .units = axis[0].units * axis[1].units,
                     .dst = b->x,
                     .ds = p->ld};
    for (int64_t c = 0; c < nc; c++)
        item[c] = (int32_t)(c * p->grid.plane);
    for (int n = 0; n < in.units; n++) {
        int f = n / axis[1].units, g = n % axis[1].units;
        gn_wino_unit_of(axis, f, g, false, &unit[n]);
        int64_t *to = unit[n].to;
        for (int i = 0; i < unit[n].points[0]; i++)
            for (int j = 0; j < unit[n].points[1]; j++)
                *to++ = set_of(p, i, j)->v + gn_wino_among(axis, f, g, j) * nc * p->ld;
    }
    p->kern->wino_in(&in);
}

/* The products of one point, added to the sums of channels from c on. */
static void add_products(const gn_conv_plan *p, const block_w *b, int i, int j, int64_t c,
                         int64_t nc)
{
    const gn_wino_set *set = set_of(p, i, j);
    int64_t rows = nc * set->units, tiles = gn_ceil_div(rows, p->kern->mr), ld = sums_ld(p);
    for (int64_t o = 0; o < b->no; o += p->wide) {
        real *sums = b->sums + set->u + c * set->units * ld + b->o0 + o;
        gn_tile t = {.k = b->at.columns, .as = p->ld, .ak = 1, .bs = p->wide, .cs = ld};
        t.b = t.ahead = y_panel(p, b, i, j, o);
        t.add = b->add;
        for (int64_t tile = 0; tile < tiles; tile++) {
            int64_t row = gn_cut(rows, tiles, tile), h = gn_cut(rows, tiles, tile + 1) - row;
            t.a = b->x + set->v + row * p->ld;
            t.c = sums + row * ld;
            t.next_c = tile + 1 < tiles ? t.c + h * ld : NULL;
            p->kern->wide[h](&t);
        }
    }
}

static void run_block(const gn_conv_plan *p, block_w *b)
{
    const gn_wino_axis *axis = p->wino.axis;
    int32_t tile[GN_CONV_COLUMNS + GN_MAX_WIDE];
    transform_y(p, b);
    gn_wino_tiles(&p->grid, &b->at, axis[1].pitch, b->at.columns + GN_MAX_WIDE, tile);
    for (int64_t c = b->c0, nc; c < b->c1; c += nc) {
        nc = GN_MIN(SUB, b->c1 - c);
        gn_wino_fill(&p->grid, axis, p->s.n, &b->at, p->x, c, nc, b->patch);
        transform_x(p, b, tile, nc);
        for (int i = 0; i < axis[0].points[0]; i++)
            for (int j = 0; j < axis[1].points[0]; j++)
                add_products(p, b, i, j, c, nc);
    }
}

static void run_part(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    block_w b = {.add = false};
    int64_t share = task % shares(p), rest = task / shares(p), part = rest / out_shares(p);
    b.c0 = gn_cut(p->s.c, shares(p), share), b.c1 = gn_cut(p->s.c, shares(p), share + 1);
    b.o0 = rest % out_shares(p) * OUT, b.no = GN_MIN(OUT, p->s.o - b.o0);
    b.sums = p->shared + part * p->wino.sums;
    b.x = gn_slot_take(&p->slots);
    b.patch = b.x + p->wino.panel;
    b.y = b.patch + patches(p);
    for (int64_t i = gn_cut(p->grid.blocks, p->parts, part);
         i < gn_cut(p->grid.blocks, p->parts, part + 1); i++, b.add = true) {
        gn_grid_block(&p->grid, i, &b.at);
        gn_grid_block(&p->dy, i, &b.dy);
        run_block(p, &b);
    }
    gn_slot_give(&p->slots, b.x);
}

/* ---- from sums to weights ------------------------------------------------------------ */

/* Row of the sums of channel c: those of a share are in groups of SUB, unit by unit. */
static int64_t sums_row(const gn_conv_plan *p, int64_t c, int64_t units, int64_t among)
{
    int64_t share = 0;
    while (c >= gn_cut(p->s.c, shares(p), share + 1))
        share++;
    int64_t c0 = gn_cut(p->s.c, shares(p), share), end = gn_cut(p->s.c, shares(p), share + 1);
    c0 += (c - c0) / SUB * SUB;
    return c0 * units + among * GN_MIN(SUB, end - c0) + c - c0;
}

/* Unit (f, g) of a channel: its taps by O. */
static void sum_taps(const gn_conv_plan *p, int64_t c, int f, int g, real *taps)
{
    const gn_wino_axis *axis = p->wino.axis;
    int64_t ld = sums_ld(p);
    gn_wino_unit u;
    gn_wino_unit_of(axis, f, g, true, &u);
    gn_wino_out out = {.src = p->shared, .n = ld, .taps = true, .dst = taps};
    for (int d = 0; d < 2; d++)
        out.points[d] = u.points[d], out.sums[d] = u.count[d];
    for (int i = 0; i < u.points[0]; i++)
        for (int j = 0; j < u.points[1]; j++) {
            const gn_wino_set *set = set_of(p, i, j);
            int64_t among = gn_wino_among(axis, f, g, j);
            int64_t at = set->u + sums_row(p, c, set->units, among) * ld;
            out.from[i * u.points[1] + j] = at;
            for (int64_t part = 1; part < p->parts; part++)
                gn_vec->add_row(p->shared + at, p->shared + part * p->wino.sums + at, ld);
        }
    for (int i = 0; i < u.count[0]; i++)
        for (int j = 0; j < u.count[1]; j++)
            out.to[i * u.count[1] + j] =
                ((u.first[0] + i * u.step[0]) * p->s.s + u.first[1] + j * u.step[1]) * ld;
    p->kern->wino_out(&out);
}

/* One channel of x: its taps by O, then transposed to O by taps. */
static void write_channel(void *ctx, int64_t c)
{
    const gn_conv_plan *p = ctx;
    real *taps = gn_slot_take(&p->slots);
    for (int f = 0; f < p->wino.axis[0].units; f++)
        for (int g = 0; g < p->wino.axis[1].units; g++)
            sum_taps(p, c, f, g, taps);
    gn_mat m = {.p = taps, .rs = 1, .cs = sums_ld(p)};
    gn_block all = {.src = &m,
                    .n0 = p->s.o,
                    .n1 = p->taps,
                    .dst = taps + p->taps * sums_ld(p),
                    .ds = taps_ld(p)};
    p->kern->pack(&all);
    for (int64_t o = 0; o < p->s.o; o++)
        memcpy(p->w + (o * p->s.c + c) * p->taps, all.dst + o * all.ds,
               (size_t)p->taps * sizeof(real));
    gn_slot_give(&p->slots, taps);
}

static void run(gn_conv_plan *p)
{
    gn_conv_spread(p, p->ntask, run_part);
    gn_conv_spread(p, p->s.c, write_channel);
}

const gn_conv_loop gn_conv_loop_wino_w = {plan, run};
