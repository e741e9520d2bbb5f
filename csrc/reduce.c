/* reduce.c - sums and maxima over any set of dimensions.
 *
 * A reduction is a few passes over (A, R, B) -> (A, B): R is a run of neighbouring reduced
 * dimensions.  B = 1 sums along memory in 16 virtual lanes, B > 1 adds rows.  Long R is cut into
 * pieces of a size that depends on the shape alone, then their results are reduced in order, as in
 * pairwise summation: errors stay small and the bits do not depend on the threads. */
#include "reduce.h"
#include "kern/vec.h"

#include <string.h>

enum { COLUMNS = 64, ROWS = 512 }; /* ROWS: most that add up one by one */

typedef struct {
    gn_reduction kind;
    const real *x;
    real *y;
    int64_t a, r, b;     /* (a, r, b) -> (a, pieces, b) */
    int64_t piece;       /* how much of r one result covers */
    int64_t rows_a_task; /* b = 1: results of one task */
} pass;

static int64_t pieces_of(const pass *w)
{
    return (w->r + w->piece - 1) / w->piece;
}

static real reduce_run(gn_reduction kind, const real *x, int64_t n)
{
    if (kind == GN_REDUCE_SUM)
        return gn_vec->sum(x, n);
    return kind == GN_REDUCE_MAX ? gn_vec->max(x, n) : gn_vec->sum_square(x, n);
}

static void rows_task(void *ctx, int64_t task)
{
    const pass *w = ctx;
    int64_t pieces = pieces_of(w);
    int64_t end = GN_MIN((task + 1) * w->rows_a_task, w->a * pieces);
    for (int64_t i = task * w->rows_a_task; i < end; i++) {
        int64_t from = i % pieces * w->piece;
        w->y[i] =
            reduce_run(w->kind, w->x + i / pieces * w->r + from, GN_MIN(w->r - from, w->piece));
    }
}

static void columns_task(void *ctx, int64_t task)
{
    const pass *w = ctx;
    int64_t blocks = (w->b + COLUMNS - 1) / COLUMNS, pieces = pieces_of(w);
    int64_t j = task % blocks * COLUMNS, i = task / blocks % pieces, a = task / blocks / pieces;
    int64_t n = GN_MIN(w->b - j, COLUMNS), end = GN_MIN((i + 1) * w->piece, w->r);
    const real *x = w->x + (a * w->r + i * w->piece) * w->b + j;
    real *y = w->y + (a * pieces + i) * w->b + j;
    if (w->kind == GN_REDUCE_SUM) {
        gn_vec->cols_sum(y, x, end - i * w->piece, w->b, n);
        return;
    }
    memcpy(y, x, (size_t)n * sizeof *y);
    for (int64_t r = i * w->piece + 1; r < end; r++)
        gn_vec->max_row(y, x += w->b, n);
}

/* One result per piece; repeated until one piece is left. r > 0. */
static gn_tensor *reduce_pass(gn_reduction kind, gn_tensor *x, int64_t a, int64_t r, int64_t b)
{
    while (x) {
        pass w = {.kind = kind, .x = x->data, .a = a, .r = r, .b = b};
        w.piece =
            b == 1 ? GN_CHUNK : GN_MIN(r * b > 4 * GN_CHUNK ? GN_MAX(64, GN_CHUNK / b) : r, ROWS);
        int64_t pieces = pieces_of(&w), shape[3] = {a, pieces, b};
        gn_tensor *y = gn_tensor_new(3, shape);
        if (!y)
            return NULL;
        w.y = y->data;
        if (b == 1) {
            w.rows_a_task = GN_MAX(GN_CHUNK / GN_MIN(r, GN_CHUNK), 1);
            gn_parallel((a * pieces + w.rows_a_task - 1) / w.rows_a_task, rows_task, &w);
        } else {
            gn_parallel(a * pieces * ((b + COLUMNS - 1) / COLUMNS), columns_task, &w);
        }
        if (pieces == 1)
            return y;
        x = y;
        r = pieces;
        kind = kind == GN_REDUCE_MAX ? GN_REDUCE_MAX : GN_REDUCE_SUM;
    }
    return NULL;
}

/* Dimensions of x that are neighbours and dropped or kept alike, made one; returns how many. */
static int merge(const gn_tensor *x, const bool *drop, int64_t *size, bool *gone)
{
    int n = 0;
    for (int d = 0; d < x->ndim; d++) {
        if (x->dim[d] == 1)
            continue;
        if (n && gone[n - 1] == drop[d])
            size[n - 1] *= x->dim[d];
        else {
            gone[n] = drop[d];
            size[n++] = x->dim[d];
        }
    }
    return n;
}

bool gn_reduces_runs(const gn_tensor *x, const bool *drop)
{
    int64_t size[GN_MAX_DIM];
    bool gone[GN_MAX_DIM];
    int n = merge(x, drop, size, gone);
    return n > 0 && n <= 2 && gone[n - 1];
}

gn_tensor *gn_reduce(gn_reduction kind, gn_tensor *x, const bool *drop)
{
    int64_t size[GN_MAX_DIM];
    bool gone[GN_MAX_DIM];
    int n = x ? merge(x, drop, size, gone) : 0;
    for (int last = n - 1; x && last >= 0; last--) {
        if (!gone[last])
            continue;
        int64_t a = 1, b = 1;
        for (int d = 0; d < last; d++)
            a *= size[d];
        for (int d = last + 1; d < n; d++)
            b *= gone[d] ? 1 : size[d];
        x = reduce_pass(kind, x, a, size[last], b);
        kind = kind == GN_REDUCE_MAX ? GN_REDUCE_MAX : GN_REDUCE_SUM;
    }
    return x;
}
