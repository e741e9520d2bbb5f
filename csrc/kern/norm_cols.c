/* norm_cols.c - the norms of norm.h with one coefficient per column of the (N, K L) matrix,
 * whatever the size of an image is.
 *
 * The columns of the (N, K L) matrix are cut into blocks of whole k's, and a task finishes
 * some blocks: statistics, then y, while the block is still in a cache; from memory, x is
 * read once and y written once.  A block runs over the rows in reverse the second time:
 * what was read last is there still.
 *
 * Statistics take one pass: sums of x - shift and of its square, the shift being the mean of the
 * piece's first row, and pieces merged in order (Chan, Golub and LeVeque 1983, "Algorithms for
 * computing the sample variance", eq. 2.1). */
#include "norm.h"
#include "vec.h"

#include <string.h>

enum {
    WIDE = 1024,    /* columns of a run, at most: their coefficients stay in L1 */
    NARROW = 64,    /* and of a block, unless there are fewer: four cache lines per row */
    BLOCKS = 8,     /* at least, where that leaves NARROW */
    ROWS = 128,     /* of a piece: the length of a chain of additions */
    RECENT = 32768, /* elements of a piece on the way back */
    TASK = 16384    /* elements of a task, at least */
};

typedef struct {
    const gn_norm *p;
    int64_t nk, blocks;   /* k's of a block */
    int64_t width, runs;  /* columns of a run, runs of a block's row */
    int64_t share, tasks; /* blocks of a task */
    real *part;           /* (tasks, 2, C), or NULL: no two tasks share a weight */
} plan;

static plan plan_of(const gn_norm *p)
{
    plan q = {.p = p};
    int64_t width = GN_MIN(GN_MAX(p->k * p->len / BLOCKS, NARROW), WIDE);
    q.nk = GN_MIN(GN_MAX(width / p->len, 1), p->k);
    int64_t columns = q.nk * p->len;
    q.width = gn_ceil_div(gn_ceil_div(columns, gn_ceil_div(columns, WIDE)), 16) * 16;
    q.runs = gn_ceil_div(columns, q.width);
    q.blocks = gn_ceil_div(p->k, q.nk);
    q.share = GN_MAX(TASK / (p->n * columns), 1);
    q.tasks = gn_ceil_div(q.blocks, q.share);
    return q;
}

/* One run of one block, and the coefficients of its columns. */
typedef struct {
    const plan *plan;
    int64_t k, nk;   /* the block's k's */
    int64_t from, n; /* the run's columns, counted from the block's first */
    int64_t at;      /* the first of them in x */
    real mean[WIDE], rstd[WIDE], w[WIDE], b[WIDE], s[WIDE], t[WIDE], p[WIDE], q[WIDE];
} run;

static void set_block(run *r, const plan *q, int64_t i)
{
    r->plan = q;
    r->k = i * q->nk;
    r->nk = GN_MIN(q->p->k - r->k, q->nk);
}

static void set_run(run *r, int64_t i)
{
    const gn_norm *p = r->plan->p;
    r->from = i * r->plan->width;
    r->n = GN_MIN(r->plan->width, r->nk * p->len - r->from);
    r->at = r->k * p->len + r->from;
}

/* Weights of the run's columns; one value for all that have none. */
static void set_weights(const run *r, real *y, const real *v, real otherwise)
{
    const gn_norm *p = r->plan->p;
    if (v)
        gn_vec->broadcast(y, v, p->channels, p->run, r->at, r->n);
    else
        gn_vec->broadcast(y, &otherwise, 1, r->n, 0, r->n);
}

static void set_columns(run *r)
{
    const gn_norm *p = r->plan->p;
    gn_vec->broadcast(r->mean, p->mean, p->k, p->len, r->at, r->n);
    gn_vec->broadcast(r->rstd, p->rstd, p->k, p->len, r->at, r->n);
    set_weights(r, r->w, p->w, 1);
    set_weights(r, r->b, p->b, 0);
    gn_vec->norm_scale(r->s, r->t, r->w, r->rstd, r->b, r->mean, r->n);
}

static gn_norm_map map_of(const run *r)
{
    return (gn_norm_map){.mean = r->mean, .s = r->s, .t = r->t, .p = r->p, .q = r->q};
}

static gn_cols rows_of(const run *r, int64_t rows)
{
    const gn_norm *p = r->plan->p;
    return (gn_cols){rows, p->k * p->len, r->n, p->act, p->before, p->slope, 0};
}

/* ---- statistics ---------------------------------------------------------------------- */

typedef struct {
    double mean[WIDE], square[WIDE], count; /* square: sum of (x - mean)^2 */
} moments;

/* Sums of columns 0 .. n-1, `segment` of them for each of nk values. */
static void fold(real *v, const real *columns, int64_t nk, int64_t segment, int64_t n)
{
    memset(v, 0, (size_t)nk * sizeof *v);
    gn_vec->segment_sum(v, columns, nk, segment, 0, n);
}

static void add_piece(moments *m, run *r, int64_t row, int64_t rows)
{
    real first[WIDE], shift[WIDE], sum[WIDE], square[WIDE];
    int64_t segment = r->plan->runs == 1 ? r->plan->p->len : r->n;
    gn_cols g = rows_of(r, rows);
    const real *x = r->plan->p->x + row * g.ld + r->at;
    if (g.before)
        gn_vec->act(first, x, r->n, g.before, g.slope);
    fold(shift, g.before ? first : x, r->nk, segment, r->n);
    for (int64_t k = 0; k < r->nk; k++)
        shift[k] /= (real)segment;
    gn_vec->broadcast(r->mean, shift, r->nk, segment, 0, r->n);
    memset(r->s, 0, (size_t)r->n * sizeof(real));
    memset(r->t, 0, (size_t)r->n * sizeof(real));
    gn_vec->norm_moments(r->s, r->t, x, r->mean, &g);
    fold(sum, r->s, r->nk, segment, r->n);
    fold(square, r->t, r->nk, segment, r->n);
    double count = (double)(rows * segment);
    gn_vec->norm_merge(m->mean, m->square, m->count, shift, sum, square, count, r->nk);
    m->count += count;
}

static void find_statistics(run *r)
{
    const gn_norm *p = r->plan->p;
    moments m;
    m.count = 0;
    memset(m.mean, 0, (size_t)r->nk * sizeof *m.mean);
    memset(m.square, 0, (size_t)r->nk * sizeof *m.square);
    for (int64_t i = 0; i < r->plan->runs; i++) {
        set_run(r, i);
        for (int64_t row = 0; row < p->n; row += ROWS)
            add_piece(&m, r, row, GN_MIN(p->n - row, ROWS));
    }
    gn_vec->norm_finish(p->mean + r->k, p->rstd + r->k, p->var + r->k, m.mean, m.square, m.count,
                        p->eps, r->nk);
}

/* ---- forward ------------------------------------------------------------------------- */

/* Rows of a piece on the way back. */
static int64_t recent_rows(const run *r)
{
    return GN_MAX(RECENT / r->n, 1);
}

static int64_t last_piece(int64_t n, int64_t rows)
{
    return (n - 1) / rows * rows;
}

static void forward_block(run *r)
{
    const gn_norm *p = r->plan->p;
    if (!p->fixed)
        find_statistics(r);
    for (int64_t i = r->plan->runs - 1; i >= 0; i--) {
        set_run(r, i);
        set_columns(r);
        int64_t rows = recent_rows(r);
        for (int64_t row = last_piece(p->n, rows); row >= 0; row -= rows) {
            gn_cols g = rows_of(r, GN_MIN(p->n - row, rows));
            int64_t at = row * g.ld + r->at;
            gn_vec->norm_apply(p->out + at, p->x + at, r->s, r->t, &g);
        }
    }
}

static void forward_task(void *ctx, int64_t task)
{
    const plan *q = ctx;
    run r;
    for (int64_t i = task * q->share; i < GN_MIN((task + 1) * q->share, q->blocks); i++) {
        set_block(&r, q, i);
        forward_block(&r);
    }
}

void gn_norm_cols_forward(const gn_norm *p)
{
    plan q = plan_of(p);
    gn_parallel(q.tasks, forward_task, &q);
}

/* ---- backward ------------------------------------------------------------------------ */

/* With g = w dz:  dx = rstd (g - mean(g) - xhat mean(g xhat)) = dz s + (x - mean) p + q. */
typedef struct {
    real g[WIDE], gx[WIDE]; /* sums of g and of g xhat of the block's k's; then q and p */
    real *dw, *db;
} sums;

/* v += the sums of each weight's columns; two steps where a run has several of a weight, so
 * that chains of additions stay short. */
static void add_weights(real *v, const run *r, const real *columns)
{
    const gn_norm *p = r->plan->p;
    if (p->channels >= r->n || gn_norm_uses(p) == 1) { /* v is no task's own: no others' weights */
        gn_vec->segment_sum(v, columns, p->channels, p->run, r->at, r->n);
        return;
    }
    real own[WIDE];
    memset(own, 0, (size_t)p->channels * sizeof *own);
    gn_vec->segment_sum(own, columns, p->channels, p->run, r->at, r->n);
    gn_vec->add_row(v, own, p->channels);
}

static void add_sums(sums *a, run *r, int64_t row, int64_t rows)
{
    const gn_norm *p = r->plan->p;
    gn_binary_fn *mul = gn_vec->binary[GN_BINARY_mul];
    gn_cols g = rows_of(r, rows);
    int64_t at = row * g.ld + r->at;
    memset(r->p, 0, (size_t)r->n * sizeof(real));
    memset(r->q, 0, (size_t)r->n * sizeof(real));
    gn_norm_map c = map_of(r);
    gn_vec->norm_sums(r->q, r->p, p->dy + at, p->x + at, gn_norm_at(p->y, at), &c, &g);
    mul(r->p, r->p, 1, r->rstd, 1, r->n, 0);
    add_weights(a->db, r, r->q);
    add_weights(a->dw, r, r->p);
    mul(r->q, r->q, 1, r->w, 1, r->n, 0);
    mul(r->p, r->p, 1, r->w, 1, r->n, 0);
    gn_vec->segment_sum(a->g, r->q, r->nk, p->len, r->from, r->n);
    gn_vec->segment_sum(a->gx, r->p, r->nk, p->len, r->from, r->n);
}

static void write_dx(const sums *a, run *r)
{
    const gn_norm *p = r->plan->p;
    gn_vec->broadcast(r->p, a->gx, r->nk, p->len, r->from, r->n);
    gn_vec->broadcast(r->q, a->g, r->nk, p->len, r->from, r->n);
    gn_norm_map c = map_of(r);
    int64_t rows = recent_rows(r);
    for (int64_t row = last_piece(p->n, rows); row >= 0; row -= rows) {
        gn_cols g = rows_of(r, GN_MIN(p->n - row, rows));
        int64_t at = row * g.ld + r->at;
        gn_vec->norm_dx(p->out + at, p->dy + at, p->x + at, gn_norm_at(p->y, at), &c, &g);
    }
}

static void backward_block(sums *a, run *r)
{
    const gn_norm *p = r->plan->p;
    real scale = -1 / (real)(p->n * p->len);
    memset(a->g, 0, (size_t)r->nk * sizeof(real));
    memset(a->gx, 0, (size_t)r->nk * sizeof(real));
    for (int64_t i = 0; i < r->plan->runs; i++) {
        set_run(r, i);
        set_columns(r);
        for (int64_t row = 0; row < p->n; row += ROWS)
            add_sums(a, r, row, GN_MIN(p->n - row, ROWS));
    }
    for (int64_t k = 0; k < r->nk; k++) { /* not times 0, which of a NaN is NaN */
        real rstd = p->rstd[r->k + k];
        a->g[k] = p->fixed ? 0 : a->g[k] * (scale * rstd);
        a->gx[k] = p->fixed ? 0 : a->gx[k] * (scale * rstd * rstd);
    }
    for (int64_t i = r->plan->runs - 1; p->out && i >= 0; i--) {
        set_run(r, i);
        if (r->plan->runs > 1)
            set_columns(r);
        write_dx(a, r);
    }
}

static void backward_task(void *ctx, int64_t task)
{
    const plan *q = ctx;
    const gn_norm *p = q->p;
    run r;
    sums a = {.dw = p->dw, .db = p->db};
    if (q->part) {
        a.dw = q->part + 2 * task * p->channels;
        a.db = a.dw + p->channels;
        memset(a.dw, 0, 2 * (size_t)p->channels * sizeof(real));
    }
    for (int64_t i = task * q->share; i < GN_MIN((task + 1) * q->share, q->blocks); i++) {
        set_block(&r, q, i);
        backward_block(&a, &r);
    }
}

static plan backward_plan(const gn_norm *p)
{
    plan q = plan_of(p);
    if (gn_norm_uses(p) > 1) {
        q.share = GN_MAX(q.share, gn_ceil_div(q.blocks, gn_norm_most_parts(p)));
        q.tasks = gn_ceil_div(q.blocks, q.share);
    }
    return q;
}

int64_t gn_norm_cols_tasks(const gn_norm *p)
{
    return backward_plan(p).tasks;
}

void gn_norm_cols_backward(const gn_norm *p, real *part)
{
    plan q = backward_plan(p);
    q.part = part;
    gn_parallel(q.tasks, backward_task, &q);
}
