/* op_pixel.c - pixel_shuffle (Shi et al. 2016) and pixel_unshuffle: depth to space and back,
 * each the other's adjoint and inverse. */
#include "ops.h"

#include <string.h>

typedef struct {
    real *to;
    const real *from;
    int64_t r, h, w; /* (h, w): size of the small planes */
    int64_t rows, rows_a_task;
} pixel_work;

/* Row (c, h r + i) of the large planes holds the rows h of small planes (c, i, 0 .. r - 1). */
static void shuffle_task(void *ctx, int64_t task)
{
    const pixel_work *k = ctx;
    int64_t r = k->r, w = k->w, end = GN_MIN((task + 1) * k->rows_a_task, k->rows);
    for (int64_t row = task * k->rows_a_task; row < end; row++) {
        int64_t plane = row / (k->h * r), h = row % (k->h * r) / r, i = row % r;
        const real *x = k->from + (((plane * r + i) * r) * k->h + h) * w;
        real *y = k->to + row * w * r;
        if (r == 2)
            for (int64_t j = 0; j < w; j++) {
                y[2 * j] = x[j];
                y[2 * j + 1] = x[k->h * w + j];
            }
        else
            for (int64_t s = 0; s < r; s++)
                for (int64_t j = 0; j < w; j++)
                    y[j * r + s] = x[s * k->h * w + j];
    }
}

static void unshuffle_task(void *ctx, int64_t task)
{
    const pixel_work *k = ctx;
    int64_t r = k->r, w = k->w, end = GN_MIN((task + 1) * k->rows_a_task, k->rows);
    for (int64_t row = task * k->rows_a_task; row < end; row++) {
        int64_t plane = row / (k->h * r), h = row % (k->h * r) / r, i = row % r;
        const real *x = k->from + row * w * r;
        real *y = k->to + (((plane * r + i) * r) * k->h + h) * w;
        if (r == 2)
            for (int64_t j = 0; j < w; j++) {
                y[j] = x[2 * j];
                y[k->h * w + j] = x[2 * j + 1];
            }
        else
            for (int64_t s = 0; s < r; s++)
                for (int64_t j = 0; j < w; j++)
                    y[s * k->h * w + j] = x[j * r + s];
    }
}

static void run(gn_tensor *y, const gn_tensor *x, const gn_tensor *small, int64_t r, gn_task fn)
{
    pixel_work k = {.from = x->data, .r = r, .rows_a_task = 1};
    if (!y || y->numel == 0)
        return;
    k.to = y->data;
    k.h = small->dim[small->ndim - 2];
    k.w = small->dim[small->ndim - 1];
    k.rows = y->numel / (k.w * r);
    k.rows_a_task = GN_MAX(GN_CHUNK / (k.w * r), 1);
    gn_parallel((k.rows + k.rows_a_task - 1) / k.rows_a_task, fn, &k);
}

static bool check_factor(const char *op, const gn_tensor *x, int64_t r)
{
    if (x->ndim < 3)
        return gn_fail("%s: x has shape %s, expected (..., C, H, W)", op, gn_shape_text(x));
    return (r > 0 && r <= INT32_MAX) ||
           gn_fail("%s: a factor of %lld, expected at least 1", op, (long long)r);
}

static gn_tensor *pixel_shuffle_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0];
    int64_t r = c->attr[0].i, dim[GN_MAX_DIM];
    if (!check_factor("pixel_shuffle", x, r))
        return NULL;
    int64_t *d = dim + x->ndim - 3;
    memcpy(dim, x->dim, sizeof dim);
    if (d[0] % (r * r))
        return gn_fail("pixel_shuffle: %lld channels, expected a multiple of %lld, the square of "
                       "upscale_factor",
                       (long long)d[0], (long long)(r * r));
    d[0] /= r * r;
    if (__builtin_mul_overflow(d[1], r, &d[1]) || __builtin_mul_overflow(d[2], r, &d[2]))
        return gn_fail("pixel_shuffle: a factor of %lld is too large", (long long)r);
    gn_tensor *y = gn_tensor_new(x->ndim, dim);
    run(y, x, x, r, shuffle_task);
    return y;
}

static gn_tensor *pixel_unshuffle_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0];
    int64_t r = c->attr[0].i, dim[GN_MAX_DIM];
    if (!check_factor("pixel_unshuffle", x, r))
        return NULL;
    int64_t *d = dim + x->ndim - 3;
    memcpy(dim, x->dim, sizeof dim);
    if (d[1] % r || d[2] % r)
        return gn_fail("pixel_unshuffle: planes of %lld x %lld, expected multiples of "
                       "downscale_factor = %lld",
                       (long long)d[1], (long long)d[2], (long long)r);
    if (__builtin_mul_overflow(d[0], r * r, &d[0]))
        return gn_fail("pixel_unshuffle: a factor of %lld is too large", (long long)r);
    d[1] /= r;
    d[2] /= r;
    gn_tensor *y = gn_tensor_new(x->ndim, dim);
    run(y, x, y, r, unshuffle_task);
    return y;
}

static void pixel_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    const gn_op *other =
        c->op == &gn_op_pixel_shuffle ? &gn_op_pixel_unshuffle : &gn_op_pixel_shuffle;
    gn_call back = {.op = other, .nin = 1, .in = {dy}, .attr = {c->attr[0]}};
    (void)y;
    dx[0] = dy ? gn_apply(&back) : NULL;
}

const gn_op gn_op_pixel_shuffle = {.name = "pixel_shuffle",
                                   .result = GN_ALIKE,
                                   .sig = "input, upscale_factor:int",
                                   .doc = "(..., C r r, H, W) to (..., C, H r, W r).",
                                   .fwd = pixel_shuffle_fwd,
                                   .vjp = pixel_vjp,
                                   .needs = ""};
const gn_op gn_op_pixel_unshuffle = {.name = "pixel_unshuffle",
                                     .result = GN_ALIKE,
                                     .sig = "input, downscale_factor:int",
                                     .doc = "(..., C, H r, W r) to (..., C r r, H, W).",
                                     .fwd = pixel_unshuffle_fwd,
                                     .vjp = pixel_vjp,
                                     .needs = ""};
