/* wino_w.c - the weight gradient of 4 x 4 kernels of stride 2 with 9 products for 16.
 *
 * The derivative of wino.c's form: for each phase of x, of tiles of two positions
 *
 *   w0 = sum d0 y0 + d1 y1    w1 = sum d1 y0 + d2 y1
 *
 * come from the sums over all tiles of (d0 - d1) y0, d1 (y0 + y1) and (d2 - d1) y1 by the
 * same two additions, done once at the end.
 *
 * A task owns some channels of x, some of y and some blocks of tiles.  The sums of parts of
 * the blocks are added in order. */
#include "convolve.h"

#include <string.h>

enum { POINTS = 3, PHASES = 4, BLOCK = 128, SUB = 16, SHARE = 64, OUT = 128, TASKS = 8 };
enum { MOST_SUMS = 1 << 22 };

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

/* Elements of the sums (C, phases, O) of one point, and of all points. */
static int64_t point_size(const gn_conv_plan *p)
{
    return p->s.c * PHASES * sums_ld(p);
}

static int64_t sums_size(const gn_conv_plan *p)
{
    return POINTS * POINTS * point_size(p);
}

/* Parts of a slot: the points of a line of x; y as rows; y as panels. */
static int64_t x_point(const gn_conv_plan *p)
{
    return SUB * PHASES * p->ld;
}

static int64_t y_point(const gn_conv_plan *p)
{
    return p->ld * OUT;
}

static int64_t patches(const gn_conv_plan *p)
{
    return GN_MAX((int64_t)gn_patch_size(&p->grid, SUB), (int64_t)gn_patch_size(&p->dy, OUT));
}

static void plan(gn_conv_plan *p)
{
    gn_conv_shape v = gn_wino_windows(p), t = v;
    t.c = p->s.o, t.h = p->s.p, t.w = p->s.q;
    t.r = t.s = t.sh = t.sw = 2;
    t.top = t.left = 0;
    p->grid = gn_grid_make(&v, BLOCK);
    p->dy = gn_grid_make(&t, BLOCK);
    p->share = gn_ceil_div(p->s.c, gn_ceil_div(p->s.c, SHARE));
    p->ld = gn_odd_lines(p->grid.columns + GN_MAX_WIDE);
    int64_t few = shares(p) * out_shares(p);
    p->parts = GN_MIN(gn_ceil_div(TASKS, few), GN_MAX(MOST_SUMS / sums_size(p), 1));
    p->parts = GN_MIN(p->parts, p->grid.blocks);
    p->ntask = few * p->parts;
    p->shared_size = p->parts * sums_size(p);
    p->tap_count = v.r * v.s + t.r * t.s;
    p->slots.size =
        patches(p) + POINTS * x_point(p) + POINTS * y_point(p) + POINTS * POINTS * y_point(p);
    p->slots.size = GN_MAX(p->slots.size, 16 * sums_ld(p)); /* the taps of write_channel */
}

/* ---- one block of tiles -------------------------------------------------------------- */

typedef struct {
    int64_t c0, c1, o0, no;     /* channels of x and of y */
    real *sums;                 /* of the part */
    real *patch, *x, *rows, *y; /* parts of the slot */
    bool add;
    gn_positions at; /* the same tiles in x and */
    gn_positions dy; /* in y */
} block_w;

static real *y_panel(const gn_conv_plan *p, const block_w *b, int point, int64_t o)
{
    return b->y + point * y_point(p) + o * b->at.columns;
}

/* All points of y, positions by channels. */
static void transform_y(const gn_conv_plan *p, const block_w *b)
{
    gn_piece piece[2 * GN_CONV_COLUMNS];
    const int32_t *tap = p->tap + p->grid.s.r * p->grid.s.s;
    gn_wino_in in = {.src = b->patch,
                     .src_step = p->dy.plane,
                     .rows = b->no,
                     .piece = piece,
                     .dst = b->rows,
                     .ds = p->ld,
                     .point = y_point(p)};
    gn_patch_fill(&p->dy, &b->dy, p->y, b->o0, b->no, b->patch);
    in.pieces = gn_patch_pieces(&p->dy, &b->dy, 0, b->dy.columns, piece);
    for (int line = 0; line < POINTS; line++) {
        for (int c = 0; c < 2; c++) {
            in.one[c] = tap[(line == 2 ? 2 : 0) + c];
            in.other[c] = tap[2 + c];
        }
        in.both = line == 1;
        p->kern->wino_dy(&in);
        for (int point = 0; point < POINTS; point++)
            for (int64_t o = 0; o < b->no; o += p->wide) {
                gn_mat m = {.p = b->rows + point * y_point(p), .rs = 1, .cs = p->ld};
                gn_block part = {.src = &m,
                                 .c0 = o,
                                 .n0 = b->at.columns,
                                 .n1 = GN_MIN(p->wide, b->no - o),
                                 .pad = p->wide,
                                 .dst = y_panel(p, b, POINTS * line + point, o),
                                 .ds = p->wide};
                p->kern->pack(&part);
            }
    }
}

/* A line of points of channels whose patch is filled: rows (channel, phase). */
static void transform_x(const gn_conv_plan *p, const block_w *b, const gn_piece *piece, int pieces,
                        int line, int64_t nc)
{
    gn_wino_in in = {.src = b->patch,
                     .src_step = p->grid.plane,
                     .rows = nc,
                     .piece = piece,
                     .pieces = pieces,
                     .both = line != 1,
                     .ds = PHASES * p->ld,
                     .point = x_point(p)};
    for (int phase = 0; phase < PHASES; phase++) {
        for (int c = 0; c < 3; c++) {
            int column = 2 * c + phase % 2, row = phase / 2;
            in.one[c] = p->tap[(2 * line + row) * p->grid.s.s + column];
            in.other[c] = p->tap[(2 + row) * p->grid.s.s + column];
        }
        in.dst = b->x + phase * p->ld;
        p->kern->wino_in(&in);
    }
}

static void add_products(const gn_conv_plan *p, const block_w *b, int line, int64_t c, int64_t nc)
{
    int64_t rows = nc * PHASES, tiles = gn_ceil_div(rows, p->kern->mr), ld = sums_ld(p);
    for (int point = 0; point < POINTS; point++)
        for (int64_t o = 0; o < b->no; o += p->wide) {
            int set = POINTS * line + point;
            real *sums = b->sums + set * point_size(p) + c * PHASES * ld + b->o0 + o;
            gn_tile t = {.k = b->at.columns, .as = p->ld, .ak = 1, .bs = p->wide, .cs = ld};
            t.b = t.ahead = y_panel(p, b, set, o);
            t.add = b->add;
            for (int64_t tile = 0; tile < tiles; tile++) {
                int64_t i = gn_cut(rows, tiles, tile), h = gn_cut(rows, tiles, tile + 1) - i;
                t.a = b->x + point * x_point(p) + i * p->ld;
                t.c = sums + i * ld;
                t.next_c = tile + 1 < tiles ? t.c + h * ld : NULL;
                p->kern->wide[h](&t);
            }
        }
}

static void run_part(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    gn_piece piece[2 * GN_CONV_COLUMNS];
    block_w b = {.add = false};
    int64_t share = task % shares(p), rest = task / shares(p), part = rest / out_shares(p);
    b.c0 = gn_cut(p->s.c, shares(p), share), b.c1 = gn_cut(p->s.c, shares(p), share + 1);
    b.o0 = rest % out_shares(p) * OUT, b.no = GN_MIN(OUT, p->s.o - b.o0);
    b.sums = p->shared + part * sums_size(p);
    b.patch = gn_slot_take(&p->slots);
    b.x = b.patch + patches(p);
    b.rows = b.x + POINTS * x_point(p);
    b.y = b.rows + POINTS * y_point(p);
    for (int64_t i = gn_cut(p->grid.blocks, p->parts, part);
         i < gn_cut(p->grid.blocks, p->parts, part + 1); i++, b.add = true) {
        gn_grid_block(&p->grid, i, &b.at);
        gn_grid_block(&p->dy, i, &b.dy);
        transform_y(p, &b);
        int pieces = gn_patch_pieces(&p->grid, &b.at, 0, b.at.columns, piece);
        for (int64_t c = b.c0, nc; c < b.c1; c += nc) {
            nc = GN_MIN(SUB, b.c1 - c);
            gn_patch_fill(&p->grid, &b.at, p->x, c, nc, b.patch);
            for (int line = 0; line < POINTS; line++) {
                transform_x(p, &b, piece, pieces, line, nc);
                add_products(p, &b, line, c, nc);
            }
        }
    }
    gn_slot_give(&p->slots, b.patch);
}

/* ---- from sums to weights ------------------------------------------------------------ */

/* One channel of x: 16 taps by O, then transposed to O by 16. */
static void write_channel(void *ctx, int64_t c)
{
    const gn_conv_plan *p = ctx;
    int64_t ld = sums_ld(p), all = sums_size(p);
    real *taps = gn_slot_take(&p->slots);
    for (int64_t part = 1; part < p->parts; part++)
        for (int set = 0; set < POINTS * POINTS; set++) {
            real *sums = p->shared + set * point_size(p) + c * PHASES * ld;
            gn_vec->add_row(sums, sums + part * all, PHASES * ld);
        }
    for (int phase = 0; phase < PHASES; phase++)
        for (int a = 0; a < 2; a++)
            for (int b = 0; b < 2; b++) {
                const real *s =
                    p->shared + (POINTS * a + b) * point_size(p) + (c * PHASES + phase) * ld;
                real *to = taps + (4 * (2 * a + phase / 2) + 2 * b + phase % 2) * ld;
                const real *low = s + POINTS * point_size(p);
                memcpy(to, s, (size_t)ld * sizeof(real));
                gn_vec->add_row(to, s + point_size(p), ld);
                gn_vec->add_row(to, low, ld);
                gn_vec->add_row(to, low + point_size(p), ld);
            }
    gn_mat m = {.p = taps, .rs = 1, .cs = ld};
    gn_block part = {.src = &m, .n0 = p->s.o, .n1 = 16, .dst = p->w + 16 * c, .ds = 16 * p->s.c};
    p->kern->pack(&part);
    gn_slot_give(&p->slots, taps);
}

static void run(gn_conv_plan *p)
{
    gn_patch_taps(&p->grid, 1, p->tap);
    gn_patch_taps(&p->dy, 1, p->tap + p->grid.s.r * p->grid.s.s);
    gn_conv_spread(p, p->ntask, run_part);
    gn_conv_spread(p, p->s.c, write_channel);
}

const gn_conv_loop gn_conv_loop_wino_w = {plan, run};
