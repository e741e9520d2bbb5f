/* tape.h - calls of ops and their record (tape.c), and the reverse sweep that differentiates it
 * (sweep.c).  vjps are written in ops: while the sweep runs with recording on (create_graph),
 * gradients have gradients. */
#ifndef GN_TAPE_H
#define GN_TAPE_H

#include "node.h"

/* ---- tape.c ----------------------------------------------------------------------------
 * Runs an op and records it when grad mode is on and an input requires grad. */
gn_tensor *gn_apply(gn_call *c);
#define gn_wants(c, k) ((c)->want >> (k) & 1)

bool gn_grad_mode(void);
bool gn_set_grad_mode(bool on);    /* returns what it was */
bool gn_set_anomaly_mode(bool on); /* each op and vjp is checked for NaN */
bool gn_set_fused(bool on);        /* false: every fused op runs its ref */

gn_tensor *gn_requires_grad(gn_tensor *x, bool on); /* makes x a leaf, or not one */
bool gn_is_leaf(const gn_tensor *x);
gn_tensor *gn_detach(const gn_tensor *x);

/* ---- dtype.c ---------------------------------------------------------------------------
 * The dtype of the result of a call; false with an error when the op refuses its operands. */
bool gn_result_of(const gn_call *c, gn_dtype *to);
void *gn_too_wide(const char *op); /* NULL, an error: an integer that real would round */
/* Gives y, new and computed as floats, its dtype; an error when an integer is not exact. */
gn_tensor *gn_finish_as(const gn_op *op, gn_tensor *y, gn_dtype to);

/* ---- sweep.c ---------------------------------------------------------------------------
 * A vjp that is derived from c->op->ref; recorded when grad mode is on. */
void gn_vjp_of_ref(gn_call *c, gn_tensor *dy, gn_tensor **dx);

/* d(sum_i <y_i, dy_i>)/d(x_j) for j < nx, each kept for the caller (who releases it) or
 * NULL when x_j does not count.  dy[i] NULL: ones, for a scalar y. */
typedef struct {
    bool create_graph, retain_graph;
} gn_sweep_options;
bool gn_grad(int ny, gn_tensor **y, gn_tensor **dy, int nx, gn_tensor **x, gn_sweep_options o,
             gn_tensor **dx);
/* Adds the gradients of all leaves below y to their .grad. */
bool gn_backward(gn_tensor *y, gn_tensor *dy, gn_sweep_options o);

#endif
