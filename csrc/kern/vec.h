/* vec.h - the table of kernels that run along memory: pointwise ops, reductions,
 * batch norm, random numbers, optimizers.  vec.inc is their one source; each vec_ISA.c
 * compiles it with its own flags.  n is in elements; y never overlaps an input unless
 * it is the same pointer. */
#ifndef GN_VEC_H
#define GN_VEC_H

#include "resample.h"

enum gn_unary_id {
#define GN_U0(name, ...) GN_UNARY_##name,
#define GN_U1(name, ...) GN_UNARY_##name,
#define GN_U2(name, ...) GN_UNARY_##name,
#include "point.def"
    GN_UNARY_COUNT
};

enum gn_binary_id {
#define GN_B0(name, ...) GN_BINARY_##name,
#define GN_B1(name, ...) GN_BINARY_##name,
#include "point.def"
    GN_BINARY_COUNT
};

typedef void gn_unary_fn(real *y, const real *x, int64_t n, real p, real q);
/* sa, sb: element step of an operand, 0 (one value for all) or 1 */
typedef void gn_binary_fn(real *y, const real *a, int sa, const real *b, int sb, int64_t n, real p);

/* Integers in real storage, exact: NULL where the kernel of the table is (whole.c). */
extern gn_unary_fn *const gn_whole_unary[GN_UNARY_COUNT];
extern gn_binary_fn *const gn_whole_binary[GN_BINARY_COUNT];

/* One slice of a parameter and its state; the slots that an algorithm lacks are NULL. */
typedef struct {
    real *p, *s0, *s1, *s2;
    const real *g;
} gn_slice;

typedef struct {
    real lr, beta1, beta2, eps, weight_decay;
    real c0, c1, grad_scale; /* precomputed once per step (optim.c) */
    bool first, nesterov, decoupled;
} gn_update;

typedef void gn_update_fn(gn_slice s, int64_t n, const gn_update *u);

/* A (rows, n) piece of a matrix whose rows are ld apart. */
typedef struct {
    int64_t rows, ld, n;
    gn_act act, before; /* of y; of x, then none of y */
    real slope;
    int64_t more; /* rows that come next, at least: worth fetching */
} gn_cols;

/* y = act(x s + t), dx = dz s + (x - mean) p + q: one of each per column; or one per row, and
 * with step 0 one for all rows.  s and t are read backward where the sign of y is enough. */
typedef struct {
    const real *mean, *s, *t, *p, *q;
    int step;
} gn_norm_map;

/* mean, rstd, p and q of each row, w and b of each column */
typedef struct {
    const real *mean, *rstd, *w, *b, *p, *q;
} gn_norm_layer;

typedef struct {
    const char *name;
    gn_unary_fn *unary[GN_UNARY_COUNT];
    gn_binary_fn *binary[GN_BINARY_COUNT];
    void (*where)(real *y, const real *c, int sc, const real *a, int sa, const real *b, int sb,
                  int64_t n);
    void (*act)(real *y, const real *x, int64_t n, gn_act act, real slope); /* not NONE */
    void (*from_u8)(real *y, const uint8_t *x, int64_t step, int64_t n, real scale, real shift);
    /* 16 virtual lanes, folded 8-4-2-1: the same bits at every vector width */
    real (*sum)(const real *x, int64_t n);
    real (*sum_square)(const real *x, int64_t n);
    real (*center_square)(const real *x, int64_t n, real mean); /* sum of (x - mean)^2 */
    real (*center_dot)(const real *a, const real *x, int64_t n, real mean);
    real (*max)(const real *x, int64_t n);              /* NaN wins; n > 0 */
    void (*add_row)(real *y, const real *x, int64_t n); /* y += x */
    void (*max_row)(real *y, const real *x, int64_t n); /* y = max(y, x) */
    void (*cols_sum)(real *y, const real *x, int64_t rows, int64_t ld, int64_t n);
    void (*triad)(real *a, const real *b, const real *c, int64_t n, real s); /* peak.c */
    /* y = a s + x t */
    void (*affine2)(real *y, const real *a, const real *x, int64_t n, real s, real t);
    /* norm.inc */
    void (*norm_moments)(real *sum, real *square, const real *x, const real *shift,
                         const gn_cols *g);
    void (*norm_merge)(double *mean, double *square, double count, const real *shift,
                       const real *sum, const real *square_sum, double more, int64_t n);
    void (*norm_finish)(real *mean, real *rstd, real *var, const double *m, const double *square,
                        double count, real eps, int64_t n);
    void (*norm_scale)(real *s, real *t, const real *w, const real *rstd, const real *b,
                       const real *mean, int64_t n);
    void (*norm_apply)(real *y, const real *x, const real *s, const real *t, const gn_cols *g);
    void (*norm_sums)(real *sum, real *dot, const real *dy, const real *x, const real *y,
                      const gn_norm_map *c, const gn_cols *g);
    void (*norm_dx)(real *dx, const real *dy, const real *x, const real *y, const gn_norm_map *c,
                    const gn_cols *g);
    /* norm_rows.inc: rows of at least 16 elements */
    void (*rows_moments)(real *sums, real *squares, const real *x, const real *shift, int step,
                         const gn_cols *g);
    void (*rows_apply)(real *y, const real *x, const gn_norm_map *c, const gn_cols *g);
    void (*rows_sums)(real *sums, real *dots, const real *dy, const real *x, const real *y,
                      const gn_norm_map *c, const gn_cols *g);
    void (*rows_dx)(real *dx, const real *dy, const real *x, const real *y, const gn_norm_map *c,
                    const gn_cols *g);
    /* norm_layer.inc */
    void (*layer_apply)(real *y, const real *x, const gn_norm_layer *c, const gn_cols *g);
    void (*layer_sums)(real *sums, real *dots, real *dw, real *db, const real *dy, const real *x,
                       const real *y, const gn_norm_layer *c, const gn_cols *g);
    void (*layer_dx)(real *dx, const real *dy, const real *x, const real *y, const gn_norm_layer *c,
                     const gn_cols *g);
    /* y = v broadcast to columns at .. at+n-1, column g taking value (g / run) % period; and its
     * adjoint, the segmented sum v += x */
    void (*broadcast)(real *y, const real *v, int64_t period, int64_t run, int64_t at, int64_t n);
    void (*segment_sum)(real *v, const real *x, int64_t period, int64_t run, int64_t at, int64_t n);
    /* elements 4 block .. 4 block + n of draw (seed, stream) */
    void (*uniform)(real *y, int64_t block, int64_t n, gn_rng rng, real low, real high);
    void (*normal)(real *y, int64_t block, int64_t n, gn_rng rng, real mean, real std);
    void (*dropout)(real *y, const real *x, int64_t block, int64_t n, gn_rng rng, real keep);
    void (*average)(real *y, const real *x, int64_t n, real weight); /* y += weight (x - y) */
    gn_update_fn *sgd, *adam, *rmsprop, *adagrad;
    const gn_resample_kern *resample;
} gn_vec_kern;

#define GN_DECLARE(id, name) extern const gn_vec_kern gn_vec_##name;
GN_ISAS(GN_DECLARE)
#undef GN_DECLARE
extern const gn_vec_kern *gn_vec; /* the one in use */
void gn_vec_select(gn_isa isa);

#endif
