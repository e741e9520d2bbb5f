/* op_window.c - windows of planes: reading their attributes, and the pair im2col and col2im
 * (unfold and fold), each the other's adjoint. */
#include "ops.h"
#include "planes.h"

#include <string.h>

/* ---- attributes ---------------------------------------------------------------------- */

bool gn_planes_check(const char *op, const gn_tensor *x)
{
    int n = x->ndim;
    if ((n == 3 || n == 4) && x->dim[n - 1] > 0 && x->dim[n - 2] > 0)
        return true;
    return gn_fail("%s: x has shape %s, expected (N, C, H, W) or (C, H, W) with H and W at least 1",
                   op, gn_shape_text(x));
}

gn_tensor *gn_planes_new(const gn_tensor *like, int64_t h, int64_t w)
{
    int64_t dim[GN_MAX_DIM];
    memcpy(dim, like->dim, sizeof dim);
    dim[like->ndim - 2] = h;
    dim[like->ndim - 1] = w;
    return gn_tensor_new(like->ndim, dim);
}

bool gn_pair_read(const char *op, const char *name, const gn_attr *a, int64_t low,
                  const int64_t *otherwise, int64_t *pair)
{
    bool given = a && a->given && a->n > 0;
    const int64_t *from = given ? a->v : otherwise;
    if (!from)
        return gn_fail("%s: %s is missing, expected one or two integers", op, name);
    if (given && a->n > 2)
        return gn_fail("%s: %s = %s, expected one or two integers", op, name,
                       gn_dims_text(a->n, a->v));
    for (int d = 0; d < 2; d++) {
        pair[d] = from[given && a->n == 1 ? 0 : d];
        if (pair[d] < low || pair[d] > INT32_MAX)
            return gn_fail("%s: %s = %lld, expected %lld to %d", op, name, (long long)pair[d],
                           (long long)low, INT32_MAX);
    }
    return true;
}

static bool window_out(const char *op, gn_window *g, int d, const gn_window_attrs *a)
{
    int64_t extent = g->dilation[d] * (g->kernel[d] - 1) + 1, s = g->stride[d];
    int64_t left = g->in[d] + 2 * g->pad[d] - extent;
    if (a->pool && g->pad[d] > g->kernel[d] / 2)
        return gn_fail("%s: padding = %lld, expected at most half of kernel_size = %lld", op,
                       (long long)g->pad[d], (long long)g->kernel[d]);
    if (a->ceil)
        left += s - 1;
    if (left < 0)
        return gn_fail("%s: a kernel that spans %lld does not fit into %lld + 2 * %lld elements; "
                       "use a smaller kernel_size or more padding",
                       op, (long long)extent, (long long)g->in[d], (long long)g->pad[d]);
    g->out[d] = left / s + 1;
    if (a->ceil && (g->out[d] - 1) * s >= g->in[d] + g->pad[d])
        g->out[d]--;
    return true;
}

bool gn_window_read(const char *op, const int64_t *in, gn_window_attrs a, gn_window *g)
{
    static const int64_t zeros[2] = {0, 0}, ones[2] = {1, 1};
    const int64_t *step = a.stride_otherwise ? a.stride_otherwise : g->kernel;
    if (in[0] > INT32_MAX || in[1] > INT32_MAX)
        return gn_fail("%s: H = %lld, W = %lld, expected at most %d", op, (long long)in[0],
                       (long long)in[1], INT32_MAX);
    memcpy(g->in, in, sizeof g->in);
    return gn_pair_read(op, "kernel_size", a.kernel, 1, NULL, g->kernel) &&
           gn_pair_read(op, "stride", a.stride, 1, step, g->stride) &&
           gn_pair_read(op, "padding", a.pad, 0, zeros, g->pad) &&
           gn_pair_read(op, "dilation", a.dilation, 1, ones, g->dilation) &&
           window_out(op, g, 0, &a) && window_out(op, g, 1, &a);
}

/* ---- im2col, col2im ------------------------------------------------------------------ */

typedef struct {
    gn_window g;
    real *to;
    const real *from;
    int64_t channels, rows; /* of the tensor that is written; rows per task */
} column_work;

#define WINDOW_ATTRS "kernel_size:dims, dilation:dims=None, padding:dims=None, stride:dims=None"

static bool read_columns(const char *op, const int64_t *size, const gn_attr *attr, gn_window *g)
{
    static const int64_t ones[2] = {1, 1};
    gn_window_attrs a = {.kernel = attr,
                         .dilation = attr + 1,
                         .pad = attr + 2,
                         .stride = attr + 3,
                         .stride_otherwise = ones};
    return gn_window_read(op, size, a, g);
}

/* The columns p of one tap (r, s) of one channel: (P, Q) values of a plane, zeros outside. */
static void copy_tap(const gn_window *g, real *y, const real *plane, int64_t r, int64_t s)
{
    int64_t t = s * g->dilation[1], from, to, top, bottom, n = g->out[1], step = g->stride[1];
    gn_window_range(g, 0, r * g->dilation[0], &top, &bottom);
    gn_window_range(g, 1, t, &from, &to);
    for (int64_t p = 0; p < g->out[0]; p++, y += n) {
        bool inside = p >= top && p < bottom && from < to;
        int64_t h = p * g->stride[0] - g->pad[0] + r * g->dilation[0];
        int64_t left = inside ? from : n;
        memset(y, 0, (size_t)left * sizeof *y);
        if (!inside)
            continue;
        const real *x = plane + h * g->in[1] + from * step - g->pad[1] + t;
        if (step == 1)
            memcpy(y + from, x, (size_t)(to - from) * sizeof *y);
        else
            for (int64_t q = from; q < to; q++)
                y[q] = x[(q - from) * step];
        memset(y + to, 0, (size_t)(n - to) * sizeof *y);
    }
}

/* A task is one row of columns: (n, c, r, s). */
static void copy_task(void *ctx, int64_t task)
{
    const column_work *k = ctx;
    const gn_window *g = &k->g;
    int64_t taps = g->kernel[0] * g->kernel[1], tap = task % taps;
    copy_tap(g, k->to + task * g->out[0] * g->out[1], k->from + task / taps * g->in[0] * g->in[1],
             tap / g->kernel[1], tap % g->kernel[1]);
}

static gn_tensor *im2col_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0];
    column_work k = {.from = x->data};
    gn_window *g = &k.g;
    if (!gn_planes_check("im2col", x) || !read_columns("im2col", x->dim + x->ndim - 2, c->attr, g))
        return NULL;
    int64_t channels[3] = {x->dim[x->ndim - 3], g->kernel[0], g->kernel[1]};
    int64_t dim[3] = {x->ndim == 4 ? x->dim[0] : 1, gn_product(channels, 3), gn_product(g->out, 2)};
    bool batched = x->ndim == 4;
    if (dim[1] < 0 || dim[2] < 0)
        return NULL;
    gn_tensor *y = gn_tensor_new(2 + batched, dim + !batched);
    if (y && y->numel) {
        k.to = y->data;
        gn_parallel(dim[0] * dim[1], copy_task, &k);
    }
    return y;
}

static gn_tensor *columns_op(const gn_op *op, gn_tensor *x, const int64_t *size,
                             const gn_attr *attr)
{
    gn_call c = {.op = op, .nin = 1, .in = {x}};
    if (size)
        c.attr[0] = gn_attr_ints(2, size);
    for (int i = 0; i < 4; i++)
        c.attr[i + (size != NULL)] = attr[i];
    return x ? gn_apply(&c) : NULL;
}

static void im2col_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    (void)y;
    dx[0] = columns_op(&gn_op_col2im, dy, c->in[0]->dim + c->in[0]->ndim - 2, c->attr);
}

const gn_op gn_op_im2col = {
    .name = "im2col",
    .result = GN_ALIKE,
    .sig = "input, " WINDOW_ATTRS,
    .doc = "The windows of (N, C, H, W) as columns (N, C R S, P Q); (C, H, W) likewise.",
    .fwd = im2col_fwd,
    .vjp = im2col_vjp,
    .needs = ""};

/* Row h of a plane: what its taps add, in the order of (r, s). */
static void add_row_of(const column_work *k, real *y, const real *columns, int64_t h)
{
    const gn_window *g = &k->g;
    int64_t out = g->out[0] * g->out[1], step = g->stride[1];
    memset(y, 0, (size_t)g->in[1] * sizeof *y);
    for (int64_t r = 0; r < g->kernel[0]; r++) {
        int64_t at = h + g->pad[0] - r * g->dilation[0], p = at / g->stride[0];
        if (at < 0 || at % g->stride[0] || p >= g->out[0])
            continue;
        for (int64_t s = 0; s < g->kernel[1]; s++) {
            int64_t t = s * g->dilation[1], from, to;
            gn_window_range(g, 1, t, &from, &to);
            const real *x = columns + (r * g->kernel[1] + s) * out + p * g->out[1];
            real *into = y + from * step - g->pad[1] + t;
            if (step == 1 && from < to)
                gn_vec->add_row(into, x + from, to - from);
            else
                for (int64_t q = from; q < to; q++)
                    into[(q - from) * step] += x[q];
        }
    }
}

static void add_task(void *ctx, int64_t task)
{
    const column_work *k = ctx;
    const gn_window *g = &k->g;
    int64_t end = GN_MIN((task + 1) * k->rows, k->channels * g->in[0]);
    int64_t plane = g->kernel[0] * g->kernel[1] * g->out[0] * g->out[1];
    for (int64_t i = task * k->rows; i < end; i++)
        add_row_of(k, k->to + i * g->in[1], k->from + i / g->in[0] * plane, i % g->in[0]);
}

static gn_tensor *col2im_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0];
    int64_t size[2], taps, places;
    column_work k = {.from = x->data, .rows = 1};
    gn_window *g = &k.g;
    if (!gn_pair_read("col2im", "output_size", &c->attr[0], 1, NULL, size) ||
        !read_columns("col2im", size, c->attr + 1, g))
        return NULL;
    taps = gn_product(g->kernel, 2);
    places = gn_product(g->out, 2);
    if (taps < 0 || places < 0)
        return NULL;
    if ((x->ndim != 2 && x->ndim != 3) || x->dim[x->ndim - 1] != places ||
        x->dim[x->ndim - 2] % taps)
        return gn_fail("col2im: x has shape %s, expected (N, C * %lld, %lld) or (C * %lld, %lld) "
                       "for an output_size of %s",
                       gn_shape_text(x), (long long)taps, (long long)places, (long long)taps,
                       (long long)places, gn_dims_text(2, size));
    int64_t dim[4] = {x->dim[0], x->dim[x->ndim - 2] / taps, size[0], size[1]};
    gn_tensor *y = gn_tensor_new(x->ndim + 1, dim + (x->ndim == 2));
    if (y && y->numel) {
        k.to = y->data;
        k.channels = y->numel / (size[0] * size[1]);
        k.rows = GN_MAX(GN_CHUNK / size[1] / GN_MIN(taps, 16), 1);
        gn_parallel((k.channels * size[0] + k.rows - 1) / k.rows, add_task, &k);
    }
    return y;
}

static void col2im_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    (void)y;
    dx[0] = columns_op(&gn_op_im2col, dy, NULL, c->attr + 1);
}

const gn_op gn_op_col2im = {
    .name = "col2im",
    .sig = "input, output_size:dims, " WINDOW_ATTRS,
    .doc = "Columns (N, C R S, P Q) added up where im2col takes them from: (N, C, H, W).",
    .fwd = col2im_fwd,
    .vjp = col2im_vjp,
    .needs = ""};
