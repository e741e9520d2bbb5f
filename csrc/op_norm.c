/* op_norm.c - batch norm (Ioffe and Szegedy 2015), with PyTorch's meaning of momentum
 * (weight of the new statistic) and eps.  It takes the activation after it; that of a batch
 * takes one before it instead, whose gradient then needs no pass of its own.
 *
 * The norms differ in the view that kern/norm.h gets of x, and in ref; what they share comes
 * first.  Higher derivatives replay ref. */
#include "norms.h"

#include <string.h>

/* ---- what they share ----------------------------------------------------------------- */

bool gn_norm_check_weight(const char *op, const char *what, const gn_tensor *v, int ndim,
                          const int64_t *dim)
{
    return !v || (v->ndim == ndim && memcmp(v->dim, dim, (size_t)ndim * sizeof *dim) == 0) ||
           gn_fail("%s: %s has shape %s, expected %s", op, what, gn_shape_text(v),
                   gn_dims_text(ndim, dim));
}

static const real *data_of(const gn_tensor *v)
{
    return v ? v->data : NULL;
}

gn_norm gn_norm_options(gn_norm p, const gn_attr *eps)
{
    p.eps = (real)eps[0].f;
    p.act = (gn_act)eps[1].i;
    p.slope = (real)eps[2].f;
    return p;
}

gn_norm gn_norm_batch_view(const gn_tensor *x)
{
    int64_t n = x->dim[0], c = x->dim[1], space = n && c ? x->numel / (n * c) : 0;
    return (gn_norm){.n = n, .k = c, .len = space, .channels = c, .run = space};
}

gn_tensor *gn_norm_op_forward(gn_norm *p, gn_call *c, gn_tensor *w, gn_tensor *b, gn_tensor *stats,
                              gn_tensor *var)
{
    gn_tensor *x = c->in[0], *y = gn_tensor_like(x);
    if (!y || !stats || !var)
        return NULL;
    p->x = x->data;
    p->out = y->data;
    p->w = data_of(w);
    p->b = data_of(b);
    p->mean = stats->data;
    p->rstd = stats->data + p->k;
    p->var = var->data;
    gn_norm_forward(p);
    c->aux = stats;
    return y;
}

bool gn_norm_op_backward(gn_norm *p, gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor *const *wb,
                         gn_tensor **dx, gn_tensor **dwb)
{
    gn_tensor *x = c->in[0], *out = gn_wants(c, 0) ? gn_tensor_like(x) : NULL;
    gn_tensor *like = wb[0] ? wb[0] : wb[1];
    int64_t size = x->numel ? (int64_t)gn_norm_workspace(p) : 0;
    gn_tensor *work = gn_tensor_new(1, &size);
    for (int i = 0; i < 2; i++)
        dwb[i] = like ? gn_tensor_like(like) : gn_tensor_new(1, &p->channels);
    if (gn_failed())
        return false;
    p->x = x->data;
    p->y = p->act == GN_ACT_NONE ? NULL : y->data;
    p->dy = dy->data;
    p->out = out ? out->data : NULL;
    p->w = data_of(wb[0]);
    p->b = data_of(wb[1]);
    p->mean = c->aux->data;
    p->rstd = c->aux->data + p->k;
    p->dw = dwb[0]->data;
    p->db = dwb[1]->data;
    gn_norm_backward(p, work->data);
    dx[0] = out;
    return true;
}

gn_tensor *gn_norm_channel_shape(gn_tensor *v, const gn_tensor *x)
{
    int64_t dim[GN_MAX_DIM] = {1, x->dim[1], 1, 1, 1};
    return v ? gn_reshape(v, x->ndim, dim) : NULL;
}

gn_tensor *gn_norm_scale_shift(gn_tensor *xhat, gn_tensor *w, gn_tensor *b, const gn_attr *act)
{
    if (w)
        xhat = gn_mul(xhat, w);
    if (b)
        xhat = gn_add(xhat, b);
    return gn_activate(xhat, (gn_act)act[0].i, act[1].f);
}

gn_tensor *gn_norm_standardize(gn_tensor *x, gn_dims dims, double eps, gn_tensor **mean,
                               gn_tensor **var)
{
    *mean = gn_mean(x, dims, true);
    gn_tensor *d = gn_sub(x, *mean);
    *var = gn_mean(gn_square(d), dims, true);
    return gn_mul(d, gn_rsqrt(gn_affine(*var, 1, eps)));
}

/* ---- batch norm ---------------------------------------------------------------------- */

static bool check_batch(const char *op, gn_call *c, const char *const *names, const gn_attr *act)
{
    gn_tensor *x = c->in[0];
    if (x->ndim < 2)
        return gn_fail("%s: x has shape %s, expected (N, C) or (N, C, ...)", op, gn_shape_text(x));
    for (int i = 1; i < 5; i++)
        if (!gn_norm_check_weight(op, names[i], c->in[i], 1, &x->dim[1]))
            return false;
    return gn_check_slope(op, act[1].f);
}

static bool check_batch_norm(gn_call *c)
{
    static const char *const names[] = {"x", "w", "b", "running_mean", "running_var"};
    gn_tensor *x = c->in[0];
    if (!check_batch("batch_norm", c, names, c->attr + 2))
        return false;
    if (c->attr[2].i && c->attr[4].i)
        return gn_fail("batch_norm: got act and before, expected one of the two");
    if (x->dim[1] == 0 || x->numel / x->dim[1] < 2)
        return gn_fail("batch_norm: expected more than 1 value per channel when training, got "
                       "shape %s; use a batch of at least 2, or eval mode",
                       gn_shape_text(x));
    return true;
}

static void move_running(gn_tensor *running, const real *value, double momentum, double scale)
{
    for (int64_t i = 0; running && i < running->numel; i++)
        running->data[i] =
            (real)((1 - momentum) * (double)running->data[i] + momentum * scale * (double)value[i]);
    if (running)
        gn_tensor_touch(running);
}

static void move_statistics(gn_call *c, const real *mean, const real *var)
{
    double count = (double)(c->in[0]->numel / c->in[0]->dim[1]);
    move_running(c->in[3], mean, c->attr[0].f, 1);
    move_running(c->in[4], var, c->attr[0].f, count / (count - 1));
}

static gn_norm training_view(const gn_call *c)
{
    gn_norm p = gn_norm_options(gn_norm_batch_view(c->in[0]), c->attr + 1);
    p.before = (gn_act)c->attr[4].i;
    return p;
}

static gn_tensor *batch_norm_fwd(gn_call *c)
{
    if (!check_batch_norm(c))
        return NULL;
    gn_norm p = training_view(c);
    gn_tensor *stats = gn_tensor_new(2, (int64_t[]){2, p.k}), *var = gn_tensor_new(1, &p.k);
    gn_tensor *y = gn_norm_op_forward(&p, c, c->in[1], c->in[2], stats, var);
    if (y)
        move_statistics(c, p.mean, p.var);
    return y;
}

static void batch_norm_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    if (gn_grad_mode()) {
        gn_call replay = *c;
        replay.in[3] = replay.in[4] = NULL; /* the running statistics have moved already */
        gn_vjp_of_ref(&replay, dy, dx);
        return;
    }
    gn_norm p = training_view(c);
    gn_norm_op_backward(&p, c, y, dy, c->in + 1, dx, dx + 1);
}

static gn_tensor *batch_norm_ref(gn_call *c)
{
    gn_tensor *x = c->in[0], *mean, *var;
    if (!check_batch_norm(c))
        return NULL;
    gn_dims dims = {.n = x->ndim - 1, .v = {0, 2, 3, 4}};
    x = gn_activate(x, (gn_act)c->attr[4].i, c->attr[3].f);
    gn_tensor *xhat = gn_norm_standardize(x, dims, c->attr[1].f, &mean, &var);
    gn_tensor *y = gn_norm_scale_shift(xhat, gn_norm_channel_shape(c->in[1], x),
                                       gn_norm_channel_shape(c->in[2], x), c->attr + 2);
    if (y)
        move_statistics(c, mean->data, var->data);
    return y;
}

const gn_op gn_op_batch_norm = {
    .name = "batch_norm",
    .sig = "input, w=None, b=None, running_mean=None, running_var=None, *, momentum:float=0.1, "
           "eps:float=1e-5, " GN_ACT_SIG ", before:none|relu|leaky_relu='none'",
    .doc = "act of batch norm in training mode over all dimensions but 1, of `before` of the "
           "input; updates the running statistics in place.",
    .fwd = batch_norm_fwd,
    .vjp = batch_norm_vjp,
    .ref = batch_norm_ref,
    .needs = "012y",
    .fixed = "34"};

/* ---- batch norm with given statistics ------------------------------------------------ */

static bool check_batch_norm_eval(gn_call *c)
{
    static const char *const names[] = {"x", "running_mean", "running_var", "w", "b"};
    return check_batch("batch_norm", c, names, c->attr + 1);
}

static gn_tensor *batch_norm_eval_fwd(gn_call *c)
{
    if (!check_batch_norm_eval(c))
        return NULL;
    gn_norm p = gn_norm_options(gn_norm_batch_view(c->in[0]), c->attr);
    gn_tensor *mean = c->in[1], *var = c->in[2];
    gn_tensor *stats = gn_tensor_new(2, (int64_t[]){2, p.k});
    gn_tensor *rstd = gn_rsqrt(gn_affine(var, 1, c->attr[0].f));
    if (!stats || !rstd)
        return NULL;
    memcpy(stats->data, mean->data, (size_t)p.k * sizeof(real));
    memcpy(stats->data + p.k, rstd->data, (size_t)p.k * sizeof(real));
    p.fixed = true;
    return gn_norm_op_forward(&p, c, c->in[3], c->in[4], stats, var);
}

static void batch_norm_eval_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    if (gn_grad_mode()) {
        gn_vjp_of_ref(c, dy, dx);
        return;
    }
    gn_norm p = gn_norm_options(gn_norm_batch_view(c->in[0]), c->attr);
    gn_tensor *w = c->in[3];
    p.fixed = true;
    if (!gn_norm_op_backward(&p, c, y, dy, c->in + 3, dx, dx + 3))
        return;
    gn_tensor *rstd = gn_tensor_view(c->aux, p.k, 1, &p.k);
    gn_tensor *s = rstd && w ? gn_mul(rstd, w) : rstd;
    if (gn_wants(c, 1))
        dx[1] = gn_neg(gn_mul(dx[4], s));
    if (gn_wants(c, 2))
        dx[2] = gn_mul(gn_mul(gn_affine(dx[3], -0.5, 0), s), rstd);
}

static gn_tensor *batch_norm_eval_ref(gn_call *c)
{
    gn_tensor *x = c->in[0];
    if (!check_batch_norm_eval(c))
        return NULL;
    gn_tensor *rstd = gn_rsqrt(gn_affine(c->in[2], 1, c->attr[0].f));
    gn_tensor *d = gn_sub(x, gn_norm_channel_shape(c->in[1], x));
    return gn_norm_scale_shift(gn_mul(d, gn_norm_channel_shape(rstd, x)),
                               gn_norm_channel_shape(c->in[3], x),
                               gn_norm_channel_shape(c->in[4], x), c->attr + 1);
}

const gn_op gn_op_batch_norm_eval = {
    .name = "batch_norm_eval",
    .sig = "input, running_mean, running_var, w=None, b=None, *, eps:float=1e-5, " GN_ACT_SIG,
    .doc = "act of batch norm with given statistics.",
    .fwd = batch_norm_eval_fwd,
    .vjp = batch_norm_eval_vjp,
    .ref = batch_norm_eval_ref,
    .needs = "01234y"};
