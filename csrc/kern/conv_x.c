/* conv_x.c - the pass for x, which is also the transposed convolution.
 *
 *   columns (C R S, positions) = weights (C R S, O) times y (O, positions)
 *   x(c, h, w) = sum of columns((c, r, s), (p, q)) over the taps that reach (h, w)
 *
 * A task owns some channels of x of a few whole images, or of a band of rows of one large
 * image (the positions at its borders are then computed twice).  It keeps its columns in
 * the second-level cache and sums each element's taps in one fixed order: no zeros are
 * inserted, nothing is scattered. */
#include "convolve.h"

enum {
    MOST_COLUMNS = 1 << 17,
    ROWS = 112,
    PACK_ROWS = 64,
    TASKS = 16,
    FEW = 256,
    NOWHERE = INT32_MAX
};

typedef struct {
    int64_t group, c0, nc; /* channels within the group */
    int64_t n0, images;    /* images */
    int64_t h0, h1;        /* rows of x */
    int64_t p0, columns;   /* first row of y, positions */
    real *y, *col;         /* (panels, O, wide), (C R S, ld) */
    int32_t *first, *offset, *shift;
} x_block;

static int64_t floor_div(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((b - 1 - a) / b);
}

/* ---- plan ---------------------------------------------------------------------------- */

/* Whole images, about 256 positions of them, or bands of about 1024. */
static void plan_blocks(gn_conv_plan *p)
{
    const gn_conv_shape *s = &p->s;
    int64_t plane = s->p * s->q;
    p->images = GN_MIN(GN_MAX(256 / plane, 1), s->n);
    p->band = plane <= 1024 ? s->h : GN_MIN(s->sh * GN_MAX(1024 / s->q, 1), s->h);
    p->columns = p->images * plane;
    if (p->band < s->h)
        p->columns = GN_MIN(s->p, (p->band - 1 + (s->r - 1) * s->dh) / s->sh + 1) * s->q;
}

static bool in_bands(const gn_conv_plan *p)
{
    return p->band < p->s.h;
}

static int64_t col_ld(const gn_conv_plan *p)
{
    return gn_odd_lines(gn_ceil_div(p->columns, p->wide) * p->wide);
}

/* With few positions the weights are by far the largest: they are read as they lie, in place of
 * columns their transpose is computed, and that is transposed back. */
static bool is_few(const gn_conv_plan *p)
{
    return !p->flip && p->s.n * p->s.p * p->s.q <= FEW;
}

static int64_t k_block(const gn_conv_plan *p)
{
    return gn_ceil_div(p->og, gn_ceil_div(p->og, GN_KC));
}

/* Parts of a slot, in reals. */
static int64_t packed_y(const gn_conv_plan *p)
{
    if (is_few(p))
        return p->columns * gn_odd_lines(p->og) + k_block(p) * p->wide;
    return gn_ceil_div(p->columns, p->wide) * p->wide * p->og;
}

static int64_t lists(const gn_conv_plan *p)
{
    return gn_ceil_div(2 * p->taps + p->s.sw + 1, GN_LINE) * GN_LINE;
}

static void plan_x(gn_conv_plan *p)
{
    plan_blocks(p);
    int64_t ld = col_ld(p);
    int64_t most = is_few(p) ? 4 * p->wide : ROWS;
    p->sub = GN_MAX(GN_MIN(most / p->taps, MOST_COLUMNS / (ld * p->taps)), 1);
    p->sub = gn_ceil_div(p->cg, gn_ceil_div(p->cg, p->sub));
    p->ld = gn_odd_lines(p->og);
    p->shared_size = is_few(p) ? 0 : p->s.c * p->taps * p->ld;
    p->tap_count = p->s.sw * p->s.s + (in_bands(p) ? 0 : p->columns);
    int64_t bands = gn_ceil_div(p->s.h, p->band);
    int64_t few = p->s.groups * gn_ceil_div(p->s.n, p->images) * bands;
    p->parts = GN_MIN(gn_ceil_div(TASKS, few), gn_ceil_div(p->cg, p->sub));
    p->ntask = few * p->parts;
    p->slots.size = packed_y(p) + lists(p) + p->sub * p->taps * ld + 2 * GN_MAX_WIDE;
}

/* ---- weights ------------------------------------------------------------------------- */

/* Rows (c, r, s) of a group: O values each, as they lie or with the taps reversed. */
static void pack_rows_x(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    int64_t rows = p->cg * p->taps, chunks = gn_ceil_div(rows, PACK_ROWS);
    int64_t group = task / chunks, i = task % chunks * PACK_ROWS, n = GN_MIN(rows - i, PACK_ROWS);
    real *to = p->shared + (group * rows + i) * p->ld;
    gn_mat w = {.p = p->w + group * p->og * rows, .rs = 1, .cs = rows};
    gn_block part = {.src = &w, .r0 = i, .n0 = n, .n1 = p->og, .dst = to, .ds = p->ld};
    if (!p->flip) {
        p->kern->pack(&part);
        return;
    }
    for (int64_t row = i; row < i + n; row++, to += p->ld) {
        int64_t c = row / p->taps, t = row % p->taps;
        const real *from = w.p + c * p->og * p->taps + p->taps - 1 - t;
        for (int64_t o = 0; o < p->og; o++)
            to[o] = from[o * p->taps];
    }
}

/* ---- columns ------------------------------------------------------------------------- */

static void pack_y(const gn_conv_plan *p, const x_block *b)
{
    const gn_conv_shape *s = &p->s;
    int64_t plane = s->p * s->q;
    const real *y = p->y + (b->n0 * s->o + b->group * p->og) * plane + b->p0 * s->q;
    gn_mat m = {
        .p = y, .rs = plane, .cs = 1, .col = in_bands(p) ? NULL : p->tap + p->s.sw * p->s.s};
    if (is_few(p)) {
        gn_mat by_row = {.p = y, .row = m.col, .cs = plane};
        gn_block all = {
            .src = &by_row, .n0 = b->columns, .n1 = p->og, .dst = b->y, .ds = gn_odd_lines(p->og)};
        p->kern->pack(&all);
        return;
    }
    for (int64_t j = 0; j < b->columns; j += p->wide) {
        gn_block part = {.src = &m,
                         .c0 = j,
                         .n0 = p->og,
                         .n1 = GN_MIN(p->wide, b->columns - j),
                         .pad = p->wide,
                         .dst = b->y + j * p->og,
                         .ds = p->wide};
        p->kern->pack(&part);
    }
}

static void fill_columns(const gn_conv_plan *p, const x_block *b)
{
    int64_t ld = col_ld(p), rows = b->nc * p->taps, tiles = gn_ceil_div(rows, p->kern->mr);
    int64_t row0 = (b->group * p->cg + b->c0) * p->taps;
    for (int64_t k = 0; k < p->og; k += k_block(p))
        for (int64_t j = 0; j < b->columns; j += p->wide) {
            gn_tile t = {.k = GN_MIN(k_block(p), p->og - k), .as = p->ld, .ak = 1, .cs = ld};
            bool narrow = b->columns - j <= p->kern->vw;
            t.b = t.ahead = b->y + j * p->og + k * p->wide;
            t.bs = p->wide;
            t.add = k > 0;
            for (int64_t tile = 0; tile < tiles; tile++) {
                int64_t i = gn_cut(rows, tiles, tile), h = gn_cut(rows, tiles, tile + 1) - i;
                t.a = p->shared + (row0 + i) * p->ld + k;
                t.c = b->col + i * ld + j;
                (narrow ? p->kern->narrow : p->kern->wide)[h](&t);
            }
        }
}

/* Columns j .. j+n-1 of the transpose, and where they belong. */
static void transposed_panel(const gn_conv_plan *p, const x_block *b, int64_t j, int64_t n)
{
    real out[FEW * GN_MAX_WIDE] __attribute__((aligned(64)));
    int64_t width = p->cg * p->taps, ld = gn_odd_lines(p->og);
    int64_t tiles = gn_ceil_div(b->columns, p->kern->mr);
    real *panel = b->y + p->columns * ld;
    for (int64_t k = 0; k < p->og; k += k_block(p)) {
        gn_tile t = {.k = GN_MIN(k_block(p), p->og - k), .as = ld, .ak = 1, .cs = p->wide};
        gn_mat w = {
            .p = p->w + (b->group * p->og + k) * width + b->c0 * p->taps + j, .rs = width, .cs = 1};
        gn_block part = {
            .src = &w, .n0 = t.k, .n1 = n, .pad = p->wide, .dst = panel, .ds = p->wide};
        p->kern->pack(&part);
        t.b = t.ahead = panel;
        t.bs = p->wide;
        t.add = k > 0;
        for (int64_t tile = 0; tile < tiles; tile++) {
            int64_t i = gn_cut(b->columns, tiles, tile);
            t.a = b->y + i * ld + k;
            t.c = out + i * p->wide;
            p->kern->wide[gn_cut(b->columns, tiles, tile + 1) - i](&t);
        }
    }
    gn_mat m = {.p = out, .rs = 1, .cs = p->wide};
    gn_block back = {
        .src = &m, .n0 = n, .n1 = b->columns, .dst = b->col + j * col_ld(p), .ds = col_ld(p)};
    p->kern->pack(&back);
}

/* ---- x ------------------------------------------------------------------------------- */

/* The taps that reach row h, phase by phase in the order r, s; columns are counted from
 * row p0 of y. */
static void list_taps(const gn_conv_plan *p, const x_block *b, int64_t h)
{
    const gn_conv_shape *s = &p->s;
    int64_t ld = col_ld(p);
    int32_t count = 0;
    for (int64_t f = 0; f < s->sw; f++) {
        b->first[f] = count;
        for (int64_t r = 0; r < s->r; r++) {
            int64_t at = h + s->top - r * s->dh, row = at / s->sh;
            if (at < 0 || row * s->sh != at || row >= s->p)
                continue;
            const int32_t *shift = p->tap + f * s->s;
            for (int64_t t = 0; t < s->s; t++)
                if (shift[t] != NOWHERE) {
                    b->offset[count] = (int32_t)((r * s->s + t) * ld + (row - b->p0) * s->q);
                    b->shift[count++] = shift[t];
                }
        }
    }
    b->first[s->sw] = count;
}

/* For each phase of a row of x and each s: how far right of its column the tap reaches. */
static void list_shifts(const gn_conv_plan *p, int32_t *shift)
{
    const gn_conv_shape *s = &p->s;
    for (int64_t f = 0; f < s->sw; f++)
        for (int64_t t = 0; t < s->s; t++) {
            int64_t from = t * s->dw - s->left - f, whole = floor_div(from, s->sw);
            *shift++ = whole * s->sw == from ? (int32_t)whole : NOWHERE;
        }
}

static void sum_taps(const gn_conv_plan *p, const x_block *b)
{
    const gn_conv_shape *s = &p->s;
    int64_t ld = col_ld(p), c = b->group * p->cg + b->c0;
    gn_fold f = {.x_step = s->h * s->w,
                 .col_step = p->taps * ld,
                 .channels = b->nc,
                 .w = s->w,
                 .step = s->sw,
                 .q = s->q,
                 .first = b->first,
                 .offset = b->offset,
                 .shift = b->shift};
    for (int64_t h = b->h0; h < b->h1; h++) {
        list_taps(p, b, h);
        for (int64_t n = 0; n < b->images; n++) {
            f.x = p->x + (((b->n0 + n) * s->c + c) * s->h + h) * s->w;
            f.col = b->col + n * s->p * s->q;
            p->kern->fold(&f);
        }
    }
}

static void finish(const gn_conv_plan *p, const x_block *b)
{
    const gn_conv_shape *s = &p->s;
    int64_t count = (b->h1 - b->h0) * s->w;
    for (int64_t n = b->n0; n < b->n0 + b->images; n++)
        for (int64_t i = 0; i < b->nc; i++) {
            int64_t c = b->group * p->cg + b->c0 + i;
            gn_conv_finish(&p->epilogue, c, p->x + ((n * s->c + c) * s->h + b->h0) * s->w, count);
        }
}

static void place_rows(const gn_conv_plan *p, x_block *b, int64_t band)
{
    const gn_conv_shape *s = &p->s;
    b->h0 = band * p->band;
    b->h1 = GN_MIN(b->h0 + p->band, s->h);
    b->columns = b->images * s->p * s->q;
    if (!in_bands(p))
        return;
    int64_t end = floor_div(b->h1 - 1 + s->top, s->sh) + 1;
    b->p0 = -floor_div((s->r - 1) * s->dh - b->h0 - s->top, s->sh);
    b->p0 = GN_MAX(b->p0, 0);
    b->columns = GN_MAX(GN_MIN(end, s->p) - b->p0, 0) * s->q;
}

static void run_block_x(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    int64_t bands = gn_ceil_div(p->s.h, p->band), per_group = p->ntask / p->s.groups;
    int64_t part = task % p->parts, block = task % per_group / p->parts;
    real *slot = gn_slot_take(&p->slots);
    x_block b = {.group = task / per_group, .y = slot, .n0 = block / bands * p->images};
    b.images = GN_MIN(p->images, p->s.n - b.n0);
    b.first = (int32_t *)(slot + packed_y(p));
    b.offset = b.first + p->s.sw + 1;
    b.shift = b.offset + p->taps;
    b.col = slot + packed_y(p) + lists(p) + GN_MAX_WIDE;
    place_rows(p, &b, block % bands);
    pack_y(p, &b);
    int64_t end = gn_cut(p->cg, p->parts, part + 1);
    for (b.c0 = gn_cut(p->cg, p->parts, part); b.c0 < end; b.c0 += p->sub) {
        b.nc = GN_MIN(p->sub, end - b.c0);
        if (is_few(p))
            for (int64_t j = 0; j < b.nc * p->taps; j += p->wide)
                transposed_panel(p, &b, j, GN_MIN(p->wide, b.nc * p->taps - j));
        else
            fill_columns(p, &b);
        sum_taps(p, &b);
        finish(p, &b);
    }
    gn_slot_give(&p->slots, slot);
}

static void run_x(gn_conv_plan *p)
{
    int64_t plane = p->s.p * p->s.q, fixed = p->s.sw * p->s.s;
    list_shifts(p, p->tap);
    for (int64_t j = 0; j < p->tap_count - fixed; j++)
        p->tap[fixed + j] = (int32_t)(j / plane * p->s.o * plane + j % plane);
    if (!is_few(p))
        gn_conv_spread(p, p->s.groups * gn_ceil_div(p->cg * p->taps, PACK_ROWS), pack_rows_x);
    gn_conv_spread(p, p->ntask, run_block_x);
}

const gn_conv_loop gn_conv_loop_x = {plan_x, run_x};
