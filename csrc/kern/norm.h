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

/* ---- norm_cols.c, norm_rows.c: the loops, between which norm.c chooses -----------------------
 * How often a weight is used.  When more than once, each task of the backward pass has sums of its
 * own, part (tasks, 2, C): of dw, then of db. */
static inline int64_t gn_norm_uses(const gn_norm *p)
{
    return p->k * p->len / (p->run * p->channels);
}

/* The most tasks that have sums of their own: these stay smaller than half of x. */
static inline int64_t gn_norm_most_parts(const gn_norm *p)
{
    return GN_MIN(GN_MAX(gn_norm_uses(p) / 4, 4), 32);
}

/* x is not empty; dw and db come zeroed; part is NULL when each weight is used once. */
void gn_norm_cols_forward(const gn_norm *p);
int64_t gn_norm_cols_tasks(const gn_norm *p); /* of the backward pass */
void gn_norm_cols_backward(const gn_norm *p, real *part);

bool gn_norm_in_rows(const gn_norm *p); /* a weight belongs to long runs */
void gn_norm_rows_forward(const gn_norm *p);
int64_t gn_norm_rows_tasks(const gn_norm *p);
void gn_norm_rows_backward(const gn_norm *p, real *part);

/* norm_layer.c: a part of norm_rows.c, for weights of single columns, of k's k .. k + nk - 1 */
enum { GN_NORM_MANY = 256 }; /* nk at most */
void gn_norm_layer_apply(const gn_norm *p, int64_t k, int64_t nk);
void gn_norm_layer_backward(const gn_norm *p, real *dw, real *db, int64_t k, int64_t nk);

#endif
