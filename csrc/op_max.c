/* op_max.c - max pooling.  Three ops closed under differentiation: max_pool2d(x), its gradient
 * max_pool2d_dx(dy, x), which adds dy where the maxima of x are, and max_pool2d_at(g, x), which
 * reads g there: the two are each other's adjoint, and neither depends smoothly on x.
 *
 * The places of the maxima are found again instead of being kept: x is there anyway, and an index
 * would cost as much memory as the output. */
#include "ops.h"
#include "planes.h"

#include <string.h>

typedef struct {
    gn_window g;
    real *to;                            /* y, or dx */
    const real *x, *d;                   /* d: dy, or what is read */
    int64_t planes, height, rows, bands; /* rows per band, bands per plane */
    int64_t share;                       /* planes per task, where a plane is one band */
} max_work;

#define MAX_ATTRS \
    "kernel_size:dims, stride:dims=None, padding:dims=None, dilation:dims=None, " \
    "ceil_mode:bool=False"

static bool read_max(const char *op, const gn_tensor *x, const gn_attr *attr, gn_window *g)
{
    gn_window_attrs a = {.kernel = attr,
                         .stride = attr + 1,
                         .pad = attr + 2,
                         .dilation = attr + 3,
                         .pool = true,
                         .ceil = attr[4].i};
    const int64_t *in = x->dim + x->ndim - 2;
    if (!gn_planes_check(op, x) || !gn_window_read(op, in, a, g))
        return false;
    return in[0] * in[1] <= INT32_MAX || gn_fail("%s: planes of %lld x %lld are too large", op,
                                                 (long long)in[0], (long long)in[1]);
}

typedef void band_fn(const max_work *k, int64_t plane, int64_t from, int64_t to);

/* A task is a band of rows of one plane, of `width` elements each, or some planes. */
static void plan_bands(max_work *k, int64_t numel, int64_t height, int64_t width)
{
    k->planes = numel / (height * width);
    k->height = height;
    k->rows = GN_MIN(GN_MAX(GN_CHUNK / width, 1), height);
    k->bands = gn_ceil_div(height, k->rows);
    k->share = k->bands > 1 ? 1 : GN_MAX(GN_CHUNK / (height * width), 1);
}

static void run_bands(const max_work *k, int64_t task, band_fn *fn)
{
    int64_t first = task / k->bands * k->share, from = task % k->bands * k->rows;
    for (int64_t i = first; i < GN_MIN(first + k->share, k->planes); i++)
        fn(k, i, from, GN_MIN(from + k->rows, k->height));
}

static int64_t tasks_of(const max_work *k)
{
    return gn_ceil_div(k->planes, k->share) * k->bands;
}

/* ---- forward ------------------------------------------------------------------------- */

/* The windows along one dimension: the taps inside, all of weight 1. */
static bool window_axis(gn_axis *a, const gn_window *g, int d)
{
    int64_t most;
    if (__builtin_mul_overflow(g->out[d], GN_MIN(g->kernel[d], g->in[d]), &most))
        most = INT64_MAX;
    if (!gn_axis_begin(a, g->in[d], g->out[d], most))
        return false;
    for (int64_t i = 0; i < g->out[d]; i++) {
        int64_t at = i * g->stride[d] - g->pad[d], s = g->dilation[d];
        for (int64_t k = at < 0 ? (s - 1 - at) / s : 0; k < g->kernel[d]; k++) {
            if (at + k * s >= g->in[d])
                break;
            gn_axis_tap(a, at + k * s, 1);
        }
        gn_axis_row(a);
    }
    return gn_axis_finish(a, false);
}

static gn_tensor *max_pool2d_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0];
    gn_window g;
    gn_axis h = {0}, w = {0};
    if (!read_max("max_pool2d", x, c->attr, &g))
        return NULL;
    gn_tensor *y = gn_planes_new(x, g.out[0], g.out[1]);
    if (y && y->numel && window_axis(&h, &g, 0) && window_axis(&w, &g, 1))
        gn_axes_max(y, x->data, &h, &w);
    gn_axis_free(&h);
    gn_axis_free(&w);
    return y;
}

/* One of the two linear ops: attributes as in c. */
static gn_tensor *linear_op(const gn_op *op, gn_tensor *d, gn_tensor *x, const gn_call *c)
{
    gn_call to = {.op = op, .nin = 2, .in = {d, x}};
    memcpy(to.attr, c->attr, sizeof to.attr);
    return d && x ? gn_apply(&to) : NULL;
}

static void max_pool2d_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    (void)y;
    dx[0] = linear_op(&gn_op_max_pool2d_dx, dy, c->in[0], c);
}

const gn_op gn_op_max_pool2d = {
    .name = "max_pool2d",
    .result = GN_ALIKE,
    .sig = "input, " MAX_ATTRS,
    .doc = "Maxima of windows of (N, C, H, W) or (C, H, W); stride None: the kernel.",
    .fwd = max_pool2d_fwd,
    .vjp = max_pool2d_vjp,
    .needs = "0"};

/* ---- adding and reading where the maxima are ----------------------------------------- */

/* Rows [from, to) of dx: each window that reaches into them is looked at, in order. */
static void add_band(const max_work *k, int64_t plane, int64_t from, int64_t to)
{
    const gn_window *g = &k->g;
    int64_t width = g->in[1], size = g->in[0] * width;
    int64_t reach = (g->kernel[0] - 1) * g->dilation[0], s = g->stride[0];
    int64_t first = GN_MAX(from + g->pad[0] - reach + s - 1, 0) / s;
    int64_t end = GN_MIN((to - 1 + g->pad[0]) / s + 1, g->out[0]);
    real m[GN_WINDOWS], *dx = k->to + plane * size;
    int32_t where[GN_WINDOWS];
    memset(dx + from * width, 0, (size_t)((to - from) * width) * sizeof *dx);
    for (int64_t p = first; p < end; p++)
        for (int64_t q = 0; q < g->out[1]; q += GN_WINDOWS) {
            int64_t n = GN_MIN(GN_WINDOWS, g->out[1] - q);
            const real *dy = k->d + (plane * g->out[0] + p) * g->out[1] + q;
            gn_vec->resample->window_argmax(m, where, k->x + plane * size, g, p, q, n);
            for (int64_t i = 0; i < n; i++)
                if (where[i] >= from * width && where[i] < to * width)
                    dx[where[i]] += dy[i];
        }
}

static void add_task(void *ctx, int64_t task)
{
    run_bands(ctx, task, add_band);
}

/* Rows [from, to) of what is read. */
static void read_band(const max_work *k, int64_t plane, int64_t from, int64_t to)
{
    const gn_window *g = &k->g;
    int64_t size = g->in[0] * g->in[1];
    real m[GN_WINDOWS];
    int32_t where[GN_WINDOWS];
    for (int64_t p = from; p < to; p++)
        for (int64_t q = 0; q < g->out[1]; q += GN_WINDOWS) {
            int64_t n = GN_MIN(GN_WINDOWS, g->out[1] - q);
            real *y = k->to + (plane * g->out[0] + p) * g->out[1] + q;
            gn_vec->resample->window_argmax(m, where, k->x + plane * size, g, p, q, n);
            for (int64_t i = 0; i < n; i++)
                y[i] = where[i] < 0 ? 0 : k->d[plane * size + where[i]];
        }
}

static void read_task(void *ctx, int64_t task)
{
    run_bands(ctx, task, read_band);
}

/* Windows of 2 x 2 that tile the planes: rows of them, whatever plane they lie in. */
static bool tiles(const gn_window *g)
{
    bool all = true;
    for (int d = 0; d < 2; d++)
        all = all && g->kernel[d] == 2 && g->stride[d] == 2 && g->pad[d] == 0 &&
              g->dilation[d] == 1 && g->in[d] == 2 * g->out[d];
    return all;
}

static void tile_task(void *ctx, int64_t task)
{
    const max_work *k = ctx;
    int64_t from = task * k->rows, n = k->g.out[1], rows = GN_MIN(k->rows, k->height - from);
    gn_vec->resample->quarters_dx(k->to + from * 4 * n, k->d + from * n, k->x + from * 4 * n, rows,
                                  n);
}

static void add_all(max_work *k, int64_t numel)
{
    if (tiles(&k->g)) {
        k->rows = GN_MAX(GN_CHUNK / (4 * k->g.out[1]), 1);
        k->height = numel / (4 * k->g.out[1]);
        gn_parallel(gn_ceil_div(k->height, k->rows), tile_task, k);
        return;
    }
    plan_bands(k, numel, k->g.in[0], k->g.in[1]);
    gn_parallel(tasks_of(k), add_task, k);
}

static bool same_planes(const char *op, const gn_tensor *d, const gn_tensor *x, const int64_t *size)
{
    bool fits = d->ndim == x->ndim;
    for (int i = 0; fits && i < x->ndim; i++)
        fits = d->dim[i] == (i < x->ndim - 2 ? x->dim[i] : size[i - x->ndim + 2]);
    return fits || gn_fail("%s: shape %s does not go with x of shape %s, expected it to end in %s",
                           op, gn_shape_text(d), gn_shape_text(x), gn_dims_text(2, size));
}

static gn_tensor *max_pool2d_dx_fwd(gn_call *c)
{
    gn_tensor *dy = c->in[0], *x = c->in[1];
    max_work k = {.d = dy->data, .x = x->data};
    if (!read_max("max_pool2d_dx", x, c->attr, &k.g) ||
        !same_planes("max_pool2d_dx", dy, x, k.g.out))
        return NULL;
    gn_tensor *dx = gn_tensor_like(x);
    if (dx && dx->numel) {
        k.to = dx->data;
        add_all(&k, dx->numel);
    }
    return dx;
}

static gn_tensor *max_pool2d_at_fwd(gn_call *c)
{
    gn_tensor *from = c->in[0], *x = c->in[1];
    max_work k = {.d = from->data, .x = x->data};
    if (!read_max("max_pool2d_at", x, c->attr, &k.g) ||
        !same_planes("max_pool2d_at", from, x, k.g.in))
        return NULL;
    gn_tensor *y = gn_planes_new(x, k.g.out[0], k.g.out[1]);
    if (y && y->numel) {
        k.to = y->data;
        plan_bands(&k, y->numel, k.g.out[0], k.g.out[1]);
        gn_parallel(tasks_of(&k), read_task, &k);
    }
    return y;
}

static void linear_vjp(gn_call *c, gn_tensor *y, gn_tensor *d, gn_tensor **dx)
{
    bool adds = c->op == &gn_op_max_pool2d_dx;
    (void)y;
    dx[0] = linear_op(adds ? &gn_op_max_pool2d_at : &gn_op_max_pool2d_dx, d, c->in[1], c);
}

const gn_op gn_op_max_pool2d_dx = {.name = "max_pool2d_dx",
                                   .sig = "dy, input, " MAX_ATTRS,
                                   .doc = "Zeros of the input's shape with dy added where the "
                                          "maxima of the windows are, the first of equal ones.",
                                   .fwd = max_pool2d_dx_fwd,
                                   .vjp = linear_vjp,
                                   .needs = "1",
                                   .flat = "1"};
const gn_op gn_op_max_pool2d_at = {.name = "max_pool2d_at",
                                   .sig = "values, input, " MAX_ATTRS,
                                   .doc = "The values that lie where the maxima of the input's "
                                          "windows are: the adjoint of max_pool2d_dx.",
                                   .fwd = max_pool2d_at_fwd,
                                   .vjp = linear_vjp,
                                   .needs = "1",
                                   .flat = "1"};
