/* winograd_plan.c - the plan of winograd_yx.c: the sizes of tiles that an image has, the
 * transform-domain GEMMs, blocks, tasks and memory. */
#include "conv_plan.h"

/* All transform-domain GEMMs; the result is the size of the transformed filters. */
static int64_t plan_gemms(gn_winograd_yx *w, int64_t wide)
{
    const gn_winograd_axis *v = &w->region[0].axis[0], *h = &w->region[0].axis[1];
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

/* Regions: all pairs of the parts of both directions. */
static void plan_regions(gn_conv_plan *p, const gn_winograd_cut cut[2])
{
    gn_winograd_yx *w = &p->winograd_yx;
    w->regions = cut[0].count * cut[1].count;
    w->columns = w->output = w->line = 0;
    for (int i = 0; i < w->regions; i++) {
        gn_winograd_region *r = &w->region[i];
        const gn_winograd_axis *v = &cut[0].part[i / cut[1].count];
        const gn_winograd_axis *h = &cut[1].part[i % cut[1].count];
        int64_t tiles = p->blocking.pixels * (w->regions > 1 ? v->tiles * h->tiles : 1);
        r->axis[0] = *v, r->axis[1] = *h;
        r->columns = gn_ceil_div(tiles, p->wide) * p->wide;
        r->tile_rows = v->m * gn_winograd_phases(v);
        r->tile_cols = h->m * gn_winograd_phases(h);
        r->first = w->columns, r->output = w->output;
        w->columns += r->columns;
        w->output += r->tile_rows * r->tile_cols * r->columns;
        w->line = GN_MAX(w->line, r->tile_rows * r->tile_cols * r->columns);
    }
}

static gn_blocking block_tiles(const gn_conv_plan *p, const gn_winograd_cut cut[2])
{
    const gn_conv_shape *s = &p->s;
    bool x = p->pass == GN_CONV_X;
    int64_t source = x ? s->o : s->c, high = x ? s->p : s->h, wide = x ? s->q : s->w;
    const gn_winograd_axis axis[2] = {cut[0].part[0], cut[1].part[0]};
    return cut[0].count * cut[1].count > 1
               ? gn_winograd_blocking_of_images(cut, s->n, source, high, wide)
               : gn_winograd_blocking(axis, s->n, source, high, wide);
}

bool gn_winograd_plan_yx(gn_conv_plan *p)
{
    gn_winograd_yx *w = &p->winograd_yx;
    const gn_winograd_axis *v = &w->region[0].axis[0], *h = &w->region[0].axis[1];
    gn_winograd_cut cut[2];
    bool x = p->pass == GN_CONV_X;
    if (p->pass == GN_CONV_W || !gn_winograd_cuts(&p->s, p->pass, p->batch, cut))
        return false;
    w->source = x ? p->s.o : p->s.c;
    w->rows = x ? p->s.c : p->s.o;
    p->blocking = block_tiles(p, cut);
    plan_regions(p, cut);
    w->parts = parts_of(p->blocking.blocks, w->rows);
    w->part = gn_ceil_div(w->rows, w->parts);
    /* channels whose transform-domain elements stay in the second-level cache */
    w->chunk = GN_WINOGRAD_DEPTH / (v->separate ? 1 : v->subs) / (h->separate ? 1 : h->subs);
    p->shared_size = plan_gemms(w, p->wide);
    w->input = w->columns / p->wide * w->panel;
    w->product = w->part * w->columns + GN_LINE;
    /* one that serves several phases of the output has all channels */
    w->padded_channels = v->separate || h->separate ? w->source : GN_WINOGRAD_SUB;
    p->ntask = p->blocking.blocks * w->parts;
    p->slots.size = w->input + GN_MAX_ELEMENTS * w->product + w->part * w->output + w->line +
                    gn_padded_size(&p->blocking, w->padded_channels);
    return true;
}
