/* peak.c - how fast the FMA units and the memory go: the yardsticks to which
 * benchmarks/gemm.py and benchmarks/bandwidth.py hold the kernels. */
#include "gemm.h"
#include "vec.h"

#include <time.h>

enum { ROUNDS = 200000, FMAS_A_ROUND = 10 };

static void peak_task(void *ctx, int64_t task)
{
    real sink[64] = {0};
    (void)ctx, (void)task;
    gn_gemm_kernel->fma_loop(ROUNDS, sink);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The best of the runs that fit into the time, on all threads. */
double gn_gemm_peak(double seconds)
{
    int64_t tasks = 4 * gn_get_num_threads();
    double flop = 2.0 * ROUNDS * FMAS_A_ROUND * gn_gemm_kernel->vw * (double)tasks, best = 0;
    for (double end = now() + seconds, start = now(); start < end; start = now()) {
        gn_parallel(tasks, peak_task, NULL);
        best = GN_MAX(best, flop / (now() - start));
    }
    return best;
}

typedef struct {
    real *a;
    const real *b, *c;
    int64_t n;
} triad_work;

static void triad_task(void *ctx, int64_t task)
{
    const triad_work *w = ctx;
    int64_t from = task * GN_CHUNK, n = GN_MIN(w->n - from, GN_CHUNK);
    gn_vec->triad(w->a + from, w->b + from, w->c + from, n, (real)0.5);
}

double gn_triad_bandwidth(real *work, int64_t n, double seconds)
{
    triad_work w = {.a = work, .b = work + n, .c = work + 2 * n, .n = n};
    double start = now(), end = start, bytes = 0;
    while (end - start < seconds) {
        gn_parallel((n + GN_CHUNK - 1) / GN_CHUNK, triad_task, &w);
        bytes += 4.0 * sizeof(real) * (double)n;
        end = now();
    }
    return bytes / (end - start);
}
