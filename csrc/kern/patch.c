/* patch.c - blocks of output positions and the padded copies of x they read. */
#include "patch.h"

#include <string.h>

/* ---- blocks -------------------------------------------------------------------------- */

/* Rows of a block: about 256 positions, few lost in the last panel of the widest tiles. */
static int64_t rows_of_block(int64_t ql, int64_t total)
{
    int64_t best = GN_MAX(160 / ql, 1);
    double best_use = 0;
    for (int64_t rows = best; rows <= GN_MAX(GN_CONV_COLUMNS / ql, 1); rows++) {
        int64_t columns = rows * ql;
        double use = (double)columns / (double)(gn_ceil_div(columns, GN_MAX_WIDE) * GN_MAX_WIDE);
        if (columns > 256)
            use -= 1e-4 * (double)(columns - 256);
        if (use > best_use + 1e-9)
            best = rows, best_use = use;
        if (rows >= total)
            break;
    }
    return GN_MIN(best, total);
}

gn_grid gn_grid_make(const gn_conv_shape *s)
{
    gn_grid g = {.s = *s};
    g.cuts = gn_ceil_div(s->q, GN_CONV_COLUMNS);
    g.ql = gn_ceil_div(s->q, g.cuts);
    int64_t total = s->n * g.cuts * s->p;
    g.rows = rows_of_block(g.ql, total);
    g.blocks = gn_ceil_div(total, g.rows);
    g.columns = g.rows * g.ql;
    g.wi = g.ql + (s->s - 1) * s->dw / s->sw;
    g.pitch = s->sw * g.wi;
    int64_t spans = g.rows / s->p + 2, halo = GN_MAX((s->r - 1) * s->dh + 1 - s->sh, 0);
    g.plane = (g.rows * s->sh + GN_MIN(spans, g.rows) * halo) * g.pitch;
    return g;
}

static int64_t span_rows(const gn_grid *g, const gn_span *v)
{
    return (v->p1 - v->p0 - 1) * g->s.sh + (g->s.r - 1) * g->s.dh + 1;
}

void gn_grid_block(const gn_grid *g, int64_t block, gn_positions *at)
{
    int64_t row = block * g->rows, end = GN_MIN(row + g->rows, g->s.n * g->cuts * g->s.p);
    int64_t base = 0;
    at->columns = at->nspan = 0;
    while (row < end) {
        gn_span *v = &at->span[at->nspan++];
        int64_t strip = row / g->s.p;
        v->n = strip / g->cuts;
        v->q0 = strip % g->cuts * g->ql;
        v->ql = GN_MIN(g->ql, g->s.q - v->q0);
        v->p0 = row % g->s.p;
        v->p1 = GN_MIN(g->s.p, v->p0 + end - row);
        v->at = at->columns;
        v->base = base;
        row += v->p1 - v->p0;
        at->columns += (v->p1 - v->p0) * v->ql;
        base += span_rows(g, v) * g->pitch;
    }
}

/* ---- the patch ----------------------------------------------------------------------- */

size_t gn_patch_size(const gn_grid *g, int64_t channels)
{
    return (size_t)(gn_ceil_div(channels * g->plane, GN_LINE) * GN_LINE + GN_MAX_WIDE);
}

void gn_patch_taps(const gn_grid *g, int64_t nc, int32_t *offset)
{
    const gn_conv_shape *s = &g->s;
    for (int64_t c = 0; c < nc; c++)
        for (int64_t r = 0; r < s->r; r++)
            for (int64_t t = 0; t < s->s; t++)
                *offset++ = (int32_t)(c * g->plane + r * s->dh * g->pitch +
                                      t * s->dw % s->sw * g->wi + t * s->dw / s->sw);
}

static void zero(real *to, int64_t n)
{
    if (n > 0)
        memset(to, 0, (size_t)n * sizeof(real));
}

/* One row of x, split into its phases; those that no tap reads are left as they are. */
static void fill_row(const gn_grid *g, const gn_span *v, const real *x, real *to)
{
    const gn_conv_shape *s = &g->s;
    for (int64_t f = 0; f < GN_MIN(s->sw, (s->s - 1) * s->dw + 1); f++, to += g->wi) {
        int64_t first = v->q0 * s->sw + f - s->left; /* column of x at to[0] */
        int64_t lo = first < 0 ? gn_ceil_div(-first, s->sw) : 0;
        int64_t hi = first < s->w ? gn_ceil_div(s->w - first, s->sw) : 0;
        lo = GN_MIN(lo, g->wi);
        hi = GN_MAX(GN_MIN(hi, g->wi), lo);
        zero(to, lo);
        if (hi > lo)
            gn_gemm_kernel->take(to + lo, x + first + lo * s->sw, s->sw, hi - lo);
        zero(to + hi, g->wi - hi);
    }
}

void gn_patch_fill(const gn_grid *g, const gn_positions *at, const real *x, int64_t c0, int64_t nc,
                   real *patch)
{
    const gn_conv_shape *s = &g->s;
    for (int64_t c = 0; c < nc; c++, patch += g->plane)
        for (const gn_span *v = at->span; v < at->span + at->nspan; v++) {
            const real *image = x + (v->n * s->c + c0 + c) * s->h * s->w;
            real *to = patch + v->base;
            for (int64_t t = 0; t < span_rows(g, v); t++, to += g->pitch) {
                int64_t h = v->p0 * s->sh + t - s->top;
                if (h < 0 || h >= s->h)
                    zero(to, g->pitch);
                else
                    fill_row(g, v, image + h * s->w, to);
            }
        }
}

/* ---- runs ---------------------------------------------------------------------------- */

int gn_patch_pieces(const gn_grid *g, const gn_positions *at, int64_t j, int64_t n, gn_piece *to)
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
                to[count++] = (gn_piece){(int32_t)(j - first + i), (int32_t)(from + i)};
            j += run;
        }
    }
    return count;
}

int gn_output_runs(const gn_grid *g, const gn_positions *at, int64_t j, int64_t n, gn_run *to)
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
