/* wino_yx.c - the passes for y and x with fewer products (wino.h).
 *
 * A task owns a block of tiles and a part of the rows of the output.  For each phase of the
 * output it brings what the tiles read to points (K, columns), some channels at a time, and
 * adds up the weights at each point (rows, K) times these; the columns are the tiles.  The
 * points of the products are summed to lines of the tiles, and the lines of all phases of the
 * columns are zipped to rows of the output. */
#include "convolve.h"

#include <string.h>

enum { DEPTH = 128, SUB = 16, CHAIN = 128, FEW_TAPS = 16, TASKS = 4, LEAST_ROWS = 32 };

/* ---- plan ---------------------------------------------------------------------------- */

static int64_t channels_in(const gn_conv_plan *p)
{
    return p->pass != GN_CONV_X ? p->s.c : p->s.o;
}

static int64_t rows_out(const gn_conv_plan *p)
{
    return p->pass != GN_CONV_X ? p->s.o : p->s.c;
}

static int64_t columns(const gn_conv_plan *p)
{
    return gn_ceil_div(p->grid.columns, p->wide) * p->wide;
}

/* Channels of the source that are brought to points and multiplied before the next ones: their
 * points stay in the second-level cache. */
static int64_t chunk(const gn_conv_plan *p)
{
    const gn_wino_axis *v = &p->wino.axis[0], *h = &p->wino.axis[1];
    return DEPTH / (v->apart ? 1 : v->units) / (h->apart ? 1 : h->units);
}

/* All sets; the result is the size of the weights. */
static int64_t plan_sets(gn_conv_plan *p)
{
    gn_wino *w = &p->wino;
    const gn_wino_axis *v = &w->axis[0], *h = &w->axis[1];
    int64_t u = 0;
    for (int phi = 0; phi < gn_wino_phases(v); phi++)
        for (int psi = 0; psi < gn_wino_phases(h); psi++) {
            int64_t size = 0;
            for (int i = 0; i < GN_POINTS * GN_POINTS; i++) {
                gn_wino_set *set = &w->set[phi][psi][i];
                set->units =
                    gn_wino_sharing(v, phi, i / GN_POINTS) * gn_wino_sharing(h, psi, i % GN_POINTS);
                set->ld = gn_odd_lines(set->units * channels_in(p));
                set->u = u;
                set->v = size;
                u += set->units ? rows_out(p) * set->ld : 0;
                size += set->units * chunk(p) * p->wide + GN_LINE;
            }
            w->panel = GN_MAX(w->panel, size);
        }
    return u;
}

/* Elements of the points of a chunk of the source. */
static int64_t points(const gn_conv_plan *p)
{
    return columns(p) / p->wide * p->wino.panel;
}

static int64_t part_rows(const gn_conv_plan *p)
{
    return gn_ceil_div(rows_out(p), p->wino.parts);
}

/* Elements of the products of a point: (rows, columns). */
static int64_t product(const gn_conv_plan *p)
{
    return part_rows(p) * columns(p) + GN_LINE;
}

/* Sums of the tiles of a row: (phases, lines, outputs of a line, columns). */
static int64_t sums(const gn_conv_plan *p)
{
    const gn_wino_axis *v = &p->wino.axis[0], *h = &p->wino.axis[1];
    return gn_wino_phases(v) * gn_wino_phases(h) * v->m * h->m * columns(p);
}

/* Rows of a tile, of all phases. */
static int64_t lines(const gn_conv_plan *p)
{
    return p->wino.axis[0].m * gn_wino_phases(&p->wino.axis[0]);
}

/* Outputs of a row of a tile. */
static int64_t streams(const gn_conv_plan *p)
{
    return p->wino.axis[1].m * gn_wino_phases(&p->wino.axis[1]);
}

/* A patch that serves several phases of the output has all channels. */
static int64_t patch_channels(const gn_conv_plan *p)
{
    bool once = !p->wino.axis[0].apart && !p->wino.axis[1].apart;
    return once ? SUB : channels_in(p);
}

/* At least four tasks; but each part of the rows brings the same tiles to points again. */
static int64_t parts(int64_t blocks)
{
    return gn_ceil_div(TASKS, GN_MIN(blocks, TASKS));
}

static void plan(gn_conv_plan *p)
{
    gn_wino *w = &p->wino;
    bool x = p->pass == GN_CONV_X;
    p->grid =
        gn_wino_grid(w->axis, p->s.n, channels_in(p), x ? p->s.p : p->s.h, x ? p->s.q : p->s.w);
    p->shared_size = plan_sets(p);
    w->parts = GN_MIN(parts(p->grid.blocks), rows_out(p) / LEAST_ROWS);
    p->ntask = p->grid.blocks * w->parts;
    p->slots.size = points(p) + GN_POINTS * GN_POINTS * product(p) + part_rows(p) * sums(p) +
                    lines(p) * streams(p) * columns(p) +
                    (int64_t)gn_patch_size(&p->grid, patch_channels(p));
}

/* ---- units --------------------------------------------------------------------------- */

/* Some channels, c0 .. c0+n-1, of a row of the weights or of a panel of the source. */
typedef struct {
    bool taps;
    int64_t row, c0, n;
} wino_part;

/* Where the points of unit (f, g) go: chunk by chunk, of these unit by unit. */
static void aim(const gn_conv_plan *p, const gn_wino_set *sets, int f, int g, const wino_part *b,
                gn_wino_unit *u)
{
    int64_t *to = u->to;
    for (int i = 0; i < u->points[0]; i++)
        for (int j = 0; j < u->points[1]; j++) {
            const gn_wino_set *set = &sets[GN_POINTS * i + j];
            int64_t k = gn_wino_among(p->wino.axis, f, g, j) * b->n;
            *to++ =
                b->taps ? set->u + b->row * set->ld + b->c0 * set->units + k : set->v + k * p->wide;
        }
}

/* The units of phases (phi, psi) of the output: all of a direction, or the one of the phase. */
static int list_units(const gn_conv_plan *p, int phi, int psi, const wino_part *b,
                      gn_wino_unit *unit)
{
    const gn_wino_axis *v = &p->wino.axis[0], *h = &p->wino.axis[1];
    int count = 0;
    for (int f = v->apart ? phi : 0; f < (v->apart ? phi + 1 : v->units); f++)
        for (int g = h->apart ? psi : 0; g < (h->apart ? psi + 1 : h->units); g++) {
            gn_wino_unit *u = &unit[count++];
            gn_wino_unit_of(p->wino.axis, f, g, b->taps, u);
            aim(p, p->wino.set[phi][psi], f, g, b, u);
            if (!b->taps) { /* the window is that of the phase */
                u->first[0] -= v->apart ? v->first[f] : 0;
                u->first[1] -= h->apart ? h->first[g] : 0;
            }
        }
    return count;
}

/* ---- weights ------------------------------------------------------------------------- */

/* One row of all sets, chunk by chunk. */
static void transform_row(void *ctx, int64_t row)
{
    enum { MOST_TAPS = 36 };
    static const int32_t item = 0;
    const gn_conv_plan *p = ctx;
    real taps[DEPTH * MOST_TAPS + 4];
    int32_t lane[DEPTH + GN_MAX_WIDE];
    gn_wino_unit unit[4];
    bool x = p->pass == GN_CONV_X;
    int64_t n = channels_in(p), step = (x ? p->s.c : 1) * p->taps;
    const real *w = p->w + row * (x ? 1 : n) * p->taps;
    gn_wino_in in = {.src = taps,
                     .item = &item,
                     .lane = lane,
                     .items = 1,
                     .pitch = p->s.s,
                     .rows = (int)p->s.r,
                     .cols = (int)p->s.s,
                     .form = GN_WINO_TAPS,
                     .unit = unit,
                     .dst = p->shared};
    for (int l = 0; l < DEPTH; l++)
        lane[l] = (int32_t)(l * p->taps);
    for (int64_t c = 0; c < n; c += chunk(p)) {
        wino_part part = {.taps = true, .row = row, .c0 = c, .n = GN_MIN(chunk(p), n - c)};
        for (int64_t l = 0; l < part.n; l++)
            memcpy(taps + l * p->taps, w + (c + l) * step, (size_t)p->taps * sizeof(real));
        memset(taps + part.n * p->taps, 0, 4 * sizeof(real)); /* which windows may read */
        for (int64_t l = part.n; l % GN_MAX_WIDE; l++)
            lane[l] = 0;
        in.lanes = part.n;
        in.units = 0;
        for (int phi = 0; phi < gn_wino_phases(&p->wino.axis[0]); phi++)
            for (int psi = 0; psi < gn_wino_phases(&p->wino.axis[1]); psi++)
                in.units += list_units(p, phi, psi, &part, unit + in.units);
        p->kern->wino_in(&in);
    }
}

/* ---- one block of tiles -------------------------------------------------------------- */

typedef struct {
    int phi, psi;                           /* phases of the output's rows and columns */
    int64_t i0, rows;                       /* of the output */
    real *points, *m, *sums, *line, *patch; /* parts of the slot */
    gn_positions at;
} wino_block;

/* One vector serves for the last columns, if they are few. */
static int64_t panel_lanes(const gn_conv_plan *p, const wino_block *b, int64_t j)
{
    return b->at.columns - j <= p->kern->vw ? p->kern->vw : p->wide;
}

/* The points of channels c0 .. c0+n-1. */
static void transform_source(const gn_conv_plan *p, const wino_block *b, int64_t c0, int64_t n)
{
    const gn_wino_axis *axis = p->wino.axis;
    int32_t tile[GN_CONV_COLUMNS + GN_MAX_WIDE], item[SUB];
    gn_wino_unit unit[4];
    wino_part part = {.c0 = c0, .n = n};
    gn_wino_in in = {.item = item,
                     .pitch = p->grid.pitch,
                     .rows = (int)axis[0].window,
                     .cols = (int)axis[1].window,
                     .form = GN_WINO_PLACES,
                     .unit = unit,
                     .ds = p->wide};
    const real *source = p->pass == GN_CONV_X ? p->y : p->x;
    int64_t first = 0;
    if (axis[0].apart)
        first += axis[0].first[b->phi] * in.pitch, in.rows = axis[0].points[b->phi];
    if (axis[1].apart)
        first += axis[1].first[b->psi], in.cols = axis[1].points[b->psi];
    gn_wino_tiles(&p->grid, &b->at, axis[1].pitch, columns(p), tile);
    in.units = list_units(p, b->phi, b->psi, &part, unit);
    for (int c = 0; c < SUB; c++)
        item[c] = (int32_t)(c * p->grid.plane);
    for (int64_t c = c0; c < c0 + n; c += SUB) {
        real *patch = b->patch + (patch_channels(p) > SUB ? c * p->grid.plane : 0);
        in.src = patch + first;
        in.items = GN_MIN(SUB, c0 + n - c);
        if (b->phi + b->psi == 0)
            gn_wino_fill(&p->grid, axis, p->s.n, &b->at, source, c, in.items, patch);
        for (int64_t j = 0; j < b->at.columns; j += p->wide) {
            in.lane = tile + j;
            in.lanes = panel_lanes(p, b, j);
            in.dst = b->points + j / p->wide * p->wino.panel + (c - c0) * p->wide;
            p->kern->wino_in(&in);
        }
    }
}

/* Rows i .. i+h-1 of one point at all panels, the sum over n channels from c0 on. */
static void multiply_rows(const gn_conv_plan *p, const wino_block *b, const gn_wino_set *set,
                          int64_t c0, int64_t n, real *m, int64_t i, int64_t h)
{
    int64_t k = set->units * n, all = columns(p), chain = p->taps < FEW_TAPS ? CHAIN / 2 : CHAIN;
    int64_t kc = gn_ceil_div(k, gn_ceil_div(k, chain)); /* short: few taps have small errors */
    const real *u = p->shared + set->u + (b->i0 + i) * set->ld + c0 * set->units;
    gn_tile t = {.as = set->ld, .ak = 1, .bs = p->wide, .cs = all, .near = GN_LINE};
    t.far = 4 * t.near;
    t.ahead = u + h * set->ld; /* the rows that come next */
    for (int64_t j = 0; j < b->at.columns; j += p->wide)
        for (int64_t k0 = 0; k0 < k; k0 += kc) {
            gn_ukr *const *tiles = panel_lanes(p, b, j) < p->wide ? p->kern->narrow : p->kern->wide;
            t.k = GN_MIN(kc, k - k0);
            t.a = u + k0;
            t.b = b->points + j / p->wide * p->wino.panel + set->v + k0 * p->wide;
            t.c = m + i * all + j;
            t.add = c0 + k0 > 0;
            tiles[h](&t);
            t.ahead += 4 * t.k;
        }
}

static void multiply(const gn_conv_plan *p, const wino_block *b, int64_t c0, int64_t n)
{
    int64_t tiles = gn_ceil_div(b->rows, p->kern->mr);
    for (int i = 0; i < GN_POINTS * GN_POINTS; i++) {
        const gn_wino_set *set = &p->wino.set[b->phi][b->psi][i];
        for (int64_t tile = 0; tile < tiles && set->units; tile++) {
            int64_t i0 = gn_cut(b->rows, tiles, tile);
            int64_t h = gn_cut(b->rows, tiles, tile + 1) - i0;
            multiply_rows(p, b, set, c0, n, b->m + i * product(p), i0, h);
        }
    }
}

/* Sums of all rows: (rows, phases, lines, outputs of a line, columns). */
static void sum_points(const gn_conv_plan *p, const wino_block *b)
{
    const gn_wino_axis *v = &p->wino.axis[0], *h = &p->wino.axis[1];
    int64_t all = columns(p), tile = v->m * h->m;
    gn_wino_out out = {.n = all};
    out.points[0] = v->points[b->phi], out.sums[0] = (int)v->m;
    out.points[1] = h->points[b->psi], out.sums[1] = (int)h->m;
    for (int n = 0; n < out.points[0] * out.points[1]; n++)
        out.from[n] = (n / out.points[1] * GN_POINTS + n % out.points[1]) * product(p);
    for (int64_t n = 0; n < tile; n++)
        out.to[n] = n * all;
    for (int64_t i = 0; i < b->rows; i++) {
        out.src = b->m + i * all;
        out.dst = b->sums + i * sums(p) + (b->phi * gn_wino_phases(h) + b->psi) * tile * all;
        p->kern->wino_out(&out);
    }
}

/* ---- from points to rows ------------------------------------------------------------- */

static void write_line(const gn_conv_plan *p, int64_t row, const gn_span *s, const gn_wino_line *l,
                       const real *from)
{
    const gn_wino_axis *v = &p->wino.axis[0], *h = &p->wino.axis[1];
    bool x = p->pass == GN_CONV_X;
    int64_t high = x ? p->s.h : p->s.p, wide = x ? p->s.w : p->s.q, t = GN_MAX(s->p0, l->t0);
    int64_t n = (s->n * v->images + l->above) * h->images, end = GN_MIN(n + h->images, p->s.n);
    gn_lines c = {.rows = GN_MIN(s->p1, l->t1) - t, .n = wide};
    c.ss = streams(p) * s->ql;
    c.ds = lines(p) * wide;
    c.src = from + streams(p) * s->at + c.ss * (t - s->p0);
    for (; n < end && c.rows > 0; n++, c.src += h->distance * gn_wino_phases(h)) {
        int64_t line = (n * rows_out(p) + row) * high + l->first + lines(p) * t;
        c.dst = (x ? p->x : p->y) + line * wide;
        p->kern->copy_lines(&c);
    }
}

/* A row of the output: its sums become lines of the tiles, and these go image by image. */
static void write_row(const gn_conv_plan *p, const wino_block *b, int64_t i,
                      const gn_wino_line *line, int count)
{
    const gn_wino_axis *h = &p->wino.axis[1];
    const real *stream[2 * GN_MAX_SUMS];
    int64_t all = columns(p), phases = gn_wino_phases(h), m = p->wino.axis[0].m, n = streams(p);
    for (int64_t a = 0; a < lines(p); a++) {
        for (int64_t s = 0; s < n; s++) {
            int64_t phase = a / m * phases + s % phases, sum = (phase * m + a % m) * h->m;
            stream[s] = b->sums + i * sums(p) + (sum + s / phases) * all;
        }
        p->kern->zip(b->line + a * n * all, stream, (int)n, all);
    }
    gn_conv_finish(&p->epilogue, b->i0 + i, b->line, lines(p) * n * all);
    for (const gn_span *s = b->at.span; s < b->at.span + b->at.nspan; s++)
        for (int a = 0; a < count; a++)
            write_line(p, b->i0 + i, s, &line[a], b->line + a % lines(p) * n * all);
}

static void write_rows(const gn_conv_plan *p, const wino_block *b)
{
    gn_wino_line line[4 * GN_MAX_SUMS];
    int64_t high = p->pass == GN_CONV_X ? p->s.h : p->s.p;
    int count = gn_wino_lines(&p->wino.axis[0], high, line);
    for (int64_t i = 0; i < b->rows; i++)
        write_row(p, b, i, line, count);
}

static void run_block(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    const gn_wino *w = &p->wino;
    wino_block b;
    int64_t part = task % w->parts;
    b.i0 = gn_cut(rows_out(p), w->parts, part);
    b.rows = gn_cut(rows_out(p), w->parts, part + 1) - b.i0;
    b.points = gn_slot_take(&p->slots);
    b.m = b.points + points(p);
    b.sums = b.m + GN_POINTS * GN_POINTS * product(p);
    b.line = b.sums + part_rows(p) * sums(p);
    b.patch = b.line + lines(p) * streams(p) * columns(p);
    gn_grid_block(&p->grid, task / w->parts, &b.at);
    for (b.phi = 0; b.phi < gn_wino_phases(&w->axis[0]); b.phi++)
        for (b.psi = 0; b.psi < gn_wino_phases(&w->axis[1]); b.psi++) {
            for (int64_t c = 0; c < channels_in(p); c += chunk(p)) {
                int64_t n = GN_MIN(chunk(p), channels_in(p) - c);
                transform_source(p, &b, c, n);
                multiply(p, &b, c, n);
            }
            sum_points(p, &b);
        }
    write_rows(p, &b);
    gn_slot_give(&p->slots, b.points);
}

static void run(gn_conv_plan *p)
{
    gn_conv_spread(p, rows_out(p), transform_row);
    gn_conv_spread(p, p->ntask, run_block);
}

const gn_conv_loop gn_conv_loop_wino_yx = {plan, run};
