/* par.c - the only file with OpenMP: runs numbered tasks on its thread pool.
 *
 * Tasks are handed out by an atomic counter (dynamic self-scheduling), so a slow core takes fewer.
 * That is harmless for reproducibility: what a task computes does not depend on who runs it.
 * Contention back-off: on a busy machine the workers push each other off the cores, and a region
 * of 20 us takes milliseconds.  A caller that has lost time so runs its regions without workers
 * for a while, twice as long each time (exponential back-off), and then tries again.
 * Flush-to-zero is set in every thread of the region and restored at its end, because
 * subnormal optimizer state costs 40 to 140 times the time of normal numbers. */
#include "base.h"

#include <pthread.h>
#include <time.h>
#ifdef __linux__
#include <sched.h>
#endif
#ifdef _OPENMP
#include <omp.h>
#endif

bool (*gn_interrupt_hook)(void);

static _Thread_local bool shielded;
static int num_threads; /* 0: not chosen yet */

typedef struct {
    gn_task fn;
    void *ctx;
    int64_t ntask, next;
    int64_t first_done; /* when the first of its threads found no more tasks, ns */
    bool stop;
} region;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

bool gn_set_interruptible(bool on)
{
    bool was = !shielded;
    shielded = !on;
    return was;
}

/* The calling thread's share; no worker asks the hook. */
static void run_asking(region *r)
{
    int64_t asked = now_ns();
    while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
        int64_t task = __atomic_fetch_add(&r->next, 1, __ATOMIC_RELAXED);
        if (task >= r->ntask)
            return;
        r->fn(r->ctx, task);
        if (now_ns() - asked < 10000000)
            continue;
        if (gn_interrupt_hook()) {
            __atomic_store_n(&r->stop, true, __ATOMIC_RELAXED);
            gn_fail_as(GN_INTERRUPT, "interrupted");
        }
        asked = now_ns();
    }
}

static void run_share(region *r, bool caller)
{
    uint32_t word = gn_cpu_float_flush(true);
    if (caller && r->ntask > 1 && gn_interrupt_hook && !shielded)
        run_asking(r);
    else
        while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
            int64_t task = __atomic_fetch_add(&r->next, 1, __ATOMIC_RELAXED);
            if (task >= r->ntask)
                break;
            r->fn(r->ctx, task);
        }
    int64_t never = 0;
    __atomic_compare_exchange_n(&r->first_done, &never, now_ns(), false, __ATOMIC_RELAXED,
                                __ATOMIC_RELAXED);
    gn_cpu_float_restore(word);
}

#ifdef _OPENMP
static void *idle(void *arg)
{
    return arg;
}

/* libgomp ends the process when it cannot create a thread: try by hand first. */
static int probe_threads(int wanted)
{
    enum { MOST = 64 };
    pthread_t thread[MOST];
    int n = 0;
    while (n < GN_MIN(wanted - 1, MOST) && pthread_create(&thread[n], NULL, idle, NULL) == 0)
        n++;
    for (int i = 0; i < n; i++)
        pthread_join(thread[i], NULL);
    return n == MOST ? wanted : n + 1;
}

#ifndef __clang__
/* A libgomp pool does not survive fork: the child would wait for threads it has not.
 * (LLVM's runtime survives by itself, and aborts after a pause.) */
static void drop_pool(void)
{
    omp_pause_resource_all(omp_pause_hard);
}
#endif

static void at_first_region(void)
{
#ifndef __clang__
    pthread_atfork(drop_pool, NULL, NULL);
#endif
}

enum { LATE = 1000000, FIRST_PAUSE = 4000000, LAST_PAUSE = 256000000 }; /* ns */

/* Of the calling thread: no workers until then, and how long the next pause is. */
static _Thread_local int64_t serial_until, pause_length = FIRST_PAUSE;

/* Contention: the threads waited for the last of them longer than all of them worked. */
static void back_off(int64_t start, int64_t first_done, int64_t end)
{
    if (end - start > LATE && end - first_done > first_done - start) {
        serial_until = end + pause_length;
        pause_length = GN_MIN(2 * pause_length, LAST_PAUSE);
    } else {
        pause_length = GN_MAX(pause_length - pause_length / 1024, FIRST_PAUSE);
    }
}

static int threads_for(int64_t ntask)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static int asked = 1, startable = 1;
    int wanted = (int)GN_MIN(ntask, gn_get_num_threads());
    if (wanted == 1)
        return 1;
    pthread_once(&once, at_first_region);
    if (wanted > __atomic_load_n(&asked, __ATOMIC_RELAXED)) {
        __atomic_store_n(&startable, probe_threads(wanted), __ATOMIC_RELAXED);
        __atomic_store_n(&asked, wanted, __ATOMIC_RELAXED);
    }
    return GN_MIN(wanted, __atomic_load_n(&startable, __ATOMIC_RELAXED));
}
#endif

void gn_parallel(int64_t ntask, gn_task fn, void *ctx)
{
    region r = {.fn = fn, .ctx = ctx, .ntask = ntask};
    if (ntask <= 0 || gn_failed() == GN_INTERRUPT)
        return;
#ifdef _OPENMP
    int threads = threads_for(ntask);
    int64_t start = threads > 1 ? now_ns() : 0;
    if (threads > 1 && start >= serial_until) {
#pragma omp parallel num_threads(threads)
        run_share(&r, omp_get_thread_num() == 0);
        back_off(start, r.first_done, now_ns());
        return;
    }
#endif
    run_share(&r, true);
}

void gn_serial(int64_t ntask, gn_task fn, void *ctx)
{
    region r = {.fn = fn, .ctx = ctx, .ntask = ntask};
    if (ntask > 0 && gn_failed() != GN_INTERRUPT)
        run_share(&r, true);
}

static int allowed_cores(void)
{
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return GN_MAX(CPU_COUNT(&set), 1);
#endif
#ifdef _OPENMP
    return omp_get_num_procs();
#else
    return 1;
#endif
}

void gn_set_num_threads(int n)
{
    __atomic_store_n(&num_threads, GN_MAX(n, 1), __ATOMIC_RELAXED);
}

int gn_get_num_threads(void)
{
    int n = __atomic_load_n(&num_threads, __ATOMIC_RELAXED);
    if (n == 0)
        gn_set_num_threads(n = allowed_cores());
    return n;
}
