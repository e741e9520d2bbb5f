/* whole.c - pointwise arithmetic of integers that lie in real storage: computed in 64 bits, so
 * that what real would round is seen.  Not fast: integers are labels and positions. */
#include "vec.h"

static real product(int64_t u, int64_t v)
{
    int64_t w;
    return __builtin_mul_overflow(u, v, &w) ? GN_NOT_WHOLE : gn_whole(w);
}

/* u^v by squaring; 0 for v < 0 unless |u| = 1, as the integer part of the power. */
static real power(int64_t u, int64_t v)
{
    if (v < 0)
        return u == 1 ? 1 : u == -1 ? (v & 1 ? -1 : 1) : 0;
    int64_t y = 1;
    for (bool lost = false; v; v >>= 1) {
        if (v & 1 && (lost || __builtin_mul_overflow(y, u, &y)))
            return GN_NOT_WHOLE;
        lost |= __builtin_mul_overflow(u, u, &u);
    }
    return gn_whole(y);
}

#define ROWS(name, expr) \
    static void name##_rows(real *y, const real *a, int sa, const real *b, int sb, int64_t n, \
                            real p) \
    { \
        (void)p; \
        for (int64_t i = 0; i < n; i++) { \
            int64_t u = (int64_t)a[i * sa], v = (int64_t)b[i * sb]; \
            y[i] = expr; \
        } \
    }
ROWS(add, gn_whole(u + v))
ROWS(sub, gn_whole(u - v))
ROWS(mul, product(u, v))
ROWS(pow, power(u, v))

static void square_rows(real *y, const real *x, int64_t n, real p, real q)
{
    (void)p, (void)q;
    mul_rows(y, x, 1, x, 1, n, 0);
}

gn_unary_fn *const gn_whole_unary[GN_UNARY_COUNT] = {[GN_UNARY_square] = square_rows};
gn_binary_fn *const gn_whole_binary[GN_BINARY_COUNT] = {
    [GN_BINARY_add] = add_rows,
    [GN_BINARY_sub] = sub_rows,
    [GN_BINARY_mul] = mul_rows,
    [GN_BINARY_pow_tensor] = pow_rows,
};
