/* op_pad.c - padding of the last dimensions by a constant, a reflection, the edge or the other end,
 * and its adjoint.  A negative pad cuts off.  Each dimension is an axis of single taps (planes.h):
 * the last two go together, each other one as (outer, size, inner). */
#include "ops.h"
#include "planes.h"

#include <string.h>

typedef enum { CONSTANT, REFLECT, REPLICATE, CIRCULAR } pad_mode;

typedef struct {
    int n; /* dimensions that are padded, the last ones */
    int64_t before[GN_MAX_DIM], after[GN_MAX_DIM];
    pad_mode mode;
} pad_how;

static int64_t source(int64_t i, int64_t n, pad_mode mode)
{
    if (i >= 0 && i < n)
        return i;
    if (mode == REPLICATE)
        return i < 0 ? 0 : n - 1;
    if (mode == CIRCULAR)
        return i < 0 ? i + n : i - n;
    return mode == CONSTANT ? -1 : i < 0 ? -i : 2 * (n - 1) - i;
}

static bool pad_axis(gn_axis *a, const pad_how *p, int d, int64_t n, bool adjoint)
{
    int64_t out = n + p->before[d] + p->after[d];
    if (!gn_axis_begin(a, n, out, out))
        return false;
    for (int64_t i = 0; i < out; i++) {
        int64_t from = source(i - p->before[d], n, p->mode);
        if (from >= 0)
            gn_axis_tap(a, from, 1);
        gn_axis_row(a);
    }
    return gn_axis_finish(a, adjoint);
}

/* ---- checks -------------------------------------------------------------------------- */

static bool pad_fits(const char *op, const pad_how *p, int d, int64_t n)
{
    int64_t low = p->before[d], high = p->after[d], out;
    if (__builtin_add_overflow(n, low, &out) || __builtin_add_overflow(out, high, &out) ||
        out >= INT32_MAX)
        return gn_fail("%s: pads %lld and %lld make a dimension of %lld too large", op,
                       (long long)low, (long long)high, (long long)n);
    if (out < (p->mode == CONSTANT ? 0 : 1) || low < -n || high < -n)
        return gn_fail("%s: pads %lld and %lld leave nothing of a dimension of %lld", op,
                       (long long)low, (long long)high, (long long)n);
    int64_t most = p->mode == REFLECT ? n - 1 : p->mode == CIRCULAR ? n : INT64_MAX;
    if (n > 0 && (low > most || high > most))
        return gn_fail("%s: pads %lld and %lld, expected at most %lld for a dimension of %lld that "
                       "is reflected or repeated",
                       op, (long long)low, (long long)high, (long long)most, (long long)n);
    return p->mode == CONSTANT || n > 0 ||
           gn_fail("%s: an empty dimension has nothing to reflect or repeat", op);
}

/* attr: before, after, mode.  dims: those of the unpadded tensor. */
static bool read_pad(const char *op, const gn_attr *attr, int ndim, const int64_t *dim, pad_how *p)
{
    p->n = attr[0].n;
    p->mode = (pad_mode)attr[2].i;
    if (!attr[0].given || !attr[1].given || attr[1].n != p->n || p->n > ndim)
        return gn_fail("%s: before %s and after %s, expected two tuples of one length, at most %d",
                       op, gn_dims_text(attr[0].n, attr[0].v), gn_dims_text(attr[1].n, attr[1].v),
                       ndim);
    memcpy(p->before, attr[0].v, sizeof p->before);
    memcpy(p->after, attr[1].v, sizeof p->after);
    for (int d = 0; d < p->n; d++)
        if (!pad_fits(op, p, d, dim[ndim - p->n + d]))
            return false;
    return true;
}

/* ---- running ------------------------------------------------------------------------- */

/* x with dimension d (and d + 1 when `two`) padded, as planes of these two. */
static gn_tensor *pad_dims(gn_tensor *x, const pad_how *p, int d, bool two, double value,
                           bool adjoint)
{
    gn_axis h = {0}, w = {0};
    int64_t dim[GN_MAX_DIM], inner = 1, k = d - (x->ndim - p->n);
    memcpy(dim, x->dim, sizeof dim);
    for (int i = 0; i < 1 + two; i++) {
        int64_t more = p->before[k + i] + p->after[k + i];
        dim[d + i] += adjoint ? -more : more;
    }
    for (int i = d + 1; i < x->ndim; i++)
        inner *= x->dim[i];
    gn_tensor *y = gn_tensor_new(x->ndim, dim);
    if (y && y->numel && pad_axis(&h, p, (int)k, adjoint ? dim[d] : x->dim[d], adjoint) &&
        (two ? pad_axis(&w, p, (int)k + 1, adjoint ? dim[d + 1] : x->dim[d + 1], adjoint)
             : gn_axis_same(&w, inner)))
        gn_axes_apply(y, x->data, &h, &w, value);
    gn_axis_free(&h);
    gn_axis_free(&w);
    return y;
}

static gn_tensor *pad_run(gn_tensor *x, const pad_how *p, double value, bool adjoint)
{
    int first = x->ndim - p->n, last = x->ndim - 1;
    if (p->n == 0)
        return gn_detach(x);
    for (int d = first; x && d < last - 1; d++)
        if (p->before[d - first] || p->after[d - first])
            x = pad_dims(x, p, d, false, value, adjoint);
    if (x && p->n == 1)
        return pad_dims(x, p, last, false, value, adjoint);
    return x ? pad_dims(x, p, last - 1, true, value, adjoint) : NULL;
}

static gn_tensor *pad_fwd(gn_call *c)
{
    pad_how p;
    gn_tensor *x = c->in[0];
    return read_pad("pad", c->attr, x->ndim, x->dim, &p) ? pad_run(x, &p, c->attr[3].f, false)
                                                         : NULL;
}

static gn_tensor *pad_dx_fwd(gn_call *c)
{
    pad_how p;
    gn_tensor *dy = c->in[0];
    int64_t dim[GN_MAX_DIM];
    gn_attr *attr = c->attr;
    memcpy(dim, dy->dim, sizeof dim);
    for (int d = dy->ndim - 1, k = attr[0].n - 1; k >= 0 && d >= 0 && attr[1].n == attr[0].n;
         d--, k--)
        if (__builtin_sub_overflow(dim[d], attr[0].v[k], &dim[d]) ||
            __builtin_sub_overflow(dim[d], attr[1].v[k], &dim[d]) || dim[d] < 0)
            return gn_fail("pad_dx: dy has shape %s, smaller than the pads %s and %s",
                           gn_shape_text(dy), gn_dims_text(attr[0].n, attr[0].v),
                           gn_dims_text(attr[1].n, attr[1].v));
    return read_pad("pad_dx", attr, dy->ndim, dim, &p) ? pad_run(dy, &p, 0, true) : NULL;
}

static void pad_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    bool forward = c->op == &gn_op_pad;
    gn_call back = {.op = forward ? &gn_op_pad_dx : &gn_op_pad, .nin = 1, .in = {dy}};
    (void)y;
    for (int i = 0; i < 3; i++)
        back.attr[i] = c->attr[i];
    back.attr[3] = gn_attr_float(0);
    dx[0] = dy ? gn_apply(&back) : NULL;
}

const gn_op gn_op_pad = {
    .name = "pad",
    .result = GN_ALIKE,
    .sig = "input, before:dims, after:dims, mode:constant|reflect|replicate|circular='constant', "
           "value:float=0",
    .doc = "The last dimensions padded by before[i] and after[i]; a negative pad cuts off.",
    .fwd = pad_fwd,
    .vjp = pad_vjp,
    .needs = ""};
const gn_op gn_op_pad_dx = {
    .name = "pad_dx",
    .sig = "dy, before:dims, after:dims, mode:constant|reflect|replicate|circular='constant'",
    .doc = "The adjoint of pad: takes the pads off, adding what they repeat to its source.",
    .fwd = pad_dx_fwd,
    .vjp = pad_vjp,
    .needs = ""};
