/* average.c - exponential moving averages of parameters, after each update of them.
 *
 * a += (1 - decay_t) (p - a), decay_t = min(decay, (1 + t) / (10 + t)) after t updates: the
 * warm-up of TensorFlow's ExponentialMovingAverage, so that an average does not remember its
 * random beginning for thousands of steps.  Elementwise, hence the same bits for any number
 * of tasks.  Buffers (running statistics and the like) are copied. */
#include "step.h"

#include <string.h>

bool gn_average_init(gn_average *a, int n, gn_tensor **from, gn_tensor **to, int averaged)
{
    for (int i = 0; i < n; i++)
        if (from[i]->numel != to[i]->numel)
            return gn_fail("average: tensor %d has %lld elements, its average %lld", i,
                           (long long)from[i]->numel, (long long)to[i]->numel);
    a->from = gn_alloc("average", (size_t)GN_MAX(2 * n, 1) * sizeof *a->from);
    if (!a->from)
        return false;
    a->to = a->from + n;
    a->n = n;
    a->averaged = averaged;
    memcpy(a->from, from, (size_t)n * sizeof *from);
    memcpy(a->to, to, (size_t)n * sizeof *to);
    for (int i = 0; i < 2 * n; i++)
        gn_tensor_retain(a->from[i]);
    return gn_params_flatten(averaged, a->to);
}

void gn_average_free(gn_average *a)
{
    for (int i = 0; i < 2 * a->n; i++)
        gn_tensor_release(a->from[i]);
    gn_free(a->from);
    *a = (gn_average){0};
}

typedef struct {
    real *to;
    const real *from;
    int64_t n;
    real weight;
} average_work;

static void average_task(void *ctx, int64_t task)
{
    const average_work *w = ctx;
    int64_t at = task * GN_CHUNK;
    gn_vec->average(w->to + at, w->from + at, GN_MIN(w->n - at, GN_CHUNK), w->weight);
}

/* One loop over all parameters where they lie in one storage, as those of a network do. */
static void average_all(const gn_average *a, real weight)
{
    for (int i = 0, next; i < a->averaged; i = next) {
        average_work w = {a->to[i]->data, a->from[i]->data, a->from[i]->numel, weight};
        for (next = i + 1; next < a->averaged; w.n += a->from[next++]->numel)
            if (a->from[next]->data != w.from + w.n || a->to[next]->data != w.to + w.n)
                break;
        gn_parallel((w.n + GN_CHUNK - 1) / GN_CHUNK, average_task, &w);
    }
}

bool gn_average_update(gn_average *a)
{
    if (gn_failed())
        return false;
    for (int i = 0; i < a->n; i++)
        if (a->from[i]->numel != a->to[i]->numel)
            return gn_fail("average: tensor %d has changed its size", i);
    double early = (1 + (double)a->steps) / (10 + (double)a->steps);
    bool was = gn_set_interruptible(false); /* never half done */
    average_all(a, (real)(1 - GN_MIN(a->decay, early)));
    gn_set_interruptible(was);
    for (int i = a->averaged; i < a->n; i++)
        memcpy(a->to[i]->data, a->from[i]->data, (size_t)a->from[i]->numel * sizeof(real));
    for (int i = 0; i < a->n; i++)
        gn_tensor_touch(a->to[i]);
    a->steps++;
    return true;
}
