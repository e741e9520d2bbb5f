/* base.h - what every file of the core stands on: the scalar type, errors, memory,
 * threads, random numbers and the CPU.  Knows only libc.
 *
 * The core is compiled twice from the same sources: _core (real = float, every
 * kernel) and _core64 (real = double, portable kernels only, the test oracle). */
#ifndef GN_BASE_H
#define GN_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef GANC_FLOAT64
typedef double real;
#define GN_REAL_NAME "float64"
#define GN_REAL_BITS 53
#else
typedef float real;
#define GN_REAL_NAME "float32"
#define GN_REAL_BITS 24
#endif

#define GN_MAX_DIM 5
#define GN_COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define GN_MIN(a, b) ((a) < (b) ? (a) : (b))
#define GN_MAX(a, b) ((a) > (b) ? (a) : (b))

/* real holds every integer of [-GN_WHOLE, GN_WHOLE] exactly. */
#define GN_WHOLE ((int64_t)1 << GN_REAL_BITS)
#define GN_NOT_WHOLE ((real)1e30) /* stands for an integer outside, until it is refused */

static inline real gn_whole(int64_t i)
{
    return i >= -GN_WHOLE && i <= GN_WHOLE ? (real)i : GN_NOT_WHOLE;
}

static inline int64_t gn_ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/* ---- error.c: the sticky error of this thread ---------------------------------
 * The first failure is recorded and wins; ops return NULL at once while one is
 * pending, so that op code chains calls without checking each. */
typedef enum {
    GN_OK = 0,
    GN_VALUE,     /* ValueError  */
    GN_TYPE,      /* TypeError   */
    GN_INDEX,     /* IndexError  */
    GN_RUNTIME,   /* RuntimeError */
    GN_MEMORY,    /* MemoryError */
    GN_OVERFLOW,  /* OverflowError */
    GN_INTERRUPT, /* KeyboardInterrupt; the exception is already set in the host */
    GN_HOST,      /* the host language raised inside a callback: its exception is set */
} gn_error_kind;

/* Both return NULL.  gn_fail records a GN_VALUE: op, got, expected, hint. */
void *gn_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *gn_fail_as(gn_error_kind kind, const char *format, ...) __attribute__((format(printf, 2, 3)));
gn_error_kind gn_failed(void); /* GN_OK when nothing is pending */
const char *gn_error_message(void);
void gn_error_clear(void);

/* Product of n sizes (each >= 0); fails and returns -1 when it exceeds INT64_MAX / 16. */
int64_t gn_product(const int64_t *dim, int n);

/* ---- alloc.c: 64-byte aligned, pooled; never zeroed ----------------------------
 * `site` names the caller in the registry that failure injection walks. */
void *gn_alloc(const char *site, size_t bytes); /* NULL + GN_MEMORY on failure */
void gn_free(void *block);                      /* NULL is fine */
typedef struct {
    int64_t live_blocks, live_bytes, peak_bytes, pooled_bytes, calls;
} gn_alloc_stats;
gn_alloc_stats gn_alloc_read(void);
void gn_alloc_peak_reset(void);
/* The n-th next call fails (0 = the next); sticky: all later ones too; n < 0: none. */
void gn_alloc_fail_at(int64_t n, bool sticky);
/* Sites seen so far: name, calls, injected failures.  Returns how many there are. */
typedef struct {
    const char *name;
    int64_t calls, failures;
} gn_alloc_site;
int gn_alloc_sites(const gn_alloc_site **first);
/* What this thread may allocate from now on, what it frees meanwhile added; negative: anything.
 * Returns whether the budget that ends was exceeded. */
bool gn_alloc_budget(int64_t bytes);
void gn_alloc_trim(void); /* hands pooled blocks back to the system */

/* ---- par.c: the only file with OpenMP ------------------------------------------
 * Runs fn(ctx, task) for task = 0 .. ntask-1.  ntask depends on the shape of the work,
 * never on the number of threads; each output element is finished by one task: hence
 * the same bits for any number of threads.  FTZ/DAZ is on inside, restored after.
 * A task must not fail, allocate or call gn_parallel. Tasks should take <= 10 ms. */
typedef void (*gn_task)(void *ctx, int64_t task);
void gn_parallel(int64_t ntask, gn_task fn, void *ctx);
void gn_serial(int64_t ntask, gn_task fn, void *ctx); /* without workers: for little work */
enum { GN_CHUNK = 16384 }; /* elements of a task that runs along memory: 64 KB of floats */
void gn_set_num_threads(int n);
int gn_get_num_threads(void);
/* Asked by the calling thread between tasks, at most every 10 ms; true skips the rest
 * of the tasks and records GN_INTERRUPT.  Set by the binding.  What must not be left half
 * done switches it off for this thread. */
extern bool (*gn_interrupt_hook)(void);
bool gn_set_interruptible(bool on); /* returns what it was */

/* ---- rng.c: Philox 4x32-10, counter based ---------------------------------------
 * Element i of a draw is a pure function of (seed, stream, i).  A generator is the
 * pair (seed, stream); each draw takes the next stream number. */
typedef struct {
    uint64_t seed, stream;
} gn_rng;
void gn_philox(uint64_t seed, uint64_t stream, uint64_t counter, uint32_t out[4]);

/* ---- cpu.c --------------------------------------------------------------------------- */
/* All ISAs that there are kernels for: F(of GN_ISA_*, name in files, tables and GANC_ISA). */
#define GN_ALL_ISAS(F) F(PORTABLE, portable) F(AVX2, avx2) F(AVX512, avx512) F(NEON, neon)
#define GN_ISA_ID(id, name) GN_ISA_##id,
typedef enum { GN_ALL_ISAS(GN_ISA_ID) GN_ISA_COUNT } gn_isa;
gn_isa gn_cpu_isa(void); /* best that CPU and OS support */
const char *gn_isa_name(gn_isa isa);
uint32_t gn_cpu_float_flush(bool on); /* sets FTZ+DAZ, returns the old control word */
void gn_cpu_float_restore(uint32_t word);

#endif
