/* view.c - views (view.h): how they begin, are read again and written through; in-place results.
 * Autograd sees an in-place result as a new tensor: the history of x becomes that of what was
 * written, and a view of x is differentiated as a part of x as it is now. */
#include "view.h"
#include "ops.h"

#include <string.h>

static int64_t id_of(const gn_node *n)
{
    return n ? n->id : 0;
}

static void seen(gn_view *v)
{
    v->storage = v->base->storage;
    v->writes = __atomic_load_n(&v->base->storage->writes, __ATOMIC_RELAXED);
    v->version = gn_tensor_version(v->base);
    v->node = id_of(v->base->node);
}

static bool attach(gn_tensor *y, gn_tensor *base, const gn_part *at)
{
    gn_view *v = gn_alloc("view", sizeof *v);
    if (!v)
        return false;
    *v = (gn_view){.base = base, .at = *at};
    gn_tensor_retain(base);
    y->view = v;
    gn_storage *counter = gn_storage_retain(base->counter ? base->counter : base->storage);
    gn_storage_release(y->counter);
    y->counter = counter;
    seen(v);
    return true;
}

gn_part gn_view_part(const gn_tensor *x)
{
    return x->view ? x->view->at : gn_part_dense(x->ndim, x->dim);
}

gn_tensor *gn_view_of(gn_tensor *x, const gn_part *p, gn_tensor *y)
{
    gn_tensor *base = x->view ? x->view->base : x;
    if (!y || gn_failed())
        return NULL;
    return attach(y, base, p) ? y : NULL;
}

/* y, which nobody else holds yet, gets a copy of what it shares. */
static bool own_memory(gn_tensor *y)
{
    gn_tensor *copy = gn_tensor_copy(y);
    if (!copy)
        return false;
    gn_storage_release(y->storage);
    gn_storage_release(y->counter);
    y->storage = gn_storage_retain(copy->storage);
    y->data = copy->data;
    y->counter = NULL;
    return true;
}

gn_tensor *gn_view_made(const gn_call *c, gn_tensor *y)
{
    gn_tensor *x = c->in[0];
    gn_part p = gn_view_part(x);
    if (!y || gn_failed())
        return NULL;
    if (c->op->part(c, y, &p))
        return gn_view_of(x, &p, y);
    return y->storage != x->storage || own_memory(y) ? y : NULL;
}

gn_tensor *gn_view_detach(gn_tensor *x, bool alone)
{
    gn_tensor *base = gn_detach(x->view ? x->view->base : x);
    if (!base || (alone && !gn_tensor_count_alone(base)))
        return NULL;
    if (!x->view)
        return base;
    gn_tensor *y = gn_detach(x);
    return y && attach(y, base, &x->view->at) ? y : NULL;
}

/* ---- reading again ------------------------------------------------------------------------ */

static bool shares(const gn_tensor *x)
{
    return x->storage == x->view->base->storage;
}

static void read_values(gn_tensor *x)
{
    gn_view *v = x->view;
    if (x->storage == v->storage) { /* shared, perhaps before the base moved (gn_params_flatten) */
        gn_storage *old = x->storage;
        x->storage = gn_storage_retain(v->base->storage);
        x->data = v->base->data + (x->numel ? v->at.offset : 0);
        gn_storage_release(old);
    } else {
        gn_part_read(x->data, v->base->data, &v->at);
    }
}

/* Elements share their place only where a size was expanded. */
static gn_part each_once(gn_part p)
{
    for (int d = 0; d < p.ndim; d++)
        if (p.stride[d] == 0)
            p.dim[d] = GN_MIN(p.dim[d], 1);
    return p;
}

/* The part of the base as it is now, repeated where sizes were expanded. */
static gn_tensor *part_of_base(const gn_view *v)
{
    gn_part once = each_once(v->at);
    return gn_expand(gn_as_strided(v->base, &once), v->at.ndim, v->at.dim);
}

gn_tensor *gn_view_once(gn_tensor *x)
{
    if (!x->view || gn_part_is_distinct(&x->view->at))
        return x;
    gn_part once = each_once(x->view->at);
    gn_tensor *y = gn_as_strided(x->view->base, &once);
    return y && attach(y, x->view->base, &once) ? y : NULL;
}

static void take_history(gn_tensor *x, gn_node *node)
{
    gn_node *old = x->node;
    x->node = node;
    if (node)
        gn_node_retain(node);
    gn_node_release(old);
}

static bool read_node(gn_tensor *x)
{
    int64_t mark = gn_scope_begin();
    bool was = gn_set_grad_mode(true);
    gn_tensor *part = x->view->base->node ? part_of_base(x->view) : NULL;
    gn_set_grad_mode(was);
    if (!gn_failed())
        take_history(x, part ? part->node : NULL);
    gn_scope_end(mark);
    return !gn_failed();
}

bool gn_view_read(gn_tensor *x)
{
    gn_view *v = x->view;
    const gn_storage *s = v->base->storage;
    bool moved = v->storage != s;
    bool written = moved || v->writes != __atomic_load_n(&s->writes, __ATOMIC_RELAXED) ||
                   __atomic_load_n(&s->exports, __ATOMIC_RELAXED);
    if (!written)
        return true;
    if (moved || !shares(x))
        read_values(x);
    bool other = v->version != gn_tensor_version(v->base) && v->node != id_of(v->base->node);
    if (other && !read_node(x))
        return false;
    seen(v);
    return true;
}

/* ---- writing ------------------------------------------------------------------------------ */

static bool may_record(const gn_tensor *x, const char *what)
{
    if (!x->node || x->node->call.op)
        return true;
    return gn_fail_as(GN_RUNTIME,
                      "%s Tensor that requires grad is being changed in place; wrap it in "
                      "ganc.no_grad()",
                      what);
}

static void take_values(gn_tensor *x, const gn_tensor *y)
{
    if (x->numel)
        memmove(x->data, y->data, (size_t)x->numel * sizeof(real));
    gn_tensor_touch(x);
}

/* A part of y's memory cannot be written while y is read. */
static bool write_part(gn_tensor *x, gn_tensor *y)
{
    gn_tensor *base = x->view->base;
    int64_t mark = gn_scope_begin();
    if (y->storage == base->storage && !shares(x))
        y = gn_tensor_copy(y);
    if (y) {
        take_values(x, y);
        if (!shares(x))
            gn_part_write(base->data, &x->view->at, x->data);
    }
    gn_scope_end(mark);
    return y != NULL;
}

/* With history: the base becomes itself with y in the place of x. */
static bool record_part(gn_tensor *x, gn_tensor *y)
{
    gn_tensor *base = x->view->base;
    if (!may_record(base, "a view of a leaf"))
        return false;
    gn_tensor *result = gn_as_strided_scatter(base, y, &x->view->at);
    if (!result)
        return false;
    take_values(base, result);
    take_history(base, result->node);
    return gn_view_read(x);
}

static bool assign_view(gn_tensor *x, gn_tensor *y)
{
    gn_view *v = x->view;
    if (!gn_part_is_distinct(&v->at))
        return gn_fail_as(GN_RUNTIME, "an expanded Tensor is being changed in place, but several "
                                      "of its elements lie in one place; use .clone() first");
    bool own = x->node && !x->node->call.op; /* a leaf by itself */
    if (!own && gn_grad_mode() && (v->base->node || y->node))
        return record_part(x, y);
    if (gn_grad_mode() && !may_record(x, "a leaf"))
        return false;
    if (!write_part(x, y))
        return false;
    seen(v);
    return true;
}

bool gn_assign(gn_tensor *x, gn_tensor *y)
{
    if (x == y)
        return true;
    bool records = gn_grad_mode();
    if (records && y->node && y->node != x->node && gn_is_leaf(y) && !(y = gn_identity(y)))
        return false; /* x is no second leaf */
    if (x->view)
        return assign_view(x, y);
    if (records && !may_record(x, "a leaf"))
        return false;
    take_values(x, y);
    if (records)
        take_history(x, y->node);
    return true;
}

bool gn_overwrite(gn_tensor *x, gn_tensor *y)
{
    if (gn_grad_mode() && !x->view && !gn_is_leaf(x)) {
        gn_part whole = gn_part_dense(x->ndim, x->dim);
        y = gn_as_strided_scatter(x, y, &whole);
    }
    return y && gn_assign(x, y);
}
