/* op_norm_sample.c - norms of each sample: group norm (Wu and He 2018), which is instance norm
 * with as many groups as channels; layer norm (Ba, Kiros and Hinton 2016).  Each takes the
 * activation after it. */
#include "norms.h"

static gn_norm group_view(const gn_tensor *x, int64_t groups)
{
    gn_norm p = gn_norm_batch_view(x);
    p.k = p.n * groups;
    p.len *= p.channels / groups;
    p.n = 1;
    return p;
}

/* Without weights all elements share one of 1 and 0. */
static gn_norm layer_view(const gn_call *c)
{
    const gn_tensor *x = c->in[0];
    int64_t dims = c->attr[0].i, len = gn_product(x->dim + x->ndim - dims, (int)dims);
    bool own = c->in[1] || c->in[2];
    int64_t k = len ? x->numel / len : 0, channels = own ? len : 1;
    return (gn_norm){.n = 1, .k = k, .len = len, .channels = channels, .run = own ? 1 : len};
}

static gn_tensor *sample_fwd(gn_norm p, gn_call *c)
{
    p = gn_norm_options(p, c->attr + 1);
    return gn_norm_op_forward(&p, c, c->in[1], c->in[2], gn_tensor_new(2, (int64_t[]){2, p.k}),
                              gn_tensor_new(1, &p.k));
}

static void sample_vjp(gn_norm p, gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    if (gn_grad_mode()) {
        gn_vjp_of_ref(c, dy, dx);
        return;
    }
    p = gn_norm_options(p, c->attr + 1);
    gn_norm_op_backward(&p, c, y, dy, c->in + 1, dx, dx + 1);
}

/* Weight and bias (dim), and the slope. */
static bool check_affine(const char *op, const gn_call *c, int64_t ndim, const int64_t *dim)
{
    return gn_norm_check_weight(op, "w", c->in[1], (int)ndim, dim) &&
           gn_norm_check_weight(op, "b", c->in[2], (int)ndim, dim) &&
           gn_check_slope(op, c->attr[3].f);
}

static bool check_group_norm(gn_call *c)
{
    gn_tensor *x = c->in[0];
    int64_t groups = c->attr[0].i;
    if (x->ndim < 2 || groups < 1 || x->dim[1] % groups)
        return gn_fail("group_norm: x has shape %s for %lld groups, expected (N, C, ...) with C a "
                       "multiple of them",
                       gn_shape_text(x), (long long)groups);
    return check_affine("group_norm", c, 1, &x->dim[1]);
}

static gn_tensor *group_norm_fwd(gn_call *c)
{
    return check_group_norm(c) ? sample_fwd(group_view(c->in[0], c->attr[0].i), c) : NULL;
}

static void group_norm_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    sample_vjp(group_view(c->in[0], c->attr[0].i), c, y, dy, dx);
}

static gn_tensor *group_norm_ref(gn_call *c)
{
    gn_tensor *x = c->in[0], *mean, *var;
    if (!check_group_norm(c))
        return NULL;
    gn_norm p = group_view(x, c->attr[0].i);
    gn_tensor *rows = gn_reshape(x, 2, (int64_t[]){p.k, p.len});
    gn_tensor *xhat = gn_norm_standardize(rows, GN_DIM(1), c->attr[1].f, &mean, &var);
    return gn_norm_scale_shift(gn_reshape_like(xhat, x), gn_norm_channel_shape(c->in[1], x),
                               gn_norm_channel_shape(c->in[2], x), c->attr + 2);
}

const gn_op gn_op_group_norm = {
    .name = "group_norm",
    .sig = "input, w=None, b=None, *, groups:int, eps:float=1e-5, " GN_ACT_SIG,
    .doc = "act of the norm of each sample (N, C, ...) over groups of its channels; as many "
           "groups as channels: instance norm.",
    .fwd = group_norm_fwd,
    .vjp = group_norm_vjp,
    .ref = group_norm_ref,
    .needs = "012y"};

static bool check_layer_norm(gn_call *c)
{
    gn_tensor *x = c->in[0];
    int64_t dims = c->attr[0].i;
    if (dims < 1 || dims > x->ndim)
        return gn_fail("layer_norm: x has shape %s, dims = %lld, expected 1 to the number of its "
                       "dimensions",
                       gn_shape_text(x), (long long)dims);
    return check_affine("layer_norm", c, dims, x->dim + x->ndim - dims);
}

static gn_tensor *layer_norm_fwd(gn_call *c)
{
    return check_layer_norm(c) ? sample_fwd(layer_view(c), c) : NULL;
}

static void layer_norm_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    sample_vjp(layer_view(c), c, y, dy, dx);
}

static gn_tensor *layer_norm_ref(gn_call *c)
{
    gn_tensor *x = c->in[0], *mean, *var;
    if (!check_layer_norm(c))
        return NULL;
    gn_dims dims = {.n = (int)c->attr[0].i};
    for (int d = 0; d < dims.n; d++)
        dims.v[d] = x->ndim - dims.n + d;
    return gn_norm_scale_shift(gn_norm_standardize(x, dims, c->attr[1].f, &mean, &var), c->in[1],
                               c->in[2], c->attr + 2);
}

const gn_op gn_op_layer_norm = {
    .name = "layer_norm",
    .sig = "input, w=None, b=None, *, dims:int=1, eps:float=1e-5, " GN_ACT_SIG,
    .doc = "act of the norm of each sample over its last dimensions, of which there are `dims`; "
           "w and b have their sizes.",
    .fwd = layer_norm_fwd,
    .vjp = layer_norm_vjp,
    .ref = layer_norm_ref,
    .needs = "012y"};
