/* norm.h - one driver for batch, instance, group and layer norm, forward and backward.
 *
 * x is seen as (N, K, L): each k has its own mean and variance, over N and L.  The affine
 * map has C weights; column g = k L + l belongs to weight (g / run) % C:
 *
 *              N      K       L        C    run
 *   batch      N      C       S        C    S
 *   instance   1      N C     S        C    S
 *   group      1      N G     C/G S    C    S
 *   layer      1      N       L        L    1
 *
 * with S the product of an image's sizes. */
#ifndef GN_NORM_H
#define GN_NORM_H

#include "kern.h"

typedef struct {
    int64_t n, k, len, channels, run;
    real eps;
    bool fixed;    /* mean and rstd are given, and constants of the gradient */
    gn_act act;    /* y = act(w xhat + b) */
    gn_act before; /* batch norm of RELU or LEAKY_RELU of x; then act is NONE */
    real slope;
    const real *w, *b; /* (C,) or NULL: 1, 0 */
    const real *x, *y, *dy;
    real *out;               /* y, or dx (NULL: not wanted) */
    real *mean, *rstd, *var; /* (K,): written forward unless fixed; backward reads the first two */
    real *dw, *db;           /* (C,): sums of dz xhat and of dz */
} gn_norm;

void gn_norm_forward(const gn_norm *p);
/* work: gn_norm_workspace(p) elements */
size_t gn_norm_workspace(const gn_norm *p);
void gn_norm_backward(const gn_norm *p, real *work);

static inline const real *gn_norm_at(const real *v, int64_t at)
{
    return v ? v + at : NULL;
}

/* How often a weight is used, and the most tasks that sum it: their parts (tasks, 2, C) of dw
 * and db stay smaller than half of x.  Adds them in order. */
static inline int64_t gn_norm_uses(const gn_norm *p)
{
    return p->k * p->len / (p->run * p->channels);
}
int64_t gn_norm_most_parts(const gn_norm *p);
void gn_norm_add_parts(const gn_norm *p, const real *part, int64_t tasks);

/* norm_rows.c: the same where a weight belongs to long runs; dw and db come zeroed */
bool gn_norm_in_rows(const gn_norm *p);
void gn_norm_rows_forward(const gn_norm *p);
size_t gn_norm_rows_workspace(const gn_norm *p);
void gn_norm_rows_backward(const gn_norm *p, real *work);

/* norm_layer.c: its part for weights of single columns, of k's k .. k + nk - 1 */
enum { GN_NORM_MANY = 256 }; /* nk at most */
void gn_norm_layer_apply(const gn_norm *p, int64_t k, int64_t nk);
void gn_norm_layer_backward(const gn_norm *p, real *dw, real *db, int64_t k, int64_t nk);

#endif
