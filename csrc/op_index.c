/* op_index.c - ops driven by indices, and those that return them.  Indices are real
 * tensors holding integers; they are checked.  Adjoint pairs: gather and scatter_add,
 * index_select and index_add, cumsum and cumsum from the other end. */
#include "ops.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    int64_t outer, size, inner;
} split; /* a tensor seen as (outer, size of dim, inner) */

static bool split_at(const char *op, const gn_tensor *x, int64_t dim, split *s, int *d)
{
    *d = gn_dim_index(op, dim, x->ndim);
    if (*d < 0)
        return false;
    *s = (split){1, x->ndim ? x->dim[*d] : 1, 1};
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

static bool check_gather(const char *op, const gn_tensor *x, const gn_tensor *index, int d)
{
    bool fits = x->ndim == index->ndim;
    for (int k = 0; fits && k < x->ndim; k++)
        fits = k == d || index->dim[k] == x->dim[k];
    return fits || gn_fail("%s: index has shape %s, expected that of x, %s, except in dimension %d",
                           op, gn_shape_text(index), gn_shape_text(x), d);
}

static gn_tensor *gather_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0], *index = c->in[1];
    split s;
    int d;
    if (!split_at("gather", x, c->attr[0].i, &s, &d) || !check_gather("gather", x, index, d) ||
        !gn_check_index("gather", index, s.size))
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
}

const gn_op gn_op_gather = {.name = "gather",
                            .result = GN_FIRST,
                            .sig = "input, dim:int, index",
                            .doc = "x[..., index[..., i, ...], ...] along dim.",
                            .fwd = gather_fwd,
                            .vjp = gather_vjp,
                            .needs = "1"};

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
    split s;
    int d;
    if (!split_at("scatter_add", x, c->attr[0].i, &s, &d))
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
                                 .needs = "1"};

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
    split s;
    int d;
    if (!split_at("index_select", x, c->attr[0].i, &s, &d))
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
                                  .needs = "1"};

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
    split s;
    int d;
    if (!split_at("index_add", x, c->attr[0].i, &s, &d))
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
                               .needs = "1"};

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
    split s;
    int d;
    if (!y || !split_at("cumsum", x, c->attr[0].i, &s, &d))
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
                            .sig = "input, dim:int",
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

/* ---- ops that return indices --------------------------------------------------------- */

/* a comes before b in descending order; NaN first, then the lower index. */
static bool before(real a, real b)
{
    return a != a ? b == b : b == b && a > b;
}

static gn_tensor *arg_best(gn_call *c, real sign)
{
    gn_tensor *x = c->in[0];
    split s = {1, x->numel, 1};
    int64_t dim[GN_MAX_DIM];
    int d = 0, ndim = 0;
    bool keepdim = c->attr[1].i;
    if (c->attr[0].given && !split_at(c->op->name, x, c->attr[0].i, &s, &d))
        return NULL;
    if (s.size == 0)
        return gn_fail_as(GN_INDEX, "%s: shape %s is empty along the reduced dimension",
                          c->op->name, gn_shape_text(x));
    for (int k = 0; k < x->ndim; k++) {
        bool gone = !c->attr[0].given || k == d;
        if (!gone || keepdim)
            dim[ndim++] = gone ? 1 : x->dim[k];
    }
    gn_tensor *y = gn_tensor_new(ndim, dim);
    for (int64_t i = 0; y && i < y->numel; i++) {
        const real *v = x->data + i / s.inner * s.size * s.inner + i % s.inner;
        int64_t best = 0;
        for (int64_t k = 1; k < s.size; k++)
            if (before(sign * v[k * s.inner], sign * v[best * s.inner]))
                best = k;
        y->data[i] = gn_whole(best);
    }
    return y;
}

static gn_tensor *argmax_fwd(gn_call *c)
{
    return arg_best(c, 1);
}

static gn_tensor *argmin_fwd(gn_call *c)
{
    return arg_best(c, -1);
}

const gn_op gn_op_argmax = {.name = "argmax",
                            .result = GN_INDICES,
                            .sig = "input, dim:int?=None, keepdim:bool=False",
                            .doc = "Index of the first largest element; NaN counts as largest.",
                            .fwd = argmax_fwd,
                            .needs = "-"};
const gn_op gn_op_argmin = {.name = "argmin",
                            .result = GN_INDICES,
                            .sig = "input, dim:int?=None, keepdim:bool=False",
                            .doc = "Index of the first smallest element; NaN counts as smallest.",
                            .fwd = argmin_fwd,
                            .needs = "-"};

typedef struct {
    real value; /* negated for the smallest */
    int64_t index;
} ranked;

static int by_rank(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (before(x->value, y->value))
        return -1;
    if (before(y->value, x->value))
        return 1;
    return x->index < y->index ? -1 : 1;
}

static gn_tensor *topk_index_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0];
    int64_t k = c->attr[0].i, dim[GN_MAX_DIM];
    real sign = c->attr[2].i ? 1 : -1;
    split s;
    int d;
    if (!split_at("topk", x, c->attr[1].i, &s, &d))
        return NULL;
    if (k < 0 || k > s.size)
        return gn_fail_as(GN_INDEX, "topk: k = %lld, expected 0 to %lld, the size of dimension %d",
                          (long long)k, (long long)s.size, d);
    memcpy(dim, x->dim, sizeof dim);
    dim[d] = k;
    gn_tensor *y = gn_tensor_new(x->ndim, dim);
    ranked *row = y ? gn_alloc("topk", (size_t)s.size * sizeof *row) : NULL;
    for (int64_t i = 0; row && i < s.outer * s.inner; i++) {
        int64_t o = i / s.inner, r = i % s.inner;
        for (int64_t j = 0; j < s.size; j++)
            row[j] = (ranked){sign * x->data[(o * s.size + j) * s.inner + r], j};
        qsort(row, (size_t)s.size, sizeof *row, by_rank);
        for (int64_t j = 0; j < k; j++)
            y->data[(o * k + j) * s.inner + r] = gn_whole(row[j].index);
    }
    gn_free(row);
    return y;
}

const gn_op gn_op_topk_index = {.name = "topk_index",
                                .result = GN_INDICES,
                                .sig = "input, k:int, dim:int=-1, largest:bool=True",
                                .doc = "Indices of the k largest (or smallest) elements along dim, "
                                       "best first; a tie goes to the lower index.",
                                .fwd = topk_index_fwd,
                                .needs = "-"};
