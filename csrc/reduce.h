/* reduce.h - the loops below op_reduce.c and sum_to. */
#ifndef GN_REDUCE_H
#define GN_REDUCE_H

#include "tensor.h"

typedef enum { GN_REDUCE_SUM, GN_REDUCE_SUM_SQUARE, GN_REDUCE_MAX } gn_reduction;

/* drop[d]: dimension d is reduced, and not empty.  The result has the kept dimensions, in order, as
 * a matrix or in another shape of as many elements; x itself when nothing is dropped.
 * SUM_SQUARE wants gn_reduces_runs: what is dropped are runs along memory. */
gn_tensor *gn_reduce(gn_reduction kind, gn_tensor *x, const bool *drop);
bool gn_reduces_runs(const gn_tensor *x, const bool *drop);

#endif
