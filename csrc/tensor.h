/* tensor.h - a tensor is dense, row-major, at most 5-D.  A handle (gn_tensor) is a shape
 * on a storage; reshape and views of a flat buffer share the storage.
 *
 * Ownership: a new tensor belongs to the current scope and is dropped when that ends,
 * unless kept.  So ops, vjps and losses never release anything. */
#ifndef GN_TENSOR_H
#define GN_TENSOR_H

#include "base.h"

typedef struct gn_node gn_node; /* node.h */
typedef struct gn_view gn_view; /* view.h */

/* What the elements mean to the user: a tag, the storage is real.  In the order of promotion, the
 * first of two wins.  GN_WIDE: integers from outside of which real rounds one; they may become
 * floats, nothing else (dtype.c). */
typedef enum { GN_FLOAT, GN_WIDE, GN_INT, GN_BOOL } gn_dtype;

typedef struct {
    int64_t refs;
    int64_t version; /* grows with every write after creation that the tape counts */
    int64_t writes;  /* grows with every write after creation */
    int64_t exports; /* arrays of others that share the memory: writes nobody counts */
    int64_t count;   /* elements */
    real *data;
} gn_storage;

typedef struct gn_tensor {
    int64_t refs;
    gn_storage *storage; /* NULL: a ghost, shape and node only (node.h) */
    real *data;          /* inside storage->data */
    gn_node *node;       /* not NULL: requires grad */
    gn_storage *counter; /* kept; whose version counts for this handle; NULL: its storage's */
    gn_view *view;       /* owned; not NULL: part of another tensor to the user */
    int64_t numel;
    gn_dtype dtype;
    int ndim;
    int64_t dim[GN_MAX_DIM];
} gn_tensor;

/* New tensors, uninitialised / filled; they belong to the current scope.  All return NULL
 * with an error pending on failure. */
gn_tensor *gn_tensor_new(int ndim, const int64_t *dim);
gn_tensor *gn_tensor_like(const gn_tensor *x);
gn_tensor *gn_tensor_copy(const gn_tensor *x); /* values and dtype */
gn_tensor *gn_tensor_full(int ndim, const int64_t *dim, double value);
gn_tensor *gn_scalar(double value); /* 0-d */
/* Shares the storage; `offset` in elements from x->data.  No node. */
gn_tensor *gn_tensor_view(const gn_tensor *x, int64_t offset, int ndim, const int64_t *dim);
gn_tensor *gn_tensor_tagged(const gn_tensor *x, gn_dtype dtype); /* a view of all of x */
gn_tensor *gn_tensor_alias(const gn_tensor *x, bool with_data);  /* same node; ghost without data */

void gn_tensor_retain(gn_tensor *x);
void gn_tensor_release(gn_tensor *x);         /* NULL is fine */
gn_storage *gn_storage_retain(gn_storage *s); /* NULL is fine */
void gn_storage_release(gn_storage *s);
int64_t gn_tensor_live(void); /* handles alive in the process */

/* Scopes: a thread-local stack of tensors. */
int64_t gn_scope_begin(void);
void gn_scope_end(int64_t mark);
gn_tensor *gn_scope_return(int64_t mark, gn_tensor *x); /* ends it; x moves to the outer one */

const char *gn_dtype_name(gn_dtype dtype);
bool gn_same_shape(const gn_tensor *a, const gn_tensor *b);
/* "(2, 3)" in one of eight rotating buffers of this thread, for messages. */
const char *gn_shape_text(const gn_tensor *x);
const char *gn_dims_text(int ndim, const int64_t *dim);
/* Resolves a possibly negative dimension; -1 with GN_INDEX when out of range. */
int gn_dim_index(const char *op, int64_t d, int ndim);

/* Every in-place write announces itself: a backward that still needs the old values fails, and
 * views are read again. */
void gn_tensor_touch(gn_tensor *x);
int64_t gn_tensor_version(const gn_tensor *x); /* x is no ghost */
/* x counts its writes by itself from now on: they are outside the tape.  False on failure. */
bool gn_tensor_count_alone(gn_tensor *x);

#endif
