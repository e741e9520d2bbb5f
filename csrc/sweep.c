/* sweep.c - the reverse sweep of the tape (reverse-mode automatic differentiation): finds the nodes
 * below the outputs, visits them by descending id, and adds up what each vjp says.
 *
 * A zero that follows from the graph alone, because the way to a node leads through an input
 * whose derivative is zero everywhere (gn_op.flat), is a flag and no tensor: nothing is computed
 * for it, and it becomes a tensor where somebody asks for it, or where it is to have gradients
 * itself.  What no way leads to has no gradient at all.
 *
 * All working memory is in the sweep's own tables, so two threads may differentiate
 * graphs that share nodes, and a vjp may start an inner sweep (ops derived from ref). */
#include "graph.h"
#include "ops.h"
#include "tape.h"

#include <string.h>

typedef struct {
    gn_graph g;
    gn_sweep_options o;
} sweep;

static bool accumulate(gn_entry *e, gn_tensor *g)
{
    int64_t mark = gn_scope_begin();
    gn_tensor *sum = e->grad ? gn_add(e->grad, g) : g;
    if (sum) {
        gn_tensor_retain(sum);
        gn_tensor_release(e->grad);
        e->grad = sum;
    }
    gn_scope_end(mark);
    return sum != NULL;
}

/* The flag made a tensor. */
static bool fill(gn_entry *e)
{
    int64_t mark = gn_scope_begin();
    e->grad = gn_tensor_full(e->node->ndim, e->node->dim, 0);
    if (e->grad)
        gn_tensor_retain(e->grad);
    gn_scope_end(mark);
    return e->grad != NULL;
}

/* Values that the vjp reads must be those of the forward call. */
static bool check_versions(const gn_node *n)
{
    const gn_call *c = &n->call;
    for (int i = 0; i < c->nin && !c->list; i++)
        if (c->in[i] && c->in[i]->storage && gn_tensor_version(c->in[i]) != n->version[i])
            return gn_fail_as(GN_RUNTIME,
                              "%s: input %d, shape %s, was changed in place after the loss was "
                              "computed; compute the loss again before backward",
                              c->op->name, i, gn_shape_text(c->in[i]));
    if (n->out && n->out->version != n->version[GN_MAX_IN])
        return gn_fail_as(GN_RUNTIME,
                          "%s: its output, shape %s, was changed in place and is needed for the "
                          "gradient; use the out-of-place form",
                          c->op->name, gn_dims_text(n->ndim, n->dim));
    return true;
}

/* The output as the vjp sees it: data when kept, else its shape; the same node. */
static gn_tensor *output_of(gn_node *n)
{
    gn_tensor plain = {.storage = n->out, .data = n->out_data, .node = n, .ndim = n->ndim};
    memcpy(plain.dim, n->dim, sizeof n->dim);
    return gn_tensor_alias(&plain, n->out != NULL);
}

/* An op without its own vjp: its ref, replayed on aliases of the inputs and swept.  Inputs
 * that are not wanted are constants, unless the gradients are to have gradients: those depend
 * on them. */
void gn_vjp_of_ref(gn_call *c, gn_tensor *dy, gn_tensor **dx)
{
    bool create_graph = gn_grad_mode();
    gn_call replay = *c;
    gn_tensor *target[GN_MAX_IN], *result[GN_MAX_IN];
    int which[GN_MAX_IN], n = 0;
    bool was = gn_set_grad_mode(true);
    for (int i = 0; i < c->nin; i++) {
        if (c->in[i] && gn_wants(c, i)) {
            target[n] = replay.in[i] = gn_identity(c->in[i]);
            which[n++] = i;
        } else if (c->in[i] && !create_graph) {
            replay.in[i] = gn_detach(c->in[i]);
        }
    }
    gn_tensor *y = gn_failed() ? NULL : c->op->ref(&replay);
    gn_sweep_options o = {.create_graph = create_graph, .retain_graph = create_graph};
    bool ok = y && gn_grad(1, &y, &dy, n, target, o, result);
    gn_set_grad_mode(was);
    for (int k = 0; ok && k < n; k++)
        dx[which[k]] = result[k] ? gn_scope_return(gn_scope_begin(), result[k]) : NULL;
    for (int k = 0; ok && k < n; k++)
        gn_tensor_release(result[k]);
}

static bool check_result(const gn_call *c, int i, const gn_tensor *dx)
{
    if (gn_same_shape(gn_input(c, i), dx))
        return true;
    gn_fail_as(GN_RUNTIME, "%s: gradient of input %d has shape %s, expected %s", c->op->name, i,
               gn_shape_text(dx), gn_shape_text(gn_input(c, i)));
    return false;
}

/* Gradients of the inputs that c wants. */
static bool differentiate(const sweep *s, gn_entry *e, gn_call *c)
{
    gn_tensor *dx[GN_MAX_LIST] = {NULL};
    int64_t mark = gn_scope_begin();
    bool ok = check_versions(e->node);
    gn_tensor *y = ok ? output_of(e->node) : NULL;
    if (y && c->op->vjp)
        c->op->vjp(c, y, e->grad, dx);
    else if (y)
        gn_vjp_of_ref(c, e->grad, dx);
    ok = y && !gn_failed();
    for (int k = 0; ok && k < c->nin; k++)
        if (gn_wants(c, k) && dx[k])
            ok = check_result(c, k, dx[k]) && accumulate(gn_graph_below(&s->g, c, k), dx[k]);
    gn_scope_end(mark);
    return ok;
}

static bool visit(const sweep *s, gn_entry *e)
{
    gn_call c = e->node->call;
    c.want = 0;
    for (int k = 0; k < c.nin; k++) {
        gn_entry *to = gn_graph_below(&s->g, &c, k);
        if (to && to->needed && !gn_is_flat(c.op, k))
            c.want |= (uint64_t)1 << k;
    }
    if (!e->grad && s->o.create_graph && c.want && !fill(e))
        return false;
    if (!e->grad)
        c.want = 0;
    if (c.want && !differentiate(s, e, &c))
        return false;
    for (int k = 0; k < c.nin; k++) {
        gn_entry *to = gn_wants(&c, k) ? NULL : gn_graph_below(&s->g, &c, k);
        if (to && to->carried)
            to->zero = true;
    }
    return true;
}

static bool run(sweep *s)
{
    bool was = gn_set_grad_mode(s->o.create_graph);
    bool ok = true;
    for (int i = s->g.n - 1; ok && i >= 0; i--) {
        gn_entry *e = &s->g.e[i];
        if (!e->carried || (!e->grad && !e->zero) || !e->node->call.op)
            continue;
        ok = visit(s, e);
        if (!e->target) {
            gn_tensor_release(e->grad);
            e->grad = NULL;
        }
    }
    gn_set_grad_mode(was);
    gn_graph_leave(&s->g, ok && !s->o.retain_graph);
    return ok;
}

/* The cotangent of an output: what was given, or one for a single element. */
static bool seed(gn_entry *e, gn_tensor *y, gn_tensor *dy)
{
    if (dy && !gn_same_shape(y, dy))
        return gn_fail("grad: the output has shape %s, its gradient %s; they must be equal",
                       gn_shape_text(y), gn_shape_text(dy));
    if (!dy && y->numel != 1)
        return gn_fail_as(GN_RUNTIME,
                          "grad can be implicitly created only for scalar outputs, got shape %s; "
                          "pass gradient= or reduce with .sum() or .mean()",
                          gn_shape_text(y));
    int64_t mark = gn_scope_begin();
    gn_tensor *g = dy ? dy : gn_tensor_full(y->ndim, y->dim, 1);
    bool ok = g && accumulate(e, g);
    gn_scope_end(mark);
    return ok;
}

static bool start(sweep *s, int ny, gn_tensor **y, gn_tensor **dy)
{
    for (int i = 0; i < ny; i++)
        if (!y[i]->node)
            return gn_fail_as(GN_RUNTIME,
                              "output %d does not require grad: nothing that made it had "
                              "requires_grad=True, or it was computed under no_grad() or cut off "
                              "by .detach() or .data",
                              i);
    if (!gn_graph_collect(&s->g, ny, y))
        return false;
    for (int i = 0; i < ny; i++) {
        gn_entry *e = gn_graph_find(&s->g, y[i]->node);
        if (e && !seed(e, y[i], dy ? dy[i] : NULL))
            return false;
    }
    return true;
}

bool gn_grad(int ny, gn_tensor **y, gn_tensor **dy, int nx, gn_tensor **x, gn_sweep_options o,
             gn_tensor **dx)
{
    sweep s = {.o = o, .g.oldest = INT64_MAX};
    for (int j = 0; j < nx; j++) {
        dx[j] = NULL;
        if (!x[j]->node)
            return gn_fail_as(GN_RUNTIME, "input %d does not require grad", j);
        s.g.oldest = GN_MIN(s.g.oldest, x[j]->node->id);
    }
    bool ok = start(&s, ny, y, dy);
    for (int j = 0; ok && j < nx; j++) {
        gn_entry *e = gn_graph_find(&s.g, x[j]->node);
        if (e)
            e->target = true;
    }
    if (ok) {
        gn_graph_mark(&s.g);
        ok = run(&s);
    }
    for (int i = 0; ok && i < s.g.n; i++)
        if (s.g.e[i].target && s.g.e[i].zero && !s.g.e[i].grad)
            ok = fill(&s.g.e[i]);
    for (int j = 0; ok && j < nx; j++) {
        gn_entry *e = gn_graph_find(&s.g, x[j]->node);
        dx[j] = e ? e->grad : NULL;
        if (dx[j])
            gn_tensor_retain(dx[j]);
    }
    gn_graph_free(&s.g);
    return ok;
}

/* leaf.grad += g, in memory that nobody else holds, as it may be changed in place; the sum stays
 * differentiable if asked to.  Done again if another thread has added to it meanwhile. */
static bool leaf_add(gn_node *leaf, gn_tensor *g, bool create_graph)
{
    bool done = false, shared = g->refs > 1 || g->storage->refs > 1;
    bool was = gn_set_grad_mode(create_graph);
    while (!done && !gn_failed()) {
        int64_t mark = gn_scope_begin();
        gn_tensor *old = gn_node_grad(leaf);
        gn_tensor *sum = old            ? gn_add(old, g)
                         : create_graph ? g
                         : shared       ? gn_tensor_copy(g)
                                        : gn_detach(g);
        done = sum && gn_node_swap_grad(leaf, old, sum);
        gn_tensor_release(old);
        gn_scope_end(mark);
    }
    gn_set_grad_mode(was);
    return done;
}

/* Zeros change no gradient that is there. */
static bool add_to_leaf(gn_entry *e, bool create_graph)
{
    gn_tensor *old = e->grad ? NULL : gn_node_grad(e->node);
    bool there = old != NULL;
    gn_tensor_release(old);
    return there || ((e->grad || fill(e)) && leaf_add(e->node, e->grad, create_graph));
}

bool gn_backward(gn_tensor *y, gn_tensor *dy, gn_sweep_options o)
{
    sweep s = {.o = o, .g.oldest = 0};
    bool ok = start(&s, 1, &y, dy ? &dy : NULL);
    for (int i = 0; ok && i < s.g.n; i++)
        s.g.e[i].target = !s.g.e[i].node->call.op;
    if (ok) {
        gn_graph_mark(&s.g);
        ok = run(&s);
    }
    for (int i = 0; ok && i < s.g.n; i++)
        if (s.g.e[i].target && (s.g.e[i].grad || s.g.e[i].zero))
            ok = add_to_leaf(&s.g.e[i], o.create_graph);
    gn_graph_free(&s.g);
    return ok;
}
