/* op_shape.c - the same elements in another shape or order.  Adjoint pairs: expand and
 * sum_to, permute and its inverse, flip and itself. */
#include "ops.h"
#include "reduce.h"

#include <string.h>

gn_tensor *gn_zeros_like(const gn_tensor *x)
{
    return x ? gn_tensor_full(x->ndim, x->dim, 0) : NULL;
}

static gn_tensor *read_part(const gn_tensor *x, gn_part *p, const int64_t *dim)
{
    gn_tensor *y = gn_tensor_new(p->ndim, dim);
    memcpy(p->dim, dim, (size_t)p->ndim * sizeof *dim);
    if (y)
        gn_part_read(y->data, x->data, p);
    return y;
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

static bool identity_part(const gn_call *c, const gn_tensor *y, gn_part *p)
{
    (void)c, (void)y, (void)p;
    return true;
}

const gn_op gn_op_identity = {.name = "identity",
                              .result = GN_ALIKE,
                              .sig = "input",
                              .doc = "The same values in the same storage, as a new tensor.",
                              .fwd = identity_fwd,
                              .vjp = identity_vjp,
                              .needs = "",
                              .part = identity_part};

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

static bool reshape_part(const gn_call *c, const gn_tensor *y, gn_part *p)
{
    (void)c;
    return gn_part_reshape(p, y->ndim, y->dim);
}

const gn_op gn_op_reshape = {.name = "reshape",
                             .result = GN_ALIKE,
                             .sig = "input, shape:dims",
                             .doc = "The same elements in another shape; one size may be -1.  "
                                    "Shares the storage.",
                             .fwd = reshape_fwd,
                             .vjp = reshape_vjp,
                             .needs = "",
                             .part = reshape_part};

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
    gn_part own = gn_part_dense(x->ndim, x->dim), p = {.ndim = shape.n};
    int lead = shape.n - x->ndim;
    for (int d = 0; d < shape.n && lead >= 0; d++) {
        int64_t size = d < lead ? 1 : x->dim[d - lead];
        if (shape.v[d] == -1 && d >= lead)
            shape.v[d] = size;
        if (size != 1 && size != shape.v[d])
            lead = -1;
        else if (size != 1)
            p.stride[d] = own.stride[d - lead];
    }
    if (lead < 0)
        return gn_fail("expand: shape %s cannot become %s: only sizes of 1 can grow",
                       gn_shape_text(x), gn_dims_text(c->attr[0].n, c->attr[0].v));
    return read_part(x, &p, shape.v);
}

static void expand_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    (void)y;
    dx[0] = gn_sum_to(dy, c->in[0]->ndim, c->in[0]->dim);
}

static bool expand_part(const gn_call *c, const gn_tensor *y, gn_part *p)
{
    gn_part x = *p;
    int lead = y->ndim - x.ndim;
    (void)c;
    p->ndim = y->ndim;
    for (int d = 0; d < y->ndim; d++) {
        bool grows = d < lead || x.dim[d - lead] != y->dim[d];
        p->dim[d] = y->dim[d];
        p->stride[d] = grows ? 0 : x.stride[d - lead];
    }
    return true;
}

const gn_op gn_op_expand = {.name = "expand",
                            .result = GN_ALIKE,
                            .sig = "input, shape:dims",
                            .doc = "Repeats sizes of 1 up to `shape` (-1 keeps a size): a view.",
                            .fwd = expand_fwd,
                            .vjp = expand_vjp,
                            .needs = "",
                            .part = expand_part};

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
    gn_part own = gn_part_dense(x->ndim, x->dim), p = {.ndim = x->ndim};
    int64_t dim[GN_MAX_DIM];
    bool seen[GN_MAX_DIM] = {false};
    if (c->attr[0].n != x->ndim)
        return gn_fail("permute: dims %s must name each of the %d dimensions of shape %s once",
                       gn_dims_text(c->attr[0].n, c->attr[0].v), x->ndim, gn_shape_text(x));
    for (int k = 0; k < x->ndim; k++) {
        int d = gn_dim_index("permute", c->attr[0].v[k], x->ndim);
        if (d < 0)
            return NULL;
        if (seen[d])
            return gn_fail("permute: dimension %d appears twice in dims", d);
        seen[d] = true;
        dim[k] = x->dim[d];
        p.stride[k] = own.stride[d];
    }
    return read_part(x, &p, dim);
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

static void permuted_part(const int64_t *order, gn_part *p)
{
    gn_part x = *p;
    for (int k = 0; k < x.ndim; k++) {
        int64_t d = order[k] < 0 ? order[k] + x.ndim : order[k];
        p->dim[k] = x.dim[d];
        p->stride[k] = x.stride[d];
    }
}

static bool permute_part(const gn_call *c, const gn_tensor *y, gn_part *p)
{
    (void)y;
    permuted_part(c->attr[0].v, p);
    return true;
}

const gn_op gn_op_permute = {.name = "permute",
                             .result = GN_ALIKE,
                             .sig = "input, dims:dims",
                             .doc = "Dimensions in another order: a view.",
                             .fwd = permute_fwd,
                             .vjp = permute_vjp,
                             .needs = "",
                             .part = permute_part};

gn_tensor *gn_permute(gn_tensor *x, int n, const int64_t *order)
{
    gn_call c = {.op = &gn_op_permute, .nin = 1, .in = {x}};
    c.attr[0] = gn_attr_ints(n, order);
    return x ? gn_apply(&c) : NULL;
}

static bool exchanged(const gn_call *c, int ndim, int64_t *order)
{
    int a = gn_dim_index("transpose", c->attr[0].i, ndim);
    int b = a < 0 ? -1 : gn_dim_index("transpose", c->attr[1].i, ndim);
    for (int d = 0; d < ndim; d++)
        order[d] = d == a ? b : d == b ? a : d;
    return b >= 0;
}

static gn_tensor *transpose_ref(gn_call *c)
{
    int64_t order[GN_MAX_DIM];
    gn_tensor *x = c->in[0];
    return exchanged(c, x->ndim, order) ? gn_permute(x, x->ndim, order) : NULL;
}

static bool transpose_part(const gn_call *c, const gn_tensor *y, gn_part *p)
{
    int64_t order[GN_MAX_DIM];
    if (!exchanged(c, y->ndim, order))
        return false;
    permuted_part(order, p);
    return true;
}

const gn_op gn_op_transpose = {.name = "transpose",
                               .result = GN_ALIKE,
                               .sig = "input, dim0:int, dim1:int",
                               .doc = "Two dimensions exchanged: a view.",
                               .ref = transpose_ref,
                               .part = transpose_part};

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
    gn_tensor *x = c->in[0];
    gn_part p = gn_part_dense(x->ndim, x->dim);
    bool seen[GN_MAX_DIM] = {false};
    for (int k = 0; k < c->attr[0].n; k++) {
        int d = gn_dim_index("flip", c->attr[0].v[k], x->ndim);
        if (d < 0)
            return NULL;
        if (seen[d])
            return gn_fail("flip: dimension %d appears twice in dims", d);
        seen[d] = true;
        if (x->ndim == 0)
            continue;
        p.offset += (x->dim[d] - 1) * p.stride[d];
        p.stride[d] = -p.stride[d];
    }
    return read_part(x, &p, x->dim);
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
