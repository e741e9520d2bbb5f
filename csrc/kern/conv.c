/* conv.c - the plan of a convolution: which loop computes a pass, and the memory it works in.
 *
 *   all   one GEMM where the kernel covers the image: conv_full.c
 *   all   Winograd minimal filtering where kernel and stride allow: winograd_yx.c, winograd_w.c
 *   y     direct, nothing packed but the weights, where K = C R S is small: conv_small_k.c
 *   w     y times im2col rows, where there are few output pixels: conv_few_pixels.c
 *   y     weights (O, C R S) times im2col (C R S, pixels): conv_y.c
 *   x     im2col buffer = weights (C R S, O) times y (O, pixels), then col2im: conv_x.c
 *   w     im2col (C R S, pixels) times y (pixels, O): conv_w.c
 *
 * The im2col buffer never exists as a whole: a task packs as much of it as fits into the cache.
 * With stride 1 x and y may swap roles, the taps reversed: what is cheap for many channels
 * of y then serves where only x has many.  Every choice depends on the shape alone. */
#include "conv_plan.h"

#include <string.h>

/* ---- the other view of a convolution of stride 1 ------------------------------------- */

static bool can_swap(const gn_conv_shape *s)
{
    return s->sh == 1 && s->sw == 1;
}

static gn_conv_shape swapped(const gn_conv_shape *s)
{
    gn_conv_shape f = *s;
    f.c = s->o, f.h = s->p, f.w = s->q;
    f.o = s->c, f.p = s->h, f.q = s->w;
    f.top = (s->r - 1) * s->dh - s->top;
    f.left = (s->s - 1) * s->dw - s->left;
    return f;
}

static bool better_swapped(const gn_conv_shape *s, gn_conv_pass pass)
{
    enum { FEW = 16 }; /* channels: fewer rows than a microtile has are a waste */
    int64_t c = s->c / s->groups, o = s->o / s->groups;
    switch (pass) {
    case GN_CONV_Y:
        return o < FEW && c > o;
    case GN_CONV_X:
        return c >= FEW || c >= o;
    default:
        return o < FEW && c > o;
    }
}

static void swap_roles(gn_conv_plan *p)
{
    p->swapped = true;
    p->s = swapped(&p->s);
    p->pass = p->pass == GN_CONV_Y ? GN_CONV_X : p->pass == GN_CONV_X ? GN_CONV_Y : GN_CONV_W;
    real *x = p->x;
    p->x = p->y, p->y = x;
}

/* ---- the loop ------------------------------------------------------------------------ */

/* In order of preference; the last three take whatever comes. */
static const gn_conv_loop *const as_given[] = {&gn_conv_loop_full, &gn_conv_loop_winograd_yx,
                                               &gn_conv_loop_winograd_w};
static const gn_conv_loop *const either_way[] = {&gn_conv_loop_small_k, &gn_conv_loop_few_pixels,
                                                 &gn_conv_loop_y, &gn_conv_loop_x, &gn_conv_loop_w};

static void count_channels(gn_conv_plan *p)
{
    p->cg = p->s.c / p->s.groups;
    p->og = p->s.o / p->s.groups;
    p->taps = p->s.r * p->s.s;
    p->wide = p->kern->vw * p->kern->nv;
}

static bool choose(gn_conv_plan *p, const gn_conv_loop *const *loop, int count)
{
    count_channels(p);
    for (int i = 0; i < count; i++)
        if (loop[i]->plan(p)) {
            p->loop = loop[i];
            return true;
        }
    return false;
}

/* ---- memory: weights or sums, offsets, flags, slots ---------------------------------- */

static size_t round_line(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static size_t slot_bytes(const gn_conv_plan *p)
{
    return round_line((size_t)p->slots.size * sizeof(real));
}

/* Large ones are powers of two: the pool then has one block that serves most layers.  What is
 * not used is never touched. */
static size_t few_sizes(size_t bytes)
{
    size_t size = (size_t)1 << 20;
    if (bytes <= size)
        return bytes;
    while (size < bytes)
        size *= 2;
    return size;
}

static size_t count_bytes(const gn_conv_plan *p)
{
    return few_sizes(round_line((size_t)p->shared_size * sizeof(real)) +
                     round_line((size_t)p->tap_count * sizeof(int32_t)) +
                     round_line((size_t)p->slots.count * sizeof(int32_t)) +
                     (size_t)p->slots.count * slot_bytes(p));
}

static void place(gn_conv_plan *p, void *work)
{
    char *at = work;
    p->shared = (real *)at;
    at += round_line((size_t)p->shared_size * sizeof(real));
    p->tap = (int32_t *)at;
    at += round_line((size_t)p->tap_count * sizeof(int32_t));
    p->slots.busy = (int32_t *)at;
    memset(at, 0, (size_t)p->slots.count * sizeof(int32_t));
    at += round_line((size_t)p->slots.count * sizeof(int32_t));
    p->slots.base = (real *)at;
    p->slots.size = (int64_t)(slot_bytes(p) / sizeof(real));
}

/* ---- the whole ----------------------------------------------------------------------- */

gn_conv_plan gn_conv_make_plan(const gn_conv_args *a)
{
    gn_conv_plan p = {.s = a->shape,
                      .pass = a->pass,
                      .x = a->x,
                      .w = a->w,
                      .y = a->y,
                      .epilogue = a->epilogue,
                      .batch = a->batch,
                      .kern = gn_gemm_kernel};
    if (!choose(&p, as_given, GN_COUNT(as_given))) {
        if (can_swap(&p.s) && better_swapped(&p.s, p.pass))
            swap_roles(&p);
        choose(&p, either_way, GN_COUNT(either_way));
    }
    double work = (double)p.s.n * p.s.p * p.s.q * p.s.o * p.cg * p.taps;
    p.serial = work < (1 << 18);
    p.slots.count = p.serial ? 1 : GN_MIN(p.ntask, a->threads);
    p.workspace = count_bytes(&p);
    return p;
}

void gn_conv(gn_conv_plan *p, void *work)
{
    place(p, work);
    p->loop->run(p);
}

/* Offsets into a padded input tile or into the im2col buffer of conv_x.c; the first bound keeps
 * the sizes of the blocking themselves in range. */
bool gn_conv_fits(const gn_conv_shape *s)
{
    double taps = (double)s->r * s->s, high = (double)s->r * s->dh, broad = (double)s->s * s->dw;
    double columns = (high / s->sh + 2) * s->q + 1024;
    if ((high + s->sh) * (broad + s->sw) > 1e12 || taps * columns > 1e9)
        return false;
    gn_blocking g = gn_blocking_make(s, gn_usual_block(s));
    return (double)g.plane * GN_MAX(GN_KC / taps, 1) < 1e9;
}
