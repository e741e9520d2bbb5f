/* gemm_plan.h - how one GEMM is cut into microtiles, panels, blocks and tasks: between
 * gemm_plan.c, which makes the choices, and gemm.c, which carries them out. */
#ifndef GN_GEMM_PLAN_H
#define GN_GEMM_PLAN_H

#include "gemm.h"

typedef struct {
    gn_gemm_args g; /* with the roles of A and B as the microtiles see them */
    const gn_gemm_kern *kern;
    bool a_in_place, b_in_place;
    bool serial;                    /* too small for threads */
    int64_t wide;                   /* columns of a panel */
    int64_t tiles, tall;            /* microtiles over M; rows of one, at most */
    int64_t panels;                 /* over N */
    int64_t kc;                     /* block of K, a multiple of 16 */
    int64_t ks, span;               /* of A packed at a time: ks of K, span tiles, group problems */
    int64_t group, a_ld;            /* a_ld: distance of packed rows */
    int64_t row_blocks, col_blocks; /* tasks of one problem */
    int64_t pack_rows;              /* rows of A that one task packs */
    /* where the loops over problems, tiles and K stand */
    int64_t z0, zn, t0, tn, k0, kn;
    real *packed; /* (group, blocks of ks, rows of span, a_ld) */
} gn_gemm_plan;

gn_gemm_plan gn_gemm_make_plan(const gn_gemm_args *g); /* m, n, nbatch > 0 */

static inline bool gn_dense(const gn_mat *m)
{
    return !m->row && !m->col;
}

#endif
