/* sweep.c - the reverse sweep of the tape (reverse-mode automatic differentiation): finds the nodes
 * below the outputs, visits them by descending id, and adds up what each vjp says.
 *
 * All working memory is in the sweep's own tables, so two threads may differentiate
 * graphs that share nodes, and a vjp may start an inner sweep (ops derived from ref). */
#include "ops.h"
#include "tape.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    gn_node *node;   /* kept */
    gn_tensor *grad; /* kept; NULL: nothing arrived yet */
    bool target, needed;
} entry;

typedef struct {
    entry *e;
    int n, room;
    int *slot; /* open addressing: node -> index + 1 */
    int nslot; /* a power of two, at least twice n */
    gn_sweep_options o;
    int64_t oldest; /* no node with a smaller id matters */
} sweep;

static gn_tensor *input(const gn_call *c, int i)
{
    return c->list ? c->list[i] : c->in[i];
}

static int *slot_of(const sweep *s, const gn_node *node)
{
    size_t h = ((uintptr_t)node >> 6) * 0x9E3779B97F4A7C15u >> 20;
    for (;; h++) {
        int *slot = &s->slot[h & (size_t)(s->nslot - 1)];
        if (*slot == 0 || s->e[*slot - 1].node == node)
            return slot;
    }
}

static entry *find(const sweep *s, const gn_node *node)
{
    int i = s->n ? *slot_of(s, node) : 0;
    return i ? &s->e[i - 1] : NULL;
}

static void rehash(sweep *s)
{
    memset(s->slot, 0, (size_t)s->nslot * sizeof *s->slot);
    for (int i = 0; i < s->n; i++)
        *slot_of(s, s->e[i].node) = i + 1;
}

static bool grow(sweep *s)
{
    int room = s->room ? s->room * 2 : 128;
    entry *e = gn_alloc("sweep", (size_t)room * sizeof *e);
    int *slot = gn_alloc("sweep slots", (size_t)room * 2 * sizeof *slot);
    if (!e || !slot) {
        gn_free(e);
        gn_free(slot);
        return false;
    }
    if (s->n)
        memcpy(e, s->e, (size_t)s->n * sizeof *e);
    gn_free(s->e);
    gn_free(s->slot);
    s->e = e;
    s->slot = slot;
    s->room = room;
    s->nslot = room * 2;
    rehash(s);
    return true;
}

/* Adds a node once; a spent node cannot be swept again. */
static bool add(sweep *s, gn_node *node)
{
    if (node->id < s->oldest || find(s, node))
        return true;
    if (s->n == s->room && !grow(s))
        return false;
    if (node->spent) {
        gn_fail_as(GN_RUNTIME, "the graph below this tensor was already swept and freed; pass "
                               "retain_graph=True to the first backward");
        return false;
    }
    gn_node_retain(node);
    s->e[s->n] = (entry){.node = node};
    *slot_of(s, node) = ++s->n;
    return true;
}

static bool add_inputs(sweep *s)
{
    for (int i = 0; i < s->n; i++) {
        gn_call *c = &s->e[i].node->call;
        for (int k = 0; k < c->nin; k++)
            if (input(c, k) && input(c, k)->node && !add(s, input(c, k)->node))
                return false;
    }
    return true;
}

static int by_id(const void *a, const void *b)
{
    int64_t x = ((const entry *)a)->node->id, y = ((const entry *)b)->node->id;
    return x < y ? -1 : x > y;
}

/* Ascending ids: inputs come before what was made of them. */
static void mark_needed(sweep *s)
{
    for (int i = 0; i < s->n; i++) {
        gn_call *c = &s->e[i].node->call;
        s->e[i].needed = s->e[i].target;
        for (int k = 0; k < c->nin && !s->e[i].needed; k++) {
            gn_tensor *x = input(c, k);
            entry *below = x && x->node ? find(s, x->node) : NULL;
            s->e[i].needed = below && below->needed;
        }
    }
}

static bool accumulate(entry *e, gn_tensor *g)
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
    if (gn_same_shape(input(c, i), dx))
        return true;
    gn_fail_as(GN_RUNTIME, "%s: gradient of input %d has shape %s, expected %s", c->op->name, i,
               gn_shape_text(dx), gn_shape_text(input(c, i)));
    return false;
}

static bool visit(sweep *s, entry *e)
{
    gn_tensor *dx[GN_MAX_LIST] = {NULL};
    gn_call c = e->node->call;
    c.want = 0;
    for (int k = 0; k < c.nin; k++) {
        entry *below = input(&c, k) && input(&c, k)->node ? find(s, input(&c, k)->node) : NULL;
        if (below && below->needed)
            c.want |= (uint64_t)1 << k;
    }
    if (!c.want)
        return true;
    int64_t mark = gn_scope_begin();
    bool ok = check_versions(e->node);
    gn_tensor *y = ok ? output_of(e->node) : NULL;
    if (y && c.op->vjp)
        c.op->vjp(&c, y, e->grad, dx);
    else if (y)
        gn_vjp_of_ref(&c, e->grad, dx);
    ok = y && !gn_failed();
    for (int k = 0; ok && k < c.nin; k++)
        if (gn_wants(&c, k) && dx[k])
            ok = check_result(&c, k, dx[k]) && accumulate(find(s, input(&c, k)->node), dx[k]);
    gn_scope_end(mark);
    return ok;
}

static bool run(sweep *s)
{
    bool was = gn_set_grad_mode(s->o.create_graph);
    bool ok = true;
    for (int i = s->n - 1; ok && i >= 0; i--) {
        entry *e = &s->e[i];
        if (!e->needed || !e->grad || !e->node->call.op)
            continue;
        ok = visit(s, e);
        if (!e->target) {
            gn_tensor_release(e->grad);
            e->grad = NULL;
        }
    }
    gn_set_grad_mode(was);
    for (int i = s->n - 1; ok && i >= 0 && !s->o.retain_graph; i--)
        if (s->e[i].needed && s->e[i].node->call.op) {
            s->e[i].node->spent = true;
            gn_node_clear(s->e[i].node);
        }
    return ok;
}

static void sweep_free(sweep *s)
{
    for (int i = 0; i < s->n; i++) {
        gn_tensor_release(s->e[i].grad);
        gn_node_release(s->e[i].node);
    }
    gn_free(s->e);
    gn_free(s->slot);
}

/* The cotangent of an output: what was given, or one for a single element. */
static bool seed(sweep *s, gn_tensor *y, gn_tensor *dy)
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
    bool ok = g && accumulate(find(s, y->node), g);
    gn_scope_end(mark);
    return ok;
}

static bool start(sweep *s, int ny, gn_tensor **y, gn_tensor **dy)
{
    if (!grow(s))
        return false;
    for (int i = 0; i < ny; i++) {
        if (!y[i]->node)
            return gn_fail_as(GN_RUNTIME,
                              "output %d does not require grad: nothing that made it "
                              "had requires_grad=True (or it ran under no_grad)",
                              i);
        if (!add(s, y[i]->node))
            return false;
    }
    if (!add_inputs(s))
        return false;
    qsort(s->e, (size_t)s->n, sizeof *s->e, by_id);
    rehash(s);
    for (int i = 0; i < ny; i++)
        if (find(s, y[i]->node) && !seed(s, y[i], dy ? dy[i] : NULL))
            return false;
    return true;
}

bool gn_grad(int ny, gn_tensor **y, gn_tensor **dy, int nx, gn_tensor **x, gn_sweep_options o,
             gn_tensor **dx)
{
    sweep s = {.o = o, .oldest = INT64_MAX};
    for (int j = 0; j < nx; j++) {
        dx[j] = NULL;
        if (!x[j]->node)
            return gn_fail_as(GN_RUNTIME, "input %d does not require grad", j);
        s.oldest = GN_MIN(s.oldest, x[j]->node->id);
    }
    bool ok = start(&s, ny, y, dy);
    for (int j = 0; ok && j < nx; j++) {
        entry *e = find(&s, x[j]->node);
        if (e)
            e->target = true;
    }
    if (ok) {
        mark_needed(&s);
        ok = run(&s);
    }
    for (int j = 0; ok && j < nx; j++) {
        entry *e = find(&s, x[j]->node);
        dx[j] = e ? e->grad : NULL;
        if (dx[j])
            gn_tensor_retain(dx[j]);
    }
    sweep_free(&s);
    return ok;
}

/* g as the .grad of one leaf: in memory that nobody else holds, as it may be changed in place. */
static gn_tensor *own_memory(gn_tensor *g)
{
    gn_tensor *copy = gn_tensor_like(g);
    if (copy && g->numel)
        memcpy(copy->data, g->data, (size_t)g->numel * sizeof(real));
    return copy;
}

/* leaf.grad += g; the sum stays differentiable if asked to. */
static bool leaf_add(gn_node *leaf, gn_tensor *g, bool create_graph)
{
    int64_t mark = gn_scope_begin();
    bool was = gn_set_grad_mode(create_graph);
    bool shared = g->refs > 1 || g->storage->refs > 1;
    gn_tensor *sum = leaf->grad     ? gn_add(leaf->grad, g)
                     : create_graph ? g
                     : shared       ? own_memory(g)
                                    : gn_detach(g);
    gn_set_grad_mode(was);
    if (sum) {
        gn_tensor_retain(sum);
        gn_tensor_release(leaf->grad);
        leaf->grad = sum;
    }
    gn_scope_end(mark);
    return sum != NULL;
}

bool gn_backward(gn_tensor *y, gn_tensor *dy, gn_sweep_options o)
{
    sweep s = {.o = o, .oldest = 0};
    bool ok = start(&s, 1, &y, dy ? &dy : NULL);
    for (int i = 0; ok && i < s.n; i++)
        s.e[i].target = !s.e[i].node->call.op;
    if (ok) {
        mark_needed(&s);
        ok = run(&s);
    }
    for (int i = 0; ok && i < s.n; i++)
        if (s.e[i].target && s.e[i].grad)
            ok = leaf_add(s.e[i].node, s.e[i].grad, o.create_graph);
    sweep_free(&s);
    return ok;
}
