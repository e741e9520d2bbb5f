/* op_softmax.c - logsumexp, softmax and log_softmax: composites that subtract the largest
 * element first (the log-sum-exp trick), so that no finite input overflows. */
#include "ops.h"

/* The largest element, outside the tape: it cancels in what follows. */
static gn_tensor *steady_max(gn_tensor *x, gn_dims dims)
{
    if (x && x->numel == 0)
        return gn_scalar(0);
    bool was = gn_set_grad_mode(false);
    gn_tensor *m = gn_amax(x, dims, true);
    gn_set_grad_mode(was);
    return m;
}

/* 0 in place of an infinite one: a sum of exponentials may be 0 or infinite, their shares not,
 * so softmax and log_softmax of such a row are NaN. */
static gn_tensor *finite_max(gn_tensor *x, gn_dims dims)
{
    gn_tensor *m = steady_max(x, dims);
    return m ? gn_where(gn_isfinite(m), m, gn_scalar(0)) : NULL;
}

static gn_tensor *logsumexp_ref(gn_call *c)
{
    gn_dims dims = gn_attr_dims(&c->attr[0]);
    gn_tensor *x = c->in[0], *m = finite_max(x, dims);
    gn_tensor *y = gn_add(gn_log(gn_sum(gn_exp(gn_sub(x, m)), dims, true)), m);
    return c->attr[1].i ? y : gn_sum(y, dims, false);
}

const gn_op gn_op_logsumexp = {.name = "logsumexp",
                               .sig = "input, dim:dims, keepdim:bool=False",
                               .doc = "log(sum(exp(x))), without overflow.",
                               .ref = logsumexp_ref};

static gn_tensor *softmax_ref(gn_call *c)
{
    gn_dims dims = GN_DIM(c->attr[0].i);
    gn_tensor *x = c->in[0], *e = gn_exp(gn_sub(x, steady_max(x, dims)));
    return gn_div(e, gn_sum(e, dims, true));
}

const gn_op gn_op_softmax = {.name = "softmax",
                             .sig = "input, dim:int, *, dtype:dtype=None",
                             .doc = "exp(x) / sum(exp(x)) along dim.",
                             .ref = softmax_ref};

static gn_tensor *log_softmax_ref(gn_call *c)
{
    gn_dims dims = GN_DIM(c->attr[0].i);
    gn_tensor *x = c->in[0], *d = gn_sub(x, steady_max(x, dims));
    return gn_sub(d, gn_log(gn_sum(gn_exp(d), dims, true)));
}

const gn_op gn_op_log_softmax = {.name = "log_softmax",
                                 .sig = "input, dim:int, *, dtype:dtype=None",
                                 .doc = "log(softmax(x)) along dim, without underflow.",
                                 .ref = log_softmax_ref};
