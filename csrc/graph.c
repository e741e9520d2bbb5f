/* graph.c - finds the nodes below some outputs and what of them leads to the targets.
 *
 * Several sweeps may be at work on a node: each counts itself, and the last one that leaves a node
 * which cannot be swept again makes it give up what it holds. */
#include "graph.h"

#include <stdlib.h>
#include <string.h>

static int *slot_of(const gn_graph *g, const gn_node *node)
{
    size_t h = ((uintptr_t)node >> 6) * 0x9E3779B97F4A7C15u >> 20;
    for (;; h++) {
        int *slot = &g->slot[h & (size_t)(g->nslot - 1)];
        if (*slot == 0 || g->e[*slot - 1].node == node)
            return slot;
    }
}

gn_entry *gn_graph_find(const gn_graph *g, const gn_node *node)
{
    int i = g->n ? *slot_of(g, node) : 0;
    return i ? &g->e[i - 1] : NULL;
}

static void rehash(gn_graph *g)
{
    memset(g->slot, 0, (size_t)g->nslot * sizeof *g->slot);
    for (int i = 0; i < g->n; i++)
        *slot_of(g, g->e[i].node) = i + 1;
}

static bool grow(gn_graph *g)
{
    int room = g->room ? g->room * 2 : 128;
    gn_entry *e = gn_alloc("sweep", (size_t)room * sizeof *e);
    int *slot = gn_alloc("sweep slots", (size_t)room * 2 * sizeof *slot);
    if (!e || !slot) {
        gn_free(e);
        gn_free(slot);
        return false;
    }
    if (g->n)
        memcpy(e, g->e, (size_t)g->n * sizeof *e);
    gn_free(g->e);
    gn_free(g->slot);
    g->e = e;
    g->slot = slot;
    g->room = room;
    g->nslot = room * 2;
    rehash(g);
    return true;
}

/* ---- nodes at work ------------------------------------------------------------------- */

/* The last sweep to leave a spent node clears it. */
static void leave(gn_node *n)
{
    if (__atomic_sub_fetch(&n->sweeps, 1, __ATOMIC_ACQ_REL) == 0 &&
        __atomic_load_n(&n->spent, __ATOMIC_ACQUIRE) &&
        !__atomic_test_and_set(&n->cleared, __ATOMIC_ACQ_REL))
        gn_node_clear(n);
}

void gn_graph_leave(gn_graph *g, bool spend)
{
    for (int i = g->n - 1; i >= 0 && !g->left; i--) {
        gn_node *n = g->e[i].node;
        if (spend && g->e[i].carried && n->call.op)
            __atomic_store_n(&n->spent, true, __ATOMIC_RELEASE);
        leave(n);
    }
    g->left = true;
}

/* Adds a node once; a spent node cannot be swept again. */
static bool add(gn_graph *g, gn_node *node)
{
    if (node->id < g->oldest || gn_graph_find(g, node))
        return true;
    if (g->n == g->room && !grow(g))
        return false;
    __atomic_add_fetch(&node->sweeps, 1, __ATOMIC_ACQ_REL);
    if (__atomic_load_n(&node->spent, __ATOMIC_ACQUIRE)) {
        leave(node);
        return gn_fail_as(
            GN_RUNTIME,
            "backward: the result of %s, shape %s, belongs to a graph that an earlier backward or "
            "grad has gone through and freed. Compute it again, or use .detach() if no gradient "
            "is to go through it (a sample made earlier, a state carried on), or pass "
            "retain_graph=True to the earlier call",
            node->call.op->name, gn_dims_text(node->ndim, node->dim));
    }
    gn_node_retain(node);
    g->e[g->n] = (gn_entry){.node = node};
    *slot_of(g, node) = ++g->n;
    return true;
}

static bool add_inputs(gn_graph *g)
{
    for (int i = 0; i < g->n; i++) {
        gn_call *c = &g->e[i].node->call;
        for (int k = 0; k < c->nin; k++)
            if (gn_input(c, k) && gn_input(c, k)->node && !add(g, gn_input(c, k)->node))
                return false;
    }
    return true;
}

static int by_id(const void *a, const void *b)
{
    int64_t x = ((const gn_entry *)a)->node->id, y = ((const gn_entry *)b)->node->id;
    return x < y ? -1 : x > y;
}

gn_entry *gn_graph_below(const gn_graph *g, const gn_call *c, int k)
{
    gn_tensor *x = gn_input(c, k);
    return x && x->node ? gn_graph_find(g, x->node) : NULL;
}

bool gn_is_flat(const gn_op *op, int input)
{
    return op->flat && strchr(op->flat, '0' + input);
}

/* Ascending ids: inputs come before what was made of them. */
void gn_graph_mark(gn_graph *g)
{
    for (int i = 0; i < g->n; i++) {
        gn_entry *e = &g->e[i];
        gn_call *c = &e->node->call;
        e->needed = e->carried = e->target;
        for (int k = 0; k < c->nin && !e->needed; k++) {
            gn_entry *to = gn_graph_below(g, c, k);
            e->carried |= to && to->carried;
            e->needed = to && to->needed && !gn_is_flat(c->op, k);
        }
    }
}

bool gn_graph_collect(gn_graph *g, int ny, gn_tensor **y)
{
    if (!grow(g))
        return false;
    for (int i = 0; i < ny; i++)
        if (!add(g, y[i]->node))
            return false;
    if (!add_inputs(g))
        return false;
    qsort(g->e, (size_t)g->n, sizeof *g->e, by_id);
    rehash(g);
    return true;
}

void gn_graph_free(gn_graph *g)
{
    gn_graph_leave(g, false);
    for (int i = 0; i < g->n; i++) {
        gn_tensor_release(g->e[i].grad);
        gn_node_release(g->e[i].node);
    }
    gn_free(g->e);
    gn_free(g->slot);
}
