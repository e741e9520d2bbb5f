/* op_join.c - parts of a tensor: narrow and embed (adjoint to each other), and cat, whose
 * gradients are narrows. */
#include "ops.h"

#include <string.h>

/* ---- narrow, embed ------------------------------------------------------------------- */

/* Copies rows of `run` elements: y row i from x row i, strides in elements. */
static void copy_runs(real *y, int64_t y_step, const real *x, int64_t x_step, int64_t n,
                      int64_t run)
{
    for (int64_t i = 0; i < n && run; i++)
        memcpy(y + i * y_step, x + i * x_step, (size_t)run * sizeof *y);
}

/* Elements before and after dimension d, as the two counts of a (outer, d, inner) view. */
static int64_t outer_of(const gn_tensor *x, int d)
{
    int64_t n = 1;
    for (int k = 0; k < d; k++)
        n *= x->dim[k];
    return n;
}

static int64_t inner_of(const gn_tensor *x, int d)
{
    int64_t n = 1;
    for (int k = d + 1; k < x->ndim; k++)
        n *= x->dim[k];
    return n;
}

static gn_tensor *narrow_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0];
    int64_t start = c->attr[1].i, length = c->attr[2].i, dim[GN_MAX_DIM];
    if (x->ndim == 0)
        return gn_fail_as(GN_INDEX, "narrow: a 0-d tensor has no dimension to narrow");
    int d = gn_dim_index("narrow", c->attr[0].i, x->ndim);
    if (d < 0)
        return NULL;
    if (start < 0 || length < 0 || start > x->dim[d] || length > x->dim[d] - start)
        return gn_fail_as(GN_INDEX,
                          "narrow: start %lld, length %lld are outside size %lld of "
                          "dimension %d",
                          (long long)start, (long long)length, (long long)x->dim[d], d);
    memcpy(dim, x->dim, sizeof dim);
    dim[d] = length;
    gn_tensor *y = gn_tensor_new(x->ndim, dim);
    int64_t inner = inner_of(x, d);
    if (y)
        copy_runs(y->data, length * inner, x->data + start * inner, x->dim[d] * inner,
                  outer_of(x, d), length * inner);
    return y;
}

static void narrow_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    int d = gn_dim_index("narrow", c->attr[0].i, dy->ndim);
    (void)y;
    dx[0] = gn_embed(dy, d, c->attr[1].i, c->in[0]->dim[d]);
}

static bool narrow_part(const gn_call *c, const gn_tensor *y, gn_part *p)
{
    int d = gn_dim_index("narrow", c->attr[0].i, y->ndim);
    p->offset += c->attr[1].i * p->stride[d];
    p->dim[d] = y->dim[d];
    return true;
}

const gn_op gn_op_narrow = {.name = "narrow",
                            .result = GN_ALIKE,
                            .sig = "input, dim:int, start:int, length:int",
                            .doc = "Elements start .. start + length of one dimension: a view.",
                            .fwd = narrow_fwd,
                            .vjp = narrow_vjp,
                            .needs = "",
                            .part = narrow_part};

gn_tensor *gn_narrow(gn_tensor *x, int64_t dim, int64_t start, int64_t length)
{
    gn_call c = {.op = &gn_op_narrow, .nin = 1, .in = {x}};
    c.attr[0] = gn_attr_int(dim);
    c.attr[1] = gn_attr_int(start);
    c.attr[2] = gn_attr_int(length);
    return x ? gn_apply(&c) : NULL;
}

static gn_tensor *embed_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0];
    int64_t start = c->attr[1].i, size = c->attr[2].i, dim[GN_MAX_DIM];
    int d = gn_dim_index("embed", c->attr[0].i, x->ndim);
    if (d < 0)
        return NULL;
    if (x->ndim == 0 || start < 0 || size < 0 || start > size || x->dim[d] > size - start)
        return gn_fail_as(GN_INDEX, "embed: shape %s at %lld does not fit into size %lld",
                          gn_shape_text(x), (long long)start, (long long)size);
    memcpy(dim, x->dim, sizeof dim);
    dim[d] = size;
    gn_tensor *y = gn_tensor_full(x->ndim, dim, 0);
    int64_t inner = inner_of(x, d);
    if (y)
        copy_runs(y->data + start * inner, size * inner, x->data, x->dim[d] * inner, outer_of(x, d),
                  x->dim[d] * inner);
    return y;
}

static void embed_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    int d = gn_dim_index("embed", c->attr[0].i, dy->ndim);
    (void)y;
    dx[0] = gn_narrow(dy, d, c->attr[1].i, c->in[0]->dim[d]);
}

const gn_op gn_op_embed = {.name = "embed",
                           .result = GN_ALIKE,
                           .sig = "input, dim:int, start:int, size:int",
                           .doc = "x at `start` of a dimension of `size`, zeros around: the "
                                  "adjoint of narrow.",
                           .fwd = embed_fwd,
                           .vjp = embed_vjp,
                           .needs = ""};

gn_tensor *gn_embed(gn_tensor *x, int64_t dim, int64_t start, int64_t size)
{
    gn_call c = {.op = &gn_op_embed, .nin = 1, .in = {x}};
    c.attr[0] = gn_attr_int(dim);
    c.attr[1] = gn_attr_int(start);
    c.attr[2] = gn_attr_int(size);
    return x ? gn_apply(&c) : NULL;
}

/* ---- cat ----------------------------------------------------------------------------- */

static gn_tensor *cat_fwd(gn_call *c)
{
    gn_tensor **x = c->list;
    int64_t dim[GN_MAX_DIM];
    if (c->nin < 1 || c->nin > GN_MAX_LIST)
        return gn_fail("cat: got %d tensors, expected 1 to %d", c->nin, GN_MAX_LIST);
    int d = gn_dim_index("cat", c->attr[0].i, x[0]->ndim);
    if (d < 0)
        return NULL;
    if (x[0]->ndim == 0)
        return gn_fail("cat: 0-d tensors cannot be concatenated, use stack");
    memcpy(dim, x[0]->dim, sizeof dim);
    for (int k = 1; k < c->nin; k++) {
        bool fits = x[k]->ndim == x[0]->ndim;
        for (int i = 0; fits && i < x[0]->ndim; i++)
            fits = i == d || x[k]->dim[i] == x[0]->dim[i];
        if (!fits)
            return gn_fail("cat: tensor %d has shape %s, tensor 0 has %s; they may differ in "
                           "dimension %d only",
                           k, gn_shape_text(x[k]), gn_shape_text(x[0]), d);
        dim[d] += x[k]->dim[d];
    }
    gn_tensor *y = gn_tensor_new(x[0]->ndim, dim);
    int64_t inner = inner_of(x[0], d), at = 0;
    for (int k = 0; y && k < c->nin; at += x[k++]->dim[d] * inner)
        copy_runs(y->data + at, dim[d] * inner, x[k]->data, x[k]->dim[d] * inner, outer_of(x[k], d),
                  x[k]->dim[d] * inner);
    return y;
}

static void cat_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    int d = gn_dim_index("cat", c->attr[0].i, dy->ndim);
    int64_t at = 0;
    (void)y;
    for (int k = 0; k < c->nin; at += c->list[k++]->dim[d])
        if (gn_wants(c, k))
            dx[k] = gn_narrow(dy, d, at, c->list[k]->dim[d]);
}

const gn_op gn_op_cat = {.name = "cat",
                         .result = GN_ALIKE,
                         .sig = "tensors:list, dim:int=0",
                         .doc = "Tensors (1 to 64) one after the other along dim.",
                         .fwd = cat_fwd,
                         .vjp = cat_vjp,
                         .needs = ""};

gn_tensor *gn_cat(int n, gn_tensor **x, int64_t dim)
{
    gn_call c = {.op = &gn_op_cat, .nin = n, .list = x};
    c.attr[0] = gn_attr_int(dim);
    for (int k = 0; k < n; k++)
        if (!x[k])
            return NULL;
    return gn_apply(&c);
}
