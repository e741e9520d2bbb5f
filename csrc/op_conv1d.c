/* op_conv1d.c - the 1-D convolutions: the 2-D ones of height 1. */
#include "ops.h"

static gn_tensor *flat_4d(const char *op, const char *name, gn_tensor *x)
{
    if (x->ndim != 3)
        return gn_fail("%s: %s has shape %s, expected 3 dimensions", op, name, gn_shape_text(x));
    return gn_reshape(x, 4, (int64_t[]){x->dim[0], x->dim[1], 1, x->dim[2]});
}

static gn_tensor *drop_height(gn_tensor *y)
{
    return y ? gn_reshape(y, 3, (int64_t[]){y->dim[0], y->dim[1], y->dim[3]}) : NULL;
}

/* Attribute of a width to one of (height, width); fill is that of the height. */
static bool widen(const char *op, const char *name, gn_attr *a, int64_t fill)
{
    if (a->n != 1)
        return gn_fail("%s: %s has %d entries, expected 1", op, name, a->n);
    *a = gn_attr_ints(2, (int64_t[]){fill, a->v[0]});
    return true;
}

/* padding: one value or (left, right). */
static bool widen_padding(const char *op, gn_attr *a)
{
    if (a->n != 2)
        return widen(op, "padding", a, 0);
    *a = gn_attr_ints(4, (int64_t[]){a->v[0], a->v[1], 0, 0});
    return true;
}

static gn_tensor *conv1d_ref(gn_call *c)
{
    gn_call wide = *c;
    wide.op = &gn_op_conv2d;
    wide.in[0] = flat_4d("conv1d", "input", c->in[0]);
    wide.in[1] = flat_4d("conv1d", "w", c->in[1]);
    if (!wide.in[0] || !wide.in[1] || !widen("conv1d", "stride", &wide.attr[0], 1) ||
        !widen_padding("conv1d", &wide.attr[1]) || !widen("conv1d", "dilation", &wide.attr[2], 1))
        return NULL;
    return drop_height(gn_apply(&wide));
}

const gn_op gn_op_conv1d = {
    .name = "conv1d",
    .sig = "input, w, b=None, *, stride:dims=1, padding:dims=0, dilation:dims=1, groups:int=1, "
           "act:none|relu|leaky_relu|tanh|sigmoid='none', slope:float=0.2, alike:bool=False",
    .doc =
        "act(cross-correlation of x (N, C, W) with w (O, C / groups, S) + b (O,)). padding is one "
        "value or (left, right).",
    .ref = conv1d_ref};

static gn_tensor *conv_transpose1d_ref(gn_call *c)
{
    const char *op = "conv_transpose1d";
    gn_call wide = *c;
    wide.op = &gn_op_conv_transpose2d;
    wide.in[0] = flat_4d(op, "input", c->in[0]);
    wide.in[1] = flat_4d(op, "w", c->in[1]);
    if (!wide.in[0] || !wide.in[1] || !widen(op, "stride", &wide.attr[0], 1) ||
        !widen_padding(op, &wide.attr[1]) || !widen(op, "output_padding", &wide.attr[2], 0) ||
        !widen(op, "dilation", &wide.attr[4], 1))
        return NULL;
    return drop_height(gn_apply(&wide));
}

const gn_op gn_op_conv_transpose1d = {
    .name = "conv_transpose1d",
    .sig = "input, w, b=None, *, stride:dims=1, padding:dims=0, output_padding:dims=0, "
           "groups:int=1, dilation:dims=1, act:none|relu|leaky_relu|tanh|sigmoid='none', "
           "slope:float=0.2, alike:bool=False",
    .doc = "act(transposed convolution + b): x (N, C, W), w (C, O / groups, S), b (O,).",
    .ref = conv_transpose1d_ref};
