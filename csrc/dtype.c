/* dtype.c - what an op makes of integers and bools.  They are tags over real storage: the op runs
 * on the same numbers as floats, and its result gets the dtype that its row in the table says.
 * Integers stay exact: one that real would round is an error.  Knows no single op. */
#include "tape.h"

#include <inttypes.h>

static gn_dtype promoted(const gn_call *c, int from, int to)
{
    gn_dtype all = GN_BOOL;
    for (int i = from; i < to; i++) {
        const gn_tensor *x = c->list ? c->list[i] : c->in[i];
        if (x)
            all = GN_MIN(all, x->dtype);
    }
    return all;
}

static bool has_bool(const gn_call *c)
{
    for (int i = 0; i < c->nin; i++)
        if (c->in[i] && c->in[i]->dtype == GN_BOOL)
            return true;
    return false;
}

static bool refuse(const char *op, gn_error_kind kind, gn_dtype got, const char *expected)
{
    return gn_fail_as(kind, "%s: got a tensor of dtype %s, %s", op, gn_dtype_name(got), expected);
}

void *gn_too_wide(const char *op)
{
    return gn_fail_as(GN_OVERFLOW,
                      "%s: an integer is not in [-%" PRId64 ", %" PRId64 "], where " GN_REAL_NAME
                      ", which stores integers too, is exact; use .float() first, or "
                      "dtype=ganc.float32 where it is made",
                      op, GN_WHOLE, GN_WHOLE);
}

/* A rounded integer may equal the largest exact one, and none else: its comparison is not known. */
static bool comparable(const gn_call *c)
{
    for (int i = 0; i < c->nin; i++)
        for (int64_t k = 0; c->in[i]->dtype == GN_WIDE && k < c->in[i]->numel; k++)
            if (c->in[i]->data[k] == GN_WHOLE || c->in[i]->data[k] == -GN_WHOLE)
                return gn_too_wide(c->op->name);
    return true;
}

/* Operands of a dtype that the op is not defined for. */
static bool refuses(const gn_call *c, gn_dtype all)
{
    const char *op = c->op->name;
    if (c->op->result == GN_SIGNED && has_bool(c))
        return !refuse(op, GN_RUNTIME, GN_BOOL,
                       "expected floats or integers; for the opposite of a mask use ~");
    if (c->op->result == GN_NUMBERS && all == GN_BOOL)
        return !refuse(op, GN_RUNTIME, GN_BOOL, "expected floats or integers; use .long() first");
    if (c->op->result == GN_MEANS && all != GN_FLOAT)
        return !refuse(op, GN_RUNTIME, all, "expected floats; use .float() first");
    if (c->op->result == GN_BITS && all == GN_FLOAT)
        return !refuse(op, GN_TYPE, all, "expected integers or bools");
    return false;
}

bool gn_result_of(const gn_call *c, gn_dtype *to)
{
    gn_dtype all = promoted(c, 0, c->nin);
    if (refuses(c, all))
        return false;
    *to = all;
    switch (c->op->result) {
    case GN_FLOATS:
        *to = GN_FLOAT;
        break;
    case GN_FIRST:
        *to = promoted(c, 0, 1);
        break;
    case GN_BRANCHES:
        *to = promoted(c, 1, 3);
        break;
    case GN_SUMS:
        *to = GN_MIN(all, GN_INT);
        break;
    case GN_INDICES:
        *to = GN_INT;
        break;
    case GN_TRUTH:
        *to = GN_BOOL;
        return all != GN_WIDE || comparable(c);
    default:
        break;
    }
    return *to != GN_WIDE || gn_too_wide(c->op->name);
}

static bool all_whole(const char *op, gn_tensor *y)
{
    for (int64_t i = 0; i < y->numel; i++) {
        real v = y->data[i];
        if (v == 0)
            y->data[i] = 0; /* an integer has no -0, which 1 / x would show */
        if (v >= -GN_WHOLE && v <= GN_WHOLE)
            continue;
        if (v - v != 0)
            return gn_fail_as(GN_RUNTIME, "%s: an integer is divided by zero", op);
        return gn_too_wide(op);
    }
    return true;
}

gn_tensor *gn_finish_as(const gn_op *op, gn_tensor *y, gn_dtype to)
{
    if (!y || gn_failed() || (to == GN_INT && !all_whole(op->name, y)))
        return NULL;
    for (int64_t i = 0; i < y->numel && to == GN_BOOL; i++)
        if (y->data[i] != 0 && y->data[i] != 1) /* True + True */
            y->data[i] = 1;
    y->dtype = to;
    return y;
}
