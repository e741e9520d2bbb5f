/* gemm_plan.c - how one GEMM is cut up: which operand plays A, what is packed, blocks and
 * tasks.  Every choice depends on the shape and on the kernels in use, never on the threads;
 * none changes a bit of the result.  The measurements behind the numbers are in
 * docs/tuning.md. */
#include "gemm_plan.h"

enum { PACKED_MOST = 20 << 20 }; /* bytes of A packed at a time */

/* ---- the plan ------------------------------------------------------------------------ */

static int64_t round_up(int64_t a, int64_t b)
{
    return gn_ceil_div(a, b) * b;
}

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return GN_MAX(GN_MIN(x, high), low);
}

static gn_mat transposed(const gn_mat *m)
{
    return (gn_mat){.p = m->p, .row = m->col, .col = m->row, .rs = m->cs, .cs = m->rs};
}

/* C^T = B^T A^T: the same sums of the same products, hence the same bits. */
static void swap_roles(gn_gemm_args *g)
{
    gn_gemm_args old = *g;
    g->m = old.n, g->n = old.m;
    g->a = transposed(&old.b), g->b = transposed(&old.a), g->c = transposed(&old.c);
    g->a_step = old.b_step, g->b_step = old.a_step;
    g->epilogue.bias_axis = !old.epilogue.bias_axis;
}

/* Vector steps of an m x n problem, counting what the last vector wastes and what it
 * costs to scatter C when its rows are not contiguous. */
static int64_t cost(const gn_gemm_plan *p, int64_t m, int64_t n, bool contiguous)
{
    int64_t steps = p->g.k + (contiguous ? 0 : 24);
    return m * gn_ceil_div(n, p->kern->vw) * steps;
}

static bool better_swapped(const gn_gemm_plan *p)
{
    const gn_gemm_args *g = &p->g;
    bool by_row = !g->c.col && (g->c.cs == 1 || g->n == 1);
    bool by_col = !g->c.row && (g->c.rs == 1 || g->m == 1);
    return cost(p, g->n, g->m, by_col) < cost(p, g->m, g->n, by_row);
}

/* A can be read in place where that is about as fast as reading a copy.  Rows contiguous:
 * unless those of a microtile lie a multiple of 2 KB apart, on the same few sets of the cache,
 * and many panels read them.  Columns contiguous: while they lie close together. */
static bool a_serves(const gn_gemm_plan *p)
{
    const gn_mat *a = &p->g.a;
    if (!gn_dense(a))
        return false;
    if (a->cs == 1)
        return p->panels <= 2 || a->rs * (int64_t)sizeof(real) % 2048 != 0;
    return a->rs == 1 && a->cs * (int64_t)sizeof(real) <= 1024;
}

/* Rows of B can be read in place where packing them would not pay: few tiles use them. */
static bool b_serves(const gn_gemm_plan *p)
{
    const gn_mat *b = &p->g.b;
    return gn_dense(b) && b->cs == 1 && p->tiles <= 2;
}

static void plan_tiles(gn_gemm_plan *p)
{
    const gn_gemm_args *g = &p->g;
    p->wide = p->kern->vw * p->kern->nv;
    p->tiles = gn_ceil_div(g->m, p->kern->mr);
    p->tall = g->m / p->tiles + 1;
    p->panels = gn_ceil_div(g->n, p->wide);
    p->kc = g->k ? round_up(gn_ceil_div(g->k, gn_ceil_div(g->k, GN_KC)), 16) : 16;
    p->a_in_place = a_serves(p);
    p->b_in_place = b_serves(p);
}

/* What part of A is packed at a time.  Rows are an odd number of cache lines apart, so that
 * those of a microtile do not fall on the same few sets of the cache. */
static void plan_packing(gn_gemm_plan *p)
{
    const gn_gemm_args *g = &p->g;
    p->a_ld = p->kc / GN_LINE % 2 ? p->kc : p->kc + GN_LINE;
    int64_t row = p->a_ld * sizeof(real), blocks = GN_MAX(PACKED_MOST / (row * g->m), 1);
    p->ks = p->a_in_place ? g->k : GN_MIN(g->k, blocks * p->kc);
    p->span = p->a_in_place ? p->tiles : clamp(PACKED_MOST / (row * p->tall), 1, p->tiles);
    blocks = GN_MAX(gn_ceil_div(p->ks, p->kc), 1);
    p->group = p->a_in_place || g->a_step == 0
                   ? g->nbatch
                   : clamp(PACKED_MOST / (row * blocks * g->m), 1, g->nbatch);
    p->pack_rows = round_up(gn_ceil_div(1 << 14, p->a_ld), 16);
}

/* Tasks: enough for the threads to end together, each worth its start, none long.  Cutting
 * M repeats the packing of B, so N is cut first. */
static void plan_tasks(gn_gemm_plan *p)
{
    const gn_gemm_args *g = &p->g;
    double work = (double)g->m * g->n * g->k;
    int64_t wanted = clamp((int64_t)(work * g->nbatch / (1 << 17)), 1, 32);
    int64_t least = (int64_t)(work / (1 << 26)) + 1, most_rows = 1024;
    int64_t problems = GN_MIN(p->group, 32), few = GN_MIN(wanted, 8);
    p->serial = wanted < 2;
    p->row_blocks = gn_ceil_div(GN_MIN(g->m, p->span * p->tall), most_rows);
    p->col_blocks = GN_MAX(gn_ceil_div(wanted, problems), least);
    p->col_blocks = clamp(gn_ceil_div(p->col_blocks, p->row_blocks), 1, p->panels);
    few = GN_MAX(gn_ceil_div(few, problems * p->col_blocks), gn_ceil_div(least, p->col_blocks));
    p->row_blocks = clamp(few, p->row_blocks, GN_MAX(p->row_blocks, p->span));
}

gn_gemm_plan gn_gemm_make_plan(const gn_gemm_args *g)
{
    gn_gemm_plan p = {.g = *g, .kern = gn_gemm_kernel};
    if (better_swapped(&p))
        swap_roles(&p.g);
    plan_tiles(&p);
    plan_packing(&p);
    plan_tasks(&p);
    return p;
}
