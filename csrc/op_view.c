/* op_view.c - reading and writing part of a tensor, differentiable in both: as_strided and
 * as_strided_scatter, whose gradients are each other, and index_put at positions. */
#include "ops.h"

#include <string.h>

/* ---- as_strided, as_strided_scatter ----------------------------------------------------- */

static bool part_of(const char *op, const gn_tensor *x, const gn_attr *attr, gn_part *p)
{
    const gn_attr *size = &attr[0], *stride = &attr[1];
    if (size->n != stride->n)
        return gn_fail("%s: size has %d entries, stride %d; expected as many", op, size->n,
                       stride->n);
    *p = (gn_part){.offset = attr[2].i, .ndim = size->n};
    for (int d = 0; d < p->ndim; d++) {
        p->dim[d] = size->v[d];
        p->stride[d] = stride->v[d];
        if (p->dim[d] < 0)
            break;
    }
    if (!gn_part_is_inside(p, x->numel))
        return gn_fail("%s: size %s, stride %s, offset %lld reach outside the %lld elements of "
                       "shape %s",
                       op, gn_dims_text(p->ndim, p->dim), gn_dims_text(p->ndim, p->stride),
                       (long long)p->offset, (long long)x->numel, gn_shape_text(x));
    return gn_part_is_distinct(p) ||
           gn_fail("%s: size %s, stride %s name an element twice; expected each once (see expand)",
                   op, gn_dims_text(p->ndim, p->dim), gn_dims_text(p->ndim, p->stride));
}

static gn_call strided_call(const gn_op *op, const gn_part *p)
{
    gn_call c = {.op = op, .nin = 1};
    c.attr[0] = gn_attr_ints(p->ndim, p->dim);
    c.attr[1] = gn_attr_ints(p->ndim, p->stride);
    c.attr[2] = gn_attr_int(p->offset);
    return c;
}

static gn_tensor *as_strided_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0];
    gn_part p;
    if (!part_of("as_strided", x, c->attr, &p))
        return NULL;
    if (gn_part_is_dense(&p))
        return gn_tensor_view(x, gn_part_numel(&p) ? p.offset : 0, p.ndim, p.dim);
    gn_tensor *y = gn_tensor_new(p.ndim, p.dim);
    if (y)
        gn_part_read(y->data, x->data, &p);
    return y;
}

static gn_part part_of_call(const gn_call *c)
{
    gn_part p = {.offset = c->attr[2].i, .ndim = c->attr[0].n};
    memcpy(p.dim, c->attr[0].v, sizeof p.dim);
    memcpy(p.stride, c->attr[1].v, sizeof p.stride);
    return p;
}

static void as_strided_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    gn_part p = part_of_call(c);
    (void)y;
    dx[0] = gn_as_strided_scatter(gn_zeros_like(c->in[0]), dy, &p);
}

/* Strides say where the elements of a dense input lie; a view says where that input lies itself,
 * dimension by dimension, so a part of a view that is not dense is a copy. */
static bool as_strided_part(const gn_call *c, const gn_tensor *y, gn_part *p)
{
    gn_part own = part_of_call(c);
    (void)y;
    if (!gn_part_is_dense(p))
        return false;
    own.offset += p->offset;
    *p = own;
    return true;
}

const gn_op gn_op_as_strided = {.name = "as_strided",
                                .result = GN_ALIKE,
                                .sig = "input, size:dims, stride:dims, storage_offset:int=0",
                                .doc = "Element (i, j, ..) is number storage_offset + i stride[0] "
                                       "+ j stride[1] + .. of the input: a view, no element twice.",
                                .fwd = as_strided_fwd,
                                .vjp = as_strided_vjp,
                                .needs = "",
                                .part = as_strided_part};

gn_tensor *gn_as_strided(gn_tensor *x, const gn_part *p)
{
    gn_call c = strided_call(&gn_op_as_strided, p);
    c.in[0] = x;
    return x ? gn_apply(&c) : NULL;
}

static gn_tensor *as_strided_scatter_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0], *src = c->in[1];
    gn_part p;
    if (!part_of("as_strided_scatter", x, c->attr, &p))
        return NULL;
    if (src->ndim != p.ndim || memcmp(src->dim, p.dim, (size_t)p.ndim * sizeof p.dim[0]) != 0)
        return gn_fail("as_strided_scatter: src has shape %s, expected size %s", gn_shape_text(src),
                       gn_dims_text(p.ndim, p.dim));
    gn_tensor *y = gn_tensor_copy(x);
    if (y)
        gn_part_write(y->data, &p, src->data);
    return y;
}

static void as_strided_scatter_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    gn_part p = part_of_call(c);
    (void)y;
    if (gn_wants(c, 0))
        dx[0] = gn_as_strided_scatter(dy, gn_zeros_like(c->in[1]), &p);
    if (gn_wants(c, 1))
        dx[1] = gn_as_strided(dy, &p);
}

const gn_op gn_op_as_strided_scatter = {
    .name = "as_strided_scatter",
    .result = GN_ALIKE,
    .sig = "input, src, size:dims, stride:dims, storage_offset:int=0",
    .doc = "The input with src where as_strided would read.",
    .fwd = as_strided_scatter_fwd,
    .vjp = as_strided_scatter_vjp,
    .needs = ""};

gn_tensor *gn_as_strided_scatter(gn_tensor *x, gn_tensor *src, const gn_part *p)
{
    gn_call c = strided_call(&gn_op_as_strided_scatter, p);
    c.nin = 2;
    c.in[0] = x;
    c.in[1] = src;
    return x && src ? gn_apply(&c) : NULL;
}

/* ---- index_put -------------------------------------------------------------------------- */

static gn_tensor *index_put_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0], *index = c->in[1], *values = c->in[2];
    if (index->ndim != 1 || !gn_same_shape(index, values))
        return gn_fail("index_put: index has shape %s, values %s; expected one dimension each, of "
                       "equal length",
                       gn_shape_text(index), gn_shape_text(values));
    if (!gn_check_index("index_put", index, x->numel))
        return NULL;
    gn_tensor *y = gn_tensor_copy(x);
    for (int64_t i = 0; y && i < index->numel; i++)
        y->data[(int64_t)index->data[i]] = values->data[i];
    return y;
}

static void index_put_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    gn_tensor *index = c->in[1];
    (void)y;
    if (gn_wants(c, 0))
        dx[0] = gn_index_put(dy, index, gn_zeros_like(index));
    if (gn_wants(c, 2))
        dx[2] = gn_index_select(gn_reshape(dy, 1, &dy->numel), 0, index);
}

const gn_op gn_op_index_put = {
    .name = "index_put",
    .result = GN_FIRST,
    .fixed = "1",
    .sig = "input, index, values",
    .doc =
        "The input with values[i] as its element number index[i]; the last of equal ones counts.",
    .fwd = index_put_fwd,
    .vjp = index_put_vjp,
    .needs = "1"};

gn_tensor *gn_index_put(gn_tensor *x, gn_tensor *index, gn_tensor *values)
{
    gn_call c = {.op = &gn_op_index_put, .nin = 3, .in = {x, index, values}};
    return x && index && values ? gn_apply(&c) : NULL;
}
