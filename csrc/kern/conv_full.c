/* conv_full.c - a full-size kernel, which covers the whole image: each pass is one GEMM.
 *
 *   y (N, O) = x (N, C R S) w^T     x = y w     w = y^T x */
#include "conv_plan.h"

static bool covers(const gn_conv_plan *p)
{
    const gn_conv_shape *s = &p->s;
    bool whole = s->h == s->r && s->w == s->s && s->top == 0 && s->left == 0 && s->p == 1 &&
                 s->q == 1 && (s->dh == 1 || s->r == 1) && (s->dw == 1 || s->s == 1);
    return whole && s->groups == 1 && !(p->pass == GN_CONV_X && p->epilogue.bias);
}

static gn_mat rows(const real *p, int64_t columns)
{
    return (gn_mat){.p = p, .rs = columns, .cs = 1};
}

static gn_mat columns(const real *p, int64_t rows)
{
    return (gn_mat){.p = p, .rs = 1, .cs = rows};
}

static bool plan(gn_conv_plan *p)
{
    const gn_conv_shape *s = &p->s;
    int64_t k = s->c * s->r * s->s;
    gn_gemm_args g = {.nbatch = 1, .epilogue = p->epilogue};
    if (!covers(p))
        return false;
    g.epilogue.bias_axis = 1;
    if (p->pass == GN_CONV_Y) {
        g.m = s->n, g.n = s->o, g.k = k;
        g.a = rows(p->x, k), g.b = columns(p->w, k), g.c = rows(p->y, s->o);
    } else if (p->pass == GN_CONV_X) {
        g.m = s->n, g.n = k, g.k = s->o;
        g.a = rows(p->y, s->o), g.b = rows(p->w, k), g.c = rows(p->x, k);
    } else {
        g.m = s->o, g.n = k, g.k = s->n;
        g.a = columns(p->y, s->o), g.b = rows(p->x, k), g.c = rows(p->w, k);
    }
    p->full = g;
    p->shared_size = (int64_t)(gn_gemm_workspace(&g) / sizeof(real));
    return true;
}

static void run(const gn_conv_plan *p)
{
    gn_gemm(&p->full, p->shared);
}

const gn_conv_loop gn_conv_loop_full = {plan, run};
