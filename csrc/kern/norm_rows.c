/* norm_rows.c - the norms of norm.h where a weight belongs to long runs of x: one coefficient per
 * run, in a register, where norm_cols.c has one per column.
 *
 * Batch norm: the runs of a k are a plane of every sample, far apart; a task finishes some k's.
 * The others (N = 1): the runs of a k follow each other; a task finishes blocks of short k's, or
 * long ones.  Either comes back to write in reverse order: what it read last is in a cache
 * still. */
#include "norm.h"
#include "vec.h"

#include <string.h>

enum {
    MANY = GN_NORM_MANY,
    LEAST = 16,      /* elements of a run, */
    LEAST_FAR = 128, /* of one that lies far from the next */
    PIECE = 8192,    /* elements whose sums are chains of additions */
    RECENT = 32768,  /* of a piece on the way back */
    FIRST = 512,     /* of a row, the mean of which is the shift of its piece, at most */
    SHORT = 4096,    /* of a block of several k's, */
    TASK = 16384,    /* of a task, at least */
    AFTER = 256      /* runs that may be fetched after those that are worked on */
};

static bool is_layer(const gn_norm *p) /* a weight and a bias per element */
{
    return p->n == 1 && p->run == 1 && p->channels == p->len && p->len >= LEAST && p->w && p->b;
}

bool gn_norm_in_rows(const gn_norm *p)
{
    return is_layer(p) || p->run >= (p->n > 1 ? LEAST_FAR : LEAST);
}

/* ---- pieces of a matrix -------------------------------------------------------------- */

/* Piece i of a (rows, n) matrix, its rows ld apart: some rows of `most` elements together, or
 * that much of one row. */
typedef struct {
    int64_t rows, ld, n, most;
} matrix;

static int64_t pieces(const matrix *m)
{
    return m->n > m->most ? m->rows * gn_ceil_div(m->n, m->most)
                          : gn_ceil_div(m->rows, m->most / m->n);
}

static gn_cols piece_of(const matrix *m, const gn_norm *p, int64_t i, int64_t *at)
{
    gn_cols g = {.ld = m->ld, .act = p->act, .before = p->before, .slope = p->slope};
    if (m->n > m->most) {
        int64_t cuts = gn_ceil_div(m->n, m->most), column = i % cuts * m->most;
        *at = i / cuts * m->ld + column;
        g.rows = 1;
        g.ld = g.n = GN_MIN(m->most, m->n - column);
        g.more = m->rows == 1 || column + g.n < m->n ? AFTER : 0;
    } else {
        int64_t rows = m->most / m->n;
        *at = i * rows * m->ld;
        g.rows = GN_MIN(rows, m->rows - i * rows);
        g.n = m->n;
        g.more = m->rows == 1 ? AFTER : m->rows - i * rows - g.rows;
    }
    return g;
}

/* ---- statistics ---------------------------------------------------------------------- */

typedef struct {
    double mean[MANY], square[MANY], count; /* square: sum of (x - mean)^2 */
} moments;

/* A piece at x: one k per row, or (step 0) one in all. */
static void add_piece(moments *m, const real *x, gn_cols g, int step)
{
    static const real zero[MANY];
    real shift[MANY], sum[MANY], square[MANY];
    int64_t nk = step ? g.rows : 1;
    gn_cols first = g;
    first.rows = nk, first.n = GN_MIN(g.n, FIRST), first.more = 0;
    gn_vec->rows_moments(shift, square, x, zero, step, &first);
    for (int64_t k = 0; k < nk; k++)
        shift[k] /= (real)first.n;
    gn_vec->rows_moments(sum, square, x, shift, step, &g);
    double count = (double)(g.rows * g.n) / (double)nk;
    gn_vec->norm_merge(m->mean, m->square, m->count, shift, sum, square, count, nk);
    m->count += count;
}

static void begin(moments *m, int64_t nk)
{
    m->count = 0;
    memset(m->mean, 0, (size_t)nk * sizeof *m->mean);
    memset(m->square, 0, (size_t)nk * sizeof *m->square);
}

static void finish(const moments *m, const gn_norm *p, int64_t k, int64_t nk)
{
    gn_vec->norm_finish(p->mean + k, p->rstd + k, p->var + k, m->mean, m->square, m->count, p->eps,
                        nk);
}

/* Of one k, whose elements are m at x. */
static void find_statistics(const gn_norm *p, int64_t k, const real *x, const matrix *m)
{
    moments found;
    begin(&found, 1);
    for (int64_t i = 0; i < pieces(m); i++) {
        int64_t at;
        gn_cols g = piece_of(m, p, i, &at);
        add_piece(&found, x + at, g, 0);
    }
    finish(&found, p, k, 1);
}

/* ---- batch norm ---------------------------------------------------------------------- */

static void set_scale(const gn_norm *p, int64_t k, real *s, real *t)
{
    real w = p->w ? p->w[k] : 1, b = p->b ? p->b[k] : 0;
    gn_vec->norm_scale(s, t, &w, p->rstd + k, &b, p->mean + k, 1);
}

static matrix planes(const gn_norm *p, int64_t most)
{
    return (matrix){p->n, p->k * p->len, p->len, most};
}

static void forward_planes(const gn_norm *p, int64_t k)
{
    real s, t;
    gn_norm_map c = {.s = &s, .t = &t};
    matrix m = planes(p, PIECE), back = planes(p, RECENT);
    const real *x = p->x + k * p->len;
    if (!p->fixed)
        find_statistics(p, k, x, &m);
    set_scale(p, k, &s, &t);
    for (int64_t i = pieces(&back) - 1; i >= 0; i--) {
        int64_t at;
        gn_cols g = piece_of(&back, p, i, &at);
        gn_vec->rows_apply(p->out + k * p->len + at, x + at, &c, &g);
    }
}

static void backward_planes(const gn_norm *p, int64_t k)
{
    real s, t, u = 0, v = 0, sum, dot;
    gn_norm_map c = {.mean = p->mean + k, .s = &s, .t = &t, .p = &u, .q = &v};
    matrix m = planes(p, PIECE), back = planes(p, RECENT);
    set_scale(p, k, &s, &t);
    for (int64_t i = 0; i < pieces(&m); i++) {
        int64_t at;
        gn_cols g = piece_of(&m, p, i, &at);
        at += k * p->len;
        gn_vec->rows_sums(&sum, &dot, p->dy + at, p->x + at, gn_norm_at(p->y, at), &c, &g);
        p->db[k] += sum;
        p->dw[k] += dot * p->rstd[k];
    }
    if (!p->fixed) {
        real scale = -s / (real)(p->n * p->len);
        v = scale * p->db[k];
        u = scale * p->rstd[k] * p->dw[k];
    }
    for (int64_t i = pieces(&back) - 1; p->out && i >= 0; i--) {
        int64_t at;
        gn_cols g = piece_of(&back, p, i, &at);
        at += k * p->len;
        gn_vec->rows_dx(p->out + at, p->dy + at, p->x + at, gn_norm_at(p->y, at), &c, &g);
    }
}

/* ---- norms of each sample ------------------------------------------------------------ */

/* Runs first .. first + n - 1, which follow each other, and the coefficients of each. */
typedef struct {
    const gn_norm *p;
    int64_t first, n, k[MANY], c[MANY]; /* each belongs to a k and a weight */
    real mean[MANY], rstd[MANY], w[MANY], b[MANY], s[MANY], t[MANY], u[MANY], v[MANY];
} runs;

static int64_t runs_of(const gn_norm *p)
{
    return p->len / p->run;
}

/* Number of runs that are worked on together, of n. */
static int64_t together(const gn_norm *p, int64_t n)
{
    return GN_MIN(GN_MIN(MANY, GN_MAX(RECENT / p->run, 1)), n);
}

static void set_runs(runs *r, const gn_norm *p, int64_t first, int64_t n)
{
    int64_t per = runs_of(p), c = first % p->channels, k = first / per, i = first % per;
    r->p = p;
    r->first = first;
    r->n = n;
    for (int64_t j = 0; j < n; j++) {
        r->k[j] = k;
        r->c[j] = c;
        r->mean[j] = p->mean[k];
        r->rstd[j] = p->rstd[k];
        r->w[j] = p->w ? p->w[c] : 1;
        r->b[j] = p->b ? p->b[c] : 0;
        c = c + 1 == p->channels ? 0 : c + 1;
        i = i + 1 == per ? 0 : i + 1;
        k += i == 0;
    }
    gn_vec->norm_scale(r->s, r->t, r->w, r->rstd, r->b, r->mean, n);
}

static gn_norm_map map_of(const runs *r, int64_t j)
{
    return (gn_norm_map){r->mean + j, r->s + j, r->t + j, r->u + j, r->v + j, 1};
}

static gn_cols columns_of(const runs *r)
{
    return (gn_cols){r->n, r->p->run, r->p->run, r->p->act, r->p->before, r->p->slope, AFTER};
}

static void forward_block(const gn_norm *p, int64_t k, int64_t nk)
{
    const real *x = p->x + k * p->len;
    if (!p->fixed && nk == 1) {
        matrix m = {1, p->len, p->len, PIECE};
        find_statistics(p, k, x, &m);
    } else if (!p->fixed) {
        moments m;
        gn_cols g = {nk, p->len, p->len, GN_ACT_NONE, p->before, p->slope, AFTER};
        begin(&m, nk);
        add_piece(&m, x, g, 1);
        finish(&m, p, k, nk);
    }
    if (is_layer(p)) {
        gn_norm_layer_apply(p, k, nk);
        return;
    }
    int64_t from = k * runs_of(p), n = nk * runs_of(p), step = together(p, n);
    for (int64_t i = (n - 1) / step * step; i >= 0; i -= step) {
        runs r;
        set_runs(&r, p, from + i, GN_MIN(step, n - i));
        gn_norm_map c = map_of(&r, 0);
        gn_cols g = columns_of(&r);
        int64_t at = r.first * p->run;
        gn_vec->rows_apply(p->out + at, p->x + at, &c, &g);
    }
}

/* Sums of dz and of dz (x - mean) of each run. */
static void find_sums(const runs *r, real *sum, real *dot)
{
    const gn_norm *p = r->p;
    matrix m = {1, p->run, p->run, PIECE};
    gn_cols g = columns_of(r);
    gn_norm_map c = map_of(r, 0);
    int64_t at = r->first * p->run;
    if (p->run <= PIECE)
        gn_vec->rows_sums(sum, dot, p->dy + at, p->x + at, gn_norm_at(p->y, at), &c, &g);
    for (int64_t j = 0; p->run > PIECE && j < r->n; j++) {
        sum[j] = dot[j] = 0;
        for (int64_t i = 0; i < pieces(&m); i++) {
            real more, dots;
            g = piece_of(&m, p, i, &at);
            at += (r->first + j) * p->run;
            c = map_of(r, j);
            gn_vec->rows_sums(&more, &dots, p->dy + at, p->x + at, gn_norm_at(p->y, at), &c, &g);
            sum[j] += more;
            dot[j] += dots;
        }
    }
}

/* Sums of the k's of a block and of the weights. */
typedef struct {
    real g[MANY], gx[MANY]; /* of w dz, and of w dz xhat */
    real *dw, *db;
} sums;

static void add_runs(sums *a, const runs *r, int64_t k)
{
    real sum[MANY], dot[MANY];
    find_sums(r, sum, dot);
    for (int64_t j = 0; j < r->n; j++) {
        int64_t at = r->k[j] - k;
        real xhat = dot[j] * r->rstd[j];
        a->db[r->c[j]] += sum[j];
        a->dw[r->c[j]] += xhat;
        a->g[at] += r->w[j] * sum[j];
        a->gx[at] += r->w[j] * xhat;
    }
}

static void write_runs(const sums *a, runs *r, int64_t k)
{
    const gn_norm *p = r->p;
    real scale = -1 / (real)p->len;
    for (int64_t j = 0; j < r->n; j++) { /* not times 0, which of a NaN is NaN */
        real rstd = r->rstd[j];
        r->v[j] = p->fixed ? 0 : scale * rstd * a->g[r->k[j] - k];
        r->u[j] = p->fixed ? 0 : scale * rstd * rstd * a->gx[r->k[j] - k];
    }
    gn_norm_map c = map_of(r, 0);
    gn_cols g = columns_of(r);
    int64_t at = r->first * p->run;
    gn_vec->rows_dx(p->out + at, p->dy + at, p->x + at, gn_norm_at(p->y, at), &c, &g);
}

static void backward_block(const gn_norm *p, sums *a, int64_t k, int64_t nk)
{
    int64_t from = k * runs_of(p), n = nk * runs_of(p), step = together(p, n);
    runs r;
    if (is_layer(p)) {
        gn_norm_layer_backward(p, a->dw, a->db, k, nk);
        return;
    }
    memset(a->g, 0, (size_t)nk * sizeof(real));
    memset(a->gx, 0, (size_t)nk * sizeof(real));
    for (int64_t i = 0; i < n; i += step) {
        set_runs(&r, p, from + i, GN_MIN(step, n - i));
        add_runs(a, &r, k);
    }
    for (int64_t i = (n - 1) / step * step; p->out && i >= 0; i -= step) {
        if (n > step)
            set_runs(&r, p, from + i, GN_MIN(step, n - i));
        write_runs(a, &r, k);
    }
}

/* ---- tasks --------------------------------------------------------------------------- */

typedef struct {
    const gn_norm *p;
    int64_t nk, share, tasks; /* k's of a block, k's of a task */
    real *part;               /* (tasks, 2, C), or NULL: no two tasks share a weight */
} plan;

static plan plan_of(const gn_norm *p, bool back)
{
    plan q = {.p = p, .nk = p->n > 1 ? 1 : GN_MIN(GN_MAX(SHORT / p->len, 1), MANY)};
    int64_t share = GN_MAX(TASK / (p->n * p->len), 1);
    if (back && gn_norm_uses(p) > 1)
        share = GN_MAX(share, gn_ceil_div(p->k, gn_norm_most_parts(p)));
    q.share = gn_ceil_div(share, q.nk) * q.nk;
    q.tasks = gn_ceil_div(p->k, q.share);
    return q;
}

static void forward_task(void *ctx, int64_t task)
{
    const plan *q = ctx;
    const gn_norm *p = q->p;
    int64_t end = GN_MIN((task + 1) * q->share, p->k);
    for (int64_t k = task * q->share; k < end; k += q->nk)
        if (p->n > 1)
            forward_planes(p, k);
        else
            forward_block(p, k, GN_MIN(q->nk, end - k));
}

static void backward_task(void *ctx, int64_t task)
{
    const plan *q = ctx;
    const gn_norm *p = q->p;
    int64_t end = GN_MIN((task + 1) * q->share, p->k);
    sums a = {.dw = p->dw, .db = p->db};
    if (q->part) {
        a.dw = q->part + 2 * task * p->channels;
        a.db = a.dw + p->channels;
        memset(a.dw, 0, 2 * (size_t)p->channels * sizeof(real));
    }
    for (int64_t k = task * q->share; k < end; k += q->nk)
        if (p->n > 1)
            backward_planes(p, k);
        else
            backward_block(p, &a, k, GN_MIN(q->nk, end - k));
}

void gn_norm_rows_forward(const gn_norm *p)
{
    plan q = plan_of(p, false);
    gn_parallel(q.tasks, forward_task, &q);
}

int64_t gn_norm_rows_tasks(const gn_norm *p)
{
    return plan_of(p, true).tasks;
}

void gn_norm_rows_backward(const gn_norm *p, real *part)
{
    plan q = plan_of(p, true);
    q.part = part;
    gn_parallel(q.tasks, backward_task, &q);
}
