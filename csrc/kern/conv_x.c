/* conv_x.c - the pass for x, which is also the transposed convolution: GEMM, then col2im.
 *
 *   im2col buffer (C R S, pixels) = weights (C R S, O) times y (O, pixels)
 *   x(c, h, w) = sum of buffer((c, r, s), (p, q)) over the taps that reach (h, w)
 *
 * A task owns some channels of x of a few whole images, or of a band of rows of one large
 * image (the output pixels at its borders are then computed twice).  It keeps its buffer in
 * the second-level cache and sums each element's taps in one fixed order: no zeros are
 * inserted, nothing is scattered. */
#include "conv_plan.h"

enum { PACK_ROWS = 64, FEW_PIXELS = 256, NOWHERE = INT32_MAX };

typedef struct {
    int64_t group, c0, nc; /* channels within the group */
    int64_t n0, images;    /* images */
    int64_t h0, h1;        /* rows of x */
    int64_t p0, pixels;    /* first row of y, output pixels */
    real *y, *col;         /* (panels, O, wide), im2col buffer (C R S, col_ld) */
    int32_t *first, *offset, *shift;
} x_block;

static int64_t floor_div(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((b - 1 - a) / b);
}

/* ---- plan ---------------------------------------------------------------------------- */

/* Whole images, about 256 output pixels of them, or bands of about 1024. */
static void plan_blocks(const gn_conv_shape *s, gn_conv_x *x)
{
    int64_t plane = s->p * s->q;
    x->images = GN_MIN(GN_MAX(256 / plane, 1), s->n);
    x->band = plane <= 1024 ? s->h : GN_MIN(s->sh * GN_MAX(1024 / s->q, 1), s->h);
    x->bands = x->band < s->h;
    x->pixels = x->images * plane;
    if (x->bands)
        x->pixels = GN_MIN(s->p, (x->band - 1 + (s->r - 1) * s->dh) / s->sh + 1) * s->q;
}

/* With few output pixels the weights are by far the largest: they are read in place as B, and
 * what they give, the transpose of the im2col buffer, is transposed back. */
static bool few_pixels(const gn_conv_plan *p)
{
    return !p->swapped && p->s.n * p->s.p * p->s.q <= FEW_PIXELS;
}

static bool plan(gn_conv_plan *p)
{
    enum { MOST_COLUMNS = 1 << 17, ROWS = 112, TASKS = 16 };
    gn_conv_x *x = &p->for_x;
    if (p->pass != GN_CONV_X)
        return false;
    plan_blocks(&p->s, x);
    x->transposed = few_pixels(p);
    x->kc = gn_ceil_div(p->og, gn_ceil_div(p->og, GN_KC));
    x->ld = x->y_ld = gn_odd_lines(p->og);
    int64_t columns = gn_ceil_div(x->pixels, p->wide) * p->wide;
    x->col_ld = gn_odd_lines(columns);
    x->y = x->transposed ? x->pixels * x->y_ld + x->kc * p->wide : columns * p->og;
    x->lists = gn_ceil_div(2 * p->taps + p->s.sw + 1, GN_LINE) * GN_LINE;
    int64_t most = x->transposed ? 4 * p->wide : ROWS;
    x->channels = GN_MAX(GN_MIN(most / p->taps, MOST_COLUMNS / (x->col_ld * p->taps)), 1);
    x->channels = gn_ceil_div(p->cg, gn_ceil_div(p->cg, x->channels));
    int64_t bands = gn_ceil_div(p->s.h, x->band);
    int64_t tasks = p->s.groups * gn_ceil_div(p->s.n, x->images) * bands;
    x->parts = GN_MIN(gn_ceil_div(TASKS, tasks), gn_ceil_div(p->cg, x->channels));
    p->ntask = tasks * x->parts;
    p->shared_size = x->transposed ? 0 : p->s.c * p->taps * x->ld;
    p->tap_count = p->s.sw * p->s.s + (x->bands ? 0 : x->pixels);
    p->slots.size = x->y + x->lists + x->channels * p->taps * x->col_ld + 2 * GN_MAX_WIDE;
    return true;
}

/* ---- weights ------------------------------------------------------------------------- */

/* Rows (c, r, s) of a group: O values each, in their order or with the taps reversed. */
static void pack_rows(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    int64_t rows = p->cg * p->taps, chunks = gn_ceil_div(rows, PACK_ROWS), ld = p->for_x.ld;
    int64_t group = task / chunks, i = task % chunks * PACK_ROWS, n = GN_MIN(rows - i, PACK_ROWS);
    real *to = p->shared + (group * rows + i) * ld;
    gn_mat w = {.p = p->w + group * p->og * rows, .rs = 1, .cs = rows};
    gn_block part = {.src = &w, .r0 = i, .n0 = n, .n1 = p->og, .dst = to, .ds = ld};
    if (!p->swapped) {
        p->kern->pack(&part);
        return;
    }
    for (int64_t row = i; row < i + n; row++, to += ld) {
        int64_t c = row / p->taps, t = row % p->taps;
        const real *from = w.p + c * p->og * p->taps + p->taps - 1 - t;
        for (int64_t o = 0; o < p->og; o++)
            to[o] = from[o * p->taps];
    }
}

/* ---- the im2col buffer --------------------------------------------------------------- */

static void pack_y(const gn_conv_plan *p, const x_block *b)
{
    const gn_conv_shape *s = &p->s;
    int64_t plane = s->p * s->q;
    const real *y = p->y + (b->n0 * s->o + b->group * p->og) * plane + b->p0 * s->q;
    const int32_t *col = p->for_x.bands ? NULL : p->tap + s->sw * s->s;
    gn_mat m = {.p = y, .rs = plane, .cs = 1, .col = col};
    if (p->for_x.transposed) {
        gn_mat by_row = {.p = y, .row = col, .cs = plane};
        gn_block all = {
            .src = &by_row, .n0 = b->pixels, .n1 = p->og, .dst = b->y, .ds = p->for_x.y_ld};
        p->kern->pack(&all);
        return;
    }
    for (int64_t j = 0; j < b->pixels; j += p->wide) {
        gn_block part = {.src = &m,
                         .c0 = j,
                         .n0 = p->og,
                         .n1 = GN_MIN(p->wide, b->pixels - j),
                         .pad = p->wide,
                         .dst = b->y + j * p->og,
                         .ds = p->wide};
        p->kern->pack(&part);
    }
}

static void multiply(const gn_conv_plan *p, const x_block *b)
{
    const gn_conv_x *x = &p->for_x;
    int64_t row0 = (b->group * p->cg + b->c0) * p->taps;
    for (int64_t k = 0; k < p->og; k += x->kc)
        for (int64_t j = 0; j < b->pixels; j += p->wide) {
            bool narrow = b->pixels - j <= p->kern->vw;
            gn_microtile t = {.k = GN_MIN(x->kc, p->og - k),
                              .a = p->shared + row0 * x->ld + k,
                              .as = x->ld,
                              .ak = 1,
                              .b = b->y + j * p->og + k * p->wide,
                              .bs = p->wide,
                              .c = b->col + j,
                              .cs = x->col_ld,
                              .add = k > 0};
            t.ahead = t.b;
            gn_multiply_panel(narrow ? p->kern->narrow : p->kern->wide, p->kern->mr,
                              b->nc * p->taps, t);
        }
}

/* Rows j .. j+n-1 of the buffer, as columns of its transpose, which are transposed back. */
static void multiply_transposed(const gn_conv_plan *p, const x_block *b, int64_t j, int64_t n)
{
    real out[FEW_PIXELS * GN_MAX_WIDE] __attribute__((aligned(64)));
    const gn_conv_x *x = &p->for_x;
    int64_t width = p->cg * p->taps;
    real *panel = b->y + p->for_x.pixels * x->y_ld;
    for (int64_t k = 0; k < p->og; k += x->kc) {
        gn_microtile t = {.k = GN_MIN(x->kc, p->og - k),
                          .a = b->y + k,
                          .as = x->y_ld,
                          .ak = 1,
                          .b = panel,
                          .bs = p->wide,
                          .c = out,
                          .cs = p->wide,
                          .add = k > 0,
                          .ahead = panel};
        gn_mat w = {
            .p = p->w + (b->group * p->og + k) * width + b->c0 * p->taps + j, .rs = width, .cs = 1};
        gn_block part = {
            .src = &w, .n0 = t.k, .n1 = n, .pad = p->wide, .dst = panel, .ds = p->wide};
        p->kern->pack(&part);
        gn_multiply_panel(p->kern->wide, p->kern->mr, b->pixels, t);
    }
    gn_mat m = {.p = out, .rs = 1, .cs = p->wide};
    gn_block back = {
        .src = &m, .n0 = n, .n1 = b->pixels, .dst = b->col + j * x->col_ld, .ds = x->col_ld};
    p->kern->pack(&back);
}

/* ---- x ------------------------------------------------------------------------------- */

/* The taps that reach row h, phase by phase in the order r, s; pixels are counted from
 * row p0 of y. */
static void list_taps(const gn_conv_plan *p, const x_block *b, int64_t h)
{
    const gn_conv_shape *s = &p->s;
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
                    b->offset[count] =
                        (int32_t)((r * s->s + t) * p->for_x.col_ld + (row - b->p0) * s->q);
                    b->shift[count++] = shift[t];
                }
        }
    }
    b->first[s->sw] = count;
}

/* For each phase of a row of x and each s: how far right of its pixel the tap reaches. */
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
    int64_t c = b->group * p->cg + b->c0;
    gn_col2im f = {.x_step = s->h * s->w,
                   .col_step = p->taps * p->for_x.col_ld,
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
            p->kern->im2col->col2im(&f);
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
    b->h0 = band * p->for_x.band;
    b->h1 = GN_MIN(b->h0 + p->for_x.band, s->h);
    b->pixels = b->images * s->p * s->q;
    if (!p->for_x.bands)
        return;
    int64_t end = floor_div(b->h1 - 1 + s->top, s->sh) + 1;
    b->p0 = -floor_div((s->r - 1) * s->dh - b->h0 - s->top, s->sh);
    b->p0 = GN_MAX(b->p0, 0);
    b->pixels = GN_MAX(GN_MIN(end, s->p) - b->p0, 0) * s->q;
}

static void run_block(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    const gn_conv_x *x = &p->for_x;
    int64_t bands = gn_ceil_div(p->s.h, x->band), per_group = p->ntask / p->s.groups;
    int64_t part = task % x->parts, block = task % per_group / x->parts;
    real *slot = gn_slot_take(&p->slots);
    x_block b = {.group = task / per_group, .y = slot, .n0 = block / bands * x->images};
    b.images = GN_MIN(x->images, p->s.n - b.n0);
    b.first = (int32_t *)(slot + x->y);
    b.offset = b.first + p->s.sw + 1;
    b.shift = b.offset + p->taps;
    b.col = slot + x->y + x->lists + GN_MAX_WIDE;
    place_rows(p, &b, block % bands);
    pack_y(p, &b);
    int64_t end = gn_cut(p->cg, x->parts, part + 1);
    for (b.c0 = gn_cut(p->cg, x->parts, part); b.c0 < end; b.c0 += x->channels) {
        b.nc = GN_MIN(x->channels, end - b.c0);
        if (x->transposed)
            for (int64_t j = 0; j < b.nc * p->taps; j += p->wide)
                multiply_transposed(p, &b, j, GN_MIN(p->wide, b.nc * p->taps - j));
        else
            multiply(p, &b);
        sum_taps(p, &b);
        finish(p, &b);
    }
    gn_slot_give(&p->slots, slot);
}

static void run(const gn_conv_plan *p)
{
    int64_t plane = p->s.p * p->s.q, fixed = p->s.sw * p->s.s;
    list_shifts(p, p->tap);
    for (int64_t j = 0; j < p->tap_count - fixed; j++)
        p->tap[fixed + j] = (int32_t)(j / plane * p->s.o * plane + j % plane);
    if (!p->for_x.transposed)
        gn_conv_parallel(p, p->s.groups * gn_ceil_div(p->cg * p->taps, PACK_ROWS), pack_rows);
    gn_conv_parallel(p, p->ntask, run_block);
}

const gn_conv_loop gn_conv_loop_x = {plan, run};
