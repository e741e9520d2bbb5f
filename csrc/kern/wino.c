/* wino.c - kernels of 4 x 4 with stride 2, the ones of convolutional GANs, with 9 products
 * where the definition has 16 (Winograd 1980; Lavin and Gray 2016, F(2 x 2, 2 x 2)).
 *
 * By the phases of the stride such a kernel is four kernels of 2 x 2 and stride 1.  Of two
 * neighbouring outputs of two taps each,
 *
 *   y0 = d0 g0 + d1 g1    y1 = d1 g0 + d2 g1
 *
 * the three products m0 = (d0 - d1) g0, m1 = d1 (g0 + g1), m2 = (d2 - d1) g1 give
 * y0 = m0 + m1, y1 = m1 + m2; the same again in the other direction.  No factor but 1 and
 * -1 occurs, so that integers stay exact; short chains of FMAs make up for the digits that
 * the differences cost.
 *
 * y sums over the phases of x and has one phase itself; x has the phases and y none.  Seen
 * so the two passes are one loop: for each phase of the output and each of three lines of
 * points, transform the source (points, K, positions of tiles), multiply by the transformed
 * weights (points, rows, K) and add to the outputs of the tiles, two by two.  The pass for
 * the weights is wino_w.c. */
#include "convolve.h"

#include <string.h>

enum { POINTS = 3, LEAST = 32, BLOCK = 64, CHANNELS = 64, CHAIN = 128, LEAST_TILES = 512 };

/* ---- geometry ------------------------------------------------------------------------ */

/* Phases of the stride in each direction: of the source and of the output. */
static int in_phases(const gn_conv_plan *p)
{
    return p->pass != GN_CONV_X ? 2 : 1;
}

static int out_phases(const gn_conv_plan *p)
{
    return p->pass != GN_CONV_X ? 1 : 2;
}

static int64_t channels_in(const gn_conv_plan *p)
{
    return p->pass != GN_CONV_X ? p->s.c : p->s.o;
}

static int64_t rows_out(const gn_conv_plan *p)
{
    return p->pass != GN_CONV_X ? p->s.o : p->s.c;
}

static int64_t depth(const gn_conv_plan *p)
{
    return channels_in(p) * in_phases(p) * in_phases(p);
}

/* Row h = 2 u + phase of x sums w[f] y[i] + w[f + 2] y[i - 1], i = u + first(phase). */
static int64_t first_of(int64_t border, int phase)
{
    return (border + phase) / 2;
}

/* Which of the 4 taps in a row multiplies d_a. */
static int tap_of(const gn_conv_plan *p, int64_t border, int a, int in, int out)
{
    if (p->pass != GN_CONV_X)
        return 2 * a + in;
    int f = (int)((out + border) % 2);
    return a == 0 ? 2 + f : f;
}

/* Where d_a lies in the window that a tile reads. */
static int window_of(const gn_conv_plan *p, int64_t border, int a, int in, int out)
{
    if (p->pass != GN_CONV_X)
        return 2 * a + in;
    return a + (int)(first_of(border, out) - first_of(border, 0));
}

/* The windows of the tiles, as if a convolution read them: 6 x 6 of x at every fourth place,
 * or 3 or 4 of y at every second. */
gn_conv_shape gn_wino_windows(const gn_conv_plan *p)
{
    gn_conv_shape s = p->s, v = s;
    if (p->pass != GN_CONV_X) {
        v.p = gn_ceil_div(s.p, 2), v.q = gn_ceil_div(s.q, 2);
        v.r = v.s = 6;
        v.sh = v.sw = 4;
        return v;
    }
    v.c = s.o, v.h = s.p, v.w = s.q;
    v.o = s.c, v.p = gn_ceil_div(s.h, 4), v.q = gn_ceil_div(s.w, 4);
    v.r = 1 + window_of(p, s.top, 2, 0, 1);
    v.s = 1 + window_of(p, s.left, 2, 0, 1);
    v.top = 1 - first_of(s.top, 0);
    v.left = 1 - first_of(s.left, 0);
    return v;
}

bool gn_wino_suits(const gn_conv_plan *p)
{
    const gn_conv_shape *s = &p->s;
    if (s->groups != 1 || s->r != 4 || s->s != 4 || s->sh != 2 || s->sw != 2 || s->dh != 1 ||
        s->dw != 1 || GN_MIN(s->c, s->o) < LEAST)
        return false;
    gn_conv_shape v = gn_wino_windows(p);
    int64_t tiles = v.n * v.p * v.q, side = 2 * out_phases(p);
    int64_t high = p->pass != GN_CONV_X ? s->p : s->h, wide = p->pass != GN_CONV_X ? s->q : s->w;
    return tiles >= (p->pass == GN_CONV_W ? 2 : 1) * LEAST_TILES && v.q <= GN_CONV_COLUMNS / 2 &&
           6 * high * wide >= 5 * side * side * v.p * v.q;
}

/* ---- plan ---------------------------------------------------------------------------- */

static int64_t panels(const gn_conv_plan *p)
{
    return gn_ceil_div(p->grid.columns, p->wide);
}

/* Elements of one point of the transformed source; and of one plane of outputs. */
static int64_t point_size(const gn_conv_plan *p)
{
    return panels(p) * p->wide * depth(p) + GN_MAX_WIDE;
}

static int64_t plane_size(const gn_conv_plan *p)
{
    return panels(p) * p->wide * rows_out(p);
}

static int64_t weight_sets(const gn_conv_plan *p)
{
    return POINTS * POINTS * out_phases(p) * out_phases(p);
}

static void plan_wino(gn_conv_plan *p)
{
    gn_conv_shape v = gn_wino_windows(p);
    p->grid = gn_grid_make(&v, BLOCK);
    p->ld = gn_odd_lines(depth(p));
    p->shared_size = weight_sets(p) * rows_out(p) * p->ld;
    p->tap_count = v.r * v.s;
    p->ntask = p->grid.blocks;
    p->slots.size = (int64_t)gn_patch_size(&p->grid, v.c) + POINTS * out_phases(p) * point_size(p) +
                    4 * out_phases(p) * plane_size(p);
}

/* ---- weights ------------------------------------------------------------------------- */

/* Some channels of the source of one row: taps (4 4, channels) to the sets (phase of the
 * output row, line, phase of the output column, point), rows (row, K). */
static void transform_taps(const gn_conv_plan *p, const real *taps, int64_t row, int64_t k,
                           int64_t n)
{
    int in = in_phases(p), out = out_phases(p);
    int64_t set = rows_out(p) * p->ld;
    gn_wino_taps w = {.n = n, .line = out * POINTS * set, .point = set};
    for (int phases = 0; phases < in * in * out * out; phases++) {
        int inner = phases % (in * in), f = inner / in, g = inner % in;
        int outer = phases / (in * in), phi = outer / out, psi = outer % out;
        for (int a = 0; a < 2; a++)
            for (int b = 0; b < 2; b++)
                w.tap[2 * a + b] = taps + CHANNELS * (4 * tap_of(p, p->s.top, a, f, phi) +
                                                      tap_of(p, p->s.left, b, g, psi));
        w.u = p->shared + (phi * POINTS * out + psi) * POINTS * set + row * p->ld +
              inner * channels_in(p) + k;
        p->kern->wino_taps(&w);
    }
}

static void transform_row(void *ctx, int64_t row)
{
    const gn_conv_plan *p = ctx;
    real taps[16 * CHANNELS] __attribute__((aligned(64)));
    bool to_y = p->pass != GN_CONV_X;
    int64_t n = channels_in(p), step = to_y ? 16 : 16 * p->s.c;
    gn_mat w = {.p = p->w + 16 * row * (to_y ? n : 1), .rs = 1, .cs = step};
    for (int64_t k = 0; k < n; k += CHANNELS) {
        int64_t many = GN_MIN(CHANNELS, n - k);
        gn_block part = {.src = &w, .c0 = k, .n0 = 16, .n1 = many, .dst = taps, .ds = CHANNELS};
        p->kern->pack(&part);
        transform_taps(p, taps, row, k, many);
    }
}

/* ---- one block of tiles -------------------------------------------------------------- */

typedef struct {
    real *patch, *points, *planes; /* parts of the slot */
    int phase, line;               /* of the output row; of the points */
    gn_positions at;
} wino_block;

static real *point_of(const gn_conv_plan *p, const wino_block *b, int psi, int64_t panel)
{
    return b->points + psi * POINTS * point_size(p) + panel * p->wide * depth(p);
}

/* Lines 0, 1, 2 are the rows d0 - d1, d1, d2 - d1. */
static void place_taps(const gn_conv_plan *p, const wino_block *b, int f, int g, int psi,
                       gn_wino_in *in)
{
    for (int c = 0; c < 3; c++) {
        int64_t column = window_of(p, p->s.left, c, g, psi);
        int64_t row = window_of(p, p->s.top, b->line, f, b->phase);
        int64_t middle = window_of(p, p->s.top, 1, f, b->phase);
        in->one[c] = p->tap[row * p->grid.s.s + column];
        in->other[c] = p->tap[middle * p->grid.s.s + column];
    }
    in->both = b->line != 1;
}

static void transform_source(const gn_conv_plan *p, const wino_block *b)
{
    gn_piece piece[2 * GN_MAX_WIDE];
    int phases = in_phases(p);
    gn_wino_in in = {.src = b->patch,
                     .src_step = p->grid.plane,
                     .rows = channels_in(p),
                     .piece = piece,
                     .ds = p->wide,
                     .point = point_size(p)};
    for (int64_t j = 0; j < b->at.columns; j += p->wide) {
        int64_t n = GN_MIN(p->wide, b->at.columns - j);
        in.pieces = gn_patch_pieces(&p->grid, &b->at, j, n, piece);
        for (int psi = 0; psi < out_phases(p); psi++)
            for (int inner = 0; inner < phases * phases; inner++) {
                place_taps(p, b, inner / phases, inner % phases, psi, &in);
                in.dst = point_of(p, b, psi, j / p->wide) + inner * in.rows * p->wide;
                p->kern->wino_in(&in);
            }
    }
}

/* The three products of rows i .. i+h-1 at one panel, and their sums. */
static void multiply_tile(const gn_conv_plan *p, const wino_block *b, int psi, int64_t panel,
                          int64_t i, int64_t h)
{
    real m[POINTS][GN_MAX_MR * GN_MAX_WIDE] __attribute__((aligned(64)));
    int64_t k = depth(p), kc = gn_ceil_div(k, gn_ceil_div(k, CHAIN)), ld = panels(p) * p->wide;
    int64_t set = ((b->phase * POINTS + b->line) * out_phases(p) + psi) * POINTS;
    for (int point = 0; point < POINTS; point++) {
        const real *u = p->shared + ((set + point) * rows_out(p) + i) * p->ld;
        const real *v = point_of(p, b, psi, panel) + point * point_size(p);
        gn_tile t = {.as = p->ld, .ak = 1, .bs = p->wide, .c = m[point], .cs = p->wide};
        for (int64_t k0 = 0; k0 < k; k0 += kc) {
            t.k = GN_MIN(kc, k - k0);
            t.a = u + k0;
            t.b = t.ahead = v + k0 * p->wide;
            t.add = k0 > 0;
            p->kern->wide[h](&t);
        }
    }
    gn_wino_sum sum = {.m = m[0],
                       .rows = h,
                       .width = p->wide,
                       .point = GN_MAX_MR * GN_MAX_WIDE,
                       .line = b->line,
                       .ld = ld};
    for (int z = 0; z < 4; z++)
        sum.z[z] = b->planes + (psi * 4 + z) * plane_size(p) + i * ld + panel * p->wide;
    p->kern->wino_sum(&sum);
}

static void multiply(const gn_conv_plan *p, const wino_block *b)
{
    int64_t rows = rows_out(p), tiles = gn_ceil_div(rows, p->kern->mr);
    for (int psi = 0; psi < out_phases(p); psi++)
        for (int64_t tile = 0; tile < tiles; tile++) {
            int64_t i = gn_cut(rows, tiles, tile), h = gn_cut(rows, tiles, tile + 1) - i;
            for (int64_t panel = 0; panel * p->wide < b->at.columns; panel++)
                multiply_tile(p, b, psi, panel, i, h);
        }
}

/* ---- from planes to rows ------------------------------------------------------------- */

/* One row of tiles of one channel: `line`, all columns zipped, to its places in the output. */
static void write_line(const gn_conv_plan *p, const wino_block *b, const real *line, int64_t i,
                       int a)
{
    bool to_y = p->pass != GN_CONV_X;
    int64_t high = to_y ? p->s.p : p->s.h, wide = to_y ? p->s.q : p->s.w;
    int64_t side = 2 * out_phases(p);
    real *out = to_y ? p->y : p->x;
    for (const gn_span *v = b->at.span; v < b->at.span + b->at.nspan; v++)
        for (int64_t t = v->p0; t < v->p1; t++) {
            int64_t h = side * t + out_phases(p) * a + b->phase;
            const real *from = line + side * (v->at + (t - v->p0) * v->ql);
            if (h < high)
                memcpy(out + ((v->n * rows_out(p) + i) * high + h) * wide, from,
                       (size_t)wide * sizeof(real));
        }
}

static void write_rows(const gn_conv_plan *p, const wino_block *b)
{
    real line[4 * GN_CONV_COLUMNS] __attribute__((aligned(64)));
    const gn_epilogue *e = &p->epilogue;
    int64_t ld = panels(p) * p->wide;
    int phases = out_phases(p);
    for (int64_t i = 0; i < rows_out(p); i++)
        for (int a = 0; a < 2; a++) {
            const real *stream[4];
            for (int s = 0; s < 2 * phases; s++)
                stream[s] =
                    b->planes + (s % phases * 4 + 2 * a + s / phases) * plane_size(p) + i * ld;
            p->kern->zip(line, stream, 2 * phases, ld);
            int64_t n = 2 * phases * b->at.columns;
            if (e->bias)
                gn_vec->unary[GN_UNARY_affine](line, line, n, 1, e->bias[i]);
            if (e->act)
                gn_vec->act(line, line, n, e->act, e->slope);
            write_line(p, b, line, i, a);
        }
}

static void run_block(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    wino_block b;
    bool to_y = p->pass != GN_CONV_X;
    b.patch = gn_slot_take(&p->slots);
    b.points = b.patch + gn_patch_size(&p->grid, p->grid.s.c);
    b.planes = b.points + POINTS * out_phases(p) * point_size(p);
    gn_grid_block(&p->grid, task, &b.at);
    gn_patch_fill(&p->grid, &b.at, to_y ? p->x : p->y, 0, p->grid.s.c, b.patch);
    for (b.phase = 0; b.phase < out_phases(p); b.phase++) {
        for (b.line = 0; b.line < POINTS; b.line++) {
            transform_source(p, &b);
            multiply(p, &b);
        }
        write_rows(p, &b);
    }
    gn_slot_give(&p->slots, b.patch);
}

static void run_wino(gn_conv_plan *p)
{
    gn_patch_taps(&p->grid, 1, p->tap);
    gn_conv_spread(p, rows_out(p), transform_row);
    gn_conv_spread(p, p->ntask, run_block);
}

const gn_conv_loop gn_conv_loop_wino = {plan_wino, run_wino};
