/* conv_dense.c - a kernel that covers the whole image: each pass is one product.
 *
 *   y (N, O) = x (N, C R S) w^T     x = y w     w = y^T x */
#include "convolve.h"

bool gn_conv_is_dense(const gn_conv_args *a)
{
    const gn_conv_shape *s = &a->shape;
    bool covers = s->h == s->r && s->w == s->s && s->top == 0 && s->left == 0 && s->p == 1 &&
                  s->q == 1 && (s->dh == 1 || s->r == 1) && (s->dw == 1 || s->s == 1);
    return covers && s->groups == 1 && !(a->pass == GN_CONV_X && a->epilogue.bias);
}

static gn_mat rows(const real *p, int64_t columns)
{
    return (gn_mat){.p = p, .rs = columns, .cs = 1};
}

static gn_mat columns(const real *p, int64_t rows)
{
    return (gn_mat){.p = p, .rs = 1, .cs = rows};
}

gn_gemm_args gn_conv_dense(const gn_conv_args *a)
{
    const gn_conv_shape *s = &a->shape;
    int64_t k = s->c * s->r * s->s;
    gn_gemm_args g = {.nbatch = 1, .epilogue = a->epilogue};
    g.epilogue.bias_axis = 1;
    if (a->pass == GN_CONV_Y) {
        g.m = s->n, g.n = s->o, g.k = k;
        g.a = rows(a->x, k), g.b = columns(a->w, k), g.c = rows(a->y, s->o);
    } else if (a->pass == GN_CONV_X) {
        g.m = s->n, g.n = k, g.k = s->o;
        g.a = rows(a->y, s->o), g.b = rows(a->w, k), g.c = rows(a->x, k);
    } else {
        g.m = s->o, g.n = k, g.k = s->n;
        g.a = columns(a->y, s->o), g.b = rows(a->x, k), g.c = rows(a->w, k);
    }
    return g;
}
