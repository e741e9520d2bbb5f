/* op_resize.c - resizing of planes: nearest, bilinear and bicubic interpolation with PyTorch's
 * geometry, with or without antialiasing, and its adjoint.  All of it is how an axis is
 * written; planes.h does the rest. */
#include "ops.h"
#include "planes.h"

#include <math.h>

typedef enum { NEAREST, NEAREST_EXACT, BILINEAR, BICUBIC } resize_mode;

typedef struct {
    resize_mode mode;
    bool align_corners, antialias;
    double scale; /* inputs an output, 0: from the sizes */
} resize_how;

static double clamp01(double x)
{
    return fmin(fmax(x, 0), 1);
}

/* Keys 1981: the cubic kernel of parameter a, at distance |x|. */
static double cubic(double x, double a)
{
    x = fabs(x);
    if (x < 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/* ---- one output's taps --------------------------------------------------------------- */

/* Rounded to float as in PyTorch, which finds nearest neighbours so for every dtype. */
static void nearest_row(gn_axis *a, int64_t i, double scale, bool exact)
{
    double at = exact ? floor(((double)i + 0.5) * scale) : (double)floorf((float)(i * scale));
    gn_axis_tap(a, GN_MIN((int64_t)at, a->n_in - 1), 1);
}

static void bilinear_row(gn_axis *a, double at)
{
    int64_t low = GN_MIN((int64_t)at, a->n_in - 1);
    double part = clamp01(at - (double)low);
    if (low == a->n_in - 1 || part == 0) {
        gn_axis_tap(a, low, 1);
        return;
    }
    gn_axis_tap(a, low, 1 - part);
    gn_axis_tap(a, low + 1, part);
}

static void bicubic_row(gn_axis *a, double at)
{
    int64_t low = GN_MIN((int64_t)floor(at), a->n_in - 1);
    double part = clamp01(at - (double)low), weight = 0;
    for (int64_t k = -1; k <= 2; k++) { /* taps beyond the edge are the edge */
        int64_t to = GN_MAX(GN_MIN(low + k, a->n_in - 1), 0);
        int64_t next = GN_MAX(GN_MIN(low + k + 1, a->n_in - 1), 0);
        weight += cubic(part - (double)k, -0.75);
        if (k < 2 && next == to)
            continue;
        gn_axis_tap(a, to, weight);
        weight = 0;
    }
}

static double antialias_kernel(resize_mode mode, double x)
{
    return mode == BICUBIC ? cubic(x, -0.5) : fmax(1 - fabs(x), 0);
}

/* The kernel stretched by the scale when it shrinks, normalised over what lies inside. */
static void antialias_row(gn_axis *a, int64_t i, const resize_how *how, double scale)
{
    double stretch = fmax(scale, 1), center = scale * ((double)i + 0.5), sum = 0;
    double reach = (how->mode == BICUBIC ? 2 : 1) * stretch;
    int64_t from = (int64_t)fmax(center - reach + 0.5, 0);
    int64_t to = (int64_t)fmin(center + reach + 0.5, (double)a->n_in);
    for (int64_t k = from; k < to; k++)
        sum += antialias_kernel(how->mode, ((double)k - center + 0.5) / stretch);
    for (int64_t k = from; k < to; k++) {
        double w = antialias_kernel(how->mode, ((double)k - center + 0.5) / stretch);
        if (w != 0)
            gn_axis_tap(a, k, w / sum);
    }
}

/* ---- an axis ------------------------------------------------------------------------- */

static double scale_of(const resize_how *how, int64_t n, int64_t out)
{
    if (how->align_corners)
        return out > 1 ? (double)(n - 1) / (double)(out - 1) : 0;
    return how->scale != 0 ? how->scale : (double)n / (double)out;
}

static int64_t most_taps(const resize_how *how, double scale, int64_t n)
{
    double most = how->mode == BICUBIC ? 4 : how->mode == BILINEAR ? 2 : 1;
    if (how->antialias)
        most = ceil(most * fmax(scale, 1)) + 2;
    return most < (double)n ? (int64_t)most : GN_MAX(n, 4);
}

static bool resize_axis(gn_axis *a, const resize_how *how, int64_t n, int64_t out, bool adjoint)
{
    double scale = scale_of(how, n, out);
    int64_t most;
    if (__builtin_mul_overflow(out, most_taps(how, scale, n), &most))
        most = INT64_MAX;
    if (!gn_axis_begin(a, n, out, most))
        return false;
    for (int64_t i = 0; i < out; i++) {
        double at = how->align_corners ? scale * (double)i : scale * ((double)i + 0.5) - 0.5;
        if (n == out && (how->mode == NEAREST || how->mode == BILINEAR || how->antialias)) {
            gn_axis_tap(a, i, 1); /* whatever the scale, as in PyTorch */
        } else if (how->mode <= NEAREST_EXACT) {
            bool exact = how->mode == NEAREST_EXACT;
            nearest_row(a, i, out == 2 * n && !exact ? 0.5 : scale, exact);
        } else if (how->antialias) {
            antialias_row(a, i, how, scale);
        } else if (how->mode == BILINEAR) {
            bilinear_row(a, fmax(at, 0));
        } else {
            bicubic_row(a, at);
        }
        gn_axis_row(a);
    }
    return gn_axis_finish(a, adjoint);
}

/* ---- the ops ------------------------------------------------------------------------- */

/* attr: size, mode, align_corners, antialias, scale_h, scale_w */
static bool read_how(const char *op, const gn_attr *attr, int d, resize_how *how)
{
    *how = (resize_how){.mode = (resize_mode)attr[1].i,
                        .align_corners = attr[2].i,
                        .antialias = attr[3].i,
                        .scale = attr[4 + d].given ? attr[4 + d].f : 0};
    if (attr[4 + d].given && !(how->scale > 0 && how->scale <= INT32_MAX))
        return gn_fail("%s: the scale is %g inputs an output, expected a positive number", op,
                       attr[4 + d].f);
    if (how->mode <= NEAREST_EXACT && (how->align_corners || how->antialias))
        return gn_fail("%s: align_corners and antialias go with bilinear and bicubic only", op);
    return true;
}

/* x is (in) and becomes (out), or the other way round for the adjoint. */
static gn_tensor *resize_run(gn_call *c, bool adjoint)
{
    gn_tensor *x = c->in[0];
    const char *op = c->op->name;
    int64_t size[2];
    gn_axis a[2] = {{0}, {0}};
    resize_how how[2];
    if (!gn_planes_check(op, x) || !gn_pair_read(op, "size", &c->attr[0], 1, NULL, size) ||
        !read_how(op, c->attr, 0, &how[0]) || !read_how(op, c->attr, 1, &how[1]))
        return NULL;
    const int64_t *is = x->dim + x->ndim - 2, *in = adjoint ? size : is, *out = adjoint ? is : size;
    gn_tensor *y = gn_planes_new(x, size[0], size[1]);
    if (y && y->numel && resize_axis(&a[0], &how[0], in[0], out[0], adjoint) &&
        resize_axis(&a[1], &how[1], in[1], out[1], adjoint))
        gn_axes_apply(y, x->data, &a[0], &a[1], 0);
    gn_axis_free(&a[0]);
    gn_axis_free(&a[1]);
    return y;
}

static gn_tensor *resize_fwd(gn_call *c)
{
    return resize_run(c, false);
}

static gn_tensor *resize_dx_fwd(gn_call *c)
{
    return resize_run(c, true);
}

static void resize_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    bool forward = c->op == &gn_op_resize;
    gn_call back = {.op = forward ? &gn_op_resize_dx : &gn_op_resize, .nin = 1, .in = {dy}};
    (void)y;
    for (int i = 1; i < 6; i++)
        back.attr[i] = c->attr[i];
    back.attr[0] = gn_attr_ints(2, c->in[0]->dim + c->in[0]->ndim - 2);
    dx[0] = dy ? gn_apply(&back) : NULL;
}

#define RESIZE_ATTRS \
    "size:dims, mode:nearest|nearest-exact|bilinear|bicubic='nearest', " \
    "align_corners:bool=False, antialias:bool=False, scale_h:float=None, scale_w:float=None"
const gn_op gn_op_resize = {
    .name = "resize",
    .sig = "input, " RESIZE_ATTRS,
    .doc = "(N, C, H, W) or (C, H, W) interpolated to planes of the given size; scale_h and "
           "scale_w are inputs an output, by default the ratio of the sizes.",
    .fwd = resize_fwd,
    .vjp = resize_vjp,
    .needs = ""};
const gn_op gn_op_resize_dx = {.name = "resize_dx",
                               .sig = "dy, " RESIZE_ATTRS,
                               .doc = "The adjoint of resize: dy of its output's size to planes of "
                                      "the given size.",
                               .fwd = resize_dx_fwd,
                               .vjp = resize_vjp,
                               .needs = ""};
