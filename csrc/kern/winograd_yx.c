/* winograd_yx.c - the passes for y and x by Winograd minimal filtering (winograd.h).
 *
 *   U = G g G'   filters, once      V = B' d B   input tiles      M = U V      Y = A' M A
 *
 * A task owns a block of tiles and a part of the rows (channels) of the output.  For each phase
 * of the output it transforms the input tiles (K, tiles), some channels at a time, and adds up
 * the transform-domain GEMMs: for each element, filters (rows, K) times input (K, tiles).  The
 * output transform gives rows of the output tiles; the outputs of all tiles and phases of such a
 * row are interleaved to rows of the output. */
#include "conv_plan.h"

#include <string.h>

enum { DEPTH = 128, SUB = 16 }; /* channels: transformed at a time at most; padded at a time */

/* ---- plan ---------------------------------------------------------------------------- */

/* All transform-domain GEMMs; the result is the size of the transformed filters. */
static int64_t plan_gemms(gn_winograd_yx *w, int64_t wide)
{
    const gn_winograd_axis *v = &w->axis[0], *h = &w->axis[1];
    int64_t u = 0;
    w->panel = 0;
    for (int phi = 0; phi < gn_winograd_phases(v); phi++)
        for (int psi = 0; psi < gn_winograd_phases(h); psi++) {
            int64_t size = 0;
            for (int i = 0; i < GN_MAX_ELEMENTS; i++) {
                gn_winograd_gemm *gemm = &w->gemm[phi][psi][i];
                gemm->subs = gn_winograd_sharing(v, phi, i / GN_MAX_ALPHA) *
                             gn_winograd_sharing(h, psi, i % GN_MAX_ALPHA);
                gemm->ld = gn_odd_lines(gemm->subs * w->source);
                gemm->u = u;
                gemm->v = size;
                u += gemm->subs ? w->rows * gemm->ld : 0;
                size += gemm->subs * w->chunk * wide + GN_LINE;
            }
            w->panel = GN_MAX(w->panel, size);
        }
    return u;
}

/* Parts of the rows: at least four tasks; but each part transforms the same tiles again. */
static int64_t parts_of(int64_t blocks, int64_t rows)
{
    enum { TASKS = 4, LEAST_ROWS = 32 };
    return GN_MIN(gn_ceil_div(TASKS, GN_MIN(blocks, TASKS)), rows / LEAST_ROWS);
}

static bool plan(gn_conv_plan *p)
{
    gn_winograd_yx *w = &p->winograd_yx;
    const gn_winograd_axis *v = &w->axis[0], *h = &w->axis[1];
    bool x = p->pass == GN_CONV_X;
    if (p->pass == GN_CONV_W || !gn_winograd_axes(&p->s, p->pass, w->axis))
        return false;
    w->source = x ? p->s.o : p->s.c;
    w->rows = x ? p->s.c : p->s.o;
    p->blocking =
        gn_winograd_blocking(w->axis, p->s.n, w->source, x ? p->s.p : p->s.h, x ? p->s.q : p->s.w);
    w->parts = parts_of(p->blocking.blocks, w->rows);
    w->part = gn_ceil_div(w->rows, w->parts);
    w->columns = gn_ceil_div(p->blocking.pixels, p->wide) * p->wide;
    /* channels whose transform-domain elements stay in the second-level cache */
    w->chunk = DEPTH / (v->separate ? 1 : v->subs) / (h->separate ? 1 : h->subs);
    p->shared_size = plan_gemms(w, p->wide);
    w->input = w->columns / p->wide * w->panel;
    w->product = w->part * w->columns + GN_LINE;
    w->tile_rows = v->m * gn_winograd_phases(v);
    w->tile_cols = h->m * gn_winograd_phases(h);
    w->output = w->tile_rows * w->tile_cols * w->columns;
    /* one that serves several phases of the output has all channels */
    w->padded_channels = v->separate || h->separate ? w->source : SUB;
    p->ntask = p->blocking.blocks * w->parts;
    p->slots.size = w->input + GN_MAX_ELEMENTS * w->product + (w->part + 1) * w->output +
                    gn_padded_size(&p->blocking, w->padded_channels);
    return true;
}

/* ---- sub-kernels --------------------------------------------------------------------- */

/* Some channels, c0 .. c0+n-1, of a row of the filters or of a panel of the input. */
typedef struct {
    bool taps;
    int64_t row, c0, n;
} channels;

/* Where the elements of sub-kernel (f, g) go: chunk by chunk, of these sub-kernel by
 * sub-kernel. */
static void aim(const gn_conv_plan *p, const gn_winograd_gemm *gemms, int f, int g,
                const channels *b, gn_subkernel *u)
{
    int64_t *to = u->to;
    for (int i = 0; i < u->alpha[0]; i++)
        for (int j = 0; j < u->alpha[1]; j++) {
            const gn_winograd_gemm *gemm = &gemms[GN_MAX_ALPHA * i + j];
            int64_t k = gn_winograd_among(p->winograd_yx.axis, f, g, j) * b->n;
            *to++ = b->taps ? gemm->u + b->row * gemm->ld + b->c0 * gemm->subs + k
                            : gemm->v + k * p->wide;
        }
}

/* Those of phases (phi, psi) of the output: all of a direction, or the one of the phase. */
static int list_subs(const gn_conv_plan *p, int phi, int psi, const channels *b, gn_subkernel *sub)
{
    const gn_winograd_axis *axis = p->winograd_yx.axis, *v = &axis[0], *h = &axis[1];
    int count = 0;
    for (int f = v->separate ? phi : 0; f < (v->separate ? phi + 1 : v->subs); f++)
        for (int g = h->separate ? psi : 0; g < (h->separate ? psi + 1 : h->subs); g++) {
            gn_subkernel *u = &sub[count++];
            gn_winograd_sub(axis, f, g, b->taps, u);
            aim(p, p->winograd_yx.gemm[phi][psi], f, g, b, u);
            if (!b->taps) { /* the input tile is that of the phase */
                u->first[0] -= v->separate ? v->first[f] : 0;
                u->first[1] -= h->separate ? h->first[g] : 0;
            }
        }
    return count;
}

/* ---- filter transform ---------------------------------------------------------------- */

/* U = G g G' of one row of the filters, chunk by chunk. */
static void transform_row(void *ctx, int64_t row)
{
    enum { MOST_TAPS = 36 };
    static const int32_t item = 0;
    const gn_conv_plan *p = ctx;
    const gn_winograd_yx *w = &p->winograd_yx;
    real taps[DEPTH * MOST_TAPS + 4];
    int32_t lane[DEPTH + GN_MAX_WIDE];
    gn_subkernel sub[4];
    bool x = p->pass == GN_CONV_X;
    int64_t n = w->source, step = (x ? p->s.c : 1) * p->taps;
    const real *from = p->w + row * (x ? 1 : n) * p->taps;
    gn_winograd_in in = {.src = taps,
                         .item = &item,
                         .lane = lane,
                         .items = 1,
                         .pitch = p->s.s,
                         .rows = (int)p->s.r,
                         .cols = (int)p->s.s,
                         .form = GN_WINOGRAD_FILTER,
                         .sub = sub,
                         .dst = p->shared};
    for (int l = 0; l < DEPTH; l++)
        lane[l] = (int32_t)(l * p->taps);
    for (int64_t c = 0; c < n; c += w->chunk) {
        channels part = {.taps = true, .row = row, .c0 = c, .n = GN_MIN(w->chunk, n - c)};
        for (int64_t l = 0; l < part.n; l++)
            memcpy(taps + l * p->taps, from + (c + l) * step, (size_t)p->taps * sizeof(real));
        memset(taps + part.n * p->taps, 0, 4 * sizeof(real)); /* read past the last tap */
        for (int64_t l = part.n; l % GN_MAX_WIDE; l++)
            lane[l] = 0;
        in.lanes = part.n;
        in.subs = 0;
        for (int phi = 0; phi < gn_winograd_phases(&w->axis[0]); phi++)
            for (int psi = 0; psi < gn_winograd_phases(&w->axis[1]); psi++)
                in.subs += list_subs(p, phi, psi, &part, sub + in.subs);
        p->kern->winograd->transform(&in);
    }
}

/* ---- one block of tiles -------------------------------------------------------------- */

typedef struct {
    int phi, psi;                              /* phases of the output's rows and columns */
    int64_t i0, rows;                          /* of the output */
    real *input, *m, *output, *lines, *padded; /* parts of the slot */
    gn_pixels at;                              /* tiles */
} tile_block;

/* One vector serves for the last columns, if they are few. */
static int64_t panel_lanes(const gn_conv_plan *p, const tile_block *b, int64_t j)
{
    return b->at.count - j <= p->kern->vw ? p->kern->vw : p->wide;
}

/* V = B' d B of channels c0 .. c0+n-1. */
static void transform_input(const gn_conv_plan *p, const tile_block *b, int64_t c0, int64_t n)
{
    const gn_winograd_yx *w = &p->winograd_yx;
    const gn_winograd_axis *axis = w->axis;
    int32_t tile[GN_BLOCK_PIXELS + GN_MAX_WIDE], item[SUB];
    gn_subkernel sub[4];
    channels part = {.c0 = c0, .n = n};
    gn_winograd_in in = {.item = item,
                         .pitch = p->blocking.pitch,
                         .rows = (int)axis[0].input,
                         .cols = (int)axis[1].input,
                         .form = GN_WINOGRAD_INPUT,
                         .sub = sub,
                         .ds = p->wide};
    const real *source = p->pass == GN_CONV_X ? p->y : p->x;
    int64_t first = 0;
    if (axis[0].separate)
        first += axis[0].first[b->phi] * in.pitch, in.rows = axis[0].alpha[b->phi];
    if (axis[1].separate)
        first += axis[1].first[b->psi], in.cols = axis[1].alpha[b->psi];
    gn_winograd_tiles(&p->blocking, &b->at, axis[1].tile_stride, w->columns, tile);
    in.subs = list_subs(p, b->phi, b->psi, &part, sub);
    for (int c = 0; c < SUB; c++)
        item[c] = (int32_t)(c * p->blocking.plane);
    for (int64_t c = c0; c < c0 + n; c += SUB) {
        real *padded = b->padded + (w->padded_channels > SUB ? c * p->blocking.plane : 0);
        in.src = padded + first;
        in.items = GN_MIN(SUB, c0 + n - c);
        if (b->phi + b->psi == 0)
            gn_winograd_fill(&p->blocking, axis, p->s.n, &b->at, source, c, in.items, padded);
        for (int64_t j = 0; j < b->at.count; j += p->wide) {
            in.lane = tile + j;
            in.lanes = panel_lanes(p, b, j);
            in.dst = b->input + j / p->wide * w->panel + (c - c0) * p->wide;
            p->kern->winograd->transform(&in);
        }
    }
}

/* Rows i .. i+h-1 of M = U V of one element at all panels, the sum over n channels from c0 on. */
static void multiply_rows(const gn_conv_plan *p, const tile_block *b, const gn_winograd_gemm *gemm,
                          int64_t c0, int64_t n, real *m, int64_t i, int64_t h)
{
    enum { CHAIN = 128, FEW_TAPS = 16 }; /* short chains: few taps have small errors */
    const gn_winograd_yx *w = &p->winograd_yx;
    int64_t k = gemm->subs * n, chain = p->taps < FEW_TAPS ? CHAIN / 2 : CHAIN;
    int64_t kc = gn_ceil_div(k, gn_ceil_div(k, chain));
    const real *u = p->shared + gemm->u + (b->i0 + i) * gemm->ld + c0 * gemm->subs;
    gn_microtile t = {.as = gemm->ld, .ak = 1, .bs = p->wide, .cs = w->columns, .near = GN_LINE};
    t.far = 4 * t.near;
    t.ahead = u + h * gemm->ld; /* the rows that come next */
    for (int64_t j = 0; j < b->at.count; j += p->wide)
        for (int64_t k0 = 0; k0 < k; k0 += kc) {
            gn_ukr *const *ukr = panel_lanes(p, b, j) < p->wide ? p->kern->narrow : p->kern->wide;
            t.k = GN_MIN(kc, k - k0);
            t.a = u + k0;
            t.b = b->input + j / p->wide * w->panel + gemm->v + k0 * p->wide;
            t.c = m + i * w->columns + j;
            t.add = c0 + k0 > 0;
            ukr[h](&t);
            t.ahead += 4 * t.k;
        }
}

static void multiply(const gn_conv_plan *p, const tile_block *b, int64_t c0, int64_t n)
{
    int64_t tiles = gn_ceil_div(b->rows, p->kern->mr);
    for (int i = 0; i < GN_MAX_ELEMENTS; i++) {
        const gn_winograd_gemm *gemm = &p->winograd_yx.gemm[b->phi][b->psi][i];
        for (int64_t tile = 0; tile < tiles && gemm->subs; tile++) {
            int64_t i0 = gn_cut(b->rows, tiles, tile);
            int64_t h = gn_cut(b->rows, tiles, tile + 1) - i0;
            multiply_rows(p, b, gemm, c0, n, b->m + i * p->winograd_yx.product, i0, h);
        }
    }
}

/* Y = A' M A of all rows: (rows, phases, rows of the tile, its outputs, columns). */
static void transform_output(const gn_conv_plan *p, const tile_block *b)
{
    const gn_winograd_yx *w = &p->winograd_yx;
    const gn_winograd_axis *v = &w->axis[0], *h = &w->axis[1];
    int64_t tile = v->m * h->m;
    gn_winograd_out out = {.n = w->columns};
    out.alpha[0] = v->alpha[b->phi], out.m[0] = (int)v->m;
    out.alpha[1] = h->alpha[b->psi], out.m[1] = (int)h->m;
    for (int n = 0; n < out.alpha[0] * out.alpha[1]; n++)
        out.from[n] = (n / out.alpha[1] * GN_MAX_ALPHA + n % out.alpha[1]) * w->product;
    for (int64_t n = 0; n < tile; n++)
        out.to[n] = n * w->columns;
    for (int64_t i = 0; i < b->rows; i++) {
        out.src = b->m + i * w->columns;
        out.dst = b->output + i * w->output +
                  (b->phi * gn_winograd_phases(h) + b->psi) * tile * w->columns;
        p->kern->winograd->output(&out);
    }
}

/* ---- from output tiles to rows ------------------------------------------------------- */

static void write_line(const gn_conv_plan *p, int64_t channel, const gn_span *s,
                       const gn_winograd_row *r, const real *from)
{
    const gn_winograd_yx *w = &p->winograd_yx;
    const gn_winograd_axis *v = &w->axis[0], *h = &w->axis[1];
    bool x = p->pass == GN_CONV_X;
    int64_t high = x ? p->s.h : p->s.p, wide = x ? p->s.w : p->s.q, t = GN_MAX(s->p0, r->t0);
    int64_t n = (s->n * v->images + r->above) * h->images, end = GN_MIN(n + h->images, p->s.n);
    gn_copy_rows c = {.rows = GN_MIN(s->p1, r->t1) - t, .n = wide};
    c.ss = w->tile_cols * s->ql;
    c.ds = w->tile_rows * wide;
    c.src = from + w->tile_cols * s->at + c.ss * (t - s->p0);
    for (; n < end && c.rows > 0; n++, c.src += h->image_stride * gn_winograd_phases(h)) {
        int64_t line = (n * w->rows + channel) * high + r->first + w->tile_rows * t;
        c.dst = (x ? p->x : p->y) + line * wide;
        p->kern->winograd->copy_rows(&c);
    }
}

/* Channel i of the output: its output tiles become lines, one for each row of a tile, and these
 * go image by image. */
static void write_channel(const gn_conv_plan *p, const tile_block *b, int64_t i,
                          const gn_winograd_row *row, int count)
{
    const gn_winograd_yx *w = &p->winograd_yx;
    const gn_winograd_axis *h = &w->axis[1];
    const real *from[2 * GN_MAX_M];
    int64_t phases = gn_winograd_phases(h), m = w->axis[0].m, line = w->tile_cols * w->columns;
    for (int64_t a = 0; a < w->tile_rows; a++) {
        for (int64_t s = 0; s < w->tile_cols; s++) {
            int64_t phase = a / m * phases + s % phases, first = (phase * m + a % m) * h->m;
            from[s] = b->output + i * w->output + (first + s / phases) * w->columns;
        }
        p->kern->winograd->interleave(b->lines + a * line, from, (int)w->tile_cols, w->columns);
    }
    gn_conv_finish(&p->epilogue, b->i0 + i, b->lines, w->tile_rows * line);
    for (const gn_span *s = b->at.span; s < b->at.span + b->at.nspan; s++)
        for (int a = 0; a < count; a++)
            write_line(p, b->i0 + i, s, &row[a], b->lines + a % w->tile_rows * line);
}

static void write_output(const gn_conv_plan *p, const tile_block *b)
{
    gn_winograd_row row[4 * GN_MAX_M];
    int64_t high = p->pass == GN_CONV_X ? p->s.h : p->s.p;
    int count = gn_winograd_rows(&p->winograd_yx.axis[0], high, row);
    for (int64_t i = 0; i < b->rows; i++)
        write_channel(p, b, i, row, count);
}

static void run_block(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    const gn_winograd_yx *w = &p->winograd_yx;
    tile_block b;
    int64_t part = task % w->parts;
    b.i0 = gn_cut(w->rows, w->parts, part);
    b.rows = gn_cut(w->rows, w->parts, part + 1) - b.i0;
    b.input = gn_slot_take(&p->slots);
    b.m = b.input + w->input;
    b.output = b.m + GN_MAX_ELEMENTS * w->product;
    b.lines = b.output + w->part * w->output;
    b.padded = b.lines + w->output;
    gn_block_pixels(&p->blocking, task / w->parts, &b.at);
    for (b.phi = 0; b.phi < gn_winograd_phases(&w->axis[0]); b.phi++)
        for (b.psi = 0; b.psi < gn_winograd_phases(&w->axis[1]); b.psi++) {
            for (int64_t c = 0; c < w->source; c += w->chunk) {
                int64_t n = GN_MIN(w->chunk, w->source - c);
                transform_input(p, &b, c, n);
                multiply(p, &b, c, n);
            }
            transform_output(p, &b);
        }
    write_output(p, &b);
    gn_slot_give(&p->slots, b.input);
}

static void run(const gn_conv_plan *p)
{
    gn_conv_parallel(p, p->winograd_yx.rows, transform_row);
    gn_conv_parallel(p, p->ntask, run_block);
}

const gn_conv_loop gn_conv_loop_winograd_yx = {plan, run};
