/* tensor.c - handles, storages, scopes and nodes: how they are made and dropped.  Tensors and nodes
 * hold each other, so both are dropped here.  Knows nothing of ops. */
#include "tensor.h"
#include "node.h"
#include "view.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

static int64_t live, last_id;

enum { ROOM = 256 };

/* The stack of this thread; it moves to the pool when it outgrows its first room, and back
 * when no scope is open. */
static _Thread_local struct {
    gn_tensor *first[ROOM], **grown;
    int64_t count, room;
} scope;

static gn_tensor **scope_items(void)
{
    return scope.grown ? scope.grown : scope.first;
}

static bool scope_push(gn_tensor *x)
{
    int64_t room = scope.grown ? scope.room : ROOM;
    if (scope.count == room) {
        gn_tensor **item = gn_alloc("scope", (size_t)room * 2 * sizeof *item);
        if (!item)
            return false;
        memcpy(item, scope_items(), (size_t)room * sizeof *item);
        gn_free(scope.grown);
        scope.grown = item;
        scope.room = room * 2;
    }
    scope_items()[scope.count++] = x;
    return true;
}

int64_t gn_scope_begin(void)
{
    return scope.count;
}

void gn_scope_end(int64_t mark)
{
    while (scope.count > mark)
        gn_tensor_release(scope_items()[--scope.count]);
    if (mark == 0 && scope.grown) {
        gn_free(scope.grown);
        scope.grown = NULL;
    }
}

gn_tensor *gn_scope_return(int64_t mark, gn_tensor *x)
{
    if (x)
        gn_tensor_retain(x);
    gn_scope_end(mark);
    if (x && !scope_push(x)) {
        gn_tensor_release(x);
        return NULL;
    }
    return x;
}

static gn_tensor *handle_new(int ndim, const int64_t *dim, int64_t numel)
{
    gn_tensor *x = gn_alloc("tensor", sizeof *x);
    if (!x)
        return NULL;
    *x = (gn_tensor){.refs = 1, .ndim = ndim, .numel = numel};
    if (ndim)
        memcpy(x->dim, dim, (size_t)ndim * sizeof *dim);
    __atomic_fetch_add(&live, 1, __ATOMIC_RELAXED);
    if (scope_push(x))
        return x;
    gn_tensor_release(x);
    return NULL;
}

gn_tensor *gn_tensor_new(int ndim, const int64_t *dim)
{
    if (gn_failed())
        return NULL;
    if (ndim > GN_MAX_DIM)
        return gn_fail("a tensor has at most %d dimensions, got %d", GN_MAX_DIM, ndim);
    int64_t numel = gn_product(dim, ndim);
    if (numel < 0)
        return NULL;
    gn_tensor *x = handle_new(ndim, dim, numel);
    if (!x)
        return NULL;
    size_t header = (sizeof(gn_storage) + 63) / 64 * 64;
    gn_storage *s = gn_alloc("storage", header + (size_t)numel * sizeof(real));
    if (!s)
        return NULL;
    *s = (gn_storage){.refs = 1, .count = numel, .data = (real *)((char *)s + header)};
    x->storage = s;
    x->data = s->data;
    return x;
}

gn_tensor *gn_tensor_like(const gn_tensor *x)
{
    return x ? gn_tensor_new(x->ndim, x->dim) : NULL;
}

gn_tensor *gn_tensor_copy(const gn_tensor *x)
{
    gn_tensor *y = gn_tensor_like(x);
    if (!y)
        return NULL;
    y->dtype = x->dtype;
    if (x->numel)
        memcpy(y->data, x->data, (size_t)x->numel * sizeof(real));
    return y;
}

gn_tensor *gn_tensor_full(int ndim, const int64_t *dim, double value)
{
    gn_tensor *x = gn_tensor_new(ndim, dim);
    for (int64_t i = 0; x && i < x->numel; i++)
        x->data[i] = (real)value;
    return x;
}

gn_tensor *gn_scalar(double value)
{
    return gn_tensor_full(0, NULL, value);
}

gn_tensor *gn_tensor_view(const gn_tensor *x, int64_t offset, int ndim, const int64_t *dim)
{
    if (gn_failed() || !x)
        return NULL;
    gn_tensor *y = handle_new(ndim, dim, gn_product(dim, ndim));
    if (!y)
        return NULL;
    y->dtype = x->dtype;
    y->storage = gn_storage_retain(x->storage);
    y->counter = x->storage ? gn_storage_retain(x->counter) : NULL;
    y->data = x->data ? x->data + offset : NULL;
    return y;
}

gn_tensor *gn_tensor_tagged(const gn_tensor *x, gn_dtype dtype)
{
    gn_tensor *y = x ? gn_tensor_view(x, 0, x->ndim, x->dim) : NULL;
    if (y)
        y->dtype = dtype;
    return y;
}

gn_tensor *gn_tensor_alias(const gn_tensor *x, bool with_data)
{
    gn_tensor ghost = *x;
    if (!with_data) {
        ghost.storage = NULL;
        ghost.data = NULL;
    }
    gn_tensor *y = gn_tensor_view(&ghost, 0, x->ndim, x->dim);
    if (y && x->node) {
        y->node = x->node;
        gn_node_retain(y->node);
    }
    return y;
}

void gn_tensor_retain(gn_tensor *x)
{
    __atomic_fetch_add(&x->refs, 1, __ATOMIC_RELAXED);
}

gn_storage *gn_storage_retain(gn_storage *s)
{
    if (s)
        __atomic_fetch_add(&s->refs, 1, __ATOMIC_RELAXED);
    return s;
}

void gn_storage_release(gn_storage *s)
{
    if (s && __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) == 0)
        gn_free(s);
}

void gn_tensor_release(gn_tensor *x)
{
    if (!x || __atomic_sub_fetch(&x->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    gn_node *node = x->node;
    gn_tensor *base = x->view ? x->view->base : NULL;
    gn_storage_release(x->storage);
    gn_storage_release(x->counter);
    gn_free(x->view);
    gn_free(x);
    __atomic_fetch_sub(&live, 1, __ATOMIC_RELAXED);
    gn_node_release(node);
    gn_tensor_release(base); /* no view itself: one level deep */
}

/* ---- nodes --------------------------------------------------------------------------- */

gn_node *gn_node_new(void)
{
    gn_node *n = gn_alloc("node", sizeof *n);
    if (n) {
        memset(n, 0, sizeof *n);
        n->refs = 1;
        n->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
    }
    return n;
}

void gn_node_retain(gn_node *n)
{
    __atomic_fetch_add(&n->refs, 1, __ATOMIC_RELAXED);
}

void gn_node_clear(gn_node *n)
{
    gn_call c = n->call;
    gn_storage *out = n->out;
    n->call.nin = 0;
    n->call.list = NULL;
    n->call.aux = NULL;
    n->out = NULL;
    for (int i = 0; i < c.nin; i++)
        gn_tensor_release(gn_inputs(&c)[i]);
    gn_free(c.list);
    gn_tensor_release(c.aux);
    gn_storage_release(out);
}

/* Iterative: a chain of a million ops must not recurse. Pending nodes are linked by .grad,
 * which a dead node no longer needs. */
void gn_node_release(gn_node *n)
{
    static _Thread_local gn_node *dead;
    static _Thread_local bool draining;
    if (!n || __atomic_sub_fetch(&n->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    gn_tensor *grad = n->grad;
    n->grad = (gn_tensor *)dead;
    dead = n;
    gn_tensor_release(grad);
    if (draining)
        return;
    draining = true;
    while (dead) {
        n = dead;
        dead = (gn_node *)n->grad;
        gn_node_clear(n);
        gn_free(n);
    }
    draining = false;
}

/* ---- gradients of leaves --------------------------------------------------------------
 * The lock covers a few instructions and nothing that takes another. */

static bool grad_lock;

static void lock_grads(void)
{
    while (__atomic_test_and_set(&grad_lock, __ATOMIC_ACQUIRE))
        sched_yield();
}

static void unlock_grads(void)
{
    __atomic_clear(&grad_lock, __ATOMIC_RELEASE);
}

gn_tensor *gn_node_grad(gn_node *n)
{
    lock_grads();
    gn_tensor *grad = n->grad;
    if (grad)
        gn_tensor_retain(grad);
    unlock_grads();
    return grad;
}

bool gn_node_swap_grad(gn_node *n, const gn_tensor *expected, gn_tensor *grad)
{
    lock_grads();
    gn_tensor *old = n->grad;
    bool same = old == expected;
    if (same && grad)
        gn_tensor_retain(grad);
    if (same)
        n->grad = grad;
    unlock_grads();
    if (same)
        gn_tensor_release(old);
    return same;
}

void gn_node_set_grad(gn_node *n, gn_tensor *grad)
{
    bool done = false;
    while (!done) {
        gn_tensor *old = gn_node_grad(n);
        done = gn_node_swap_grad(n, old, grad);
        gn_tensor_release(old);
    }
}

/* ---- shapes and versions ------------------------------------------------------------- */

int64_t gn_tensor_live(void)
{
    return __atomic_load_n(&live, __ATOMIC_RELAXED);
}

static gn_storage *counter_of(const gn_tensor *x)
{
    return x->counter ? x->counter : x->storage;
}

int64_t gn_tensor_version(const gn_tensor *x)
{
    return __atomic_load_n(&counter_of(x)->version, __ATOMIC_RELAXED);
}

void gn_tensor_touch(gn_tensor *x)
{
    gn_storage *written = x->view ? x->view->base->storage : x->storage;
    __atomic_fetch_add(&counter_of(x)->version, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&written->writes, 1, __ATOMIC_RELAXED);
}

bool gn_tensor_count_alone(gn_tensor *x)
{
    gn_storage *counter = x ? gn_alloc("version counter", sizeof *counter) : NULL;
    if (!counter)
        return false;
    *counter = (gn_storage){.refs = 1};
    gn_storage_release(x->counter);
    x->counter = counter;
    return true;
}

const char *gn_dtype_name(gn_dtype dtype)
{
    return dtype == GN_FLOAT ? GN_REAL_NAME : dtype == GN_BOOL ? "bool" : "int64";
}

bool gn_same_shape(const gn_tensor *a, const gn_tensor *b)
{
    return a->ndim == b->ndim &&
           (a->ndim == 0 || memcmp(a->dim, b->dim, (size_t)a->ndim * sizeof a->dim[0]) == 0);
}

const char *gn_dims_text(int ndim, const int64_t *dim)
{
    static _Thread_local char buffer[8][128];
    static _Thread_local int turn;
    char *text = buffer[turn++ % 8];
    int used = snprintf(text, 128, "(");
    for (int i = 0; i < ndim && used < 100; i++)
        used +=
            snprintf(text + used, (size_t)(128 - used), i ? ", %lld" : "%lld", (long long)dim[i]);
    snprintf(text + used, (size_t)(128 - used), ndim == 1 ? ",)" : ")");
    return text;
}

const char *gn_shape_text(const gn_tensor *x)
{
    return gn_dims_text(x->ndim, x->dim);
}

int gn_dim_index(const char *op, int64_t d, int ndim)
{
    int span = ndim > 0 ? ndim : 1;
    if (d < -span || d >= span) {
        gn_fail_as(GN_INDEX, "%s: dimension %lld is out of range, expected %d to %d", op,
                   (long long)d, -span, span - 1);
        return -1;
    }
    return (int)(d < 0 ? d + span : d);
}
