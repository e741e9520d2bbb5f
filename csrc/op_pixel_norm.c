/* op_pixel_norm.c - each pixel's vector of channels divided by its root mean square (Karras
 * et al. 2018, 4.2).  x is seen as (N, C, S); S columns are summed over C rows at a time, and
 * a vector of its own (S = 1) is one row.  Higher derivatives replay ref. */
#include "ops.h"

#include <string.h>

enum { WIDE = 1024, TASK = 16384 };

typedef struct {
    const real *x, *dy;
    real *out,
        *scale; /* y or dx; (N, S) the factor of each pixel: written forward, read backward */
    int64_t n, c, space, share, pieces; /* samples of a task, pieces of a sample's columns */
    real eps;
} pixel_work;

static void set_shape(pixel_work *w, const gn_tensor *x)
{
    w->n = x->dim[0];
    w->c = x->dim[1];
    w->space = x->numel / GN_MAX(w->n * w->c, 1);
    w->pieces = (w->space + WIDE - 1) / WIDE;
    w->share = GN_MAX(TASK / GN_MAX(w->c * w->space, 1), 1);
}

/* s = sqrt(1 / (sums / C + eps)) */
static void set_scale(const pixel_work *w, real *s, const real *sums, int64_t n)
{
    gn_vec->unary[GN_UNARY_affine](s, sums, n, 1 / (real)w->c, w->eps);
    gn_vec->unary[GN_UNARY_rsqrt](s, s, n, 0, 0);
}

static void forward_columns(const pixel_work *w, int64_t at, real *scale, const gn_cols *g)
{
    real zero[WIDE], sum[WIDE], squares[WIDE];
    size_t bytes = (size_t)g->n * sizeof *zero;
    memset(zero, 0, bytes);
    memset(sum, 0, bytes);
    memset(squares, 0, bytes);
    gn_vec->norm_moments(sum, squares, w->x + at, zero, g);
    set_scale(w, scale, squares, g->n);
    gn_vec->norm_apply(w->out + at, w->x + at, scale, zero, g);
}

/* dx = s dy - x s^3 sum(dy x) / C */
static void backward_columns(const pixel_work *w, int64_t at, real *scale, const gn_cols *g)
{
    real zero[WIDE], sum[WIDE], t[WIDE];
    size_t bytes = (size_t)g->n * sizeof *zero;
    memset(zero, 0, bytes);
    memset(sum, 0, bytes);
    memset(t, 0, bytes);
    gn_norm_map c = {.mean = zero, .s = scale, .t = zero, .p = t, .q = zero};
    gn_vec->norm_sums(sum, t, w->dy + at, w->x + at, NULL, &c, g);
    for (int64_t j = 0; j < g->n; j++)
        t[j] *= -scale[j] * scale[j] * scale[j] / (real)w->c;
    gn_vec->norm_dx(w->out + at, w->dy + at, w->x + at, NULL, &c, g);
}

static void vector(const pixel_work *w, int64_t i)
{
    const real *x = w->x + i * w->c;
    real *out = w->out + i * w->c, s;
    if (!w->dy) {
        s = gn_vec->sum_square(x, w->c);
        set_scale(w, &w->scale[i], &s, 1);
        gn_vec->unary[GN_UNARY_affine](out, x, w->c, w->scale[i], 0);
        return;
    }
    s = w->scale[i];
    real t = -s * s * s * gn_vec->center_dot(w->dy + i * w->c, x, w->c, 0) / (real)w->c;
    gn_vec->affine2(out, w->dy + i * w->c, x, w->c, s, t);
}

static void pixel_task(void *ctx, int64_t task)
{
    const pixel_work *w = ctx;
    int64_t first = task / w->pieces * w->share, from = task % w->pieces * WIDE;
    gn_cols g = {.rows = w->c, .ld = w->space, .n = GN_MIN(w->space - from, WIDE)};
    for (int64_t i = first; i < GN_MIN(first + w->share, w->n); i++) {
        int64_t at = i * w->c * w->space + from;
        if (w->space == 1)
            vector(w, i);
        else if (w->dy)
            backward_columns(w, at, w->scale + i * w->space + from, &g);
        else
            forward_columns(w, at, w->scale + i * w->space + from, &g);
    }
}

static void run(pixel_work *w)
{
    if (w->n * w->c * w->space > 0)
        gn_parallel((w->n + w->share - 1) / w->share * w->pieces, pixel_task, w);
}

static bool check_pixel_norm(const gn_tensor *x)
{
    return x->ndim >= 2 ||
           gn_fail("pixel_norm: x has shape %s, expected (N, C) or (N, C, ...)", gn_shape_text(x));
}

static gn_tensor *pixel_norm_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0];
    if (!check_pixel_norm(x))
        return NULL;
    pixel_work w = {.x = x->data, .eps = (real)c->attr[0].f};
    set_shape(&w, x);
    gn_tensor *y = gn_tensor_like(x), *scale = gn_tensor_new(2, (int64_t[]){w.n, w.space});
    if (!y || !scale)
        return NULL;
    w.out = y->data;
    w.scale = scale->data;
    run(&w);
    c->aux = scale;
    return y;
}

static void pixel_norm_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    gn_tensor *x = c->in[0];
    (void)y;
    if (gn_grad_mode()) {
        gn_vjp_of_ref(c, dy, dx);
        return;
    }
    pixel_work w = {.x = x->data, .dy = dy->data, .scale = c->aux->data};
    set_shape(&w, x);
    gn_tensor *out = gn_tensor_like(x);
    if (!out)
        return;
    w.out = out->data;
    run(&w);
    dx[0] = out;
}

static gn_tensor *pixel_norm_ref(gn_call *c)
{
    gn_tensor *x = c->in[0];
    if (!check_pixel_norm(x))
        return NULL;
    gn_tensor *square = gn_mean(gn_square(x), GN_DIM(1), true);
    return gn_mul(x, gn_rsqrt(gn_affine(square, 1, c->attr[0].f)));
}

const gn_op gn_op_pixel_norm = {
    .name = "pixel_norm",
    .sig = "input, *, eps:float=1e-8",
    .doc = "x / sqrt(mean of x^2 over dimension 1 + eps): (N, C) or (N, C, ...).",
    .fwd = pixel_norm_fwd,
    .vjp = pixel_norm_vjp,
    .ref = pixel_norm_ref,
    .needs = "0"};
