/* op_avg.c - average pooling, with fixed windows and with windows that adapt to the output.
 * Both are separable: the mean of a window is the mean along W of means along H.  Each has its
 * adjoint as an op, of which it is the adjoint in turn. */
#include "ops.h"
#include "planes.h"

/* ---- avg_pool2d ---------------------------------------------------------------------- */

/* PyTorch's divisor: the part of the window inside the padded input, or inside the input. */
static bool window_axis(gn_axis *a, const gn_window *g, int d, bool with_pad, double divisor,
                        bool adjoint)
{
    int64_t n = g->in[d], most;
    if (__builtin_mul_overflow(g->out[d], GN_MIN(g->kernel[d], n), &most))
        most = INT64_MAX;
    if (!gn_axis_begin(a, n, g->out[d], most))
        return false;
    for (int64_t i = 0; i < g->out[d]; i++) {
        int64_t from = i * g->stride[d] - g->pad[d];
        int64_t to = GN_MIN(from + g->kernel[d], n + g->pad[d]), whole = to - from;
        from = GN_MAX(from, 0);
        to = GN_MIN(to, n);
        double size = divisor != 0 ? divisor : (double)(with_pad ? whole : to - from);
        for (int64_t k = from; k < to; k++)
            gn_axis_tap(a, k, 1 / size);
        gn_axis_row(a);
    }
    return gn_axis_finish(a, adjoint);
}

/* attr: kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override */
static bool read_avg(const char *op, const int64_t *in, const gn_attr *attr, gn_window *g)
{
    gn_window_attrs a = {
        .kernel = attr, .stride = attr + 1, .pad = attr + 2, .pool = true, .ceil = attr[3].i};
    if (attr[5].given && attr[5].i == 0)
        return gn_fail("%s: divisor_override = 0, expected another number or None", op);
    return gn_window_read(op, in, a, g);
}

static void avg_apply(gn_tensor *y, gn_tensor *x, const gn_window *g, const gn_attr *attr,
                      bool adjoint)
{
    gn_axis h = {0}, w = {0};
    double divisor = attr[5].given ? (double)attr[5].i : 0;
    if (y && y->numel && window_axis(&h, g, 0, attr[4].i, divisor, adjoint) &&
        window_axis(&w, g, 1, attr[4].i, divisor != 0, adjoint))
        gn_axes_apply(y, x->data, &h, &w, 0);
    gn_axis_free(&h);
    gn_axis_free(&w);
}

static gn_tensor *avg_pool2d_dx(gn_tensor *dy, const int64_t *size, const gn_attr *attr);

static gn_tensor *avg_pool2d_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0];
    gn_window g;
    if (!gn_planes_check("avg_pool2d", x) ||
        !read_avg("avg_pool2d", x->dim + x->ndim - 2, c->attr, &g))
        return NULL;
    gn_tensor *y = gn_planes_new(x, g.out[0], g.out[1]);
    avg_apply(y, x, &g, c->attr, false);
    return y;
}

static void avg_pool2d_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    (void)y;
    dx[0] = avg_pool2d_dx(dy, c->in[0]->dim + c->in[0]->ndim - 2, c->attr);
}

#define AVG_ATTRS \
    "kernel_size:dims, stride:dims=None, padding:dims=None, ceil_mode:bool=False, " \
    "count_include_pad:bool=True, divisor_override:int=None"
const gn_op gn_op_avg_pool2d = {
    .name = "avg_pool2d",
    .sig = "input, " AVG_ATTRS,
    .doc = "Means of windows of (N, C, H, W) or (C, H, W); stride None: the kernel.",
    .fwd = avg_pool2d_fwd,
    .vjp = avg_pool2d_vjp,
    .needs = ""};

static gn_tensor *avg_pool2d_dx_fwd(gn_call *c)
{
    gn_tensor *dy = c->in[0];
    int64_t size[2];
    gn_window g;
    if (!gn_planes_check("avg_pool2d_dx", dy) ||
        !gn_pair_read("avg_pool2d_dx", "size", &c->attr[0], 1, NULL, size) ||
        !read_avg("avg_pool2d_dx", size, c->attr + 1, &g))
        return NULL;
    if (dy->dim[dy->ndim - 2] != g.out[0] || dy->dim[dy->ndim - 1] != g.out[1])
        return gn_fail("avg_pool2d_dx: dy has shape %s, expected it to end in %s",
                       gn_shape_text(dy), gn_dims_text(2, g.out));
    gn_tensor *y = gn_planes_new(dy, size[0], size[1]);
    avg_apply(y, dy, &g, c->attr + 1, true);
    return y;
}

static void avg_pool2d_dx_vjp(gn_call *c, gn_tensor *y, gn_tensor *g, gn_tensor **dx)
{
    gn_call back = {.op = &gn_op_avg_pool2d, .nin = 1, .in = {g}};
    (void)y;
    for (int i = 0; i < 6; i++)
        back.attr[i] = c->attr[i + 1];
    dx[0] = g ? gn_apply(&back) : NULL;
}

const gn_op gn_op_avg_pool2d_dx = {
    .name = "avg_pool2d_dx",
    .sig = "dy, size:dims, " AVG_ATTRS,
    .doc = "The adjoint of avg_pool2d: spreads dy over windows of planes of the given size.",
    .fwd = avg_pool2d_dx_fwd,
    .vjp = avg_pool2d_dx_vjp,
    .needs = ""};

static gn_tensor *avg_pool2d_dx(gn_tensor *dy, const int64_t *size, const gn_attr *attr)
{
    gn_call c = {.op = &gn_op_avg_pool2d_dx, .nin = 1, .in = {dy}};
    c.attr[0] = gn_attr_ints(2, size);
    for (int i = 0; i < 6; i++)
        c.attr[i + 1] = attr[i];
    return dy ? gn_apply(&c) : NULL;
}

/* ---- adaptive_avg_pool2d ------------------------------------------------------------- */

/* Output i is the mean of inputs floor(i n / out) to ceil((i + 1) n / out) - 1. */
static bool adaptive_axis(gn_axis *a, int64_t n, int64_t out, bool adjoint)
{
    if (!gn_axis_begin(a, n, out, n + 2 * out))
        return false;
    for (int64_t i = 0; i < out; i++) {
        int64_t from = i * n / out, to = ((i + 1) * n + out - 1) / out;
        for (int64_t k = from; k < to; k++)
            gn_axis_tap(a, k, 1 / (double)(to - from));
        gn_axis_row(a);
    }
    return gn_axis_finish(a, adjoint);
}

/* Planes and their means: one is written from the other. */
typedef struct {
    real *to;
    const real *from;
    int64_t planes, size, share; /* planes of a task */
    bool adjoint;
} mean_work;

enum { PIECE = 8192 }; /* elements whose sum is one chain of additions */

static real mean_of(const real *x, int64_t n)
{
    real sum = 0;
    for (int64_t i = 0; i < n; i += PIECE)
        sum += gn_vec->sum(x + i, GN_MIN(PIECE, n - i));
    return sum / (real)n;
}

static void mean_task(void *ctx, int64_t task)
{
    const mean_work *w = ctx;
    for (int64_t i = task * w->share; i < GN_MIN((task + 1) * w->share, w->planes); i++) {
        real part = w->adjoint ? w->from[i] / (real)w->size : 0;
        if (w->adjoint)
            gn_vec->broadcast(w->to + i * w->size, &part, 1, w->size, 0, w->size);
        else
            w->to[i] = mean_of(w->from + i * w->size, w->size);
    }
}

static void whole_planes(real *to, const real *from, int64_t planes, int64_t size, bool adjoint)
{
    mean_work w = {to, from, planes, size, GN_MAX(GN_CHUNK / size, 1), adjoint};
    gn_parallel(gn_ceil_div(planes, w.share), mean_task, &w);
}

/* Planes of size `in` to planes of size `out`, or the adjoint. */
static gn_tensor *adaptive(gn_tensor *x, const int64_t *in, const int64_t *out, bool adjoint)
{
    gn_axis h = {0}, w = {0};
    const int64_t *size = adjoint ? in : out;
    gn_tensor *y = gn_planes_new(x, size[0], size[1]);
    if (y && y->numel && out[0] == 1 && out[1] == 1) {
        int64_t planes = adjoint ? x->numel : y->numel;
        whole_planes(y->data, x->data, planes, in[0] * in[1], adjoint);
        return y;
    }
    if (y && y->numel && adaptive_axis(&h, in[0], out[0], adjoint) &&
        adaptive_axis(&w, in[1], out[1], adjoint))
        gn_axes_apply(y, x->data, &h, &w, 0);
    gn_axis_free(&h);
    gn_axis_free(&w);
    return y;
}

static gn_tensor *adaptive_avg_pool2d_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0];
    int64_t out[2];
    if (!gn_planes_check("adaptive_avg_pool2d", x) ||
        !gn_pair_read("adaptive_avg_pool2d", "output_size", &c->attr[0], 0, NULL, out))
        return NULL;
    return adaptive(x, x->dim + x->ndim - 2, out, false);
}

static void adaptive_avg_pool2d_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    gn_call back = {.op = &gn_op_adaptive_avg_pool2d_dx, .nin = 1, .in = {dy}};
    (void)y;
    back.attr[0] = gn_attr_ints(2, c->in[0]->dim + c->in[0]->ndim - 2);
    dx[0] = dy ? gn_apply(&back) : NULL;
}

const gn_op gn_op_adaptive_avg_pool2d = {
    .name = "adaptive_avg_pool2d",
    .sig = "input, output_size:dims",
    .doc = "Means of windows that cut (N, C, H, W) or (C, H, W) into planes of output_size.",
    .fwd = adaptive_avg_pool2d_fwd,
    .vjp = adaptive_avg_pool2d_vjp,
    .needs = ""};

static gn_tensor *adaptive_avg_pool2d_dx_fwd(gn_call *c)
{
    gn_tensor *dy = c->in[0];
    int64_t size[2];
    if (dy->ndim != 3 && dy->ndim != 4)
        return gn_fail("adaptive_avg_pool2d_dx: dy has shape %s, expected 3 or 4 dimensions",
                       gn_shape_text(dy));
    if (!gn_pair_read("adaptive_avg_pool2d_dx", "size", &c->attr[0], 1, NULL, size))
        return NULL;
    return adaptive(dy, size, dy->dim + dy->ndim - 2, true);
}

static void adaptive_avg_pool2d_dx_vjp(gn_call *c, gn_tensor *y, gn_tensor *g, gn_tensor **dx)
{
    gn_call back = {.op = &gn_op_adaptive_avg_pool2d, .nin = 1, .in = {g}};
    (void)y;
    back.attr[0] = gn_attr_ints(2, c->in[0]->dim + c->in[0]->ndim - 2);
    dx[0] = g ? gn_apply(&back) : NULL;
}

const gn_op gn_op_adaptive_avg_pool2d_dx = {
    .name = "adaptive_avg_pool2d_dx",
    .sig = "dy, size:dims",
    .doc = "The adjoint of adaptive_avg_pool2d, to planes of the given size.",
    .fwd = adaptive_avg_pool2d_dx_fwd,
    .vjp = adaptive_avg_pool2d_dx_vjp,
    .needs = ""};
