/* op_axes.c - the engine of planes.h: builds sparse axes, transposes them, finds the pattern
 * that lets a kernel vectorise along W, and runs planes through a pair of axes.
 *
 * A task owns some rows of y.  Rows of x are mixed along H into a band in L1, which then
 * goes through W.  Rows wider than the band take two passes over memory. */
#include "ops.h"
#include "planes.h"

#include <math.h>
#include <string.h>

enum { BAND = 4096, SHORTEST_PATTERN = 8 };

/* ---- building ------------------------------------------------------------------------ */

bool gn_axis_begin(gn_axis *a, int64_t n_in, int64_t n_out, int64_t most)
{
    *a = (gn_axis){.n_in = n_in, .n_out = n_out};
    if (n_in >= INT32_MAX || n_out >= INT32_MAX || most >= INT32_MAX) {
        gn_fail_as(GN_MEMORY, "a map of %lld to %lld elements is too large", (long long)n_in,
                   (long long)n_out);
        return false;
    }
    size_t whole = (size_t)(n_out + 1 + most) * sizeof *a->start;
    a->start = gn_alloc("axis", whole);
    a->weight = a->start ? gn_alloc("axis weights", (size_t)(most + 1) * sizeof(real)) : NULL;
    if (!a->weight) {
        gn_axis_free(a);
        return false;
    }
    a->index = a->start + n_out + 1;
    a->start[0] = 0;
    a->n_out = 0; /* rows so far */
    return true;
}

void gn_axis_tap(gn_axis *a, int64_t index, double weight)
{
    a->index[a->entries] = (int32_t)index;
    a->weight[a->entries++] = (real)weight;
}

void gn_axis_row(gn_axis *a)
{
    a->start[++a->n_out] = (int32_t)a->entries;
}

void gn_axis_free(gn_axis *a)
{
    gn_free(a->start);
    gn_free(a->weight);
    *a = (gn_axis){0};
}

/* Row i of the transposed axis lists the outputs that read input i, in their order. */
static bool transpose(gn_axis *a)
{
    gn_axis t;
    if (!gn_axis_begin(&t, a->n_out, a->n_in, a->entries))
        return false;
    t.n_out = a->n_in;
    t.entries = a->entries;
    memset(t.start, 0, (size_t)(t.n_out + 1) * sizeof *t.start);
    for (int64_t e = 0; e < a->entries; e++)
        t.start[a->index[e] + 1]++;
    for (int64_t i = 0; i < t.n_out; i++)
        t.start[i + 1] += t.start[i];
    for (int64_t i = 0; i < a->n_out; i++) /* start[k] runs to the start of k + 1 */
        for (int32_t e = a->start[i]; e < a->start[i + 1]; e++) {
            int32_t at = t.start[a->index[e]]++;
            t.index[at] = (int32_t)i;
            t.weight[at] = a->weight[e];
        }
    memmove(t.start + 1, t.start, (size_t)t.n_out * sizeof *t.start);
    t.start[0] = 0;
    gn_axis_free(a);
    *a = t;
    return true;
}

/* ---- the pattern --------------------------------------------------------------------- */

static int32_t count(const gn_axis *a, int64_t i)
{
    return a->start[i + 1] - a->start[i];
}

static bool consecutive(const gn_axis *a, int64_t i)
{
    const int32_t *index = a->index + a->start[i];
    for (int32_t k = 1; k < count(a, i); k++)
        if (index[k] != index[0] + k)
            return false;
    return true;
}

/* Row j is row i, `shift` inputs further on. */
static bool rows_match(const gn_axis *a, int64_t i, int64_t j, int64_t shift)
{
    int32_t n = count(a, i), e = a->start[i], f = a->start[j];
    if (n != count(a, j))
        return false;
    for (int32_t k = 0; k < n; k++)
        if (a->index[f + k] != a->index[e + k] + shift || a->weight[f + k] != a->weight[e + k])
            return false;
    return true;
}

static void try_pattern(gn_axis *a, int group, int step)
{
    int64_t mid = a->n_out / 2 / group * group, from = mid, to = mid + group;
    if (to > a->n_out || count(a, mid) == 0)
        return;
    for (int j = 0; j < group; j++)
        if (count(a, mid + j) != count(a, mid) || !consecutive(a, mid + j))
            return;
    while (to < a->n_out && rows_match(a, to - group, to, step))
        to++;
    to = from + (to - from) / group * group;
    while (from > 0 && rows_match(a, from - 1 + group, from - 1, -step))
        from--;
    from = to - (to - from) / group * group;
    if (to - from < SHORTEST_PATTERN || to - from <= a->to - a->from)
        return;
    a->group = group;
    a->step = step;
    a->taps = count(a, from);
    a->from = from;
    a->to = to;
    a->closed = from == 0 && to == a->n_out && a->n_out / group * step == a->n_in;
    for (int j = 0; j < group; j++) {
        a->at[j] = a->index[a->start[from + j]];
        a->closed &= a->at[j] >= 0 && a->at[j] + a->taps <= step;
    }
}

bool gn_axis_finish(gn_axis *a, bool adjoint)
{
    static const int kinds[][2] = {{1, 1}, {1, 2}, {2, 1}, {1, 3}, {1, 4}, {4, 1}};
    if (adjoint && !transpose(a)) {
        gn_axis_free(a);
        return false;
    }
    a->identity = a->n_in == a->n_out;
    for (int64_t i = 0; a->identity && i < a->n_out; i++)
        a->identity = count(a, i) == 1 && a->index[a->start[i]] == i && a->weight[a->start[i]] == 1;
    for (int k = 0; k < GN_COUNT(kinds); k++)
        try_pattern(a, kinds[k][0], kinds[k][1]);
    return true;
}

bool gn_axis_same(gn_axis *a, int64_t n)
{
    if (!gn_axis_begin(a, n, n, n))
        return false;
    for (int64_t i = 0; i < n; i++) {
        gn_axis_tap(a, i, 1);
        gn_axis_row(a);
    }
    return gn_axis_finish(a, false);
}

/* ---- running ------------------------------------------------------------------------- */

typedef struct {
    real *y;
    const real *x;
    const gn_axis *h, *w;
    const gn_fold_kern *fold;
    int64_t rows, rows_a_task;
    real fill;
} plane_work;

static bool unit_row(const gn_axis *a, int64_t i)
{
    return count(a, i) == 1 && a->weight[a->start[i]] == 1;
}

static void fill_row(real *y, int64_t n, real value)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = value;
}

static void mix_row(const plane_work *k, real *to, const real *plane, int64_t i)
{
    const gn_axis *h = k->h;
    k->fold->rows(to, plane, k->w->n_in, h->index + h->start[i], h->weight + h->start[i],
                  count(h, i), k->w->n_in);
}

/* Row i of a plane when it need not be mixed, or goes straight to y; false: it does not. */
static bool direct_row(const plane_work *k, real *y, const real *plane, int64_t i, bool first)
{
    const gn_axis *h = k->h, *w = k->w;
    if (count(h, i) == 0) {
        fill_row(y, w->n_out, k->fill);
    } else if (unit_row(h, i)) {
        const real *x = plane + h->index[h->start[i]] * w->n_in;
        if (!first && i > 0 && rows_match(h, i - 1, i, 0))
            memcpy(y, y - w->n_out, (size_t)w->n_out * sizeof *y);
        else if (w->identity)
            memcpy(y, x, (size_t)w->n_out * sizeof *y);
        else
            k->fold->columns(y, x, 1, w, k->fill);
    } else if (w->identity) {
        mix_row(k, y, plane, i);
    } else {
        return false;
    }
    return true;
}

static void plane_task(void *ctx, int64_t task)
{
    const plane_work *k = ctx;
    const gn_axis *h = k->h, *w = k->w;
    int64_t row = task * k->rows_a_task, end = GN_MIN(row + k->rows_a_task, k->rows), held = 0;
    int64_t room = BAND / GN_MAX(w->n_in, 1);
    real band[BAND];
    if (h->identity && !w->identity) {
        k->fold->columns(k->y + row * w->n_out, k->x + row * w->n_in, end - row, w, k->fill);
        return;
    }
    for (bool first = true; row < end; row++, first = false) {
        const real *plane = k->x + row / h->n_out * h->n_in * w->n_in;
        real *y = k->y + row * w->n_out;
        if (!direct_row(k, y, plane, row % h->n_out, first)) {
            mix_row(k, band + held++ * w->n_in, plane, row % h->n_out);
            y += w->n_out;
            if (held < room && row + 1 < end && count(h, (row + 1) % h->n_out) > 0 &&
                !unit_row(h, (row + 1) % h->n_out))
                continue;
        }
        if (held)
            k->fold->columns(y - held * w->n_out, band, held, w, k->fill);
        held = 0;
    }
}

static void run_axes(gn_tensor *y, const real *x, const gn_axis *h, const gn_axis *w, real fill,
                     const gn_fold_kern *fold)
{
    if (y->numel == 0)
        return;
    int64_t planes = y->numel / h->n_out / w->n_out;
    if (!h->identity && !w->identity && w->n_in > BAND) {
        gn_axis same;
        gn_tensor *mid = gn_tensor_new(3, (int64_t[]){planes, h->n_out, w->n_in});
        if (mid && gn_axis_same(&same, w->n_in)) {
            run_axes(mid, x, h, &same, fill, fold);
            gn_axis_free(&same);
        }
        if (mid && gn_axis_same(&same, h->n_out)) {
            run_axes(y, mid->data, &same, w, fill, fold);
            gn_axis_free(&same);
        }
        return;
    }
    plane_work k = {y->data, x, h, w, fold, planes * h->n_out, 1, fill};
    k.rows_a_task = GN_MAX(2 * GN_CHUNK / GN_MAX(w->n_out, w->n_in), 1);
    gn_parallel((k.rows + k.rows_a_task - 1) / k.rows_a_task, plane_task, &k);
}

void gn_axes_apply(gn_tensor *y, const real *x, const gn_axis *h, const gn_axis *w, double fill)
{
    run_axes(y, x, h, w, (real)fill, &gn_vec->resample->sum);
}

void gn_axes_max(gn_tensor *y, const real *x, const gn_axis *h, const gn_axis *w)
{
    run_axes(y, x, h, w, -(real)INFINITY, &gn_vec->resample->max);
}
