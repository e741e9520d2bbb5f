/* op_reduce.c - sums, maxima and what is made of them, over any set of dimensions.
 *
 * A reduction is a few passes over (A, R, B) -> (A, B): R is a run of neighbouring reduced
 * dimensions.  B = 1 sums along memory in 16 virtual lanes, B > 1 adds rows.  Long R is
 * cut into pieces of a size that depends on the shape alone, then their results are
 * reduced in order: the bits do not depend on the threads. */
#include "ops.h"

#include <math.h>
#include <string.h>

enum { COLUMNS = 64, ROWS = 512 }; /* ROWS: most that add up one by one */

typedef enum { SUM, SUM_SQUARE, MAX } reduction;

typedef struct {
    reduction kind;
    const real *x;
    real *y;
    int64_t a, r, b;     /* (a, r, b) -> (a, pieces, b) */
    int64_t piece;       /* how much of r one result covers */
    int64_t rows_a_task; /* b = 1: results of one task */
} pass;

static int64_t pieces_of(const pass *w)
{
    return (w->r + w->piece - 1) / w->piece;
}

static real reduce_run(reduction kind, const real *x, int64_t n)
{
    if (kind == SUM)
        return gn_vec->sum(x, n);
    return kind == MAX ? gn_vec->max(x, n) : gn_vec->sum_square(x, n);
}

static void rows_task(void *ctx, int64_t task)
{
    const pass *w = ctx;
    int64_t pieces = pieces_of(w);
    int64_t end = GN_MIN((task + 1) * w->rows_a_task, w->a * pieces);
    for (int64_t i = task * w->rows_a_task; i < end; i++) {
        int64_t from = i % pieces * w->piece;
        w->y[i] =
            reduce_run(w->kind, w->x + i / pieces * w->r + from, GN_MIN(w->r - from, w->piece));
    }
}

static void columns_task(void *ctx, int64_t task)
{
    const pass *w = ctx;
    int64_t blocks = (w->b + COLUMNS - 1) / COLUMNS, pieces = pieces_of(w);
    int64_t j = task % blocks * COLUMNS, i = task / blocks % pieces, a = task / blocks / pieces;
    int64_t n = GN_MIN(w->b - j, COLUMNS), end = GN_MIN((i + 1) * w->piece, w->r);
    const real *x = w->x + (a * w->r + i * w->piece) * w->b + j;
    real *y = w->y + (a * pieces + i) * w->b + j;
    if (w->kind == SUM) {
        gn_vec->cols_sum(y, x, end - i * w->piece, w->b, n);
        return;
    }
    memcpy(y, x, (size_t)n * sizeof *y);
    for (int64_t r = i * w->piece + 1; r < end; r++)
        gn_vec->max_row(y, x += w->b, n);
}

/* One result per piece; repeated until one piece is left. r > 0. */
static gn_tensor *reduce_pass(reduction kind, gn_tensor *x, int64_t a, int64_t r, int64_t b)
{
    while (x) {
        pass w = {.kind = kind, .x = x->data, .a = a, .r = r, .b = b};
        w.piece =
            b == 1 ? GN_CHUNK : GN_MIN(r * b > 4 * GN_CHUNK ? GN_MAX(64, GN_CHUNK / b) : r, ROWS);
        int64_t pieces = pieces_of(&w), shape[3] = {a, pieces, b};
        gn_tensor *y = gn_tensor_new(3, shape);
        if (!y)
            return NULL;
        w.y = y->data;
        if (b == 1) {
            w.rows_a_task = GN_MAX(GN_CHUNK / GN_MIN(r, GN_CHUNK), 1);
            gn_parallel((a * pieces + w.rows_a_task - 1) / w.rows_a_task, rows_task, &w);
        } else {
            gn_parallel(a * pieces * ((b + COLUMNS - 1) / COLUMNS), columns_task, &w);
        }
        if (pieces == 1)
            return y;
        x = y;
        r = pieces;
        kind = kind == MAX ? MAX : SUM;
    }
    return NULL;
}

/* drop[d]: dimension d is reduced.  The result has the kept dimensions, in order. */
static gn_tensor *reduce(reduction kind, gn_tensor *x, const bool *drop)
{
    int64_t size[GN_MAX_DIM];
    bool gone[GN_MAX_DIM];
    int n = 0;
    for (int d = 0; d < x->ndim; d++) {
        if (x->dim[d] == 1)
            continue;
        if (n && gone[n - 1] == drop[d])
            size[n - 1] *= x->dim[d];
        else {
            gone[n] = drop[d];
            size[n++] = x->dim[d];
        }
    }
    if (kind == SUM_SQUARE && (n == 0 || !gone[n - 1] || n > 2)) {
        x = gn_square(x);
        kind = SUM;
    }
    for (int last = n - 1; x && last >= 0; last--) {
        if (!gone[last])
            continue;
        int64_t a = 1, b = 1;
        for (int d = 0; d < last; d++)
            a *= size[d];
        for (int d = last + 1; d < n; d++)
            b *= gone[d] ? 1 : size[d];
        x = reduce_pass(kind, x, a, size[last], b);
        kind = kind == MAX ? MAX : SUM;
    }
    return x;
}

/* Fills drop and the output shape from the attributes dim and keepdim. */
static bool parse_dims(const gn_call *c, int at, bool keepdim, bool *drop, int *ndim,
                       int64_t *shape)
{
    const gn_tensor *x = c->in[0];
    const gn_attr *dims = &c->attr[at];
    bool all = !dims->given || dims->n == 0;
    for (int d = 0; d < GN_MAX_DIM; d++)
        drop[d] = all && d < x->ndim;
    for (int k = 0; !all && k < dims->n; k++) {
        int d = gn_dim_index(c->op->name, dims->v[k], x->ndim);
        if (d < 0)
            return false;
        if (drop[d] && x->ndim)
            return gn_fail("%s: dimension %d appears twice in dim", c->op->name, d);
        drop[d] = true;
    }
    *ndim = 0;
    for (int d = 0; d < x->ndim; d++)
        if (!drop[d] || keepdim)
            shape[(*ndim)++] = drop[d] ? 1 : x->dim[d];
    return true;
}

static gn_tensor *shaped(gn_tensor *y, int ndim, const int64_t *shape)
{
    return y ? gn_tensor_view(y, 0, ndim, shape) : NULL;
}

static gn_tensor *reduce_call(reduction kind, gn_call *c)
{
    bool drop[GN_MAX_DIM], keepdim = c->attr[1].i;
    int ndim;
    int64_t shape[GN_MAX_DIM];
    gn_tensor *x = c->in[0];
    if (!parse_dims(c, 0, keepdim, drop, &ndim, shape))
        return NULL;
    if (x->numel == 0) {
        for (int d = 0; d < x->ndim && kind == MAX; d++)
            if (drop[d] && x->dim[d] == 0)
                return gn_fail_as(GN_INDEX,
                                  "%s: dimension %d of shape %s is empty, there is no "
                                  "largest element",
                                  c->op->name, d, gn_shape_text(x));
        return gn_tensor_full(ndim, shape, 0);
    }
    gn_tensor *y = reduce(kind, x, drop);
    if (y == x) { /* nothing to add up: a copy, not an alias */
        y = gn_tensor_like(x);
        if (y)
            memcpy(y->data, x->data, (size_t)x->numel * sizeof(real));
    }
    return shaped(y, ndim, shape);
}

/* dy, shaped (kept dims), seen at x's shape. */
static gn_tensor *spread(gn_call *c, gn_tensor *dy)
{
    bool drop[GN_MAX_DIM];
    int ndim;
    int64_t shape[GN_MAX_DIM];
    gn_tensor *x = c->in[0];
    parse_dims(c, 0, true, drop, &ndim, shape);
    return gn_expand(gn_reshape(dy, ndim, shape), x->ndim, x->dim);
}

static void set_dims(gn_attr *a, gn_dims dims)
{
    *a = (gn_attr){.given = dims.n >= 0, .n = GN_MAX(dims.n, 0)};
    memcpy(a->v, dims.v, sizeof a->v);
}

static gn_tensor *apply_reduction(const gn_op *op, gn_tensor *x, gn_dims dims, bool keepdim)
{
    gn_call c = {.op = op, .nin = 1, .in = {x}};
    set_dims(&c.attr[0], dims);
    c.attr[1] = gn_attr_int(keepdim);
    return x ? gn_apply(&c) : NULL;
}

#define DIMS "input, dim:dims=None, keepdim:bool=False"

/* ---- sum, sum_to, mean --------------------------------------------------------------- */

static gn_tensor *sum_fwd(gn_call *c)
{
    return reduce_call(SUM, c);
}

static void sum_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    (void)y;
    dx[0] = spread(c, dy);
}

const gn_op gn_op_sum = {.name = "sum",
                         .sig = DIMS,
                         .doc = "Sum over the given dimensions, or all.",
                         .fwd = sum_fwd,
                         .vjp = sum_vjp,
                         .needs = ""};

gn_tensor *gn_sum(gn_tensor *x, gn_dims dims, bool keepdim)
{
    return apply_reduction(&gn_op_sum, x, dims, keepdim);
}

static int64_t reduced_count(gn_call *c)
{
    bool drop[GN_MAX_DIM];
    int ndim;
    int64_t shape[GN_MAX_DIM], n = 1;
    if (!parse_dims(c, 0, false, drop, &ndim, shape))
        return 1;
    for (int d = 0; d < c->in[0]->ndim; d++)
        n *= drop[d] ? c->in[0]->dim[d] : 1;
    return n;
}

gn_dims gn_attr_dims(const gn_attr *a)
{
    gn_dims d = {.n = a->given ? a->n : -1};
    memcpy(d.v, a->v, sizeof d.v);
    return d;
}

static gn_tensor *mean_ref(gn_call *c)
{
    double n = (double)reduced_count(c);
    return gn_affine(gn_sum(c->in[0], gn_attr_dims(&c->attr[0]), c->attr[1].i), 1 / n, 0);
}

const gn_op gn_op_mean = {
    .name = "mean", .sig = DIMS, .doc = "Mean over the given dimensions, or all.", .ref = mean_ref};

gn_tensor *gn_mean(gn_tensor *x, gn_dims dims, bool keepdim)
{
    return apply_reduction(&gn_op_mean, x, dims, keepdim);
}

static gn_tensor *var_ref(gn_call *c)
{
    gn_dims dims = gn_attr_dims(&c->attr[0]);
    double n = (double)reduced_count(c), correction = c->attr[1].f;
    gn_tensor *x = c->in[0], *d = gn_sub(x, gn_mean(x, dims, true));
    return gn_affine(gn_sum(gn_square(d), dims, c->attr[2].i), 1 / GN_MAX(n - correction, 0), 0);
}

const gn_op gn_op_var = {.name = "var",
                         .sig = "input, dim:dims=None, correction:float=1.0, keepdim:bool=False",
                         .doc = "Variance; the sum of squares is divided by n - correction.",
                         .ref = var_ref};

static gn_tensor *sum_to_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0];
    const gn_attr *shape = &c->attr[0];
    bool drop[GN_MAX_DIM] = {false};
    int lead = x->ndim - shape->n;
    for (int d = GN_MIN(lead, 0); d < x->ndim; d++) {
        int64_t to = d < lead ? 1 : shape->v[d - lead];
        if (lead < 0 || (to != 1 && to != x->dim[d]))
            return gn_fail("sum_to: shape %s cannot be summed to %s", gn_shape_text(x),
                           gn_dims_text(shape->n, shape->v));
        drop[d] = to == 1 && (x->dim[d] != 1);
    }
    if (x->numel == 0)
        return gn_tensor_full(shape->n, shape->v, 0);
    return shaped(reduce(SUM, x, drop), shape->n, shape->v);
}

static void sum_to_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    (void)y;
    dx[0] = gn_expand(dy, c->in[0]->ndim, c->in[0]->dim);
}

const gn_op gn_op_sum_to = {.name = "sum_to",
                            .sig = "input, shape:dims",
                            .doc = "Sums away what broadcasting to x's shape had added: the "
                                   "adjoint of expand.",
                            .fwd = sum_to_fwd,
                            .vjp = sum_to_vjp,
                            .needs = ""};

gn_tensor *gn_sum_to(gn_tensor *x, int ndim, const int64_t *dim)
{
    gn_call c = {.op = &gn_op_sum_to, .nin = 1, .in = {x}};
    if (!x)
        return NULL;
    if (x->ndim == ndim && memcmp(x->dim, dim, (size_t)ndim * sizeof *dim) == 0)
        return x;
    c.attr[0] = gn_attr_ints(ndim, dim);
    return gn_apply(&c);
}

/* ---- maxima -------------------------------------------------------------------------- */

static gn_tensor *amax_fwd(gn_call *c)
{
    return reduce_call(MAX, c);
}

static void amax_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    gn_dims dims = gn_attr_dims(&c->attr[0]);
    gn_tensor *hit = gn_eq(c->in[0], spread(c, y));
    dx[0] = gn_mul(spread(c, dy), gn_div(hit, gn_sum(hit, dims, true)));
}

const gn_op gn_op_amax = {.name = "amax",
                          .sig = DIMS,
                          .doc = "Largest element; NaN wins; ties share the gradient equally.",
                          .fwd = amax_fwd,
                          .vjp = amax_vjp};

gn_tensor *gn_amax(gn_tensor *x, gn_dims dims, bool keepdim)
{
    return apply_reduction(&gn_op_amax, x, dims, keepdim);
}

static gn_tensor *amin_ref(gn_call *c)
{
    return gn_neg(gn_amax(gn_neg(c->in[0]), gn_attr_dims(&c->attr[0]), c->attr[1].i));
}

const gn_op gn_op_amin = {.name = "amin",
                          .sig = DIMS,
                          .doc = "Smallest element; NaN wins; ties share the gradient equally.",
                          .ref = amin_ref};

/* ---- norm ---------------------------------------------------------------------------- */

static gn_tensor *norm_fwd(gn_call *c)
{
    return gn_sqrt(reduce_call(SUM_SQUARE, c));
}

/* x / |x|, and 0 where |x| = 0: no division by zero in any order of derivative. */
static void norm_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    gn_tensor *zero = gn_eq(y, gn_scalar(0));
    gn_tensor *scale = gn_div(gn_where(zero, gn_scalar(0), dy), gn_where(zero, gn_scalar(1), y));
    dx[0] = gn_mul(c->in[0], spread(c, scale));
}

const gn_op gn_op_norm = {.name = "norm",
                          .sig = DIMS,
                          .doc = "Euclidean norm; its gradient at 0 is 0.",
                          .fwd = norm_fwd,
                          .vjp = norm_vjp};
