/* op_norm.c - batch norm (Ioffe and Szegedy 2015), with PyTorch's meaning of momentum
 * (weight of the new statistic) and eps.  x is seen as (N, C, S).
 *
 * Two passes over memory forward (statistics, y) and two backward (sums, dx).  S = 1 runs
 * along the channels of a row, S > 1 along one channel.  Higher derivatives replay ref. */
#include "ops.h"

#include <math.h>
#include <string.h>

enum { COLUMNS = 64, ROWS = 16 };

typedef struct {
    const real *x, *dy, *w, *b;
    real *y;                 /* y, or dx */
    real *mean, *rstd, *var; /* per channel */
    real *dw, *db;           /* per channel: sum dy xhat, sum dy */
    real *s, *t, *u;         /* per channel: y = x s + t; dx = dy s + x t + u */
    int64_t n, c, space;
    real eps;
} bn_work;

/* ---- per channel: statistics and coefficients ---------------------------------------- */

static void stats_columns(bn_work *k, int64_t from, int64_t n)
{
    gn_vec->cols_stats(k->mean + from, k->var + from, k->x + from, k->n, k->c, n);
}

static void stats_channel(bn_work *k, int64_t c)
{
    real sum = 0, square = 0, inverse = 1 / (real)(k->n * k->space);
    for (int64_t i = 0; i < k->n; i++)
        sum += gn_vec->sum(k->x + (i * k->c + c) * k->space, k->space);
    k->mean[c] = sum * inverse;
    for (int64_t i = 0; i < k->n; i++)
        square += gn_vec->center_square(k->x + (i * k->c + c) * k->space, k->space, k->mean[c]);
    k->var[c] = square * inverse;
}

static void forward_stats(void *ctx, int64_t task)
{
    bn_work *k = ctx;
    int64_t from = k->space == 1 ? task * COLUMNS : task;
    int64_t n = k->space == 1 ? GN_MIN(k->c - from, COLUMNS) : 1;
    if (k->space == 1)
        stats_columns(k, from, n);
    else
        stats_channel(k, task);
    for (int64_t c = from; c < from + n; c++) {
        k->rstd[c] = 1 / (real)sqrt((double)(k->var[c] + k->eps));
        k->s[c] = (k->w ? k->w[c] : 1) * k->rstd[c];
        k->t[c] = (k->b ? k->b[c] : 0) - k->mean[c] * k->s[c];
    }
}

static void sums_channel(bn_work *k, int64_t c)
{
    real sum = 0, dot = 0;
    for (int64_t i = 0; i < k->n; i++) {
        int64_t at = (i * k->c + c) * k->space;
        sum += gn_vec->sum(k->dy + at, k->space);
        dot += gn_vec->center_dot(k->dy + at, k->x + at, k->space, k->mean[c]);
    }
    k->db[c] = sum;
    k->dw[c] = dot;
}

/* dx = s (dy - mean(dy) - xhat mean(dy xhat)), s = w rstd, written dy s + x t + u */
static void backward_sums(void *ctx, int64_t task)
{
    bn_work *k = ctx;
    int64_t from = k->space == 1 ? task * COLUMNS : task;
    int64_t n = k->space == 1 ? GN_MIN(k->c - from, COLUMNS) : 1;
    real inverse = 1 / (real)(k->n * k->space);
    if (k->space == 1)
        gn_vec->cols_dot(k->db + from, k->dw + from, k->dy + from, k->x + from, k->mean + from,
                         k->n, k->c, n);
    else
        sums_channel(k, task);
    for (int64_t c = from; c < from + n; c++) {
        k->dw[c] *= k->rstd[c];
        k->s[c] = (k->w ? k->w[c] : 1) * k->rstd[c];
        k->t[c] = -k->s[c] * k->rstd[c] * k->dw[c] * inverse;
        k->u[c] = -k->s[c] * k->db[c] * inverse - k->t[c] * k->mean[c];
    }
}

/* ---- per row: the affine maps -------------------------------------------------------- */

static void forward_rows(void *ctx, int64_t task)
{
    bn_work *k = ctx;
    int64_t end = GN_MIN((task + 1) * ROWS, k->space == 1 ? k->n : k->n * k->c);
    for (int64_t i = task * ROWS; i < end; i++)
        if (k->space == 1)
            gn_vec->cols_affine(k->y + i * k->c, k->x + i * k->c, k->s, k->t, k->c);
        else
            gn_vec->unary[GN_UNARY_affine](k->y + i * k->space, k->x + i * k->space, k->space,
                                           k->s[i % k->c], k->t[i % k->c]);
}

static void backward_rows(void *ctx, int64_t task)
{
    bn_work *k = ctx;
    int64_t end = GN_MIN((task + 1) * ROWS, k->space == 1 ? k->n : k->n * k->c);
    for (int64_t i = task * ROWS; i < end; i++) {
        int64_t at = i * (k->space == 1 ? k->c : k->space), c = i % k->c;
        if (k->space == 1)
            gn_vec->cols_affine2(k->y + at, k->dy + at, k->x + at, k->s, k->t, k->u, k->c);
        else
            gn_vec->affine2(k->y + at, k->dy + at, k->x + at, k->space, k->s[c], k->t[c], k->u[c]);
    }
}

static void run_channels(bn_work *k, gn_task fn)
{
    gn_parallel(k->space == 1 ? (k->c + COLUMNS - 1) / COLUMNS : k->c, fn, k);
}

static void run_rows(bn_work *k, gn_task fn)
{
    int64_t rows = k->space == 1 ? k->n : k->n * k->c;
    gn_parallel((rows + ROWS - 1) / ROWS, fn, k);
}

/* ---- the op -------------------------------------------------------------------------- */

static bool check_channel(const char *what, const gn_tensor *v, int64_t channels)
{
    return !v || (v->ndim == 1 && v->dim[0] == channels) ||
           gn_fail("batch_norm: %s has shape %s, expected (%lld,)", what, gn_shape_text(v),
                   (long long)channels);
}

static bool check_batch_norm(gn_call *c)
{
    gn_tensor *x = c->in[0];
    static const char *const name[] = {"x", "w", "b", "running_mean", "running_var"};
    if (x->ndim < 2)
        return gn_fail("batch_norm: x has shape %s, expected (N, C) or (N, C, ...)",
                       gn_shape_text(x));
    for (int i = 1; i < 5; i++)
        if (!check_channel(name[i], c->in[i], x->dim[1]))
            return false;
    if (x->dim[1] == 0 || x->numel / x->dim[1] < 2)
        return gn_fail("batch_norm: expected more than 1 value per channel when training, got "
                       "shape %s; use a batch of at least 2, or eval mode",
                       gn_shape_text(x));
    return true;
}

static void set_shape(bn_work *k, const gn_tensor *x)
{
    k->n = x->dim[0];
    k->c = x->dim[1];
    k->space = x->numel / (k->n * k->c);
}

static void move_running(gn_tensor *running, const real *value, double momentum, double scale)
{
    for (int64_t i = 0; running && i < running->numel; i++)
        running->data[i] =
            (real)((1 - momentum) * (double)running->data[i] + momentum * scale * (double)value[i]);
    if (running)
        gn_tensor_touch(running);
}

static gn_tensor *batch_norm_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0], *w = c->in[1], *b = c->in[2];
    if (!check_batch_norm(c))
        return NULL;
    bn_work k = {.x = x->data, .eps = (real)c->attr[1].f};
    set_shape(&k, x);
    gn_tensor *y = gn_tensor_like(x);
    gn_tensor *stats = gn_tensor_new(2, (int64_t[]){2, k.c});
    gn_tensor *scratch = gn_tensor_new(2, (int64_t[]){3, k.c});
    if (!y || !stats || !scratch)
        return NULL;
    k.y = y->data;
    k.w = w ? w->data : NULL;
    k.b = b ? b->data : NULL;
    k.mean = stats->data;
    k.rstd = stats->data + k.c;
    k.var = scratch->data;
    k.s = scratch->data + k.c;
    k.t = scratch->data + 2 * k.c;
    run_channels(&k, forward_stats);
    run_rows(&k, forward_rows);
    double count = (double)(k.n * k.space);
    move_running(c->in[3], k.mean, c->attr[0].f, 1);
    move_running(c->in[4], k.var, c->attr[0].f, count / (count - 1));
    c->aux = stats;
    return y;
}

static void batch_norm_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    gn_tensor *x = c->in[0], *w = c->in[1];
    (void)y;
    if (gn_grad_mode()) {
        gn_call replay = *c;
        replay.in[3] = replay.in[4] = NULL; /* the running statistics have moved already */
        gn_vjp_of_ref(&replay, dy, dx);
        return;
    }
    bn_work k = {.x = x->data, .dy = dy->data, .w = w ? w->data : NULL};
    set_shape(&k, x);
    int64_t channels[1] = {k.c};
    gn_tensor *out = gn_tensor_like(x), *dw = gn_tensor_new(1, channels);
    gn_tensor *db = gn_tensor_new(1, channels);
    gn_tensor *scratch = gn_tensor_new(2, (int64_t[]){3, k.c});
    if (!out || !dw || !db || !scratch)
        return;
    k.y = out->data;
    k.mean = c->aux->data;
    k.rstd = c->aux->data + k.c;
    k.dw = dw->data;
    k.db = db->data;
    k.s = scratch->data;
    k.t = scratch->data + k.c;
    k.u = scratch->data + 2 * k.c;
    run_channels(&k, backward_sums);
    if (gn_wants(c, 0)) {
        run_rows(&k, backward_rows);
        dx[0] = out;
    }
    dx[1] = dw;
    dx[2] = db;
}

static gn_tensor *channel_shape(gn_tensor *v, const gn_tensor *x)
{
    int64_t dim[GN_MAX_DIM] = {1, x->dim[1], 1, 1, 1};
    return v ? gn_reshape(v, x->ndim, dim) : NULL;
}

static gn_tensor *affine_channels(gn_tensor *xhat, gn_tensor *w, gn_tensor *b, gn_tensor *x)
{
    if (w)
        xhat = gn_mul(xhat, channel_shape(w, x));
    return b ? gn_add(xhat, channel_shape(b, x)) : xhat;
}

static gn_tensor *batch_norm_ref(gn_call *c)
{
    gn_tensor *x = c->in[0];
    if (!check_batch_norm(c))
        return NULL;
    gn_dims dims = {.n = x->ndim - 1, .v = {0, 2, 3, 4}};
    gn_tensor *mean = gn_mean(x, dims, true), *d = gn_sub(x, mean);
    gn_tensor *var = gn_mean(gn_square(d), dims, true);
    gn_tensor *xhat = gn_mul(d, gn_rsqrt(gn_affine(var, 1, c->attr[1].f)));
    gn_tensor *y = affine_channels(xhat, c->in[1], c->in[2], x);
    double count = (double)(x->numel / x->dim[1]);
    if (y && c->in[3])
        move_running(c->in[3], mean->data, c->attr[0].f, 1);
    if (y && c->in[4])
        move_running(c->in[4], var->data, c->attr[0].f, count / (count - 1));
    return y;
}

const gn_op gn_op_batch_norm = {
    .name = "batch_norm",
    .sig = "input, w=None, b=None, running_mean=None, running_var=None, *, momentum:float=0.1, "
           "eps:float=1e-5",
    .doc = "Batch norm in training mode over all dimensions but 1; updates the running "
           "statistics in place.",
    .fwd = batch_norm_fwd,
    .vjp = batch_norm_vjp,
    .ref = batch_norm_ref,
    .needs = "012"};

static gn_tensor *batch_norm_eval_ref(gn_call *c)
{
    gn_tensor *x = c->in[0];
    if (x->ndim < 2)
        return gn_fail("batch_norm: x has shape %s, expected (N, C) or (N, C, ...)",
                       gn_shape_text(x));
    for (int i = 1; i < 5; i++)
        if (!check_channel(i == 1   ? "running_mean"
                           : i == 2 ? "running_var"
                           : i == 3 ? "w"
                                    : "b",
                           c->in[i], x->dim[1]))
            return NULL;
    gn_tensor *scale = gn_rsqrt(gn_affine(c->in[2], 1, c->attr[0].f));
    gn_tensor *d = gn_sub(x, channel_shape(c->in[1], x));
    return affine_channels(gn_mul(d, channel_shape(scale, x)), c->in[3], c->in[4], x);
}

const gn_op gn_op_batch_norm_eval = {
    .name = "batch_norm_eval",
    .sig = "input, running_mean, running_var, w=None, b=None, *, eps:float=1e-5",
    .doc = "Batch norm with given statistics.",
    .ref = batch_norm_eval_ref};
