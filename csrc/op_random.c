/* op_random.c - draws.  Element i of a draw is a pure function of (seed, stream, i), so the
 * chunks can be filled by any thread, and dropout needs no stored mask. */
#include "ops.h"

typedef struct {
    real *y;
    const real *x;
    int64_t n;
    gn_rng rng;
    real p, q;
    enum { UNIFORM, NORMAL, DROPOUT } kind;
} draw;

static void draw_task(void *ctx, int64_t task)
{
    const draw *w = ctx;
    int64_t from = task * GN_CHUNK, n = GN_MIN(w->n - from, GN_CHUNK);
    if (w->kind == UNIFORM)
        gn_vec->uniform(w->y + from, from / 4, n, w->rng, w->p, w->q);
    else if (w->kind == NORMAL)
        gn_vec->normal(w->y + from, from / 4, n, w->rng, w->p, w->q);
    else
        gn_vec->dropout(w->y + from, w->x + from, from / 4, n, w->rng, w->p);
}

static void run(draw *w)
{
    gn_parallel((w->n + GN_CHUNK - 1) / GN_CHUNK, draw_task, w);
}

gn_tensor *gn_rand_uniform(int ndim, const int64_t *dim, gn_rng *rng, double low, double high)
{
    gn_tensor *y = gn_tensor_new(ndim, dim);
    if (!y)
        return NULL;
    draw w = {y->data, NULL, y->numel, *rng, (real)low, (real)high, UNIFORM};
    run(&w);
    rng->stream++;
    return y;
}

gn_tensor *gn_rand_normal(int ndim, const int64_t *dim, gn_rng *rng, double mean, double std)
{
    gn_tensor *y = gn_tensor_new(ndim, dim);
    if (!y)
        return NULL;
    draw w = {y->data, NULL, y->numel, *rng, (real)mean, (real)std, NORMAL};
    run(&w);
    rng->stream++;
    return y;
}

/* ---- dropout ------------------------------------------------------------------------- */

static gn_tensor *dropout_fwd(gn_call *c)
{
    gn_tensor *x = c->in[0];
    double p = c->attr[0].f;
    if (!(p >= 0 && p <= 1))
        return gn_fail("dropout: p = %g, expected a probability in [0, 1]", p);
    gn_tensor *y = gn_tensor_like(x);
    if (!y)
        return NULL;
    gn_rng rng = {(uint64_t)c->attr[1].i, (uint64_t)c->attr[2].i};
    draw w = {y->data, x->data, x->numel, rng, (real)(1 - p), 0, DROPOUT};
    run(&w);
    return y;
}

static void dropout_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    (void)y;
    dx[0] = gn_dropout(dy, c->attr[0].f, (gn_rng){(uint64_t)c->attr[1].i, (uint64_t)c->attr[2].i});
}

const gn_op gn_op_dropout = {.name = "dropout",
                             .sig = "input, p:float, seed:int, stream:int",
                             .doc = "Zeroes elements with probability p and scales the rest by "
                                    "1 / (1 - p); which ones follows from (seed, stream).",
                             .fwd = dropout_fwd,
                             .vjp = dropout_vjp,
                             .needs = ""};

gn_tensor *gn_dropout(gn_tensor *x, double p, gn_rng at)
{
    gn_call c = {.op = &gn_op_dropout, .nin = 1, .in = {x}};
    c.attr[0] = gn_attr_float(p);
    c.attr[1] = gn_attr_int((int64_t)at.seed);
    c.attr[2] = gn_attr_int((int64_t)at.stream);
    return x ? gn_apply(&c) : NULL;
}
