/* part.c - parts of dense memory: their shapes, and copies from and to them.  Knows no tensor. */
#include "part.h"

#include <string.h>

gn_part gn_part_dense(int ndim, const int64_t *dim)
{
    gn_part p = {.ndim = ndim};
    int64_t run = 1;
    for (int d = ndim - 1; d >= 0; d--) {
        p.dim[d] = dim[d];
        p.stride[d] = run;
        run *= dim[d];
    }
    return p;
}

int64_t gn_part_numel(const gn_part *p)
{
    int64_t n = 1;
    for (int d = 0; d < p->ndim; d++)
        n *= p->dim[d];
    return n;
}

bool gn_part_is_dense(const gn_part *p)
{
    int64_t run = 1;
    for (int d = p->ndim - 1; d >= 0; run *= p->dim[d], d--)
        if (p->dim[d] != 1 && p->stride[d] != run)
            return gn_part_numel(p) == 0;
    return true;
}

/* By rising stride: each dimension has to step over all that the smaller ones reach. */
bool gn_part_is_distinct(const gn_part *p)
{
    bool done[GN_MAX_DIM] = {false};
    int64_t reach = 0;
    if (gn_part_numel(p) == 0)
        return true;
    for (int k = 0; k < p->ndim; k++) {
        int next = -1;
        for (int d = 0; d < p->ndim; d++)
            if (!done[d] && p->dim[d] != 1 && (next < 0 || p->stride[d] < p->stride[next]))
                next = d;
        if (next < 0)
            break;
        if (p->stride[next] <= reach)
            return false;
        reach += (p->dim[next] - 1) * p->stride[next];
        done[next] = true;
    }
    return true;
}

bool gn_part_is_inside(const gn_part *p, int64_t numel)
{
    int64_t last = p->offset;
    if (last < 0)
        return false;
    for (int d = 0; d < p->ndim; d++) {
        int64_t reach;
        if (p->dim[d] < 0 || p->stride[d] < 0 ||
            __builtin_mul_overflow(GN_MAX(p->dim[d] - 1, 0), p->stride[d], &reach) ||
            __builtin_add_overflow(last, reach, &last))
            return false;
    }
    return gn_part_numel(p) == 0 || last < numel;
}

/* Runs of dimensions that one stride covers are cut anew; a cut that crosses two runs fails. */
bool gn_part_reshape(gn_part *p, int ndim, const int64_t *dim)
{
    gn_part q = {.offset = p->offset, .ndim = ndim};
    int at = ndim - 1;
    memcpy(q.dim, dim, (size_t)ndim * sizeof *dim);
    if (gn_part_numel(p) == 0) {
        q = gn_part_dense(ndim, dim);
        q.offset = p->offset;
        *p = q;
        return true;
    }
    for (int d = p->ndim - 1; d >= 0;) {
        int64_t stride = p->stride[d], size = p->dim[d--], used = 1;
        if (size == 1)
            continue;
        while (d >= 0 && (p->dim[d] == 1 || p->stride[d] == stride * size))
            size *= p->dim[d--];
        for (; at >= 0 && (used < size || dim[at] == 1); at--) {
            q.stride[at] = stride * used;
            used *= dim[at];
        }
        if (used != size)
            return false;
    }
    for (; at >= 0; at--) /* sizes of 1 alone */
        q.stride[at] = 1;
    *p = q;
    return true;
}

/* ---- copies ---------------------------------------------------------------------------- */

typedef struct {
    real *to;
    const real *from;
    gn_part p; /* at least 1-D */
    bool write;
    int64_t rows, rows_a_task;
} copy_work;

static void copy_row(const copy_work *w, int64_t row)
{
    const gn_part *p = &w->p;
    int last = p->ndim - 1;
    int64_t n = p->dim[last], step = p->stride[last], left = row, at = p->offset;
    for (int d = last - 1; d >= 0; d--) {
        at += left % p->dim[d] * p->stride[d];
        left /= p->dim[d];
    }
    const real *from = w->from + (w->write ? row * n : at);
    real *to = w->to + (w->write ? at : row * n);
    if (step == 1)
        memcpy(to, from, (size_t)n * sizeof *to);
    else if (w->write)
        for (int64_t i = 0; i < n; i++)
            to[i * step] = from[i];
    else
        for (int64_t i = 0; i < n; i++)
            to[i] = from[i * step];
}

static void copy_task(void *ctx, int64_t task)
{
    const copy_work *w = ctx;
    int64_t end = GN_MIN((task + 1) * w->rows_a_task, w->rows);
    for (int64_t row = task * w->rows_a_task; row < end; row++)
        copy_row(w, row);
}

static void copy(copy_work w)
{
    int64_t numel = gn_part_numel(&w.p);
    if (numel == 0)
        return;
    if (w.p.ndim == 0)
        w.p.stride[0] = w.p.dim[w.p.ndim++] = 1;
    w.rows = numel / w.p.dim[w.p.ndim - 1];
    w.rows_a_task = GN_MAX(GN_CHUNK / w.p.dim[w.p.ndim - 1], 1);
    gn_parallel((w.rows + w.rows_a_task - 1) / w.rows_a_task, copy_task, &w);
}

void gn_part_read(real *y, const real *x, const gn_part *p)
{
    copy((copy_work){.to = y, .from = x, .p = *p});
}

void gn_part_write(real *x, const gn_part *p, const real *y)
{
    copy((copy_work){.to = x, .from = y, .p = *p, .write = true});
}
