/* gemm.c - the GEMM driver: C = act(A B + bias) for any layout.  Knows blocks, tasks and
 * packing; does not know vectors, which are in ukr.inc and pack.inc.
 *
 * C is cut into tiles of up to mr rows (of nearly equal height: 100 = 4x13 + 4x12) and
 * panels of `wide` columns.  The rows of A are read as they lie in memory, or copied once
 * for all tasks.  A task owns some tiles times some panels; it packs one panel of B at a
 * time onto its stack, unless the rows of B serve as they are, and multiplies it by all
 * its tiles while the panel is in cache.  K is cut into blocks, at whose borders C is
 * stored and loaded again: the chain of FMAs of an element is the same for any blocking.
 *
 * The plan depends on the shape and on the kernel in use, never on the threads. */
#include "gemm.h"
#include "vec.h"

enum {
    KC = 512,            /* steps of k in a block: a panel of B is KC x wide */
    PACKED_MOST = 2 << 20, /* elements of A packed at a time */
    LINE = 64 / sizeof(real)
};

/* ---- the kernel in use ------------------------------------------------------------------ */

const gn_gemm_kern *gn_gemm_kernel = &gn_gemm_portable;

void gn_gemm_select(gn_isa isa)
{
    gn_gemm_kernel = &gn_gemm_portable;
#if defined(__x86_64__) && !defined(GANC_FLOAT64)
    if (isa == GN_ISA_AVX2)
        gn_gemm_kernel = &gn_gemm_avx2;
    if (isa == GN_ISA_AVX512)
        gn_gemm_kernel = &gn_gemm_avx512;
#elif defined(__aarch64__) && !defined(GANC_FLOAT64)
    if (isa == GN_ISA_NEON)
        gn_gemm_kernel = &gn_gemm_neon;
#endif
    (void)isa;
}

/* ---- the plan --------------------------------------------------------------------------- */

typedef struct {
    gn_gemm_args g; /* with the roles of A and B as the tiles see them */
    const gn_gemm_kern *kern;
    bool a_in_place, b_in_place;
    bool serial;         /* too small for threads */
    int64_t wide;        /* columns of a panel */
    int64_t tiles, low;  /* over M: the first m - tiles * low tiles have low + 1 rows */
    int64_t panels;      /* over N */
    int64_t kc;          /* block of K, a multiple of 16 */
    int64_t ks, span;    /* of A packed at a time: ks of K, span tiles, group problems */
    int64_t group, a_ld; /* a_ld: distance of packed rows */
    int64_t row_blocks, col_blocks; /* tasks of one problem */
    int64_t pack_rows;              /* rows of A that one task packs */
    /* where the loops over problems, tiles and K stand */
    int64_t z0, zn, t0, tn, k0, kn;
    real *packed; /* (group, rows of span, a_ld) */
} plan;

static int64_t ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static int64_t round_up(int64_t a, int64_t b)
{
    return ceil_div(a, b) * b;
}

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return GN_MAX(GN_MIN(x, high), low);
}

static int64_t tile_row(const plan *p, int64_t tile)
{
    return tile * p->low + GN_MIN(tile, p->g.m - p->tiles * p->low);
}

static bool dense(const gn_mat *m)
{
    return !m->row && !m->col;
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
static int64_t cost(const plan *p, int64_t m, int64_t n, bool contiguous)
{
    int64_t steps = p->g.k + (contiguous ? 0 : 24);
    return m * ceil_div(n, p->kern->vw) * steps;
}

static bool better_swapped(const plan *p)
{
    const gn_gemm_args *g = &p->g;
    bool by_row = !g->c.col && (g->c.cs == 1 || g->n == 1);
    bool by_col = !g->c.row && (g->c.rs == 1 || g->m == 1);
    return cost(p, g->n, g->m, by_col) < cost(p, g->m, g->n, by_row);
}

/* Rows of A can be read in place unless so many lie a multiple of 4 KB apart that they
 * evict each other from the first cache. */
static bool a_serves(const plan *p)
{
    const gn_mat *a = &p->g.a;
    int64_t bytes = a->rs * (int64_t)sizeof(real);
    if (!dense(a) || a->cs != 1)
        return false;
    return p->panels <= 2 || bytes % 2048 != 0;
}

/* Rows of B can be read in place where packing them would not pay: few tiles use them. */
static bool b_serves(const plan *p)
{
    const gn_mat *b = &p->g.b;
    return dense(b) && b->cs == 1 && p->tiles <= 2;
}

static void plan_tiles(plan *p)
{
    const gn_gemm_args *g = &p->g;
    p->wide = p->kern->vw * p->kern->nv;
    p->tiles = ceil_div(g->m, p->kern->mr);
    p->low = g->m / p->tiles;
    p->panels = ceil_div(g->n, p->wide);
    p->kc = g->k ? round_up(ceil_div(g->k, ceil_div(g->k, KC)), 16) : 16;
    p->a_in_place = a_serves(p);
    p->b_in_place = b_serves(p);
}

/* What part of A is packed at a time. */
static void plan_packing(plan *p)
{
    const gn_gemm_args *g = &p->g;
    int64_t most = PACKED_MOST / (g->m + p->kern->mr);
    p->ks = p->a_in_place ? g->k : GN_MIN(g->k, GN_MAX(most / p->kc, 1) * p->kc);
    p->a_ld = round_up(p->ks, 16) + (round_up(p->ks, 16) / LINE % 2 ? 0 : LINE);
    most = PACKED_MOST / (p->a_ld * (p->low + 1));
    p->span = p->a_in_place ? p->tiles : clamp(most, 1, p->tiles);
    most = PACKED_MOST / (p->a_ld * g->m);
    p->group = p->a_in_place || g->a_step == 0 ? g->nbatch : clamp(most, 1, g->nbatch);
    p->pack_rows = round_up(ceil_div(1 << 14, p->a_ld), 16);
}

/* Tasks: enough for the threads to end together, each worth its start, none long.  Cutting
 * M repeats the packing of B, so N is cut first. */
static void plan_tasks(plan *p)
{
    const gn_gemm_args *g = &p->g;
    double work = (double)g->m * g->n * g->k;
    int64_t wanted = clamp((int64_t)(work * g->nbatch / (1 << 17)), 1, 32);
    int64_t least = (int64_t)(work / (1 << 25)) + 1, most_rows = 256;
    int64_t problems = GN_MIN(p->group, 32), few = GN_MIN(wanted, 8);
    p->serial = wanted < 2;
    p->row_blocks = ceil_div(GN_MIN(g->m, p->span * (p->low + 1)), most_rows);
    p->col_blocks = GN_MAX(ceil_div(wanted, problems), least);
    p->col_blocks = clamp(ceil_div(p->col_blocks, p->row_blocks), 1, p->panels);
    few = ceil_div(few, problems * p->col_blocks);
    p->row_blocks = clamp(few, p->row_blocks, GN_MAX(p->row_blocks, p->span));
}

static plan make_plan(const gn_gemm_args *g)
{
    plan p = {.g = *g, .kern = gn_gemm_kernel};
    if (better_swapped(&p))
        swap_roles(&p.g);
    plan_tiles(&p);
    plan_packing(&p);
    plan_tasks(&p);
    return p;
}

/* ---- packing A -------------------------------------------------------------------------- */

static int64_t packed_rows(const plan *p)
{
    return tile_row(p, p->t0 + p->tn) - tile_row(p, p->t0);
}

static void pack_task(void *ctx, int64_t task)
{
    const plan *p = ctx;
    int64_t rows = packed_rows(p), chunks = ceil_div(rows, p->pack_rows);
    int64_t z = task / chunks, i = task % chunks * p->pack_rows;
    gn_mat a = p->g.a;
    a.p += (p->z0 + z) * p->g.a_step;
    gn_block block = {
        .src = &a,
        .r0 = tile_row(p, p->t0) + i,
        .c0 = p->k0,
        .n0 = GN_MIN(p->pack_rows, rows - i),
        .n1 = p->kn,
        .pad = p->kn,
        .dst = p->packed + (z * rows + i) * p->a_ld,
        .ds = p->a_ld,
    };
    p->kern->pack(&block);
}

/* ---- one tile --------------------------------------------------------------------------- */

/* The panel at hand: columns j .. j+n-1 of problem z, steps k .. k+kn-1. */
typedef struct {
    gn_mat a, c; /* of problem z */
    int64_t z, j, n, width, k, kn;
    const real *bias;         /* (width) or NULL */
    const real *ahead;        /* of B: what comes next, or NULL */
    bool direct, first, last; /* C is written in place; first and last block of K */
} panel;

static real *c_at(const panel *q, int64_t i, int64_t j)
{
    const gn_mat *c = &q->c;
    int64_t row = c->row ? c->row[i] : i * c->rs, col = c->col ? c->col[j] : j * c->cs;
    return (real *)c->p + row + col;
}

static void read_c(const panel *q, real *to, int64_t i, int64_t h)
{
    for (int64_t r = 0; r < h; r++)
        for (int64_t s = 0; s < q->width; s++)
            to[r * q->width + s] = s < q->n ? *c_at(q, i + r, q->j + s) : 0;
}

static void write_c(const panel *q, const real *from, int64_t i, int64_t h)
{
    for (int64_t r = 0; r < h; r++)
        for (int64_t s = 0; s < q->n; s++)
            *c_at(q, i + r, q->j + s) = from[r * q->width + s];
}

/* tanh and sigmoid, of which the tiles know nothing. */
static void finish(const plan *p, const panel *q, const gn_tile *t, int64_t h)
{
    gn_act act = p->g.epilogue.act;
    if (!q->last || (act != GN_ACT_TANH && act != GN_ACT_SIGMOID))
        return;
    for (int64_t r = 0; r < h; r++)
        gn_vec->act(t->c + r * t->cs, t->c + r * t->cs, q->width, act, 0);
}

static void point_at_a(const plan *p, const panel *q, gn_tile *t, int64_t i)
{
    int64_t rows = packed_rows(p), z = p->g.a_step ? q->z - p->z0 : 0;
    if (p->a_in_place) {
        t->a = q->a.p + i * q->a.rs + q->k * q->a.cs;
        t->as = q->a.rs, t->ak = q->a.cs;
    } else {
        t->a = p->packed + (z * rows + i - tile_row(p, p->t0)) * p->a_ld + q->k - p->k0;
        t->as = p->a_ld, t->ak = 1;
    }
}

/* Tile number `tile` of this panel fetches its share of the next panel of B. */
static void look_ahead(const plan *p, const panel *q, gn_tile *t, int64_t tile)
{
    const gn_mat *b = &p->g.b;
    t->ahead = t->b, t->near = t->far = 0;
    if (!q->ahead)
        return;
    if (b->cs == 1) {
        int64_t lines = GN_MAX(p->wide / LINE, 1), quarter = tile / lines;
        if (quarter < 4) {
            t->ahead = q->ahead + quarter * (p->kc / 4) * b->rs + tile % lines * LINE;
            t->near = b->rs, t->far = 4 * b->rs;
        }
    } else if (4 * tile < p->wide) {
        t->ahead = q->ahead + 4 * tile * b->cs;
        t->near = b->cs, t->far = LINE;
    }
}

static void run_tile(const plan *p, const panel *q, gn_tile *t, int64_t tile)
{
    const gn_epilogue *e = &p->g.epilogue;
    real corner[GN_MAX_MR * GN_MAX_WIDE] __attribute__((aligned(64)));
    int64_t i = tile_row(p, tile), h = tile_row(p, tile + 1) - i;
    point_at_a(p, q, t, i);
    look_ahead(p, q, t, tile - p->t0);
    t->bias_i = q->last && e->bias && e->bias_axis == 0 ? e->bias + i : NULL;
    t->c = q->direct ? c_at(q, i, q->j) : corner;
    t->cs = q->direct ? q->c.rs : q->width;
    t->next_c = q->direct && tile + 1 < p->tiles ? t->c + h * t->cs : NULL;
    if (!q->direct && t->load)
        read_c(q, corner, i, h);
    (q->width == p->wide ? p->kern->wide : p->kern->narrow)[h](t);
    finish(p, q, t, h);
    if (!q->direct)
        write_c(q, corner, i, h);
}

/* ---- one panel, one task ---------------------------------------------------------------- */

static void open_panel(const plan *p, panel *q, int64_t number, real *bias)
{
    const gn_epilogue *e = &p->g.epilogue;
    q->j = number * p->wide;
    q->n = GN_MIN(p->wide, p->g.n - q->j);
    q->width = q->n <= p->kern->vw ? p->kern->vw : p->wide;
    q->direct = !q->c.row && !q->c.col && q->c.cs == 1 && q->n == q->width;
    q->bias = NULL;
    if (!e->bias || e->bias_axis == 0)
        return;
    for (int64_t s = 0; s < q->width; s++)
        bias[s] = s < q->n ? e->bias[q->j + s] : 0;
    q->bias = bias;
}

static void point_at_b(const plan *p, const panel *q, gn_tile *t, real *room)
{
    gn_mat b = p->g.b;
    b.p += q->z * p->g.b_step;
    if (p->b_in_place && q->n == q->width) {
        t->b = b.p + q->k * b.rs + q->j;
        t->bs = b.rs;
        return;
    }
    gn_block block = {.src = &b, .r0 = q->k, .c0 = q->j, .n0 = q->kn, .n1 = q->n,
                      .pad = q->width, .dst = room, .ds = q->width};
    p->kern->pack(&block);
    t->b = room;
    t->bs = q->width;
}

static const real *next_of_b(const plan *p, const panel *q, int64_t end)
{
    const gn_mat *b = &p->g.b;
    int64_t k = q->k + q->kn, j = q->j;
    if (k >= p->k0 + p->kn)
        k = p->k0, j += p->wide;
    if (!dense(b) || p->b_in_place || j >= end || (b->cs != 1 && b->rs != 1))
        return NULL;
    return b->p + q->z * p->g.b_step + k * b->rs + j * b->cs;
}

static void run_panel(const plan *p, panel *q, int64_t first_tile, int64_t end_tile, int64_t end)
{
    const gn_epilogue *e = &p->g.epilogue;
    real room[KC * GN_MAX_WIDE] __attribute__((aligned(64)));
    int64_t stop = p->k0 + p->kn;
    for (q->k = p->k0; q->k < stop || q->k == p->k0; q->k += p->kc) {
        gn_tile t = {.slope = e->slope};
        q->kn = GN_MIN(p->kc, stop - q->k);
        q->first = q->k == 0;
        q->last = q->k + q->kn == p->g.k;
        q->ahead = next_of_b(p, q, end);
        point_at_b(p, q, &t, room);
        t.k = q->kn;
        t.load = !q->first || e->accumulate;
        t.bias_j = q->last ? q->bias : NULL;
        t.act = q->last ? e->act : GN_ACT_NONE;
        for (int64_t tile = first_tile; tile < end_tile; tile++)
            run_tile(p, q, &t, tile);
    }
}

static void multiply_task(void *ctx, int64_t task)
{
    const plan *p = ctx;
    real bias[GN_MAX_WIDE];
    int64_t per_problem = p->row_blocks * p->col_blocks, rest = task % per_problem;
    int64_t r = rest / p->col_blocks, s = rest % p->col_blocks;
    int64_t t0 = p->t0 + p->tn * r / p->row_blocks, t1 = p->t0 + p->tn * (r + 1) / p->row_blocks;
    int64_t p0 = p->panels * s / p->col_blocks, p1 = p->panels * (s + 1) / p->col_blocks;
    panel q = {.a = p->g.a, .c = p->g.c, .z = p->z0 + task / per_problem};
    q.a.p += q.z * p->g.a_step;
    q.c.p += q.z * p->g.c_step;
    for (int64_t number = p0; number < p1; number++) {
        open_panel(p, &q, number, bias);
        run_panel(p, &q, t0, t1, GN_MIN(p1 * p->wide, p->g.n));
    }
}

/* ---- the whole ---------------------------------------------------------------------------- */

static void spread(plan *p, int64_t ntask, gn_task fn)
{
    if (!p->serial)
        gn_parallel(ntask, fn, p);
    else
        for (int64_t task = 0; task < ntask; task++)
            fn(p, task);
}

static void run_blocks(void *ctx, int64_t unused)
{
    plan *p = ctx;
    const gn_gemm_args *g = &p->g;
    (void)unused;
    for (p->z0 = 0; p->z0 < g->nbatch; p->z0 += p->group)
        for (p->t0 = 0; p->t0 < p->tiles; p->t0 += p->span)
            for (p->k0 = 0; p->k0 < g->k || p->k0 == 0; p->k0 += GN_MAX(p->ks, 1)) {
                p->zn = GN_MIN(p->group, g->nbatch - p->z0);
                p->tn = GN_MIN(p->span, p->tiles - p->t0);
                p->kn = GN_MIN(p->ks, g->k - p->k0);
                int64_t copies = g->a_step ? p->zn : 1;
                if (!p->a_in_place)
                    spread(p, copies * ceil_div(packed_rows(p), p->pack_rows), pack_task);
                spread(p, p->zn * p->row_blocks * p->col_blocks, multiply_task);
            }
}

size_t gn_gemm_workspace(const gn_gemm_args *g)
{
    if (g->m <= 0 || g->n <= 0 || g->nbatch <= 0)
        return 0;
    plan p = make_plan(g);
    if (p.a_in_place)
        return 0;
    int64_t rows = GN_MIN(p.g.m, p.span * (p.low + 1));
    return (size_t)((p.g.a_step ? p.group : 1) * rows * p.a_ld) * sizeof(real);
}

void gn_gemm(const gn_gemm_args *g, void *work)
{
    if (g->m <= 0 || g->n <= 0 || g->nbatch <= 0)
        return;
    plan p = make_plan(g);
    p.packed = work;
    if (p.serial)
        gn_parallel(1, run_blocks, &p);
    else
        run_blocks(&p, 0);
}
