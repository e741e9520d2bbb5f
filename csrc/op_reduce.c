/* op_reduce.c - sums, maxima and what is made of them, over any set of dimensions: the ops over
 * reduce.h. */
#include "ops.h"
#include "reduce.h"

#include <string.h>

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

static gn_tensor *reduce_call(gn_reduction kind, gn_call *c)
{
    bool drop[GN_MAX_DIM], keepdim = c->attr[1].i;
    int ndim;
    int64_t shape[GN_MAX_DIM];
    gn_tensor *x = c->in[0];
    if (!parse_dims(c, 0, keepdim, drop, &ndim, shape))
        return NULL;
    if (x->numel == 0) {
        for (int d = 0; d < x->ndim && kind == GN_REDUCE_MAX; d++)
            if (drop[d] && x->dim[d] == 0)
                return gn_fail_as(GN_INDEX,
                                  "%s: dimension %d of shape %s is empty, there is no "
                                  "largest element",
                                  c->op->name, d, gn_shape_text(x));
        return gn_tensor_full(ndim, shape, 0);
    }
    bool squared = kind == GN_REDUCE_SUM_SQUARE && !gn_reduces_runs(x, drop);
    gn_tensor *y =
        squared ? gn_reduce(GN_REDUCE_SUM, gn_square(x), drop) : gn_reduce(kind, x, drop);
    if (y == x) /* nothing to add up: a copy, not an alias */
        y = gn_tensor_copy(x);
    return shaped(y, ndim, shape);
}

/* dy, shaped (kept dims), broadcast to x's shape. */
static gn_tensor *broadcast(gn_call *c, gn_tensor *dy)
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

/* ---- sum, mean, variance ------------------------------------------------------------- */

static gn_tensor *sum_fwd(gn_call *c)
{
    return reduce_call(GN_REDUCE_SUM, c);
}

/* Adds in 64 bits: y of the kept dimensions, one element of x after the other. */
static gn_tensor *sum_whole(gn_call *c)
{
    gn_tensor *x = c->in[0];
    bool drop[GN_MAX_DIM], lost = false;
    int ndim;
    int64_t shape[GN_MAX_DIM], step[GN_MAX_DIM], run = 1;
    if (!parse_dims(c, 0, c->attr[1].i, drop, &ndim, shape))
        return NULL;
    gn_tensor *y = gn_tensor_new(ndim, shape);
    int64_t *sum = y ? gn_alloc("sum", (size_t)GN_MAX(y->numel, 1) * sizeof *sum) : NULL;
    if (!sum)
        return NULL;
    memset(sum, 0, (size_t)y->numel * sizeof *sum);
    for (int d = x->ndim - 1; d >= 0; d--) {
        step[d] = drop[d] ? 0 : run;
        run *= drop[d] ? 1 : x->dim[d];
    }
    for (int64_t i = 0; i < x->numel; i++) {
        int64_t at = 0, left = i;
        for (int d = x->ndim - 1; d >= 0; left /= x->dim[d--])
            at += left % x->dim[d] * step[d];
        lost |= __builtin_add_overflow(sum[at], (int64_t)x->data[i], &sum[at]);
    }
    for (int64_t i = 0; i < y->numel; i++)
        y->data[i] = lost ? GN_NOT_WHOLE : gn_whole(sum[i]);
    gn_free(sum);
    return y;
}

static void sum_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    (void)y;
    dx[0] = broadcast(c, dy);
}

const gn_op gn_op_sum = {.name = "sum",
                         .whole = sum_whole,
                         .result = GN_SUMS,
                         .sig = DIMS ", *, dtype:dtype=None",
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

static gn_tensor *mean_ref(gn_call *c)
{
    double n = (double)reduced_count(c);
    return gn_affine(gn_sum(c->in[0], gn_attr_dims(&c->attr[0]), c->attr[1].i), 1 / n, 0);
}

const gn_op gn_op_mean = {.name = "mean",
                          .result = GN_MEANS,
                          .sig = DIMS ", *, dtype:dtype=None",
                          .doc = "Mean over the given dimensions, or all.",
                          .ref = mean_ref};

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
                         .result = GN_MEANS,
                         .sig = "input, dim:dims=None, correction:float=1.0, keepdim:bool=False",
                         .doc = "Variance; the sum of squares is divided by n - correction.",
                         .ref = var_ref};

/* ---- maxima -------------------------------------------------------------------------- */

static gn_tensor *amax_fwd(gn_call *c)
{
    return reduce_call(GN_REDUCE_MAX, c);
}

static void amax_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    gn_dims dims = gn_attr_dims(&c->attr[0]);
    gn_tensor *hit = gn_tensor_tagged(gn_eq(c->in[0], broadcast(c, y)), GN_FLOAT);
    dx[0] = gn_mul(broadcast(c, dy), gn_div(hit, gn_sum(hit, dims, true)));
}

const gn_op gn_op_amax = {.name = "amax",
                          .result = GN_ALIKE,
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
                          .result = GN_ALIKE,
                          .sig = DIMS,
                          .doc = "Smallest element; NaN wins; ties share the gradient equally.",
                          .ref = amin_ref};

/* ---- norm ---------------------------------------------------------------------------- */

static gn_tensor *norm_fwd(gn_call *c)
{
    return gn_sqrt(reduce_call(GN_REDUCE_SUM_SQUARE, c));
}

/* x / |x|, and 0 where |x| = 0: no division by zero in any order of derivative. */
static void norm_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    gn_tensor *zero = gn_eq(y, gn_scalar(0));
    gn_tensor *scale = gn_div(gn_where(zero, gn_scalar(0), dy), gn_where(zero, gn_scalar(1), y));
    dx[0] = gn_mul(c->in[0], broadcast(c, scale));
}

const gn_op gn_op_norm = {.name = "norm",
                          .result = GN_MEANS,
                          .sig = DIMS,
                          .doc = "Euclidean norm; its gradient at 0 is 0.",
                          .fwd = norm_fwd,
                          .vjp = norm_vjp};
