/* op_point.c - pointwise ops: the rows of kern/point.def made into gn_op, and where.
 *
 * Broadcasting is one plan: dimensions of the result are merged as long as both operands
 * run through them alike, the innermost merged one is the kernel's loop, the rest are
 * counted by an odometer.  Work is cut into chunks of fixed size. */
#include "ops.h"

#include <math.h>
#include <string.h>

/* ---- unary --------------------------------------------------------------------------- */

typedef struct {
    gn_unary_fn *fn;
    real *y;
    const real *x;
    int64_t n;
    real p, q;
} unary_work;

static void unary_task(void *ctx, int64_t task)
{
    const unary_work *w = ctx;
    int64_t from = task * GN_CHUNK, n = GN_MIN(w->n - from, GN_CHUNK);
    w->fn(w->y + from, w->x + from, n, w->p, w->q);
}

static gn_tensor *unary(gn_unary_fn *fn, gn_call *c)
{
    gn_tensor *x = c->in[0], *y = gn_tensor_like(x);
    if (!y)
        return NULL;
    unary_work w = {fn, y->data, x->data, x->numel, (real)c->attr[0].f, (real)c->attr[1].f};
    gn_parallel((x->numel + GN_CHUNK - 1) / GN_CHUNK, unary_task, &w);
    return y;
}

/* ---- broadcasting -------------------------------------------------------------------- */

enum { MAX_OPERANDS = 3 };

typedef struct {
    int noperand, ndim; /* merged dimensions, outermost first; at least one */
    int64_t size[GN_MAX_DIM];
    int64_t step[MAX_OPERANDS][GN_MAX_DIM];
} plan;

static bool broadcast_shape(const char *op, int n, gn_tensor **x, int *ndim, int64_t *dim)
{
    *ndim = 0;
    for (int k = 0; k < n; k++)
        *ndim = GN_MAX(*ndim, x[k]->ndim);
    for (int d = 0; d < *ndim; d++) {
        dim[d] = 1;
        for (int k = 0; k < n; k++) {
            int own = d - (*ndim - x[k]->ndim);
            int64_t size = own < 0 ? 1 : x[k]->dim[own];
            if (size == 1 || size == dim[d])
                continue;
            if (dim[d] != 1) {
                gn_fail("%s: shapes %s and %s do not broadcast: dimension %d has sizes %lld and "
                        "%lld, expected equal sizes or 1",
                        op, gn_shape_text(x[n - 2]), gn_shape_text(x[n - 1]), d, (long long)dim[d],
                        (long long)size);
                return false;
            }
            dim[d] = size;
        }
    }
    return true;
}

static void plan_make(plan *p, int n, gn_tensor **x, int ndim, const int64_t *dim)
{
    int64_t step[MAX_OPERANDS][GN_MAX_DIM];
    for (int k = 0; k < n; k++) {
        int64_t run = 1;
        for (int d = ndim - 1; d >= 0; d--) {
            int own = d - (ndim - x[k]->ndim);
            int64_t size = own < 0 ? 1 : x[k]->dim[own];
            step[k][d] = size == 1 ? 0 : run;
            run *= size;
        }
    }
    p->noperand = n;
    p->ndim = 0;
    for (int d = 0; d < ndim; d++) {
        if (dim[d] == 1)
            continue;
        int last = p->ndim - 1;
        bool merge = p->ndim > 0;
        for (int k = 0; k < n && merge; k++)
            merge = p->step[k][last] == step[k][d] * dim[d];
        if (merge)
            p->size[last] *= dim[d];
        else
            p->size[last = p->ndim++] = dim[d];
        for (int k = 0; k < n; k++)
            p->step[k][last] = step[k][d];
    }
    if (p->ndim == 0) {
        p->ndim = 1;
        p->size[0] = 1;
        for (int k = 0; k < n; k++)
            p->step[k][0] = 0;
    }
}

typedef struct {
    plan p;
    gn_binary_fn *binary; /* NULL: where */
    real *y;
    const real *x[MAX_OPERANDS];
    int64_t rows_a_task, rows;
    real param;
} broadcast_work;

static void row_offsets(const plan *p, int64_t row, int64_t *offset)
{
    for (int k = 0; k < p->noperand; k++)
        offset[k] = 0;
    for (int d = p->ndim - 2; d >= 0; d--) {
        int64_t i = row % p->size[d];
        row /= p->size[d];
        for (int k = 0; k < p->noperand; k++)
            offset[k] += i * p->step[k][d];
    }
}

static void run_piece(const broadcast_work *w, int64_t row, int64_t from, int64_t n)
{
    const plan *p = &w->p;
    int last = p->ndim - 1;
    int64_t offset[MAX_OPERANDS];
    const real *x[MAX_OPERANDS];
    int s[MAX_OPERANDS] = {0};
    row_offsets(p, row, offset);
    for (int k = 0; k < p->noperand; k++) {
        s[k] = p->step[k][last] != 0;
        x[k] = w->x[k] + offset[k] + from * s[k];
    }
    real *y = w->y + row * p->size[last] + from;
    if (w->binary)
        w->binary(y, x[0], s[0], x[1], s[1], n, w->param);
    else
        gn_vec->where(y, x[0], s[0], x[1], s[1], x[2], s[2], n);
}

/* Long rows are cut into chunks, short ones gathered to about a chunk. */
static void broadcast_task(void *ctx, int64_t task)
{
    const broadcast_work *w = ctx;
    int64_t n = w->p.size[w->p.ndim - 1];
    if (w->rows_a_task == 0) {
        int64_t pieces = (n + GN_CHUNK - 1) / GN_CHUNK, from = task % pieces * GN_CHUNK;
        run_piece(w, task / pieces, from, GN_MIN(n - from, GN_CHUNK));
        return;
    }
    int64_t end = GN_MIN((task + 1) * w->rows_a_task, w->rows);
    for (int64_t row = task * w->rows_a_task; row < end; row++)
        run_piece(w, row, 0, n);
}

/* y of the common shape from n operands: fn of two, or where of three. */
static gn_tensor *broadcast(const char *op, gn_binary_fn *fn, int n, gn_tensor **x, double param)
{
    int ndim;
    int64_t dim[GN_MAX_DIM];
    if (!broadcast_shape(op, n, x, &ndim, dim))
        return NULL;
    gn_tensor *y = gn_tensor_new(ndim, dim);
    if (!y || y->numel == 0)
        return y;
    broadcast_work w = {.binary = fn, .y = y->data, .param = (real)param};
    for (int k = 0; k < n; k++)
        w.x[k] = x[k]->data;
    plan_make(&w.p, n, x, ndim, dim);
    int64_t inner = w.p.size[w.p.ndim - 1];
    w.rows = y->numel / inner;
    w.rows_a_task = inner >= GN_CHUNK ? 0 : GN_MAX(GN_CHUNK / inner, 1);
    int64_t tasks = w.rows_a_task ? (w.rows + w.rows_a_task - 1) / w.rows_a_task
                                  : w.rows * ((inner + GN_CHUNK - 1) / GN_CHUNK);
    gn_parallel(tasks, broadcast_task, &w);
    return y;
}

gn_tensor *gn_pairwise(const char *op, gn_binary_fn *fn, gn_tensor **x)
{
    return broadcast(op, fn, 2, x, 0);
}

/* ---- the rows ------------------------------------------------------------------------ */

static gn_tensor *fit(gn_tensor *g, const gn_tensor *like)
{
    return g ? gn_sum_to(g, like->ndim, like->dim) : NULL;
}

#define OP(name_, result_, sig_, needs_, flat_, fixed_, doc_) \
    const gn_op gn_op_##name_ = {.name = #name_, \
                                 .sig = sig_, \
                                 .doc = doc_, \
                                 .fwd = fwd_##name_, \
                                 .vjp = vjp_##name_, \
                                 .needs = needs_, \
                                 .result = GN_##result_, \
                                 .whole = whole_##name_, \
                                 .flat = flat_, \
                                 .fixed = fixed_};

/* dy where a is the larger one, half of it on a tie, 0 (of an infinite dy, too) where it is not. */
static gn_tensor *shared(gn_tensor *dy, gn_tensor *a, gn_tensor *b)
{
    return gn_where(gn_lt(a, b), gn_scalar(0), gn_mul(dy, gn_share(a, b)));
}

/* The vjp of a row that is zero almost everywhere, which makes that input a flat one. */
static gn_tensor *const ZERO = NULL;
#define IS_ZERO(vjp) (__builtin_strcmp(#vjp, "ZERO") == 0)

#define UNARY(name, result, needs, sig, vjp, doc) \
    static gn_tensor *fwd_##name(gn_call *c) \
    { \
        return unary(gn_vec->unary[GN_UNARY_##name], c); \
    } \
    static gn_tensor *whole_##name(gn_call *c) \
    { \
        gn_unary_fn *fn = gn_whole_unary[GN_UNARY_##name]; \
        return unary(fn ? fn : gn_vec->unary[GN_UNARY_##name], c); \
    } \
    static void vjp_##name(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx) \
    { \
        gn_tensor *x = c->in[0]; \
        double p = c->attr[0].f, q = c->attr[1].f; \
        (void)x, (void)y, (void)dy, (void)p, (void)q; \
        dx[0] = vjp; \
    } \
    OP(name, result, sig, needs, IS_ZERO(vjp) ? "0" : NULL, NULL, doc)

#define APPLY1(name, p_, q_) \
    { \
        gn_call c = {.op = &gn_op_##name, .nin = 1, .in = {x}}; \
        c.attr[0].f = p_; \
        c.attr[1].f = q_; \
        return x ? gn_apply(&c) : NULL; \
    }
#define GN_U0(name, result, needs, expr, vjp, doc) \
    gn_tensor *gn_##name(gn_tensor *x) APPLY1(name, 0, 0) \
        UNARY(name, result, needs, "input", vjp, doc)
#define GN_U1(name, result, needs, psig, expr, vjp, doc) \
    gn_tensor *gn_##name(gn_tensor *x, double p_) APPLY1(name, p_, 0) \
        UNARY(name, result, needs, "input, " psig, vjp, doc)
#define GN_U2(name, result, needs, psig, expr, vjp, doc) \
    gn_tensor *gn_##name(gn_tensor *x, double p_, double q_) APPLY1(name, p_, q_) \
        UNARY(name, result, needs, "input, " psig, vjp, doc)

#define BINARY(name, result, needs, sig, vjp_a, vjp_b, doc) \
    static gn_tensor *fwd_##name(gn_call *c) \
    { \
        return broadcast(#name, gn_vec->binary[GN_BINARY_##name], 2, c->in, c->attr[0].f); \
    } \
    static gn_tensor *whole_##name(gn_call *c) \
    { \
        gn_binary_fn *fn = gn_whole_binary[GN_BINARY_##name]; \
        return fn ? broadcast(#name, fn, 2, c->in, 0) : fwd_##name(c); \
    } \
    static void vjp_##name(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx) \
    { \
        gn_tensor *a = c->in[0], *b = c->in[1]; \
        double p = c->attr[0].f; \
        (void)y, (void)dy, (void)p; \
        if (gn_wants(c, 0)) \
            dx[0] = fit(vjp_a, a); \
        if (gn_wants(c, 1)) \
            dx[1] = fit(vjp_b, b); \
    } \
    OP(name, result, sig, needs, IS_ZERO(vjp_b) ? "1" : NULL, NULL, doc)

#define APPLY2(name, p_) \
    { \
        gn_call c = {.op = &gn_op_##name, .nin = 2, .in = {a, b}}; \
        c.attr[0].f = p_; \
        return a && b ? gn_apply(&c) : NULL; \
    }
#define GN_B0(name, result, needs, expr, vjp_a, vjp_b, doc) \
    gn_tensor *gn_##name(gn_tensor *a, gn_tensor *b) APPLY2(name, 0) \
        BINARY(name, result, needs, "input, other", vjp_a, vjp_b, doc)
#define GN_B1(name, result, needs, psig, expr, vjp_a, vjp_b, doc) \
    gn_tensor *gn_##name(gn_tensor *a, gn_tensor *b, double p_) APPLY2(name, p_) \
        BINARY(name, result, needs, "input, other, " psig, vjp_a, vjp_b, doc)
#include "kern/point.def"

/* ---- where --------------------------------------------------------------------------- */

gn_tensor *gn_where(gn_tensor *condition, gn_tensor *a, gn_tensor *b)
{
    gn_call c = {.op = &gn_op_where, .nin = 3, .in = {condition, a, b}};
    return condition && a && b ? gn_apply(&c) : NULL;
}

static gn_tensor *fwd_where(gn_call *c)
{
    return broadcast("where", NULL, 3, c->in, 0);
}

static void vjp_where(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    gn_tensor *zero = gn_scalar(0);
    (void)y;
    if (gn_wants(c, 1))
        dx[1] = fit(gn_where(c->in[0], dy, zero), c->in[1]);
    if (gn_wants(c, 2))
        dx[2] = fit(gn_where(c->in[0], zero, dy), c->in[2]);
}

#define whole_where NULL
OP(where, BRANCHES, "condition, input, other", "0", NULL, "0",
   "a where condition is not 0, else b; the three broadcast.")
