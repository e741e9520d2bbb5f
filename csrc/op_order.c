/* op_order.c - which elements are the largest or smallest: argmax, argmin, topk_index.  NaN
 * counts as the largest, for argmin as the smallest; of equal ones the lower index comes first. */
#include "ops.h"

#include <stdlib.h>
#include <string.h>

/* a comes before b in descending order; NaN first, then the lower index. */
static bool before(real a, real b)
{
    return a != a ? b == b : b == b && a > b;
}

static gn_tensor *arg_best(gn_call *c, real sign)
{
    gn_tensor *x = c->in[0];
    gn_split s = {1, x->numel, 1};
    int64_t dim[GN_MAX_DIM];
    int d = 0, ndim = 0;
    bool keepdim = c->attr[1].i;
    if (c->attr[0].given && !gn_split_at(c->op->name, x, c->attr[0].i, &s, &d))
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
    real value;
    int64_t index;
} ranked;

static int largest_first(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (before(x->value, y->value))
        return -1;
    if (before(y->value, x->value))
        return 1;
    return x->index < y->index ? -1 : 1;
}

static int smallest_first(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (before(y->value, x->value))
        return -1;
    if (before(x->value, y->value))
        return 1;
    return x->index < y->index ? -1 : 1;
}

static gn_tensor *topk_index_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0];
    int64_t k = c->attr[0].i, dim[GN_MAX_DIM];
    gn_split s;
    int d;
    if (!gn_split_at("topk", x, c->attr[1].i, &s, &d))
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
            row[j] = (ranked){x->data[(o * s.size + j) * s.inner + r], j};
        qsort(row, (size_t)s.size, sizeof *row, c->attr[2].i ? largest_first : smallest_first);
        for (int64_t j = 0; j < k; j++)
            y->data[(o * k + j) * s.inner + r] = gn_whole(row[j].index);
    }
    gn_free(row);
    return y;
}

const gn_op gn_op_topk_index = {
    .name = "topk_index",
    .result = GN_INDICES,
    .sig = "input, k:int, dim:int=-1, largest:bool=True",
    .doc = "Indices of the k largest (or smallest) elements along dim, "
           "best first; NaN counts as largest, a tie goes to the lower index.",
    .fwd = topk_index_fwd,
    .needs = "-"};
