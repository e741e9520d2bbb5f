/* norm.c - the driver of norm.h: chooses between the loops of norm_cols.c and norm_rows.c by the
 * shape alone, and adds the tasks' sums of dw and db in order. */
#include "norm.h"
#include "vec.h"

#include <string.h>

static bool is_empty(const gn_norm *p)
{
    return p->n * p->k * p->len == 0;
}

static int64_t backward_tasks(const gn_norm *p)
{
    return gn_norm_in_rows(p) ? gn_norm_rows_tasks(p) : gn_norm_cols_tasks(p);
}

void gn_norm_forward(const gn_norm *p)
{
    if (is_empty(p))
        return;
    if (gn_norm_in_rows(p))
        gn_norm_rows_forward(p);
    else
        gn_norm_cols_forward(p);
}

size_t gn_norm_workspace(const gn_norm *p)
{
    return gn_norm_uses(p) > 1 ? (size_t)(2 * backward_tasks(p) * p->channels) : 0;
}

static void add_parts(const gn_norm *p, const real *part)
{
    for (int64_t i = 0, n = backward_tasks(p); i < n; i++) {
        gn_vec->add_row(p->dw, part + 2 * i * p->channels, p->channels);
        gn_vec->add_row(p->db, part + (2 * i + 1) * p->channels, p->channels);
    }
}

void gn_norm_backward(const gn_norm *p, real *work)
{
    memset(p->dw, 0, (size_t)p->channels * sizeof(real));
    memset(p->db, 0, (size_t)p->channels * sizeof(real));
    if (is_empty(p))
        return;
    real *part = gn_norm_uses(p) > 1 ? work : NULL;
    if (gn_norm_in_rows(p))
        gn_norm_rows_backward(p, part);
    else
        gn_norm_cols_backward(p, part);
    if (part)
        add_parts(p, part);
}
