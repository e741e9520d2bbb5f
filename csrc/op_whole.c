/* op_whole.c - division that gives whole numbers, arithmetic of bits, and casts between dtypes.
 * All see real storage; which dtype they give is said by their rows (dtype.c). */
#include "ops.h"

#include <math.h>

#define ROWS(name, expr) \
    static void name##_rows(real *y, const real *as, int sa, const real *bs, int sb, int64_t n, \
                            real p) \
    { \
        (void)p; \
        for (int64_t i = 0; i < n; i++) { \
            real a = as[i * sa], b = bs[i * sb]; \
            y[i] = expr; \
        } \
    }

#define PAIR(name_, result_, expr, vjp_, needs_, doc_) \
    ROWS(name_, expr) \
    static gn_tensor *name_##_fwd(gn_call *c) \
    { \
        return gn_pairwise(#name_, name_##_rows, c->in); \
    } \
    const gn_op gn_op_##name_ = {.name = #name_, \
                                 .sig = "input, other", \
                                 .doc = doc_, \
                                 .fwd = name_##_fwd, \
                                 .vjp = vjp_, \
                                 .needs = needs_, \
                                 .result = result_}; \
    gn_tensor *gn_##name_(gn_tensor *a, gn_tensor *b) \
    { \
        gn_call c = {.op = &gn_op_##name_, .nin = 2, .in = {a, b}}; \
        return a && b ? gn_apply(&c) : NULL; \
    }

/* ---- division ------------------------------------------------------------------------ */

/* a - b floor(a / b), of the sign of b.  fmod is exact, in double for floats as well. */
static real remainder_of(real a, real b)
{
    real r = (real)fmod((double)a, (double)b);
    return r != 0 && (b < 0) != (r < 0) ? r + b : r;
}

/* floor(a / b) of the exact quotient: a - fmod(a, b) is a multiple of b. */
static real floor_of(real a, real b)
{
    if (b == 0)
        return a / b;
    real r = (real)fmod((double)a, (double)b), q = (a - r) / b;
    if (r != 0 && (b < 0) != (r < 0))
        q -= 1;
    if (q == 0)
        return a / b < 0 ? (real)-0.0 : 0;
    real down = (real)floor((double)q);
    return q - down > (real)0.5 ? down + 1 : down;
}

static void remainder_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    gn_tensor *a = c->in[0], *b = c->in[1];
    (void)y;
    if (gn_wants(c, 0))
        dx[0] = gn_sum_to(dy, a->ndim, a->dim);
    if (gn_wants(c, 1))
        dx[1] = gn_sum_to(gn_neg(gn_mul(dy, gn_floor_divide(a, b))), b->ndim, b->dim);
}

PAIR(remainder, GN_NUMBERS, remainder_of(a, b), remainder_vjp, "01",
     "a - b floor(a / b): the remainder, of the sign of b.")
PAIR(floor_divide, GN_NUMBERS, floor_of(a, b), NULL, "-", "The largest integer <= a / b.")

/* ---- bits ---------------------------------------------------------------------------- */

PAIR(bitwise_and, GN_BITS, (real)((int64_t)a & (int64_t)b), NULL, "-",
     "Bits set in both, of integers; of bools: both are True.")
PAIR(bitwise_or, GN_BITS, (real)((int64_t)a | (int64_t)b), NULL, "-",
     "Bits set in either, of integers; of bools: one is True.")
PAIR(bitwise_xor, GN_BITS, (real)((int64_t)a ^ (int64_t)b), NULL, "-",
     "Bits set in one only, of integers; of bools: they differ.")

static gn_tensor *invert(gn_tensor *x, real from)
{
    gn_tensor *y = gn_tensor_like(x);
    for (int64_t i = 0; y && i < y->numel; i++)
        y->data[i] = from - x->data[i];
    return y;
}

static gn_tensor *bitwise_not_fwd(gn_call *c)
{
    return invert(c->in[0], 1);
}

static gn_tensor *bitwise_not_whole(gn_call *c)
{
    return invert(c->in[0], -1);
}

const gn_op gn_op_bitwise_not = {.name = "bitwise_not",
                                 .sig = "input",
                                 .doc = "The opposite of bools; -x - 1 of integers.",
                                 .fwd = bitwise_not_fwd,
                                 .needs = "-",
                                 .result = GN_BITS,
                                 .whole = bitwise_not_whole};

gn_tensor *gn_bitwise_not(gn_tensor *x)
{
    gn_call c = {.op = &gn_op_bitwise_not, .nin = 1, .in = {x}};
    return x ? gn_apply(&c) : NULL;
}

/* ---- casts --------------------------------------------------------------------------- */

static gn_tensor *cast_fwd(gn_call *c)
{
    static const gn_dtype words[] = {GN_FLOAT, GN_INT, GN_BOOL};
    gn_tensor *x = c->in[0], *y = gn_tensor_like(x);
    gn_dtype to = words[c->attr[0].i];
    for (int64_t i = 0; y && i < y->numel; i++) {
        real v = x->data[i];
        if (to == GN_INT && !(v > -GN_WHOLE - 1 && v < GN_WHOLE + 1))
            return gn_fail_as(GN_OVERFLOW,
                              "cast: %g at position %lld does not become an integer that "
                              "%s, which stores them, holds exactly",
                              (double)v, (long long)i, GN_REAL_NAME);
        y->data[i] = to == GN_INT ? (real)(int64_t)v : to == GN_BOOL ? v != 0 : v;
    }
    if (y)
        y->dtype = to;
    return y;
}

static void cast_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    (void)c, (void)y;
    dx[0] = dy;
}

const gn_op gn_op_cast = {.name = "cast",
                          .sig = "input, dtype:float|int64|bool",
                          .doc = "A copy of another dtype; integers are cut towards 0.",
                          .fwd = cast_fwd,
                          .vjp = cast_vjp,
                          .needs = ""};

gn_tensor *gn_cast(gn_tensor *x, gn_dtype to)
{
    gn_call c = {.op = &gn_op_cast, .nin = 1, .in = {x}};
    if (!x || x->dtype == to)
        return x;
    if (x->dtype == GN_WIDE && to == GN_INT)
        return gn_too_wide("cast");
    c.attr[0] = gn_attr_int(to == GN_FLOAT ? 0 : to == GN_INT ? 1 : 2);
    return gn_apply(&c);
}

/* ---- sums ---------------------------------------------------------------------------- */

/* No partial sum is larger than the sum of absolute values. */
gn_tensor *gn_sum_whole(gn_call *c)
{
    gn_call sizes = *c;
    sizes.in[0] = gn_abs(c->in[0]);
    if (c->op->result == GN_SUMS && c->nin == 2)
        sizes.in[1] = gn_abs(c->in[1]);
    gn_tensor *most = gn_failed() ? NULL : gn_apply(&sizes);
    for (int64_t i = 0; most && i < most->numel; i++)
        if (!(most->data[i] < GN_WHOLE))
            return gn_fail_as(GN_OVERFLOW,
                              "%s: a sum of integers may pass 2^%d, up to where " GN_REAL_NAME
                              ", which stores them, is exact; use .float() first",
                              c->op->name, GN_REAL_BITS);
    return most ? gn_apply(c) : NULL;
}
