/* op_shape.c - the same elements in another shape or order.  Adjoint pairs: expand and
 * sum_to, permute and its inverse, flip and itself. */
#include "ops.h"
#include "reduce.h"

#include <string.h>

gn_tensor *gn_zeros_like(const gn_tensor *x)
{
    return x ? gn_tensor_full(x->ndim, x->dim, 0) : NULL;
}

/* ---- strided copy: y[i] = x[sum_d i_d step_d] ---------------------------------------- */

typedef struct {
    real *y;
    const real *x;
    int ndim; /* at least 1 */
    int64_t size[GN_MAX_DIM], step[GN_MAX_DIM];
    int64_t rows, rows_a_task;
} strided_copy;

static void copy_row(const strided_copy *w, int64_t row)
{
    int last = w->ndim - 1;
    int64_t n = w->size[last], step = w->step[last], left = row;
    const real *x = w->x;
    real *y = w->y + row * n;
    for (int d = last - 1; d >= 0; d--) {
        x += left % w->size[d] * w->step[d];
        left /= w->size[d];
    }
    if (step == 1)
        memcpy(y, x, (size_t)n * sizeof *y);
    else
        for (int64_t i = 0; i < n; i++)
            y[i] = x[i * step];
}

static void copy_task(void *ctx, int64_t task)
{
    const strided_copy *w = ctx;
    int64_t end = GN_MIN((task + 1) * w->rows_a_task, w->rows);
    for (int64_t row = task * w->rows_a_task; row < end; row++)
        copy_row(w, row);
}

static void copy_strided(gn_tensor *y, const real *x, const int64_t *step)
{
    strided_copy w = {.y = y->data, .x = x, .ndim = y->ndim};
    if (y->numel == 0)
        return;
    memcpy(w.size, y->dim, sizeof w.size);
    memcpy(w.step, step, (size_t)y->ndim * sizeof *step);
    if (w.ndim == 0)
        w.size[w.ndim++] = 1;
    w.rows = y->numel / w.size[w.ndim - 1];
    w.rows_a_task = GN_MAX(GN_CHUNK / w.size[w.ndim - 1], 1);
    gn_parallel((w.rows + w.rows_a_task - 1) / w.rows_a_task, copy_task, &w);
}

static void steps_of(const gn_tensor *x, int64_t *step)
{
    int64_t run = 1;
    for (int d = x->ndim - 1; d >= 0; d--) {
        step[d] = run;
        run *= x->dim[d];
    }
}

/* ---- identity, reshape --------------------------------------------------------------- */

static gn_tensor *identity_fwd(gn_call *c)
{
    return gn_detach(c->in[0]);
}

static void identity_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    (void)c, (void)y;
    dx[0] = dy;
}

const gn_op gn_op_identity = {.name = "identity",
                              .result = GN_ALIKE,
                              .sig = "input",
                              .doc = "The same values in the same storage, as a new tensor.",
                              .fwd = identity_fwd,
                              .vjp = identity_vjp,
                              .needs = ""};

gn_tensor *gn_identity(gn_tensor *x)
{
    gn_call c = {.op = &gn_op_identity, .nin = 1, .in = {x}};
    return x ? gn_apply(&c) : NULL;
}

static gn_tensor *reshape_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0];
    gn_attr shape = c->attr[0];
    int64_t known = 1;
    int unknown = -1;
    for (int d = 0; d < shape.n; d++) {
        if (shape.v[d] == -1 && unknown < 0)
            unknown = d;
        else if (shape.v[d] < 0 || __builtin_mul_overflow(known, shape.v[d], &known))
            return gn_fail("reshape: %s is not a shape: sizes are >= 0, at most one is -1",
                           gn_dims_text(shape.n, shape.v));
    }
    if (unknown >= 0 && known > 0 && x->numel % known == 0)
        known *= shape.v[unknown] = x->numel / known;
    if (known != x->numel || (unknown >= 0 && shape.v[unknown] < 0))
        return gn_fail("reshape: shape %s of %lld elements cannot become %s", gn_shape_text(x),
                       (long long)x->numel, gn_dims_text(c->attr[0].n, c->attr[0].v));
    return gn_tensor_view(x, 0, shape.n, shape.v);
}

static void reshape_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    (void)y;
    dx[0] = gn_reshape_like(dy, c->in[0]);
}

const gn_op gn_op_reshape = {.name = "reshape",
                             .result = GN_ALIKE,
                             .sig = "input, shape:dims",
                             .doc = "The same elements in another shape; one size may be -1.  "
                                    "Shares the storage.",
                             .fwd = reshape_fwd,
                             .vjp = reshape_vjp,
                             .needs = ""};

gn_tensor *gn_reshape(gn_tensor *x, int ndim, const int64_t *dim)
{
    gn_call c = {.op = &gn_op_reshape, .nin = 1, .in = {x}};
    c.attr[0] = gn_attr_ints(ndim, dim);
    return x ? gn_apply(&c) : NULL;
}

gn_tensor *gn_reshape_like(gn_tensor *x, const gn_tensor *shape)
{
    return x && shape ? gn_reshape(x, shape->ndim, shape->dim) : NULL;
}

/* ---- expand, sum_to ------------------------------------------------------------------ */

static gn_tensor *expand_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0];
    gn_attr shape = c->attr[0];
    int64_t step[GN_MAX_DIM] = {0}, own[GN_MAX_DIM] = {0};
    int lead = shape.n - x->ndim;
    steps_of(x, own);
    for (int d = 0; d < shape.n && lead >= 0; d++) {
        int64_t size = d < lead ? 1 : x->dim[d - lead];
        if (shape.v[d] == -1 && d >= lead)
            shape.v[d] = size;
        if (size != 1 && size != shape.v[d])
            lead = -1;
        else if (size != 1)
            step[d] = own[d - lead];
    }
    if (lead < 0)
        return gn_fail("expand: shape %s cannot become %s: only sizes of 1 can grow",
                       gn_shape_text(x), gn_dims_text(c->attr[0].n, c->attr[0].v));
    gn_tensor *y = gn_tensor_new(shape.n, shape.v);
    if (y)
        copy_strided(y, x->data, step);
    return y;
}

static void expand_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    (void)y;
    dx[0] = gn_sum_to(dy, c->in[0]->ndim, c->in[0]->dim);
}

const gn_op gn_op_expand = {.name = "expand",
                            .result = GN_ALIKE,
                            .sig = "input, shape:dims",
                            .doc = "Repeats sizes of 1 up to `shape` (-1 keeps a size).  Copies.",
                            .fwd = expand_fwd,
                            .vjp = expand_vjp,
                            .needs = ""};

gn_tensor *gn_expand(gn_tensor *x, int ndim, const int64_t *dim)
{
    gn_call c = {.op = &gn_op_expand, .nin = 1, .in = {x}};
    if (x && x->ndim == ndim && memcmp(x->dim, dim, (size_t)ndim * sizeof *dim) == 0)
        return x;
    c.attr[0] = gn_attr_ints(ndim, dim);
    return x ? gn_apply(&c) : NULL;
}

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
    gn_tensor *y = gn_reduce(GN_REDUCE_SUM, x, drop);
    return y ? gn_tensor_view(y, 0, shape->n, shape->v) : NULL;
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

/* ---- permute, transpose -------------------------------------------------------------- */

static gn_tensor *permute_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0];
    int64_t own[GN_MAX_DIM] = {0}, step[GN_MAX_DIM], dim[GN_MAX_DIM];
    bool seen[GN_MAX_DIM] = {false};
    if (c->attr[0].n != x->ndim)
        return gn_fail("permute: dims %s must name each of the %d dimensions of shape %s once",
                       gn_dims_text(c->attr[0].n, c->attr[0].v), x->ndim, gn_shape_text(x));
    steps_of(x, own);
    for (int k = 0; k < x->ndim; k++) {
        int d = gn_dim_index("permute", c->attr[0].v[k], x->ndim);
        if (d < 0)
            return NULL;
        if (seen[d])
            return gn_fail("permute: dimension %d appears twice in dims", d);
        seen[d] = true;
        dim[k] = x->dim[d];
        step[k] = own[d];
    }
    gn_tensor *y = gn_tensor_new(x->ndim, dim);
    if (y)
        copy_strided(y, x->data, step);
    return y;
}

static void permute_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    int64_t inverse[GN_MAX_DIM];
    (void)y;
    for (int k = 0; k < dy->ndim; k++) {
        int64_t d = c->attr[0].v[k];
        inverse[d < 0 ? d + dy->ndim : d] = k;
    }
    dx[0] = gn_permute(dy, dy->ndim, inverse);
}

const gn_op gn_op_permute = {.name = "permute",
                             .result = GN_ALIKE,
                             .sig = "input, dims:dims",
                             .doc = "Dimensions in another order.  Copies.",
                             .fwd = permute_fwd,
                             .vjp = permute_vjp,
                             .needs = ""};

gn_tensor *gn_permute(gn_tensor *x, int n, const int64_t *order)
{
    gn_call c = {.op = &gn_op_permute, .nin = 1, .in = {x}};
    c.attr[0] = gn_attr_ints(n, order);
    return x ? gn_apply(&c) : NULL;
}

static gn_tensor *transpose_ref(gn_call *c)
{
    int64_t order[GN_MAX_DIM];
    gn_tensor *x = c->in[0];
    int a = gn_dim_index("transpose", c->attr[0].i, x->ndim);
    int b = gn_dim_index("transpose", c->attr[1].i, x->ndim);
    if (a < 0 || b < 0)
        return NULL;
    for (int d = 0; d < x->ndim; d++)
        order[d] = d == a ? b : d == b ? a : d;
    return gn_permute(x, x->ndim, order);
}

const gn_op gn_op_transpose = {.name = "transpose",
                               .result = GN_ALIKE,
                               .sig = "input, dim0:int, dim1:int",
                               .doc = "Two dimensions exchanged.  Copies.",
                               .ref = transpose_ref};

gn_tensor *gn_transpose(gn_tensor *x, int64_t d0, int64_t d1)
{
    gn_call c = {.op = &gn_op_transpose, .nin = 1, .in = {x}};
    c.attr[0] = gn_attr_int(d0);
    c.attr[1] = gn_attr_int(d1);
    return x ? gn_apply(&c) : NULL;
}

/* ---- flip ---------------------------------------------------------------------------- */

static gn_tensor *flip_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0], *y = gn_tensor_like(x);
    int64_t step[GN_MAX_DIM] = {0}, start = 0;
    bool seen[GN_MAX_DIM] = {false};
    steps_of(x, step);
    for (int k = 0; k < c->attr[0].n; k++) {
        int d = gn_dim_index("flip", c->attr[0].v[k], x->ndim);
        if (d < 0)
            return NULL;
        if (seen[d])
            return gn_fail("flip: dimension %d appears twice in dims", d);
        seen[d] = true;
        if (x->ndim == 0)
            continue;
        start += (x->dim[d] - 1) * step[d];
        step[d] = -step[d];
    }
    if (y)
        copy_strided(y, x->data + (x->numel ? start : 0), step);
    return y;
}

static void flip_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    (void)y;
    dx[0] = gn_flip(dy, gn_attr_dims(&c->attr[0]));
}

const gn_op gn_op_flip = {.name = "flip",
                          .result = GN_ALIKE,
                          .sig = "input, dims:dims",
                          .doc = "The given dimensions in reverse order.  Copies.",
                          .fwd = flip_fwd,
                          .vjp = flip_vjp,
                          .needs = ""};

gn_tensor *gn_flip(gn_tensor *x, gn_dims dims)
{
    gn_call c = {.op = &gn_op_flip, .nin = 1, .in = {x}};
    c.attr[0] = gn_attr_ints(GN_MAX(dims.n, 0), dims.v);
    return x ? gn_apply(&c) : NULL;
}
