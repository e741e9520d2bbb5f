/* gemm.c - the GEMM driver: C = act(A B + bias) for any layout.  Knows blocks, tasks and
 * packing; does not know vectors, which are in ukr.inc and pack.inc.
 *
 * C is cut into microtiles of up to mr rows (of nearly equal height: 100 = 4x13 + 4x12) and
 * panels of `wide` columns.  The rows of A are read in place, or packed once for all tasks.
 * A task owns some microtiles of some panels; it packs one panel of B at a time onto its
 * stack, unless the rows of B serve in place, and multiplies it by all its microtiles while the
 * panel is in cache.  K is cut into blocks, at whose borders C is stored and added to: an
 * element is the sum of one chain of FMAs for each block.
 *
 * The plan depends on the shape and on the kernels in use, never on the threads. */
#include "gemm_plan.h"
#include "vec.h"

#include <string.h>

/* The panel at hand: columns j .. j+n-1 of problem z, steps k .. k+kn-1. */
typedef struct {
    gn_mat a, c; /* of problem z */
    int64_t z, j, n, width, k, kn;
    const real *bias;         /* (width) or NULL */
    const real *ahead;        /* of B: what comes next, or NULL */
    bool direct, first, last; /* C is written in place; first and last block of K */
} panel;

/* Row of C at which a microtile begins. */
static int64_t first_row(const gn_gemm_plan *p, int64_t tile)
{
    return gn_cut(p->g.m, p->tiles, tile);
}

/* ---- packing ------------------------------------------------------------------------- */

static int64_t packed_rows(const gn_gemm_plan *p)
{
    return first_row(p, p->t0 + p->tn) - first_row(p, p->t0);
}

/* Blocks of K in what is packed at a time. */
static int64_t packed_blocks(const gn_gemm_plan *p)
{
    return gn_ceil_div(p->ks, p->kc);
}

/* Row i, step k of problem z, all counted from where the loops stand. */
static real *packed_a(const gn_gemm_plan *p, int64_t z, int64_t i, int64_t k)
{
    int64_t block = z * packed_blocks(p) + k / p->kc;
    return p->packed + (block * packed_rows(p) + i) * p->a_ld;
}

static void pack_a(void *ctx, int64_t task)
{
    const gn_gemm_plan *p = ctx;
    int64_t rows = packed_rows(p), chunks = gn_ceil_div(rows, p->pack_rows);
    int64_t i = task % chunks * p->pack_rows, block = task / chunks;
    int64_t z = block / packed_blocks(p), k = block % packed_blocks(p) * p->kc;
    gn_mat a = p->g.a;
    a.p += (p->z0 + z) * p->g.a_step;
    gn_block part = {
        .src = &a,
        .r0 = first_row(p, p->t0) + i,
        .c0 = p->k0 + k,
        .n0 = GN_MIN(p->pack_rows, rows - i),
        .n1 = GN_MIN(p->kc, p->kn - k),
        .dst = packed_a(p, z, i, k),
        .ds = p->a_ld,
    };
    p->kern->pack(&part);
}

/* Columns j .. j+n-1 of B, width of them in dst, steps k .. k+kn-1. */
static void pack_panel(const gn_gemm_plan *p, const panel *q, real *dst)
{
    gn_mat b = p->g.b;
    b.p += q->z * p->g.b_step;
    gn_block part = {
        .src = &b,
        .r0 = q->k,
        .c0 = q->j,
        .n0 = q->kn,
        .n1 = q->n,
        .pad = q->width,
        .dst = dst,
        .ds = q->width,
    };
    p->kern->pack(&part);
}

static void set_columns(const gn_gemm_plan *p, panel *q, int64_t number)
{
    q->j = number * p->wide;
    q->n = GN_MIN(p->wide, p->g.n - q->j);
    q->width = q->n <= p->kern->vw ? p->kern->vw : p->wide;
}

/* ---- one microtile ------------------------------------------------------------------------ */

static real *c_at(const panel *q, int64_t i, int64_t j)
{
    const gn_mat *c = &q->c;
    int64_t row = c->row ? c->row[i] : i * c->rs, col = c->col ? c->col[j] : j * c->cs;
    return (real *)c->p + row + col;
}

/* Contiguous columns of a panel, from s on. */
static int64_t adjacent(const panel *q, int64_t s)
{
    const gn_mat *c = &q->c;
    int64_t n = 1;
    if (!c->col)
        return c->cs == 1 ? q->n - s : 1;
    while (s + n < q->n && c->col[q->j + s + n] == c->col[q->j + s] + n)
        n++;
    return n;
}

static void read_c(const panel *q, real *to, int64_t i, int64_t h)
{
    for (int64_t s = 0, n; s < q->n; s += n) {
        n = adjacent(q, s);
        for (int64_t r = 0; r < h; r++)
            memcpy(to + r * q->width + s, c_at(q, i + r, q->j + s), (size_t)n * sizeof(real));
    }
}

static void write_c(const panel *q, const real *from, int64_t i, int64_t h)
{
    for (int64_t s = 0, n; s < q->n; s += n) {
        n = adjacent(q, s);
        for (int64_t r = 0; r < h; r++)
            memcpy(c_at(q, i + r, q->j + s), from + r * q->width + s, (size_t)n * sizeof(real));
    }
}

/* tanh and sigmoid, of which the microtiles know nothing. */
static void finish(const gn_gemm_plan *p, const panel *q, const gn_microtile *t, int64_t h)
{
    gn_act act = p->g.epilogue.act;
    if (!q->last || (act != GN_ACT_TANH && act != GN_ACT_SIGMOID))
        return;
    for (int64_t r = 0; r < h; r++)
        gn_vec->act(t->c + r * t->cs, t->c + r * t->cs, q->width, act, 0);
}

static void point_at_a(const gn_gemm_plan *p, const panel *q, gn_microtile *t, int64_t i)
{
    if (p->a_in_place) {
        t->a = q->a.p + i * q->a.rs + q->k * q->a.cs;
        t->as = q->a.rs, t->ak = q->a.cs;
    } else {
        t->a = packed_a(p, p->g.a_step ? q->z - p->z0 : 0, i - first_row(p, p->t0), q->k - p->k0);
        t->as = p->a_ld, t->ak = 1;
    }
}

/* The turn-th microtile of a panel prefetches its share of the next panel of B: kc / 4 lines. */
static void look_ahead(const gn_gemm_plan *p, const panel *q, gn_microtile *t, int64_t turn)
{
    const gn_mat *b = &p->g.b;
    int64_t lines = GN_MAX(p->wide / GN_LINE, 1), quarter = turn / lines;
    t->ahead = t->b, t->near = t->far = 0;
    if (!q->ahead || quarter >= 4)
        return;
    if (b->cs == 1) {
        t->ahead = q->ahead + quarter * (p->kc / 4) * b->rs + turn % lines * GN_LINE;
        t->near = b->rs, t->far = 4 * b->rs;
    } else if (4 * turn < p->wide) {
        t->ahead = q->ahead + 4 * turn * b->cs;
        t->near = b->cs, t->far = GN_LINE;
    }
}

/* turn: how many microtiles of this panel came before */
static void run_tile(const gn_gemm_plan *p, const panel *q, gn_microtile *t, int64_t tile,
                     int64_t turn)
{
    const gn_epilogue *e = &p->g.epilogue;
    real edge[GN_MAX_MR * GN_MAX_WIDE] __attribute__((aligned(64)));
    int64_t i = first_row(p, tile), h = first_row(p, tile + 1) - i;
    point_at_a(p, q, t, i);
    look_ahead(p, q, t, turn);
    t->bias_i = q->last && e->bias && e->bias_axis == 0 ? e->bias + i : NULL;
    t->c = q->direct ? c_at(q, i, q->j) : edge;
    t->cs = q->direct ? q->c.rs : q->width;
    t->next_c = q->direct && tile + 1 < p->tiles ? t->c + h * t->cs : NULL;
    if (!q->direct && t->add)
        read_c(q, edge, i, h);
    (q->width == p->wide ? p->kern->wide : p->kern->narrow)[h](t);
    finish(p, q, t, h);
    if (!q->direct)
        write_c(q, edge, i, h);
}

/* ---- one panel, one task ------------------------------------------------------------- */

static void open_block(const gn_gemm_plan *p, panel *q, int64_t k)
{
    q->k = k;
    q->kn = GN_MIN(p->kc, p->k0 + p->kn - k);
    q->first = k == 0;
    q->last = k + q->kn == p->g.k;
}

static void open_panel(const gn_gemm_plan *p, panel *q, int64_t number, real *bias)
{
    const gn_epilogue *e = &p->g.epilogue;
    set_columns(p, q, number);
    q->direct = !q->c.row && !q->c.col && q->c.cs == 1 && q->n == q->width;
    q->bias = NULL;
    if (!q->last || !e->bias || e->bias_axis == 0)
        return;
    for (int64_t s = 0; s < q->width; s++)
        bias[s] = s < q->n ? e->bias[q->j + s] : 0;
    q->bias = bias;
}

static void point_at_b(const gn_gemm_plan *p, const panel *q, gn_microtile *t, real *room)
{
    const gn_mat *b = &p->g.b;
    t->bs = q->width;
    if (p->b_in_place && q->n == q->width) {
        t->b = b->p + q->z * p->g.b_step + q->k * b->rs + q->j;
        t->bs = b->rs;
    } else {
        pack_panel(p, q, room);
        t->b = room;
    }
}

/* Where B goes on: with the next panel, or with the first one of the next block of K. */
static const real *next_of_b(const gn_gemm_plan *p, const panel *q, int64_t begin, int64_t end)
{
    const gn_mat *b = &p->g.b;
    int64_t k = q->k, j = q->j + p->wide;
    if (j >= end * p->wide || j >= p->g.n)
        k += q->kn, j = begin * p->wide;
    if (k >= p->k0 + p->kn || p->b_in_place || !gn_dense(b) || (b->cs != 1 && b->rs != 1))
        return NULL;
    return b->p + q->z * p->g.b_step + k * b->rs + j * b->cs;
}

static void run_panel(const gn_gemm_plan *p, panel *q, int64_t first_tile, int64_t end)
{
    const gn_epilogue *e = &p->g.epilogue;
    real room[GN_KC * GN_MAX_WIDE] __attribute__((aligned(64)));
    gn_microtile t = {
        .k = q->kn,
        .add = !q->first,
        .bias_j = q->bias,
        .act = q->last ? e->act : GN_ACT_NONE,
        .slope = e->slope,
    };
    point_at_b(p, q, &t, room);
    for (int64_t tile = first_tile; tile < end; tile++)
        run_tile(p, q, &t, tile, tile - first_tile);
}

static void multiply(void *ctx, int64_t task)
{
    const gn_gemm_plan *p = ctx;
    real bias[GN_MAX_WIDE];
    int64_t per_problem = p->row_blocks * p->col_blocks, rest = task % per_problem;
    int64_t r = rest / p->col_blocks, s = rest % p->col_blocks;
    int64_t t0 = p->t0 + p->tn * r / p->row_blocks, t1 = p->t0 + p->tn * (r + 1) / p->row_blocks;
    int64_t p0 = p->panels * s / p->col_blocks, p1 = p->panels * (s + 1) / p->col_blocks;
    panel q = {.a = p->g.a, .c = p->g.c, .z = p->z0 + task / per_problem};
    q.a.p += q.z * p->g.a_step;
    q.c.p += q.z * p->g.c_step;
    int64_t k = p->k0;
    do {
        open_block(p, &q, k);
        for (int64_t number = p0; number < p1; number++) {
            open_panel(p, &q, number, bias);
            q.ahead = next_of_b(p, &q, p0, p1);
            run_panel(p, &q, t0, t1);
        }
        k += p->kc;
    } while (k < p->k0 + p->kn);
}

/* ---- the whole ----------------------------------------------------------------------- */

static void run_tasks(gn_gemm_plan *p, int64_t ntask, gn_task fn)
{
    if (!p->serial)
        gn_parallel(ntask, fn, p);
    else
        for (int64_t task = 0; task < ntask; task++)
            fn(p, task);
}

static void run_blocks(void *ctx, int64_t unused)
{
    gn_gemm_plan *p = ctx;
    const gn_gemm_args *g = &p->g;
    (void)unused;
    for (p->z0 = 0; p->z0 < g->nbatch; p->z0 += p->group)
        for (p->t0 = 0; p->t0 < p->tiles; p->t0 += p->span)
            for (p->k0 = 0; p->k0 < g->k || p->k0 == 0; p->k0 += GN_MAX(p->ks, 1)) {
                p->zn = GN_MIN(p->group, g->nbatch - p->z0);
                p->tn = GN_MIN(p->span, p->tiles - p->t0);
                p->kn = GN_MIN(p->ks, g->k - p->k0);
                int64_t parts = (g->a_step ? p->zn : 1) * packed_blocks(p);
                if (!p->a_in_place)
                    run_tasks(p, parts * gn_ceil_div(packed_rows(p), p->pack_rows), pack_a);
                run_tasks(p, p->zn * p->row_blocks * p->col_blocks, multiply);
            }
}

static bool empty(const gn_gemm_args *g)
{
    return g->m <= 0 || g->n <= 0 || g->nbatch <= 0;
}

size_t gn_gemm_workspace(const gn_gemm_args *g)
{
    if (empty(g))
        return 0;
    gn_gemm_plan p = gn_gemm_make_plan(g);
    int64_t rows = GN_MIN(p.g.m, p.span * p.tall);
    int64_t parts = (p.g.a_step ? p.group : 1) * packed_blocks(&p);
    return p.a_in_place ? 0 : (size_t)(parts * rows * p.a_ld) * sizeof(real);
}

void gn_gemm(const gn_gemm_args *g, void *work)
{
    if (empty(g))
        return;
    gn_gemm_plan p = gn_gemm_make_plan(g);
    p.packed = work;
    if (p.serial)
        gn_parallel(1, run_blocks, &p);
    else
        run_blocks(&p, 0);
}
