/* node.h - a call of an op, and the node that records it.
 *
 * A tensor that requires grad points to the node that made it; a node holds the call (op, inputs,
 * attributes), hence the tensors below.  A leaf's node has no op and carries .grad.  Ids grow with
 * time, so descending ids are a topological order (Wengert's list). */
#ifndef GN_NODE_H
#define GN_NODE_H

#include "part.h"
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

/* The dtype of an op's result (dtype.c).  All but the last three give floats for floats. */
typedef enum {
    GN_FLOATS,   /* float */
    GN_ALIKE,    /* the inputs' dtype, promoted */
    GN_FIRST,    /* that of the first input; the others are indices */
    GN_BRANCHES, /* of inputs 1 and 2, promoted; input 0 is a mask */
    GN_SUMS,     /* as GN_ALIKE, and bools become integers */
    GN_NUMBERS,  /* as GN_ALIKE; bools alone are refused */
    GN_SIGNED,   /* as GN_ALIKE; bools are refused */
    GN_MEANS,    /* float; integers and bools are refused */
    GN_BITS,     /* as GN_ALIKE; floats are refused */
    GN_INDICES,  /* int64 */
    GN_TRUTH,    /* bool */
} gn_result;

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
    /* Data the vjp reads: digits = inputs, 'A' or 'B' = input 0 or 1 where the other one has a
     * gradient, 'y' = output; NULL = all.  "-": no input is a variable, the output never requires
     * grad. */
    const char *needs;
    /* Digits of inputs.  flat: the derivative is zero everywhere, the vjp is not asked for it.
     * fixed: no variable (an index, a condition), the output does not depend on it. */
    const char *flat, *fixed;
    /* Not NULL: to the user y is a view of in[0].  Turns the part of memory that in[0] is into the
     * part that y is; false where y has to be a copy. */
    bool (*part)(const gn_call *c, const gn_tensor *y, gn_part *p);
    gn_result result;
    /* Runs instead of fwd when the result is int64: exact where fwd would round, GN_NOT_WHOLE for
     * what real does not hold.  NULL: fwd is exact. */
    gn_tensor *(*whole)(gn_call *c);
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
    int sweeps;                     /* that are at work on it */
    bool spent, cleared;            /* swept without retain_graph; what it held is given up */
};

/* Tensors hold nodes and nodes hold tensors: tensor.c drops both. */
gn_node *gn_node_new(void); /* a leaf; one reference */
void gn_node_retain(gn_node *n);
void gn_node_release(gn_node *n); /* NULL is fine */
void gn_node_clear(gn_node *n);   /* gives up what it holds of the graph below */

/* The gradient of a leaf, which any thread may add to: kept for the caller, or NULL. */
gn_tensor *gn_node_grad(gn_node *n);
/* Puts grad, which may be NULL, in the place of `expected`; false if that is not there. */
bool gn_node_swap_grad(gn_node *n, const gn_tensor *expected, gn_tensor *grad);
void gn_node_set_grad(gn_node *n, gn_tensor *grad);

/* The inputs of a call, c->nin of them. */
static inline gn_tensor **gn_inputs(gn_call *c)
{
    return c->list ? c->list : c->in;
}

#endif
