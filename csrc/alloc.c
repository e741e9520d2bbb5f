/* alloc.c - memory of the core: 64-byte aligned blocks, pooled by size class.
 *
 * glibc returns blocks over 32 MiB to the kernel at once, so a training step would fault
 * its activations in anew each time; the pool keeps them.  Every block has a 64-byte
 * header.  Freed blocks are poisoned under ASan; GANC_ALLOC=system bypasses the pool.
 * `site` names callers, so that a test can make each of them fail. */
#include "base.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define POISON(p, n) ((void)0)
#define UNPOISON(p, n) ((void)0)
#endif

enum { HEADER = 64, CLASSES = 512, SITES = 64, HUGE_PAGE = 1 << 21, ASK_ABOVE = 1 << 29 };

typedef struct block {
    size_t bytes;       /* usable, rounded up to its class */
    int class;          /* index into pool, or -1: not pooled */
    struct block *next; /* in the pool */
} block;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static block *pool[CLASSES];
static gn_alloc_stats stats;
static gn_alloc_site sites[SITES];
static int nsites;
static int64_t fail_at = -1;
static bool fail_sticky;
static _Thread_local int64_t budget = INT64_MAX; /* what this thread may still allocate */
static _Thread_local bool exceeded;
static int use_pool = -1; /* unknown until the first call reads the environment */

/* Sizes in units of 64 bytes: exact up to 16, then 8 classes per power of two (waste <= 1/8).
 * Segregated free lists, as in jemalloc (Evans 2006). */
static int size_class(size_t bytes, size_t *rounded)
{
    size_t units = bytes ? (bytes + 63) / 64 : 1;
    if (units <= 16) {
        *rounded = units * 64;
        return (int)units;
    }
    int octave = 63 - __builtin_clzll(units - 1); /* 2^octave < units <= 2^(octave+1) */
    size_t step = (size_t)1 << (octave - 3);
    size_t up = (units + step - 1) / step * step;
    *rounded = up * 64;
    return 17 + (octave - 4) * 8 + (int)(up / step - 9);
}

static gn_alloc_site *site_find(const char *name)
{
    for (int i = 0; i < nsites; i++)
        if (sites[i].name == name || strcmp(sites[i].name, name) == 0)
            return &sites[i];
    if (nsites == SITES)
        return &sites[SITES - 1];
    sites[nsites].name = name;
    return &sites[nsites++];
}

/* True when failure injection wants this call to fail.  Called with the lock held. */
static bool injected(const char *name)
{
    gn_alloc_site *site = site_find(name);
    site->calls++;
    if (fail_at < 0)
        return false;
    if (fail_at > 0) {
        fail_at--;
        return false;
    }
    if (!fail_sticky)
        fail_at = -1;
    site->failures++;
    return true;
}

/* What is free on this machine, or SIZE_MAX where that is not known.  Linux promises more than it
 * has, and ends the process that uses it. */
static size_t available(void)
{
    size_t kb = SIZE_MAX / 1024;
    char line[128];
    FILE *f = fopen("/proc/meminfo", "r");
    while (f && fgets(line, sizeof line, f) && sscanf(line, "MemAvailable: %zu kB", &kb) != 1)
        continue;
    if (f)
        fclose(f);
    return kb * 1024;
}

static block *system_block(size_t bytes)
{
    size_t total = bytes + HEADER;
    if (total > ASK_ABOVE && total > available())
        return NULL;
    size_t align = total >= 2 * HUGE_PAGE ? HUGE_PAGE : 64;
    void *p = NULL;
    if (posix_memalign(&p, align, total) != 0)
        return NULL;
#ifdef MADV_HUGEPAGE
    if (align == HUGE_PAGE)
        madvise(p, total, MADV_HUGEPAGE);
#endif
    return p;
}

static block *take(int class, size_t bytes)
{
    block *b = use_pool ? pool[class] : NULL;
    if (b) {
        pool[class] = b->next;
        stats.pooled_bytes -= (int64_t)b->bytes;
        UNPOISON((char *)b + HEADER, b->bytes);
        return b;
    }
    b = system_block(bytes);
    if (b) {
        b->bytes = bytes;
        b->class = class;
    }
    return b;
}

/* A fork while another thread allocates must not leave the child a locked pool. */
static void lock_pool(void)
{
    pthread_mutex_lock(&lock);
}

static void unlock_pool(void)
{
    pthread_mutex_unlock(&lock);
}

/* Once, with the lock held. */
static void at_first_call(void)
{
    const char *mode = getenv("GANC_ALLOC");
    use_pool = !(mode && strcmp(mode, "system") == 0);
    pthread_atfork(lock_pool, unlock_pool, unlock_pool);
}

void *gn_alloc(const char *site, size_t bytes)
{
    if (bytes > (size_t)INT64_MAX / 4)
        return gn_fail_as(GN_MEMORY, "%s: %zu bytes cannot be allocated", site, bytes);
    size_t rounded;
    int class = size_class(bytes, &rounded);
    if ((int64_t)rounded > budget) {
        exceeded = true;
        return gn_fail_as(GN_MEMORY, "%s: %zu bytes exceed the budget", site, bytes);
    }
    pthread_mutex_lock(&lock);
    if (use_pool < 0)
        at_first_call();
    stats.calls++;
    block *b = injected(site) ? NULL : take(class, rounded);
    if (b) {
        stats.live_blocks++;
        stats.live_bytes += (int64_t)b->bytes;
        stats.peak_bytes = GN_MAX(stats.peak_bytes, stats.live_bytes);
    }
    pthread_mutex_unlock(&lock);
    if (b && budget != INT64_MAX)
        budget -= (int64_t)b->bytes;
    if (!b)
        return gn_fail_as(GN_MEMORY, "%s: out of memory (%zu bytes wanted)", site, bytes);
    return (char *)b + HEADER;
}

void gn_free(void *p)
{
    if (!p)
        return;
    block *b = (block *)((char *)p - HEADER);
    pthread_mutex_lock(&lock);
    stats.live_blocks--;
    stats.live_bytes -= (int64_t)b->bytes;
    if (budget != INT64_MAX)
        budget += (int64_t)b->bytes;
    if (use_pool) {
        b->next = pool[b->class];
        pool[b->class] = b;
        stats.pooled_bytes += (int64_t)b->bytes;
        POISON(p, b->bytes);
        b = NULL;
    }
    pthread_mutex_unlock(&lock);
    free(b);
}

void gn_alloc_trim(void)
{
    pthread_mutex_lock(&lock);
    for (int c = 0; c < CLASSES; c++)
        while (pool[c]) {
            block *b = pool[c];
            pool[c] = b->next;
            stats.pooled_bytes -= (int64_t)b->bytes;
            UNPOISON((char *)b + HEADER, b->bytes);
            free(b);
        }
    pthread_mutex_unlock(&lock);
}

gn_alloc_stats gn_alloc_read(void)
{
    pthread_mutex_lock(&lock);
    gn_alloc_stats copy = stats;
    pthread_mutex_unlock(&lock);
    return copy;
}

void gn_alloc_peak_reset(void)
{
    pthread_mutex_lock(&lock);
    stats.peak_bytes = stats.live_bytes;
    pthread_mutex_unlock(&lock);
}

void gn_alloc_fail_at(int64_t n, bool sticky)
{
    pthread_mutex_lock(&lock);
    fail_at = n;
    fail_sticky = sticky;
    pthread_mutex_unlock(&lock);
}

bool gn_alloc_budget(int64_t bytes)
{
    bool was = exceeded;
    exceeded = false;
    budget = bytes < 0 ? INT64_MAX : bytes;
    return was;
}

int gn_alloc_sites(const gn_alloc_site **first)
{
    *first = sites;
    return nsites;
}
