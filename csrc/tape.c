/* tape.c - runs an op and records the call: the tape that sweep.c reads backwards.  Knows no single
 * op. */
#include "tape.h"

#include <string.h>

static _Thread_local bool grad_off, anomaly; /* grad mode is on unless switched off */
static bool fused_off;

bool gn_grad_mode(void)
{
    return !grad_off;
}

bool gn_set_grad_mode(bool on)
{
    bool was = !grad_off;
    grad_off = !on;
    return was;
}

bool gn_set_anomaly_mode(bool on)
{
    bool was = anomaly;
    anomaly = on;
    return was;
}

bool gn_set_fused(bool on)
{
    bool was = !fused_off;
    fused_off = !on;
    return was;
}

/* ---- recording ----------------------------------------------------------------------- */

static bool needs(const gn_op *op, char what)
{
    return !op->needs || strchr(op->needs, what);
}

static bool needs_input(const gn_call *c, int i)
{
    if (c->list)
        return false;
    if (i < 2 && c->op->needs && strchr(c->op->needs, 'A' + i))
        return c->in[1 - i] && c->in[1 - i]->node;
    return needs(c->op, (char)('0' + i));
}

static bool is_constant(const gn_op *op)
{
    return op->needs && op->needs[0] == '-';
}

static bool is_fixed(const gn_op *op, int input)
{
    return op->fixed && strchr(op->fixed, '0' + input);
}

static bool record_inputs(gn_node *n, gn_call *c)
{
    n->call = *c;
    n->call.nin = 0;
    n->call.aux = NULL;
    if (c->list) {
        n->call.list = gn_alloc("node inputs", (size_t)c->nin * sizeof *c->list);
        if (!n->call.list)
            return false;
    }
    for (int i = 0; i < c->nin; i++) {
        gn_tensor *x = gn_inputs(c)[i], *kept = NULL;
        if (x) {
            kept = gn_tensor_alias(x, needs_input(c, i));
            if (!kept)
                return false;
            gn_tensor_retain(kept);
            if (is_fixed(c->op, i)) {
                gn_node_release(kept->node);
                kept->node = NULL;
            }
        }
        gn_inputs(&n->call)[i] = kept;
        n->call.nin = i + 1;
        if (kept && !c->list)
            n->version[i] = gn_tensor_version(x);
    }
    n->call.aux = c->aux;
    if (c->aux)
        gn_tensor_retain(c->aux);
    return true;
}

static gn_tensor *record(gn_call *c, gn_tensor *y)
{
    gn_node *n = gn_node_new();
    if (!n)
        return NULL;
    if (!record_inputs(n, c)) {
        gn_node_release(n);
        return NULL;
    }
    n->ndim = y->ndim;
    memcpy(n->dim, y->dim, sizeof n->dim);
    if (needs(c->op, 'y')) {
        n->out = y->storage;
        n->out_data = y->data;
        __atomic_fetch_add(&n->out->refs, 1, __ATOMIC_RELAXED);
        n->version[GN_MAX_IN] = y->storage->version;
    }
    y->node = n;
    return y;
}

static bool any_requires_grad(gn_call *c)
{
    for (int i = 0; i < c->nin; i++)
        if (gn_inputs(c)[i] && gn_inputs(c)[i]->node && !is_fixed(c->op, i))
            return true;
    return false;
}

static bool has_nan(const gn_tensor *x)
{
    for (int64_t i = 0; i < x->numel; i++)
        if (x->data[i] != x->data[i])
            return true;
    return false;
}

static gn_tensor *run(gn_call *c)
{
    const gn_op *op = c->op;
    if (!op->fwd || (fused_off && op->ref))
        return op->ref(c);
    bool was = gn_set_grad_mode(false);
    gn_tensor *y = op->fwd(c);
    gn_set_grad_mode(was);
    if (!y || gn_failed())
        return NULL;
    if (anomaly && has_nan(y))
        return gn_fail_as(GN_RUNTIME, "detect_anomaly: %s returned NaN, output shape %s", op->name,
                          gn_shape_text(y));
    if (grad_off || y->dtype != GN_FLOAT || is_constant(op) || !any_requires_grad(c))
        return y;
    return record(c, y);
}

/* Kernels and vjps see floats only: tagged operands are handed on, and recorded, without. */
static gn_tensor *run_tagged(gn_call *c)
{
    gn_dtype to;
    gn_call plain = *c;
    gn_tensor *list[GN_MAX_LIST];
    if (!gn_result_of(c, &to))
        return NULL;
    if (c->list && c->nin <= GN_MAX_LIST)
        plain.list = memcpy(list, c->list, (size_t)c->nin * sizeof *list);
    for (int i = 0; i < c->nin && c->nin <= GN_MAX_LIST; i++) {
        gn_tensor **x = &gn_inputs(&plain)[i];
        if (*x && (*x)->dtype != GN_FLOAT && !(*x = gn_tensor_tagged(*x, GN_FLOAT)))
            return NULL;
    }
    if (to == GN_FLOAT)
        return run(&plain);
    bool was = gn_set_grad_mode(false);
    gn_tensor *y = to == GN_INT && c->op->whole ? c->op->whole(&plain) : run(&plain);
    gn_set_grad_mode(was);
    return gn_finish_as(c->op, y, to);
}

gn_tensor *gn_apply(gn_call *c)
{
    if (gn_failed())
        return NULL;
    bool tagged = c->op->result >= GN_BITS;
    for (int i = 0; i < c->nin; i++) {
        const gn_tensor *x = gn_inputs(c)[i];
        tagged |= x && x->dtype != GN_FLOAT;
    }
    return tagged ? run_tagged(c) : run(c);
}

gn_tensor *gn_requires_grad(gn_tensor *x, bool on)
{
    if (!x || on == (x->node != NULL))
        return x;
    if (on && x->dtype != GN_FLOAT)
        return gn_fail_as(GN_RUNTIME,
                          "requires_grad: got a tensor of dtype %s, expected floats; use "
                          ".float() first",
                          gn_dtype_name(x->dtype));
    if (!on) {
        if (x->node->call.op)
            return gn_fail_as(GN_RUNTIME,
                              "requires_grad can be changed on leaves only, this "
                              "tensor was made by %s; use detach()",
                              x->node->call.op->name);
        gn_node_release(x->node);
        x->node = NULL;
        return x;
    }
    x->node = gn_node_new();
    if (x->node)
        memcpy(x->node->dim, x->dim, sizeof x->dim);
    if (x->node)
        x->node->ndim = x->ndim;
    return x->node ? x : NULL;
}

bool gn_is_leaf(const gn_tensor *x)
{
    return !x->node || !x->node->call.op;
}

gn_tensor *gn_detach(const gn_tensor *x)
{
    return gn_tensor_view(x, 0, x->ndim, x->dim);
}
