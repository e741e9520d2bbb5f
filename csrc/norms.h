/* norms.h - what the ops of norms share; defined in op_norm.c. */
#ifndef GN_NORMS_H
#define GN_NORMS_H

#include "kern/norm.h"
#include "ops.h"

bool gn_norm_check_weight(const char *op, const char *what, const gn_tensor *v, int ndim,
                          const int64_t *dim);
/* Attributes eps, act and slope. */
gn_norm gn_norm_options(gn_norm p, const gn_attr *eps);
/* View of x; see the table in kern/norm.h. */
gn_norm gn_norm_batch_view(const gn_tensor *x);
/* y; stats (2, K) gets mean and rstd, var (K,) the variance when it is not given. */
gn_tensor *gn_norm_op_forward(gn_norm *p, gn_call *c, gn_tensor *w, gn_tensor *b, gn_tensor *stats,
                              gn_tensor *var);
/* Of x, and of wb[0] and wb[1], the weight and the bias. */
bool gn_norm_op_backward(gn_norm *p, gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor *const *wb,
                         gn_tensor **dx, gn_tensor **dwb);
/* v (C,) as (1, C, 1, ...), or NULL. */
gn_tensor *gn_norm_channel_shape(gn_tensor *v, const gn_tensor *x);
gn_tensor *gn_norm_scale_shift(gn_tensor *xhat, gn_tensor *w, gn_tensor *b, const gn_attr *act);
gn_tensor *gn_norm_standardize(gn_tensor *x, gn_dims dims, double eps, gn_tensor **mean,
                               gn_tensor **var);

#endif
