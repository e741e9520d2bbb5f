/* ops.h - the ops as typed C functions, the way vjps and losses call them.
 *
 * The list GN_OPS is the table: each name has one definition `const gn_op gn_op_NAME`
 * (pointwise ones are rows of kern/point.def).  The binding walks it. */
#ifndef GN_OPS_H
#define GN_OPS_H

#include "kern/vec.h"
#include "tape.h"

typedef struct {
    int n; /* -1: None */
    int64_t v[GN_MAX_DIM];
} gn_dims;
#define GN_ALL ((gn_dims){.n = -1})
#define GN_DIM(d) ((gn_dims){.n = 1, .v = {(d)}})

/* ---- attributes of a call --------------------------------------------------------- */
static inline gn_attr gn_attr_int(int64_t i)
{
    return (gn_attr){.given = true, .i = i};
}

static inline gn_attr gn_attr_float(double f)
{
    return (gn_attr){.given = true, .f = f};
}

static inline gn_attr gn_attr_ints(int n, const int64_t *v)
{
    gn_attr a = {.given = true, .n = n};
    for (int i = 0; i < n; i++)
        a.v[i] = v[i];
    return a;
}

static inline gn_dims gn_attr_dims(const gn_attr *a)
{
    gn_dims d = {.n = a->given ? a->n : -1};
    for (int i = 0; i < GN_MAX_DIM; i++)
        d.v[i] = a->v[i];
    return d;
}

/* ---- pointwise: kern/point.def ------------------------------------------------------- */
#define GN_U0(name, ...) gn_tensor *gn_##name(gn_tensor *x);
#define GN_U1(name, ...) gn_tensor *gn_##name(gn_tensor *x, double p);
#define GN_U2(name, ...) gn_tensor *gn_##name(gn_tensor *x, double p, double q);
#define GN_B0(name, ...) gn_tensor *gn_##name(gn_tensor *a, gn_tensor *b);
#define GN_B1(name, ...) gn_tensor *gn_##name(gn_tensor *a, gn_tensor *b, double p);
#include "kern/point.def"
gn_tensor *gn_where(gn_tensor *c, gn_tensor *a, gn_tensor *b);
gn_tensor *gn_pairwise(const char *op, gn_binary_fn *fn, gn_tensor **x); /* of two, broadcast */

/* ---- op_whole.c ---------------------------------------------------------------------- */
gn_tensor *gn_remainder(gn_tensor *a, gn_tensor *b);
gn_tensor *gn_floor_divide(gn_tensor *a, gn_tensor *b);
gn_tensor *gn_bitwise_and(gn_tensor *a, gn_tensor *b);
gn_tensor *gn_bitwise_or(gn_tensor *a, gn_tensor *b);
gn_tensor *gn_bitwise_xor(gn_tensor *a, gn_tensor *b);
gn_tensor *gn_bitwise_not(gn_tensor *x);
gn_tensor *gn_cast(gn_tensor *x, gn_dtype to); /* x itself when it is that */
/* Runs a call that adds up products or elements; an error where integers might be rounded. */
gn_tensor *gn_sum_whole(gn_call *c);

/* ---- op_act.c: an activation inside another op -------------------------------------- */
/* The attributes of such an op, in the order of gn_act. */
#define GN_ACT_SIG "act:none|relu|leaky_relu|tanh|sigmoid='none', slope:float=0.2"
bool gn_check_slope(const char *op, double slope); /* false with an error unless >= 0 */
gn_tensor *gn_activate(gn_tensor *z, gn_act act, double slope);
gn_tensor *gn_activate_dx(gn_tensor *dy, gn_tensor *y, gn_act act, double slope); /* dz */

/* ---- op_reduce.c --------------------------------------------------------------------- */
gn_tensor *gn_sum(gn_tensor *x, gn_dims dims, bool keepdim);
gn_tensor *gn_mean(gn_tensor *x, gn_dims dims, bool keepdim);
gn_tensor *gn_amax(gn_tensor *x, gn_dims dims, bool keepdim);
gn_tensor *gn_cumsum(gn_tensor *x, int64_t dim);

/* ---- op_shape.c ---------------------------------------------------------------------- */
gn_tensor *gn_identity(gn_tensor *x);
gn_tensor *gn_reshape(gn_tensor *x, int ndim, const int64_t *dim);
gn_tensor *gn_reshape_like(gn_tensor *x, const gn_tensor *shape);
gn_tensor *gn_expand(gn_tensor *x, int ndim, const int64_t *dim);
gn_tensor *gn_sum_to(gn_tensor *x, int ndim, const int64_t *dim); /* adjoint of expand */
gn_tensor *gn_permute(gn_tensor *x, int n, const int64_t *order);
gn_tensor *gn_transpose(gn_tensor *x, int64_t d0, int64_t d1);
gn_tensor *gn_narrow(gn_tensor *x, int64_t dim, int64_t start, int64_t length);
gn_tensor *gn_embed(gn_tensor *x, int64_t dim, int64_t start, int64_t size); /* of narrow */
gn_tensor *gn_flip(gn_tensor *x, gn_dims dims);
gn_tensor *gn_cat(int n, gn_tensor **x, int64_t dim);
gn_tensor *gn_zeros_like(const gn_tensor *x);

/* ---- op_index.c ---------------------------------------------------------------------- */
gn_tensor *gn_gather(gn_tensor *x, int64_t dim, gn_tensor *index);
gn_tensor *gn_scatter_add(gn_tensor *x, int64_t dim, gn_tensor *index, int64_t size);
gn_tensor *gn_index_select(gn_tensor *x, int64_t dim, gn_tensor *index);
gn_tensor *gn_index_add(gn_tensor *x, int64_t dim, gn_tensor *index, int64_t size);

/* A tensor seen as (outer, size of dim, inner); false with an error where it has no such dim. */
typedef struct {
    int64_t outer, size, inner;
} gn_split;
bool gn_split_at(const char *op, const gn_tensor *x, int64_t dim, gn_split *s, int *d);

/* Every element an integer in [0, size), or false with an error. */
bool gn_check_index(const char *op, const gn_tensor *index, int64_t size);

/* ---- op_view.c ----------------------------------------------------------------------- */
gn_tensor *gn_as_strided(gn_tensor *x, const gn_part *p);
gn_tensor *gn_as_strided_scatter(gn_tensor *x, gn_tensor *src, const gn_part *p);
gn_tensor *gn_index_put(gn_tensor *x, gn_tensor *index, gn_tensor *values);

/* ---- op_matmul.c --------------------------------------------------------------------- */
/* a (..., M, K) or its transpose, b (..., K, N) or its transpose; equal leading dims, or a
 * 2-D operand that all share. */
gn_tensor *gn_matmul_t(gn_tensor *a, gn_tensor *b, bool ta, bool tb);
gn_tensor *gn_linear(gn_tensor *x, gn_tensor *w, gn_tensor *b, gn_act act, double slope);

/* ---- op_random.c --------------------------------------------------------------------- */
gn_tensor *gn_rand_uniform(int ndim, const int64_t *dim, gn_rng *rng, double low, double high);
gn_tensor *gn_rand_normal(int ndim, const int64_t *dim, gn_rng *rng, double mean, double std);
gn_tensor *gn_dropout(gn_tensor *x, double p, gn_rng at);

/* ---- the table ----------------------------------------------------------------------- */
/* clang-format off */
#define GN_OPS_PLAIN(X) \
    X(where) X(sum) X(mean) X(var) X(amax) X(amin) X(argmax) X(argmin) X(sum_to) X(cumsum) \
    X(logsumexp) X(norm) X(softmax) X(log_softmax) X(topk_index) X(identity) X(reshape) \
    X(expand) X(permute) X(transpose) X(narrow) X(embed) X(flip) X(cat) X(gather) \
    X(scatter_add) X(index_select) X(index_add) X(matmul) X(matmul_t) X(linear) X(batch_norm) \
    X(batch_norm_eval) X(group_norm) X(layer_norm) X(dropout) X(conv2d) X(conv_transpose2d) \
    X(conv2d_dw) X(conv1d) X(conv_transpose1d) X(avg_pool2d) X(avg_pool2d_dx) \
    X(adaptive_avg_pool2d) X(adaptive_avg_pool2d_dx) X(resize) X(resize_dx) X(pad) X(pad_dx) \
    X(max_pool2d) X(max_pool2d_dx) X(max_pool2d_at) X(pixel_shuffle) X(pixel_unshuffle) \
    X(im2col) X(col2im) X(grid_sample) X(pixel_norm) X(as_strided) X(as_strided_scatter) \
    X(index_put) X(remainder) X(floor_divide) X(bitwise_and) X(bitwise_or) X(bitwise_xor) \
    X(bitwise_not) X(cast)
/* clang-format on */
#define GN_DECLARE(name) extern const gn_op gn_op_##name;
GN_OPS_PLAIN(GN_DECLARE)
#define GN_U0(name, ...) GN_DECLARE(name)
#define GN_U1(name, ...) GN_DECLARE(name)
#define GN_U2(name, ...) GN_DECLARE(name)
#define GN_B0(name, ...) GN_DECLARE(name)
#define GN_B1(name, ...) GN_DECLARE(name)
#include "kern/point.def"

#endif
