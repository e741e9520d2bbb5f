/* peak.c - how fast the FMA units go: the yardstick that benchmarks/gemm.py holds GEMM to. */
#include "gemm.h"

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
