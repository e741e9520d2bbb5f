/* op_index.c - ops driven by indices.  Indices are real tensors holding integers; they are
 * checked.  Adjoint pairs: gather and scatter_add,
 * index_select and index_add, cumsum and cumsum from the other end. */
#include "ops.h"

#include <string.h>

bool gn_split_at(const char *op, const gn_tensor *x, int64_t dim, gn_split *s, int *d)
{
    *d = gn_dim_index(op, dim, x->ndim);
    if (*d < 0)
        return false;
    *s = (gn_split){1, x->ndim ? x->dim[*d] : 1, 1};
    for (int k = 0; k < *d; k++)
        s->outer *= x->dim[k];
    for (int k = *d + 1; k < x->ndim; k++)
        s->inner *= x->dim[k];
    return true;
}

/* Every index is an integer in [0, size). */
bool gn_check_index(const char *op, const gn_tensor *index, int64_t size)
{
    for (int64_t i = 0; i < index->numel; i++) {
        real v = index->data[i];
        if (!(v >= 0 && v < (real)size && v == (real)(int64_t)v))
            return gn_fail_as(GN_INDEX,
                              "%s: index %g at position %lld, expected an integer in "
                              "[0, %lld)",
                              op, (double)v, (long long)i, (long long)size);
    }
    return true;
}

/* ---- gather, scatter_add ------------------------------------------------------------- */

/* x cut down to the size of index in every dimension but d. */
static gn_tensor *corner(gn_tensor *x, const gn_tensor *index, int d)
{
    bool fits = x->ndim == index->ndim;
    for (int k = 0; fits && k < x->ndim; k++)
        fits = k == d || index->dim[k] <= x->dim[k];
    if (!fits)
        return gn_fail("gather: index has shape %s, expected at most that of x, %s, except in "
                       "dimension %d",
                       gn_shape_text(index), gn_shape_text(x), d);
    for (int k = 0; k < index->ndim; k++)
        if (k != d && index->dim[k] < x->dim[k])
            x = gn_narrow(x, k, 0, index->dim[k]);
    return x;
}

/* The adjoint of corner: zeros around. */
static gn_tensor *uncorner(gn_tensor *dy, const gn_tensor *x, int d)
{
    for (int k = 0; k < x->ndim; k++)
        if (dy && k != d && dy->dim[k] < x->dim[k])
            dy = gn_embed(dy, k, 0, x->dim[k]);
    return dy;
}

static gn_tensor *gather_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0], *index = c->in[1];
    gn_split s;
    int d;
    if (!gn_split_at("gather", x, c->attr[0].i, &s, &d) ||
        !gn_check_index("gather", index, s.size) || !(x = corner(x, index, d)) ||
        !gn_split_at("gather", x, d, &s, &d))
        return NULL;
    gn_tensor *y = gn_tensor_like(index);
    int64_t n = index->ndim ? index->dim[d] : 1, at = 0;
    for (int64_t o = 0; y && o < s.outer; o++)
        for (int64_t i = 0; i < n; i++)
            for (int64_t k = 0; k < s.inner; k++, at++)
                y->data[at] = x->data[(o * s.size + (int64_t)index->data[at]) * s.inner + k];
    return y;
}

static void gather_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    int d = gn_dim_index("gather", c->attr[0].i, dy->ndim);
    (void)y;
    dx[0] = gn_scatter_add(dy, d, c->in[1], dy->ndim ? c->in[0]->dim[d] : 1);
    dx[0] = uncorner(dx[0], c->in[0], d);
}

const gn_op gn_op_gather = {.name = "gather",
                            .result = GN_FIRST,
                            .sig = "input, dim:int, index",
                            .doc = "x[..., index[..., i, ...], ...] along dim; elsewhere "
                                   "index may be smaller than x.",
                            .fwd = gather_fwd,
                            .vjp = gather_vjp,
                            .needs = "1",
                            .fixed = "1"};

gn_tensor *gn_gather(gn_tensor *x, int64_t dim, gn_tensor *index)
{
    gn_call c = {.op = &gn_op_gather, .nin = 2, .in = {x, index}};
    c.attr[0] = gn_attr_int(dim);
    return x && index ? gn_apply(&c) : NULL;
}

static gn_tensor *scatter_add_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0], *index = c->in[1];
    int64_t size = c->attr[1].i, dim[GN_MAX_DIM], at = 0;
    gn_split s;
    int d;
    if (!gn_split_at("scatter_add", x, c->attr[0].i, &s, &d))
        return NULL;
    if (!gn_same_shape(x, index))
        return gn_fail("scatter_add: x %s and index %s must have the same shape", gn_shape_text(x),
                       gn_shape_text(index));
    if (x->ndim == 0 && size != 1)
        return gn_fail("scatter_add: size = %lld, expected 1 for a 0-d x", (long long)size);
    if (!gn_check_index("scatter_add", index, size))
        return NULL;
    memcpy(dim, x->dim, sizeof dim);
    dim[d] = size;
    gn_tensor *y = gn_tensor_full(x->ndim, dim, 0);
    for (int64_t o = 0; y && o < s.outer; o++)
        for (int64_t i = 0; i < s.size; i++)
            for (int64_t k = 0; k < s.inner; k++, at++)
                y->data[(o * size + (int64_t)index->data[at]) * s.inner + k] += x->data[at];
    return y;
}

static void scatter_add_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    (void)y;
    dx[0] = gn_gather(dy, c->attr[0].i, c->in[1]);
}

const gn_op gn_op_scatter_add = {.name = "scatter_add",
                                 .whole = gn_sum_whole,
                                 .result = GN_FIRST,
                                 .sig = "input, dim:int, index, size:int",
                                 .doc = "Zeros with x added at index along dim, which gets "
                                        "`size`: the adjoint of gather.",
                                 .fwd = scatter_add_fwd,
                                 .vjp = scatter_add_vjp,
                                 .needs = "1",
                                 .fixed = "1"};

gn_tensor *gn_scatter_add(gn_tensor *x, int64_t dim, gn_tensor *index, int64_t size)
{
    gn_call c = {.op = &gn_op_scatter_add, .nin = 2, .in = {x, index}};
    c.attr[0] = gn_attr_int(dim);
    c.attr[1] = gn_attr_int(size);
    return x && index ? gn_apply(&c) : NULL;
}

/* ---- index_select, index_add --------------------------------------------------------- */

static gn_tensor *index_select_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0], *index = c->in[1];
    int64_t dim[GN_MAX_DIM];
    gn_split s;
    int d;
    if (!gn_split_at("index_select", x, c->attr[0].i, &s, &d))
        return NULL;
    if (index->ndim != 1 || x->ndim == 0)
        return gn_fail("index_select: index has shape %s, x %s; expected a 1-D index and x of at "
                       "least 1 dimension",
                       gn_shape_text(index), gn_shape_text(x));
    if (!gn_check_index("index_select", index, s.size))
        return NULL;
    memcpy(dim, x->dim, sizeof dim);
    dim[d] = index->numel;
    gn_tensor *y = gn_tensor_new(x->ndim, dim);
    for (int64_t o = 0; y && o < s.outer; o++)
        for (int64_t i = 0; i < index->numel && s.inner; i++)
            memcpy(y->data + (o * index->numel + i) * s.inner,
                   x->data + (o * s.size + (int64_t)index->data[i]) * s.inner,
                   (size_t)s.inner * sizeof(real));
    return y;
}

static void index_select_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    int d = gn_dim_index("index_select", c->attr[0].i, dy->ndim);
    (void)y;
    dx[0] = gn_index_add(dy, d, c->in[1], c->in[0]->dim[d]);
}

const gn_op gn_op_index_select = {.name = "index_select",
                                  .result = GN_FIRST,
                                  .sig = "input, dim:int, index",
                                  .doc = "The slices of x along dim that the 1-D index names.",
                                  .fwd = index_select_fwd,
                                  .vjp = index_select_vjp,
                                  .needs = "1",
                                  .fixed = "1"};

gn_tensor *gn_index_select(gn_tensor *x, int64_t dim, gn_tensor *index)
{
    gn_call c = {.op = &gn_op_index_select, .nin = 2, .in = {x, index}};
    c.attr[0] = gn_attr_int(dim);
    return x && index ? gn_apply(&c) : NULL;
}

static gn_tensor *index_add_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0], *index = c->in[1];
    int64_t size = c->attr[1].i, dim[GN_MAX_DIM];
    gn_split s;
    int d;
    if (!gn_split_at("index_add", x, c->attr[0].i, &s, &d))
        return NULL;
    if (index->ndim != 1 || x->ndim == 0 || index->numel != s.size)
        return gn_fail("index_add: index has shape %s, expected (%lld,)", gn_shape_text(index),
                       (long long)s.size);
    if (!gn_check_index("index_add", index, size))
        return NULL;
    memcpy(dim, x->dim, sizeof dim);
    dim[d] = size;
    gn_tensor *y = gn_tensor_full(x->ndim, dim, 0);
    for (int64_t o = 0; y && o < s.outer; o++)
        for (int64_t i = 0; i < s.size; i++)
            gn_vec->add_row(y->data + (o * size + (int64_t)index->data[i]) * s.inner,
                            x->data + (o * s.size + i) * s.inner, s.inner);
    return y;
}

static void index_add_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    (void)y;
    dx[0] = gn_index_select(dy, c->attr[0].i, c->in[1]);
}

const gn_op gn_op_index_add = {.name = "index_add",
                               .whole = gn_sum_whole,
                               .result = GN_FIRST,
                               .sig = "input, dim:int, index, size:int",
                               .doc = "Zeros of `size` along dim with the slices of x added where "
                                      "index says: the adjoint of index_select.",
                               .fwd = index_add_fwd,
                               .vjp = index_add_vjp,
                               .needs = "1",
                               .fixed = "1"};

gn_tensor *gn_index_add(gn_tensor *x, int64_t dim, gn_tensor *index, int64_t size)
{
    gn_call c = {.op = &gn_op_index_add, .nin = 2, .in = {x, index}};
    c.attr[0] = gn_attr_int(dim);
    c.attr[1] = gn_attr_int(size);
    return x && index ? gn_apply(&c) : NULL;
}

/* ---- cumsum -------------------------------------------------------------------------- */

static gn_tensor *cumsum(gn_call *c, bool whole)
{
    gn_tensor *x = c->in[0], *y = gn_tensor_like(x);
    gn_split s;
    int d;
    if (!y || !gn_split_at("cumsum", x, c->attr[0].i, &s, &d))
        return NULL;
    for (int64_t o = 0; o < s.outer; o++)
        for (int64_t k = 0; k < s.inner; k++) {
            const real *from = x->data + o * s.size * s.inner + k;
            real *to = y->data + o * s.size * s.inner + k;
            double sum = 0; /* one chain of any length */
            uint64_t n = 0; /* wraps, after an element that is refused */
            for (int64_t i = 0; i < s.size * s.inner; i += s.inner)
                to[i] = whole ? gn_whole((int64_t)(n += (uint64_t)(int64_t)from[i]))
                              : (real)(sum += (double)from[i]);
        }
    return y;
}

static gn_tensor *cumsum_fwd(gn_call *c)
{
    return cumsum(c, false);
}

static gn_tensor *cumsum_whole(gn_call *c)
{
    return cumsum(c, true);
}

static void cumsum_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    gn_dims d = GN_DIM(c->attr[0].i);
    (void)y;
    dx[0] = dy->ndim ? gn_flip(gn_cumsum(gn_flip(dy, d), d.v[0]), d) : dy;
}

const gn_op gn_op_cumsum = {.name = "cumsum",
                            .whole = cumsum_whole,
                            .result = GN_SUMS,
                            .sig = "input, dim:int, *, dtype:dtype=None",
                            .doc = "Running sum along dim.",
                            .fwd = cumsum_fwd,
                            .vjp = cumsum_vjp,
                            .needs = ""};

gn_tensor *gn_cumsum(gn_tensor *x, int64_t dim)
{
    gn_call c = {.op = &gn_op_cumsum, .nin = 1, .in = {x}};
    c.attr[0] = gn_attr_int(dim);
    return x ? gn_apply(&c) : NULL;
}
