/* op_matmul.c - matrix products.  matmul_t is the one primitive: both operands may be
 * transposed by flag, so its derivatives are itself; matmul adds PyTorch's broadcasting;
 * linear is the fused layer, bias and activation done in the store of the tile. */
#include "ops.h"

#include <string.h>

static bool run_gemm(gn_gemm_args *g)
{
    void *work = gn_alloc("gemm workspace", gn_gemm_workspace(g));
    if (!work)
        return false;
    gn_gemm(g, work);
    gn_free(work);
    return gn_failed() == GN_OK;
}

static gn_mat dense(const real *p, int64_t columns, bool transposed)
{
    return (gn_mat){.p = p, .rs = transposed ? 1 : columns, .cs = transposed ? columns : 1};
}

/* ---- matmul_t ------------------------------------------------------------------------ */

static bool same_batch(const gn_tensor *a, const gn_tensor *b)
{
    return a->ndim == b->ndim && a->ndim >= 2 &&
           (a->ndim == 2 || memcmp(a->dim, b->dim, (size_t)(a->ndim - 2) * sizeof a->dim[0]) == 0);
}

static gn_tensor *matmul_t_fwd(gn_call *c)
{
    gn_tensor *a = c->in[0], *b = c->in[1];
    bool ta = c->attr[0].i, tb = c->attr[1].i;
    if (!same_batch(a, b))
        return gn_fail("matmul: shapes %s and %s: expected at least 2 dimensions and equal "
                       "leading ones",
                       gn_shape_text(a), gn_shape_text(b));
    const int64_t *da = a->dim + a->ndim - 2, *db = b->dim + b->ndim - 2;
    int64_t k = da[!ta], dim[GN_MAX_DIM];
    if (db[tb] != k)
        return gn_fail("matmul: shapes %s%s and %s%s: the inner sizes are %lld and %lld, expected "
                       "equal",
                       gn_shape_text(a), ta ? " transposed" : "", gn_shape_text(b),
                       tb ? " transposed" : "", (long long)k, (long long)db[tb]);
    memcpy(dim, a->dim, sizeof dim);
    gn_gemm_args g = {.m = da[ta], .n = db[!tb], .k = k, .nbatch = 1};
    dim[a->ndim - 2] = g.m;
    dim[a->ndim - 1] = g.n;
    gn_tensor *y = gn_tensor_new(a->ndim, dim);
    if (!y)
        return NULL;
    for (int d = 0; d < a->ndim - 2; d++)
        g.nbatch *= a->dim[d];
    g.a = dense(a->data, da[1], ta);
    g.b = dense(b->data, db[1], tb);
    g.c = dense(y->data, g.n, false);
    g.a_step = da[0] * da[1];
    g.b_step = db[0] * db[1];
    g.c_step = g.m * g.n;
    return run_gemm(&g) ? y : NULL;
}

static void matmul_t_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    gn_tensor *a = c->in[0], *b = c->in[1];
    bool ta = c->attr[0].i, tb = c->attr[1].i;
    (void)y;
    if (gn_wants(c, 0))
        dx[0] = ta ? gn_matmul_t(b, dy, tb, true) : gn_matmul_t(dy, b, false, !tb);
    if (gn_wants(c, 1))
        dx[1] = tb ? gn_matmul_t(dy, a, true, ta) : gn_matmul_t(a, dy, !ta, false);
}

const gn_op gn_op_matmul_t = {.name = "matmul_t",
                              .whole = gn_sum_whole,
                              .result = GN_SUMS,
                              .sig = "input, other, ta:bool=False, tb:bool=False",
                              .doc = "Matrix product of the last two dimensions, each operand "
                                     "transposed by flag; equal leading dimensions.",
                              .fwd = matmul_t_fwd,
                              .vjp = matmul_t_vjp,
                              .needs = "AB"};

gn_tensor *gn_matmul_t(gn_tensor *a, gn_tensor *b, bool ta, bool tb)
{
    gn_call c = {.op = &gn_op_matmul_t, .nin = 2, .in = {a, b}};
    c.attr[0] = gn_attr_int(ta);
    c.attr[1] = gn_attr_int(tb);
    return a && b ? gn_apply(&c) : NULL;
}

/* ---- matmul: PyTorch's broadcasting -------------------------------------------------- */

static gn_tensor *drop_dim(gn_tensor *x, int d)
{
    int64_t dim[GN_MAX_DIM];
    int n = 0;
    for (int k = 0; x && k < x->ndim; k++)
        if (k != d)
            dim[n++] = x->dim[k];
    return x ? gn_reshape(x, n, dim) : NULL;
}

/* Leading dimensions of both, broadcast against each other; -1 when they do not fit. */
static int batch_shape(const gn_tensor *a, const gn_tensor *b, int64_t *batch)
{
    int n = GN_MAX(a->ndim, b->ndim) - 2;
    for (int d = 0; d < n; d++) {
        int da = d - (n + 2 - a->ndim), db = d - (n + 2 - b->ndim);
        int64_t x = da < 0 ? 1 : a->dim[da], y = db < 0 ? 1 : b->dim[db];
        if (x != y && x != 1 && y != 1)
            return -1;
        batch[d] = x == 1 ? y : x;
    }
    return n;
}

static gn_tensor *with_batch(gn_tensor *x, int n, const int64_t *batch)
{
    int64_t dim[GN_MAX_DIM];
    memcpy(dim, batch, (size_t)n * sizeof *dim);
    dim[n] = x->dim[x->ndim - 2];
    dim[n + 1] = x->dim[x->ndim - 1];
    return gn_expand(x, n + 2, dim);
}

static gn_tensor *matmul_2d(gn_tensor *a, gn_tensor *b)
{
    int64_t dim[GN_MAX_DIM], batch[GN_MAX_DIM];
    if (b->ndim == 2 && a->ndim > 2) { /* one tall product */
        int64_t flat[2] = {a->dim[a->ndim - 1] ? a->numel / a->dim[a->ndim - 1] : 0,
                           a->dim[a->ndim - 1]};
        if (a->numel || !flat[1]) {
            memcpy(dim, a->dim, sizeof dim);
            dim[a->ndim - 1] = b->dim[1];
            if (flat[1])
                return gn_reshape(gn_matmul_t(gn_reshape(a, 2, flat), b, false, false), a->ndim,
                                  dim);
        }
    }
    int n = batch_shape(a, b, batch);
    if (n < 0)
        return gn_fail("matmul: the leading dimensions of %s and %s do not broadcast",
                       gn_shape_text(a), gn_shape_text(b));
    a = with_batch(a, n, batch);
    b = b && a ? with_batch(b, n, batch) : NULL;
    return a && b ? gn_matmul_t(a, b, false, false) : NULL;
}

static gn_tensor *matmul_ref(gn_call *c)
{
    gn_tensor *a = c->in[0], *b = c->in[1];
    if (a->ndim == 0 || b->ndim == 0)
        return gn_fail("matmul: both operands need at least 1 dimension, got shapes %s and %s",
                       gn_shape_text(a), gn_shape_text(b));
    bool row = a->ndim == 1, column = b->ndim == 1;
    if (row)
        a = gn_reshape(a, 2, (int64_t[]){1, a->numel});
    if (column)
        b = gn_reshape(b, 2, (int64_t[]){b->numel, 1});
    gn_tensor *y = a && b ? matmul_2d(a, b) : NULL;
    if (y && column)
        y = drop_dim(y, y->ndim - 1);
    if (y && row)
        y = drop_dim(y, y->ndim - (column ? 1 : 2));
    return y;
}

const gn_op gn_op_matmul = {.name = "matmul",
                            .whole = gn_sum_whole,
                            .result = GN_SUMS,
                            .sig = "input, other",
                            .doc = "Matrix product; 1-D operands and leading dimensions as in "
                                   "NumPy and PyTorch.",
                            .ref = matmul_ref};

/* ---- linear -------------------------------------------------------------------------- */

static bool check_linear(gn_tensor *x, gn_tensor *w, gn_tensor *b, double slope)
{
    if (w->ndim != 2)
        return gn_fail("linear: w has shape %s, expected (out_features, in_features)",
                       gn_shape_text(w));
    if (x->ndim < 1 || x->dim[x->ndim - 1] != w->dim[1])
        return gn_fail("linear: x has shape %s, w %s: the last size of x must be in_features = "
                       "%lld",
                       gn_shape_text(x), gn_shape_text(w), (long long)w->dim[1]);
    if (b && (b->ndim != 1 || b->dim[0] != w->dim[0]))
        return gn_fail("linear: b has shape %s, expected (%lld,)", gn_shape_text(b),
                       (long long)w->dim[0]);
    return gn_check_slope("linear", slope);
}

static int64_t rows_of(const gn_tensor *x)
{
    int64_t rows = 1;
    for (int d = 0; d < x->ndim - 1; d++)
        rows *= x->dim[d];
    return rows;
}

static gn_tensor *linear_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0], *w = c->in[1], *b = c->in[2];
    int64_t dim[GN_MAX_DIM];
    if (!check_linear(x, w, b, c->attr[1].f))
        return NULL;
    memcpy(dim, x->dim, sizeof dim);
    dim[x->ndim - 1] = w->dim[0];
    gn_tensor *y = gn_tensor_new(x->ndim, dim);
    if (!y)
        return NULL;
    gn_gemm_args g = {.m = rows_of(x),
                      .n = w->dim[0],
                      .k = w->dim[1],
                      .nbatch = 1,
                      .a = dense(x->data, w->dim[1], false),
                      .b = dense(w->data, w->dim[1], true),
                      .c = dense(y->data, w->dim[0], false)};
    g.epilogue = (gn_epilogue){.bias = b ? b->data : NULL,
                               .bias_axis = 1,
                               .act = (gn_act)c->attr[0].i,
                               .slope = (real)c->attr[1].f};
    return run_gemm(&g) ? y : NULL;
}

static gn_tensor *flat_rows(gn_tensor *x)
{
    return x->ndim == 2 ? x : gn_reshape(x, 2, (int64_t[]){rows_of(x), x->dim[x->ndim - 1]});
}

static void linear_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    gn_tensor *x = c->in[0], *w = c->in[1];
    gn_tensor *dz = gn_activate_dx(dy, y, (gn_act)c->attr[0].i, c->attr[1].f);
    gn_tensor *dz2 = dz ? flat_rows(dz) : NULL;
    if (!dz2)
        return;
    if (gn_wants(c, 0))
        dx[0] = gn_reshape_like(gn_matmul_t(dz2, w, false, false), x);
    if (gn_wants(c, 1))
        dx[1] = gn_matmul_t(dz2, flat_rows(x), true, false);
    if (gn_wants(c, 2))
        dx[2] = gn_sum(dz2, GN_DIM(0), false);
}

static gn_tensor *linear_ref(gn_call *c)
{
    gn_tensor *x = c->in[0], *w = c->in[1], *b = c->in[2];
    if (!check_linear(x, w, b, c->attr[1].f))
        return NULL;
    gn_tensor *z = gn_matmul_t(flat_rows(x), w, false, true);
    if (b)
        z = gn_add(z, b);
    int64_t dim[GN_MAX_DIM];
    memcpy(dim, x->dim, sizeof dim);
    dim[x->ndim - 1] = w->dim[0];
    return gn_activate(gn_reshape(z, x->ndim, dim), (gn_act)c->attr[0].i, c->attr[1].f);
}

const gn_op gn_op_linear = {
    .name = "linear",
    .sig = "input, w, b=None, *, " GN_ACT_SIG,
    .doc = "act(x w^T + b): x (..., I), w (O, I), b (O,); slope is that of leaky_relu.",
    .fwd = linear_fwd,
    .vjp = linear_vjp,
    .ref = linear_ref,
    .needs = "01y"};

gn_tensor *gn_linear(gn_tensor *x, gn_tensor *w, gn_tensor *b, gn_act act, double slope)
{
    gn_call c = {.op = &gn_op_linear, .nin = 3, .in = {x, w, b}};
    c.attr[0] = gn_attr_int(act);
    c.attr[1] = gn_attr_float(slope);
    return x && w ? gn_apply(&c) : NULL;
}
