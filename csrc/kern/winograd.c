/* winograd.c - the geometry of Winograd minimal filtering (winograd.h): sub-kernels, tiles and
 * batch tiling, which winograd_yx.c and winograd_w.c share. */
#include "winograd.h"

/* ---- axes ---------------------------------------------------------------------------- */

/* Sub-kernels of k taps: the phases of stride 2, else one or two parts of the kernel. */
static int subs_of(int64_t k, int64_t stride)
{
    enum { MOST_TAPS = 3 };
    return stride == 2 || k > MOST_TAPS ? 2 : 1;
}

/* Tiles of m along one direction of y: k taps, `border` zeros before x.  Reversed: of x, which
 * is a sum over y with the taps in reverse. */
static gn_winograd_axis summed_axis(int64_t m, int64_t k, int64_t stride, int64_t border,
                                    bool reversed)
{
    gn_winograd_axis a = {.m = m, .subs = subs_of(k, stride), .step = (int)stride};
    a.tap_step = reversed ? -1 : (int)stride;
    a.tile_stride = m * stride;
    a.start = reversed ? k - 1 - border : border;
    a.input = (m - 1) * stride + k;
    for (int f = 0; f < a.subs; f++) {
        a.r[f] = (int)gn_ceil_div(k - f, a.subs);
        a.alpha[f] = (int)m + a.r[f] - 1;
        a.first[f] = stride == 2 ? f : f * a.r[0];
        a.tap[f] = reversed ? (int)k - 1 - a.first[f] : a.first[f];
    }
    return a;
}

/* Tiles of each polyphase component of x for stride 2: x[2 u + phase] = sum over j of
 * y[u + lead - j] w[f + 2 j], where f = (phase + border) mod 2. */
static gn_winograd_axis separate_axis(int64_t m, int64_t k, int64_t border)
{
    gn_winograd_axis a = {.m = m, .subs = 2, .separate = true, .step = 1, .tap_step = -2};
    a.tile_stride = m;
    for (int phase = 0; phase < 2; phase++) {
        int f = (int)((phase + border) % 2);
        a.r[phase] = (int)gn_ceil_div(k - f, 2);
        a.alpha[phase] = (int)m + a.r[phase] - 1;
        a.first[phase] = (int)((phase + border) / 2) - a.r[phase] + 1;
        a.tap[phase] = f + 2 * (a.r[phase] - 1);
    }
    int base = GN_MIN(a.first[0], a.first[1]);
    a.start = -base;
    for (int phase = 0; phase < 2; phase++) {
        a.first[phase] -= base;
        a.input = GN_MAX(a.input, a.first[phase] + a.alpha[phase]);
    }
    return a;
}

/* Distance, in outputs, of two images in batch tiling: they share zeros between them.  `size'
 * elements of the output, `source' of the source. */
static int64_t image_stride(const gn_winograd_axis *a, int64_t size, int64_t source)
{
    int64_t step = a->tile_stride / a->m;
    int64_t end = size * step - a->start + a->input - a->tile_stride; /* of what is read */
    int64_t shared = GN_MAX(GN_MIN(a->start, end - source), 0);
    return gn_ceil_div(end + a->start - shared, step);
}

/* Products of the definition per product of F(m, r). */
static double saving(const gn_winograd_axis *a, int64_t size, int64_t k)
{
    int64_t alpha = 0;
    for (int f = 0; f < a->subs; f++)
        alpha += a->alpha[f];
    return (double)(a->images * size * k) / (double)(a->tiles * alpha);
}

/* The best m with alpha at most GN_MAX_ALPHA, of one image or two side by side. */
static gn_winograd_axis make_axis(const gn_conv_shape *s, gn_conv_pass pass, int direction,
                                  double *saved)
{
    enum { ENOUGH = 8 };
    bool x = pass == GN_CONV_X;
    int64_t here = direction ? s->w : s->h, there = direction ? s->q : s->p;
    int64_t k = direction ? s->s : s->r, stride = direction ? s->sw : s->sh;
    int64_t border = direction ? s->left : s->top;
    int64_t size = x ? gn_ceil_div(here, stride) : there;
    gn_winograd_axis best = {0};
    *saved = 0;
    int64_t r = gn_ceil_div(k, subs_of(k, stride));
    for (int64_t m = 2; m <= GN_MAX_M && m + r - 1 <= GN_MAX_ALPHA; m++)
        for (int images = 1; images <= (s->n < ENOUGH ? 1 : 2); images++) {
            gn_winograd_axis a = x && stride == 2 ? separate_axis(m, k, border)
                                                  : summed_axis(m, k, stride, border, x);
            a.images = images;
            a.image_stride = image_stride(&a, size, x ? there : here);
            a.tiles = gn_ceil_div((images - 1) * a.image_stride + size, m);
            double gain = saving(&a, size, k);
            if (gain > *saved)
                best = a, *saved = gain;
        }
    return best;
}

bool gn_winograd_axes(const gn_conv_shape *s, gn_conv_pass pass, gn_winograd_axis axis[2])
{
    enum { LEAST = 32, LEAST_OUTPUTS = 1024, MOST_TAPS = 6 };
    int64_t outputs = pass == GN_CONV_X ? s->h * s->w / (s->sh * s->sw) : s->p * s->q;
    if (s->groups != 1 || s->dh != 1 || s->dw != 1 || GN_MAX(s->sh, s->sw) > 2 ||
        GN_MAX(s->r, s->s) > MOST_TAPS || s->r <= s->sh || s->s <= s->sw ||
        GN_MIN(s->c, s->o) < LEAST || s->n * outputs < LEAST_OUTPUTS)
        return false;
    double saved[2];
    for (int i = 0; i < 2; i++)
        axis[i] = make_axis(s, pass, i, &saved[i]);
    return saved[0] * saved[1] >= 1.5 && axis[1].tiles <= GN_BLOCK_PIXELS / 2;
}

/* ---- blocks of tiles, batch tiling --------------------------------------------------- */

/* Rows of tiles of a block: little lost in the last vectors of a panel and in the last round of
 * two threads, no fewer than four blocks if it can be. */
static int64_t rows_of_block(int64_t total, int64_t wide)
{
    enum { MOST_COLUMNS = 160, EACH = GN_MAX_WIDE, HALF = GN_MAX_WIDE / 2 };
    int64_t best = 1, least = INT64_MAX;
    for (int64_t rows = 1; rows <= total && rows * wide <= GN_MAX(MOST_COLUMNS, wide); rows++) {
        int64_t blocks = gn_ceil_div(total, rows), columns = gn_ceil_div(rows * wide, HALF) * HALF;
        int64_t cost = gn_ceil_div(blocks, 2) * (columns + columns % EACH / 2 + EACH);
        cost += blocks < 4 ? cost / 4 : 0;
        if (cost < least)
            best = rows, least = cost;
    }
    return best;
}

/* All tiles as the padded input tile sees them: the output pixels of a convolution whose kernel
 * is so wide that each row is there once. */
gn_blocking gn_winograd_blocking(const gn_winograd_axis axis[2], int64_t n, int64_t channels,
                                 int64_t high, int64_t wide)
{
    const gn_winograd_axis *v = &axis[0], *h = &axis[1];
    gn_conv_shape s = {.c = channels, .h = high, .w = wide, .o = 1, .groups = 1};
    s.n = gn_ceil_div(n, v->images * h->images);
    s.p = v->tiles, s.q = h->tiles;
    s.r = v->input, s.sh = v->tile_stride;
    s.s = (h->tiles - 1) * h->tile_stride + h->input - h->tiles + 1, s.sw = 1;
    s.dh = s.dw = 1;
    s.top = v->start, s.left = h->start;
    return gn_blocking_of_rows(&s, rows_of_block(s.n * s.p, s.q));
}

/* Rows lo .. hi-1 of those that batch tiling puts side by side, the first image's from `first`. */
static void fill_images(const gn_blocking *g, int64_t first, int64_t lo, int64_t hi,
                        gn_pad_batch *f)
{
    const gn_conv_shape *s = &g->s;
    int64_t h = lo - first - s->top, rows = hi - lo;
    f->above = GN_MIN(GN_MAX(-h, 0), rows);
    f->rows = f->present ? GN_MAX(GN_MIN(s->h - h, rows) - f->above, 0) : 0;
    f->below = rows - f->above - f->rows;
    f->x += (h + f->above) * s->w;
    gn_gemm_kernel->winograd->pad_batch(f);
}

void gn_winograd_fill(const gn_blocking *g, const gn_winograd_axis axis[2], int64_t n,
                      const gn_pixels *at, const real *x, int64_t c0, int64_t nc, real *padded)
{
    const gn_conv_shape *s = &g->s;
    int64_t plane = s->h * s->w, wide = axis[1].images;
    int64_t high = axis[0].image_stride * axis[0].tile_stride / axis[0].m;
    gn_pad_batch f = {.begin = x,
                      .end = x + n * s->c * plane,
                      .ahead = plane,
                      .w = s->w,
                      .pitch = g->pitch,
                      .first = s->left,
                      .next = s->c * plane,
                      .images = wide,
                      .image_stride = axis[1].image_stride * axis[1].tile_stride / axis[1].m};
    for (int64_t c = 0; c < nc; c++)
        for (const gn_span *v = at->span; v < at->span + at->nspan; v++) {
            int64_t row = v->p0 * s->sh, end = (v->p1 - 1) * s->sh + s->r;
            for (int64_t a = 0; a < axis[0].images; a++) {
                int64_t lo = GN_MAX(row, a * high), image = (v->n * axis[0].images + a) * wide;
                int64_t hi = a + 1 < axis[0].images ? GN_MIN(end, (a + 1) * high) : end;
                f.present = GN_MIN(GN_MAX(n - image, 0), wide);
                f.x = x + (image * s->c + c0 + c) * plane;
                f.to = padded + c * g->plane + v->base + (lo - row) * g->pitch;
                if (lo < hi)
                    fill_images(g, a * high, lo, hi, &f);
            }
        }
}

void gn_winograd_tiles(const gn_blocking *g, const gn_pixels *at, int64_t tile_stride,
                       int64_t count, int32_t *tile)
{
    int64_t i = 0;
    for (const gn_span *v = at->span; v < at->span + at->nspan; v++)
        for (int64_t row = 0; row < v->p1 - v->p0; row++)
            for (int64_t q = 0; q < v->ql; q++)
                tile[i++] = (int32_t)(v->base + row * g->s.sh * g->pitch + q * tile_stride);
    for (; i < count; i++)
        tile[i] = tile[0];
}

/* ---- sub-kernels --------------------------------------------------------------------- */

int gn_winograd_sharing(const gn_winograd_axis *a, int sub, int element)
{
    if (a->separate)
        return element < a->alpha[sub];
    int count = 0;
    for (int f = 0; f < a->subs; f++)
        count += element < a->alpha[f];
    return count;
}

int gn_winograd_among(const gn_winograd_axis axis[2], int f, int g, int j)
{
    const gn_winograd_axis *v = &axis[0], *h = &axis[1];
    return (v->separate ? 0 : f * gn_winograd_sharing(h, g, j)) + (h->separate ? 0 : g);
}

void gn_winograd_sub(const gn_winograd_axis axis[2], int f, int g, bool taps, gn_subkernel *u)
{
    for (int d = 0; d < 2; d++) {
        const gn_winograd_axis *a = &axis[d];
        int sub = d ? g : f;
        u->alpha[d] = a->alpha[sub];
        u->count[d] = taps ? a->r[sub] : a->alpha[sub];
        u->first[d] = taps ? a->tap[sub] : a->first[sub];
        u->step[d] = taps ? a->tap_step : a->step;
    }
}

/* ---- output rows --------------------------------------------------------------------- */

int gn_winograd_rows(const gn_winograd_axis *v, int64_t high, gn_winograd_row *row)
{
    int count = 0;
    int64_t phases = gn_winograd_phases(v);
    for (int64_t above = 0; above < v->images; above++)
        for (int64_t i = 0; i < phases * v->m; i++) {
            int64_t phase = i / v->m;
            int64_t skip = above * v->image_stride - i % v->m; /* of its outputs */
            int64_t end = skip + gn_ceil_div(high - phase, phases);
            row[count++] = (gn_winograd_row){.above = above,
                                             .t0 = gn_ceil_div(skip, v->m),
                                             .t1 = gn_ceil_div(end, v->m),
                                             .first = phase - skip * phases};
        }
    return count;
}
