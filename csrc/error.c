/* error.c - the sticky error: one slot per thread, the first failure wins.
 * Knows nothing of Python; the binding turns the kind into an exception class. */
#include "base.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local gn_error_kind pending;
static _Thread_local char message[512];

static void record(gn_error_kind kind, const char *format, va_list args)
{
    if (pending != GN_OK)
        return;
    pending = kind;
    vsnprintf(message, sizeof message, format, args);
}

void *gn_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    record(GN_VALUE, format, args);
    va_end(args);
    return NULL;
}

void *gn_fail_as(gn_error_kind kind, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    record(kind, format, args);
    va_end(args);
    return NULL;
}

gn_error_kind gn_failed(void)
{
    return pending;
}

const char *gn_error_message(void)
{
    return message;
}

void gn_error_clear(void)
{
    pending = GN_OK;
    message[0] = 0;
}

int64_t gn_product(const int64_t *dim, int n)
{
    int64_t p = 1;
    bool zero = false;
    for (int i = 0; i < n; i++) {
        if (dim[i] < 0) {
            gn_fail("a size must be >= 0, got %lld in dimension %d", (long long)dim[i], i);
            return -1;
        }
        if (dim[i] == 0)
            zero = true;
        else if (__builtin_mul_overflow(p, dim[i], &p) || p > INT64_MAX / 16) {
            gn_fail("the product of the sizes overflows (dimension %d is %lld)", i,
                    (long long)dim[i]);
            return -1;
        }
    }
    return zero ? 0 : p;
}
