/* tape.h - calls of ops, their record, and the sweep that differentiates it.
 *
 * A tensor that requires grad points to the node that made it; a node holds the call
 * (op, inputs, attributes).  A leaf's node has no op and carries .grad.  Ids grow with
 * time, so descending ids are a topological order.  vjps are written in ops: while the
 * sweep runs with recording on (create_graph), gradients have gradients. */
#ifndef GN_TAPE_H
#define GN_TAPE_H

#include "tensor.h"

enum { GN_MAX_IN = 8, GN_MAX_ATTR = 8, GN_MAX_LIST = 64 };

/* One attribute of a call; which member counts is said by the op's signature. */
typedef struct {
    bool given; /* false: None */
    int n;      /* length of v */
    int64_t i;  /* int, bool, index of a word */
    double f;
    int64_t v[GN_MAX_DIM];
} gn_attr;

typedef struct gn_op gn_op;

typedef struct {
    const gn_op *op;
    int nin;
    uint64_t want;            /* in a vjp: bit i set when input i needs its gradient */
    gn_tensor *in[GN_MAX_IN]; /* NULL: optional and absent */
    gn_tensor **list;         /* instead of in, for ops of many tensors (cat) */
    gn_tensor *aux;           /* what fwd leaves for the vjp besides y (batch statistics) */
    gn_attr attr[GN_MAX_ATTR];
} gn_call;

struct gn_op {
    const char *name;
    const char *sig; /* "x, w, b=None, *, act:none|relu='none', slope:float=0.2" */
    const char *doc;
    gn_tensor *(*fwd)(gn_call *c); /* checks shapes, allocates, runs a kernel */
    /* Writes dx[i] for each wanted input (NULL = zero).  NULL: derived from ref. */
    void (*vjp)(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx);
    gn_tensor *(*ref)(gn_call *c); /* fused op: its definition in ops; alone: a composite */
    /* Data the vjp reads: digits = inputs, 'y' = output; NULL = all.  "-": the op is
     * piecewise constant, its output never requires grad. */
    const char *needs;
};

struct gn_node {
    int64_t refs, id;
    gn_call call; /* call.op NULL: a leaf */
    gn_tensor *grad;
    gn_storage *out; /* of the output, when the vjp reads it */
    real *out_data;
    int ndim;
    int64_t dim[GN_MAX_DIM];
    int64_t version[GN_MAX_IN + 1]; /* of the inputs' storages, then of the output's */
    bool spent;                     /* swept without retain_graph */
};

/* Runs an op and records it when grad mode is on and an input requires grad. */
gn_tensor *gn_apply(gn_call *c);
#define gn_wants(c, k) ((c)->want >> (k) & 1)

/* A vjp that is derived from c->op->ref; recorded when grad mode is on. */
void gn_vjp_of_ref(gn_call *c, gn_tensor *dy, gn_tensor **dx);

bool gn_grad_mode(void);
bool gn_set_grad_mode(bool on);    /* returns what it was */
bool gn_set_anomaly_mode(bool on); /* each op and vjp is checked for NaN */
bool gn_set_fused(bool on);        /* false: every fused op runs its ref */

gn_tensor *gn_requires_grad(gn_tensor *x, bool on); /* makes x a leaf, or not one */
bool gn_is_leaf(const gn_tensor *x);
gn_tensor *gn_detach(const gn_tensor *x);
void gn_node_retain(gn_node *n);
void gn_node_release(gn_node *n);
void gn_node_clear(gn_node *n); /* gives up what it holds of the graph below */

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
