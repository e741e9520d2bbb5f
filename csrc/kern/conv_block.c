/* conv_block.c - blocks of output pixels and the padded input tiles that they read. */
#include "conv_block.h"

/* ---- blocks -------------------------------------------------------------------------- */

/* Rows of a block: about `wanted` pixels, few lost in the last panel of the widest microtiles. */
static int64_t rows_of_block(int64_t ql, int64_t total, int64_t wanted)
{
    int64_t best = GN_MAX(wanted * 5 / 8 / ql, 1), most = GN_MIN(2 * wanted, GN_BLOCK_PIXELS);
    double best_use = -1;
    for (int64_t rows = best; rows <= GN_MAX(most / ql, 1); rows++) {
        int64_t columns = rows * ql, more = GN_MAX(columns - wanted, wanted - columns);
        double use = (double)columns / (double)(gn_ceil_div(columns, GN_MAX_WIDE) * GN_MAX_WIDE);
        use -= 0.05 * (double)more / (double)wanted;
        if (use > best_use)
            best = rows, best_use = use;
        if (rows >= total)
            break;
    }
    return GN_MIN(best, total);
}

int64_t gn_usual_block(const gn_conv_shape *s)
{
    return GN_MAX(GN_MIN((1 << 16) * s->groups / s->o, GN_BLOCK_PIXELS), 128);
}

gn_blocking gn_blocking_make(const gn_conv_shape *s, int64_t wanted)
{
    int64_t cuts = gn_ceil_div(s->q, GN_BLOCK_PIXELS), ql = gn_ceil_div(s->q, cuts);
    return gn_blocking_of_rows(s, rows_of_block(ql, s->n * cuts * s->p, wanted));
}

gn_blocking gn_blocking_of_rows(const gn_conv_shape *s, int64_t rows)
{
    gn_blocking g = {.s = *s, .rows = rows};
    g.cuts = gn_ceil_div(s->q, GN_BLOCK_PIXELS);
    g.ql = gn_ceil_div(s->q, g.cuts);
    g.blocks = gn_ceil_div(s->n * g.cuts * s->p, rows);
    g.pixels = g.rows * g.ql;
    g.wi = g.ql + (s->s - 1) * s->dw / s->sw;
    g.pitch = s->sw * g.wi;
    int64_t spans = g.rows / s->p + 2, halo = GN_MAX((s->r - 1) * s->dh + 1 - s->sh, 0);
    g.plane = (g.rows * s->sh + GN_MIN(spans, g.rows) * halo) * g.pitch;
    return g;
}

static int64_t span_rows(const gn_blocking *g, const gn_span *v)
{
    return (v->p1 - v->p0 - 1) * g->s.sh + (g->s.r - 1) * g->s.dh + 1;
}

void gn_block_pixels(const gn_blocking *g, int64_t block, gn_pixels *at)
{
    int64_t row = block * g->rows, end = GN_MIN(row + g->rows, g->s.n * g->cuts * g->s.p);
    int64_t base = 0;
    at->count = at->nspan = 0;
    while (row < end) {
        gn_span *v = &at->span[at->nspan++];
        int64_t strip = row / g->s.p;
        v->n = strip / g->cuts;
        v->q0 = strip % g->cuts * g->ql;
        v->ql = GN_MIN(g->ql, g->s.q - v->q0);
        v->p0 = row % g->s.p;
        v->p1 = GN_MIN(g->s.p, v->p0 + end - row);
        v->at = at->count;
        v->base = base;
        row += v->p1 - v->p0;
        at->count += (v->p1 - v->p0) * v->ql;
        base += span_rows(g, v) * g->pitch;
    }
}

/* ---- the padded input tile ----------------------------------------------------------- */

int64_t gn_padded_size(const gn_blocking *g, int64_t channels)
{
    return gn_ceil_div(channels * g->plane, GN_LINE) * GN_LINE + GN_MAX_WIDE;
}

void gn_tap_offsets(const gn_blocking *g, int64_t nc, int32_t *offset)
{
    const gn_conv_shape *s = &g->s;
    for (int64_t c = 0; c < nc; c++)
        for (int64_t r = 0; r < s->r; r++)
            for (int64_t t = 0; t < s->s; t++)
                *offset++ = (int32_t)(c * g->plane + r * s->dh * g->pitch +
                                      t * s->dw % s->sw * g->wi + t * s->dw / s->sw);
}

/* The rows and columns of x that span v reads: above and below are those outside of x. */
static void place_span(const gn_blocking *g, const gn_span *v, gn_pad_rows *f)
{
    int64_t h = v->p0 * g->s.sh - g->s.top, rows = span_rows(g, v);
    f->first = v->q0 * g->s.sw - g->s.left;
    f->above = GN_MIN(GN_MAX(-h, 0), rows);
    f->rows = GN_MAX(GN_MIN(g->s.h - h, rows) - f->above, 0);
    f->below = rows - f->above - f->rows;
    f->x += (h + f->above) * g->s.w;
}

void gn_padded_fill(const gn_blocking *g, const gn_pixels *at, const real *x, int64_t c0,
                    int64_t nc, real *padded)
{
    const gn_conv_shape *s = &g->s;
    int64_t plane = s->h * s->w;
    gn_pad_rows f = {.begin = x,
                     .end = x + s->n * s->c * plane,
                     .w = s->w,
                     .ahead = plane,
                     .pitch = g->pitch,
                     .wi = g->wi,
                     .step = s->sw,
                     .phases = GN_MIN(s->sw, (s->s - 1) * s->dw + 1)};
    for (int64_t c = 0; c < nc; c++)
        for (const gn_span *v = at->span; v < at->span + at->nspan; v++) {
            f.x = x + (v->n * s->c + c0 + c) * plane;
            f.to = padded + c * g->plane + v->base;
            place_span(g, v, &f);
            gn_gemm_kernel->im2col->pad_rows(&f);
        }
}

/* ---- runs ---------------------------------------------------------------------------- */

int gn_tap_copies(const gn_blocking *g, const gn_pixels *at, int64_t j, int64_t n, gn_vec_copy *to)
{
    int64_t end = j + n, first = j;
    int count = 0;
    for (const gn_span *v = at->span; v < at->span + at->nspan && j < end; v++) {
        int64_t last = v->at + (v->p1 - v->p0) * v->ql;
        while (j < last && j < end) {
            int64_t row = (j - v->at) / v->ql, q = (j - v->at) % v->ql;
            int64_t from = v->base + row * g->s.sh * g->pitch + q;
            int64_t run = GN_MIN(v->ql - q, end - j);
            for (int64_t i = 0; i < run; i += gn_gemm_kernel->vw)
                to[count++] = (gn_vec_copy){(int32_t)(j - first + i), (int32_t)(from + i)};
            j += run;
        }
    }
    return count;
}

int gn_output_runs(const gn_blocking *g, const gn_pixels *at, int64_t j, int64_t n, gn_run *to)
{
    const gn_conv_shape *s = &g->s;
    int64_t end = j + n, first = j;
    int count = 0;
    for (const gn_span *v = at->span; v < at->span + at->nspan && j < end; v++) {
        int64_t last = v->at + (v->p1 - v->p0) * v->ql;
        while (j < last && j < end) {
            int64_t row = (j - v->at) / v->ql, q = (j - v->at) % v->ql;
            int64_t most = v->ql == s->q ? last - j : v->ql - q; /* whole rows follow each other */
            int64_t run = GN_MIN(most, end - j);
            int64_t from = v->n * s->o * s->p * s->q + (v->p0 + row) * s->q + v->q0 + q;
            to[count++] = (gn_run){(int32_t)(j - first), (int32_t)run, from};
            j += run;
        }
    }
    return count;
}

/* ---- slots --------------------------------------------------------------------------- */

real *gn_slot_take(const gn_slots *s)
{
    for (int64_t i = 0;; i = (i + 1) % s->count)
        if (!__atomic_exchange_n(&s->busy[i], 1, __ATOMIC_ACQUIRE))
            return s->base + i * s->size;
}

void gn_slot_give(const gn_slots *s, const real *slot)
{
    __atomic_store_n(&s->busy[(slot - s->base) / s->size], 0, __ATOMIC_RELEASE);
}
