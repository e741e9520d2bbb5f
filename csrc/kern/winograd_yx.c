/* winograd_yx.c - the passes for y and x by Winograd minimal filtering (winograd.h).
 *
 *   U = G g G'   filters, once      V = B' d B   input tiles      M = U V      Y = A' M A
 *
 * A task owns a block of tiles and a part of the rows (channels) of the output.  For each phase of
 * the output it transforms the input tiles (K, tiles), some channels at a time, and adds up the
 * transform-domain GEMMs: for each element, filters (rows, K) times input (K, tiles).  The output
 * transform gives rows of the output tiles; the outputs of all tiles and phases of such a row are
 * interleaved to rows of the output.
 *
 * No tile has outputs of two images, and where an image needs tiles of two sizes (regions) a block
 * has whole images: the tiles of each size have panels of their own, but share the filters. */
#include "conv_plan.h"

#include <string.h>

enum { DEPTH = GN_WINOGRAD_DEPTH, SUB = GN_WINOGRAD_SUB };

/* ---- sub-kernels --------------------------------------------------------------------- */

/* Some channels, c0 .. c0+n-1, of a row of the filters or of a panel of the input. */
typedef struct {
    bool taps;
    int64_t row, c0, n;
} channels;

/* Where the elements of sub-kernel (f, g) go: chunk by chunk, of these sub-kernel by
 * sub-kernel. */
static void aim(const gn_conv_plan *p, const gn_winograd_region *r, const gn_winograd_gemm *gemms,
                int f, int g, const channels *b, gn_subkernel *u)
{
    int64_t *to = u->to;
    for (int i = 0; i < u->alpha[0]; i++)
        for (int j = 0; j < u->alpha[1]; j++) {
            const gn_winograd_gemm *gemm = &gemms[GN_MAX_ALPHA * i + j];
            int64_t k = gn_winograd_among(r->axis, f, g, j) * b->n;
            *to++ = b->taps ? gemm->u + b->row * gemm->ld + b->c0 * gemm->subs + k
                            : gemm->v + k * p->wide;
        }
}

/* Those of phases (phi, psi) of the output: all of a direction, or the one of the phase. */
static int list_subs(const gn_conv_plan *p, const gn_winograd_region *r, int phi, int psi,
                     const channels *b, gn_subkernel *sub)
{
    const gn_winograd_axis *axis = r->axis, *v = &axis[0], *h = &axis[1];
    int count = 0;
    for (int f = v->separate ? phi : 0; f < (v->separate ? phi + 1 : v->subs); f++)
        for (int g = h->separate ? psi : 0; g < (h->separate ? psi + 1 : h->subs); g++) {
            gn_subkernel *u = &sub[count++];
            gn_winograd_sub(axis, f, g, b->taps, u);
            aim(p, r, p->winograd_yx.gemm[phi][psi], f, g, b, u);
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
        for (int phi = 0; phi < gn_winograd_phases(&w->region[0].axis[0]); phi++)
            for (int psi = 0; psi < gn_winograd_phases(&w->region[0].axis[1]); psi++)
                in.subs += list_subs(p, &w->region[0], phi, psi, &part, sub + in.subs);
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

/* Tiles of a region in a block. */
static int64_t tiles_of(const gn_conv_plan *p, const tile_block *b, const gn_winograd_region *r)
{
    bool images = p->winograd_yx.regions > 1;
    return b->at.count * (images ? r->axis[0].tiles * r->axis[1].tiles : 1);
}

/* One vector serves for the last columns, if they are few. */
static int64_t panel_lanes(const gn_conv_plan *p, int64_t tiles, int64_t j)
{
    return tiles - j <= p->kern->vw ? p->kern->vw : p->wide;
}

/* Rows of tiles of a region in a span: of an image, or what the block has of it. */
static int64_t first_row(const gn_conv_plan *p, const gn_span *s)
{
    return p->winograd_yx.regions > 1 ? 0 : s->p0;
}

static int64_t end_row(const gn_conv_plan *p, const gn_winograd_region *r, const gn_span *s)
{
    return p->winograd_yx.regions > 1 ? r->axis[0].tiles : s->p1;
}

/* Where the input tiles of a region begin in the padded one. */
static void list_tiles(const gn_conv_plan *p, const tile_block *b, const gn_winograd_region *r,
                       int32_t *tile)
{
    const gn_winograd_axis *v = &r->axis[0], *h = &r->axis[1];
    int64_t pitch = p->blocking.pitch, i = 0;
    int64_t first = v->at * (v->tile_stride / v->m), left = h->at * (h->tile_stride / h->m);
    for (const gn_span *s = b->at.span; s < b->at.span + b->at.nspan; s++)
        for (int64_t row = 0; row < end_row(p, r, s) - first_row(p, s); row++)
            for (int64_t q = 0; q < h->tiles; q++)
                tile[i++] = (int32_t)(s->base + (first + row * v->tile_stride) * pitch + left +
                                      q * h->tile_stride);
    for (; i < r->columns; i++)
        tile[i] = tile[0];
}

/* V = B' d B of channels c0+k .. c0+k+n-1, which are in the padded tile, of those from c0 on. */
static void transform_tiles(const gn_conv_plan *p, const tile_block *b, const gn_winograd_region *r,
                            const channels *part, const real *padded, int64_t k, int64_t n)
{
    const gn_winograd_yx *w = &p->winograd_yx;
    const gn_winograd_axis *v = &r->axis[0], *h = &r->axis[1];
    int32_t tile[GN_BLOCK_PIXELS + GN_MAX_WIDE], item[SUB];
    gn_subkernel sub[4];
    int64_t tiles = tiles_of(p, b, r);
    gn_winograd_in in = {.src = padded,
                         .item = item,
                         .items = n,
                         .pitch = p->blocking.pitch,
                         .rows = v->separate ? v->alpha[b->phi] : (int)v->input,
                         .cols = h->separate ? h->alpha[b->psi] : (int)h->input,
                         .form = GN_WINOGRAD_INPUT,
                         .sub = sub,
                         .subs = list_subs(p, r, b->phi, b->psi, part, sub),
                         .ds = p->wide};
    in.src += v->separate ? v->first[b->phi] * in.pitch : 0;
    in.src += h->separate ? h->first[b->psi] : 0;
    list_tiles(p, b, r, tile);
    for (int c = 0; c < SUB; c++)
        item[c] = (int32_t)(c * p->blocking.plane);
    for (int64_t j = 0; j < tiles; j += p->wide) {
        in.lane = tile + j;
        in.lanes = panel_lanes(p, tiles, j);
        in.dst = b->input + (r->first + j) / p->wide * w->panel + k * p->wide;
        p->kern->winograd->transform(&in);
    }
}

/* V = B' d B of channels c0 .. c0+n-1. */
static void transform_input(const gn_conv_plan *p, const tile_block *b, int64_t c0, int64_t n)
{
    const gn_winograd_yx *w = &p->winograd_yx;
    const real *source = p->pass == GN_CONV_X ? p->y : p->x;
    channels part = {.c0 = c0, .n = n};
    for (int64_t k = 0; k < n; k += SUB) {
        int64_t c = c0 + k, items = GN_MIN(SUB, n - k);
        real *padded = b->padded + (w->padded_channels > SUB ? c * p->blocking.plane : 0);
        if (b->phi + b->psi == 0)
            gn_winograd_fill(&p->blocking, w->region[0].axis, p->s.n, &b->at, source, c, items,
                             padded);
        for (const gn_winograd_region *r = w->region; r < w->region + w->regions; r++)
            transform_tiles(p, b, r, &part, padded, k, items);
    }
}

/* Elements of a phase in a direction; of summed sub-kernels the first has the most. */
static int alpha_of(const gn_winograd_axis *a, int phase)
{
    return a->alpha[a->separate ? phase : 0];
}

static bool has_element(const gn_winograd_region *r, const tile_block *b, int element)
{
    return element / GN_MAX_ALPHA < alpha_of(&r->axis[0], b->phi) &&
           element % GN_MAX_ALPHA < alpha_of(&r->axis[1], b->psi);
}

/* Rows i .. i+h-1 of M = U V of one element at all panels, the sum over n channels from c0 on. */
static void multiply_rows(const gn_conv_plan *p, const tile_block *b, int element, int64_t c0,
                          int64_t n, int64_t i, int64_t h)
{
    enum { CHAIN = 128, FEW_TAPS = 16 }; /* short chains: few taps have small errors */
    const gn_winograd_yx *w = &p->winograd_yx;
    const gn_winograd_gemm *gemm = &w->gemm[b->phi][b->psi][element];
    int64_t k = gemm->subs * n, chain = p->taps < FEW_TAPS ? CHAIN / 2 : CHAIN;
    int64_t kc = gn_ceil_div(k, gn_ceil_div(k, chain));
    const real *u = p->shared + gemm->u + (b->i0 + i) * gemm->ld + c0 * gemm->subs;
    gn_microtile t = {.as = gemm->ld, .ak = 1, .bs = p->wide, .cs = w->columns, .near = GN_LINE};
    t.far = 4 * t.near;
    t.ahead = u + h * gemm->ld; /* the rows that come next */
    for (const gn_winograd_region *r = w->region; r < w->region + w->regions; r++) {
        int64_t tiles = has_element(r, b, element) ? tiles_of(p, b, r) : 0;
        for (int64_t j = 0; j < tiles; j += p->wide) {
            bool narrow = panel_lanes(p, tiles, j) < p->wide;
            for (int64_t k0 = 0; k0 < k; k0 += kc) {
                t.k = GN_MIN(kc, k - k0);
                t.a = u + k0;
                t.b = b->input + (r->first + j) / p->wide * w->panel + gemm->v + k0 * p->wide;
                t.c = b->m + element * w->product + i * w->columns + r->first + j;
                t.add = c0 + k0 > 0;
                (narrow ? p->kern->narrow : p->kern->wide)[h](&t);
                t.ahead += 4 * t.k;
            }
        }
    }
}

static void multiply(const gn_conv_plan *p, const tile_block *b, int64_t c0, int64_t n)
{
    int64_t tiles = gn_ceil_div(b->rows, p->kern->mr);
    for (int element = 0; element < GN_MAX_ELEMENTS; element++)
        for (int64_t tile = 0; tile < tiles && has_element(p->winograd_yx.region, b, element);
             tile++) {
            int64_t i = gn_cut(b->rows, tiles, tile);
            multiply_rows(p, b, element, c0, n, i, gn_cut(b->rows, tiles, tile + 1) - i);
        }
}

/* Y = A' M A of all rows: (rows, phases, rows of the tile, its outputs, columns). */
static void transform_output(const gn_conv_plan *p, const tile_block *b,
                             const gn_winograd_region *r)
{
    const gn_winograd_yx *w = &p->winograd_yx;
    const gn_winograd_axis *v = &r->axis[0], *h = &r->axis[1];
    int64_t tile = v->m * h->m;
    gn_winograd_out out = {.n = r->columns};
    for (int d = 0; d < 2; d++) {
        int phase = d ? b->psi : b->phi;
        out.alpha[d] = alpha_of(&r->axis[d], phase);
        out.m[d] = (int)r->axis[d].m;
        out.halved[d] = out.alpha[d] < alpha_of(&w->region[0].axis[d], phase);
    }
    for (int n = 0; n < out.alpha[0] * out.alpha[1]; n++)
        out.from[n] = (n / out.alpha[1] * GN_MAX_ALPHA + n % out.alpha[1]) * w->product;
    for (int64_t n = 0; n < tile; n++)
        out.to[n] = n * r->columns;
    for (int64_t i = 0; i < b->rows; i++) {
        out.src = b->m + i * w->columns + r->first;
        out.dst = b->output + i * w->output + r->output +
                  (b->phi * gn_winograd_phases(h) + b->psi) * tile * r->columns;
        p->kern->winograd->output(&out);
    }
}

/* ---- from output tiles to rows ------------------------------------------------------- */

static void write_line(const gn_conv_plan *p, const gn_winograd_region *r, int64_t channel,
                       const gn_span *s, const gn_winograd_row *row, const real *from)
{
    const gn_winograd_axis *h = &r->axis[1];
    bool x = p->pass == GN_CONV_X;
    int64_t high = x ? p->s.h : p->s.p, wide = x ? p->s.w : p->s.q, t = first_row(p, s);
    int64_t phases = gn_winograd_phases(h), left = h->at * phases;
    int64_t line = (s->n * p->winograd_yx.rows + channel) * high + row->first + r->tile_rows * t;
    int64_t at = s->at * (p->winograd_yx.regions > 1 ? r->axis[0].tiles * h->tiles : 1);
    gn_copy_rows c = {.rows = GN_MIN(end_row(p, r, s), row->tiles) - t,
                      .n = GN_MIN(h->size * phases, wide - left),
                      .ss = r->tile_cols * h->tiles,
                      .ds = r->tile_rows * wide,
                      .src = from + r->tile_cols * at,
                      .dst = (x ? p->x : p->y) + line * wide + left};
    p->kern->winograd->copy_rows(&c);
}

/* Channel i of the output: its output tiles become lines, one for each row of a tile, and these
 * go image by image. */
static void write_channel(const gn_conv_plan *p, const tile_block *b, const gn_winograd_region *r,
                          int64_t i, const gn_winograd_row *row)
{
    const real *from[2 * GN_MAX_M], *tiles = b->output + i * p->winograd_yx.output + r->output;
    int64_t phases = gn_winograd_phases(&r->axis[1]), v = r->axis[0].m, h = r->axis[1].m;
    int64_t line = r->tile_cols * r->columns;
    for (int64_t a = 0; a < r->tile_rows; a++) {
        for (int64_t s = 0; s < r->tile_cols; s++) {
            int64_t phase = a / v * phases + s % phases, first = (phase * v + a % v) * h;
            from[s] = tiles + (first + s / phases) * r->columns;
        }
        p->kern->winograd->interleave(b->lines + a * line, from, (int)r->tile_cols, r->columns);
    }
    gn_conv_finish(&p->epilogue, b->i0 + i, b->lines, r->tile_rows * line);
    for (const gn_span *s = b->at.span; s < b->at.span + b->at.nspan; s++)
        for (int a = 0; a < r->tile_rows; a++)
            write_line(p, r, b->i0 + i, s, &row[a], b->lines + a * line);
}

static void write_output(const gn_conv_plan *p, const tile_block *b, const gn_winograd_region *r)
{
    gn_winograd_row row[2 * GN_MAX_M];
    gn_winograd_rows(&r->axis[0], p->pass == GN_CONV_X ? p->s.h : p->s.p, row);
    for (int64_t i = 0; i < b->rows; i++)
        write_channel(p, b, r, i, row);
}

static void run_block(void *ctx, int64_t task)
{
    const gn_conv_plan *p = ctx;
    const gn_winograd_yx *w = &p->winograd_yx;
    const gn_winograd_region *r = w->region, *end = w->region + w->regions;
    tile_block b;
    int64_t part = task % w->parts;
    b.i0 = gn_cut(w->rows, w->parts, part);
    b.rows = gn_cut(w->rows, w->parts, part + 1) - b.i0;
    b.input = gn_slot_take(&p->slots);
    b.m = b.input + w->input;
    b.output = b.m + GN_MAX_ELEMENTS * w->product;
    b.lines = b.output + w->part * w->output;
    b.padded = b.lines + w->line;
    gn_block_pixels(&p->blocking, task / w->parts, &b.at);
    for (b.phi = 0; b.phi < gn_winograd_phases(&r->axis[0]); b.phi++)
        for (b.psi = 0; b.psi < gn_winograd_phases(&r->axis[1]); b.psi++) {
            for (int64_t c = 0; c < w->source; c += w->chunk) {
                int64_t n = GN_MIN(w->chunk, w->source - c);
                transform_input(p, &b, c, n);
                multiply(p, &b, c, n);
            }
            for (r = w->region; r < end; r++)
                transform_output(p, &b, r);
            r = w->region;
        }
    for (; r < end; r++)
        write_output(p, &b, r);
    gn_slot_give(&p->slots, b.input);
}

static void run(const gn_conv_plan *p)
{
    gn_conv_parallel(p, p->winograd_yx.rows, transform_row);
    gn_conv_parallel(p, p->ntask, run_block);
}

const gn_conv_loop gn_conv_loop_winograd_yx = {gn_winograd_plan_yx, run};
