/* winograd.c - the geometry of Winograd minimal filtering (winograd.h): sub-kernels, tiles and
 * batch tiling, which winograd_yx.c and winograd_w.c share. */
#include "winograd.h"

enum { MOST_COLUMNS = 160 }; /* tiles of a block, unless a row has more */

static const double WORTH = 1.5; /* products of the definition per product of F(m, r) */

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

/* What make_axis knows of one direction. */
typedef struct {
    bool x, batch_tiling;
    int64_t size, source, k, stride, border; /* outputs (of a phase), elements, taps */
} direction;

static direction direction_of(const gn_conv_shape *s, gn_conv_pass pass, int d)
{
    enum { ENOUGH = 8 };
    int64_t here = d ? s->w : s->h, there = d ? s->q : s->p;
    direction f = {.x = pass == GN_CONV_X, .batch_tiling = pass == GN_CONV_W && s->n >= ENOUGH};
    f.k = d ? s->s : s->r;
    f.stride = d ? s->sw : s->sh;
    f.border = d ? s->left : s->top;
    f.size = f.x ? gn_ceil_div(here, f.stride) : there;
    f.source = f.x ? there : here;
    return f;
}

static gn_winograd_axis make_axis(const direction *d, int64_t m, int images)
{
    gn_winograd_axis a = d->x && d->stride == 2 ? separate_axis(m, d->k, d->border)
                                                : summed_axis(m, d->k, d->stride, d->border, d->x);
    a.size = d->size;
    a.images = images;
    a.image_stride = image_stride(&a, d->size, d->source);
    a.tiles = gn_ceil_div((images - 1) * a.image_stride + d->size, m);
    return a;
}

/* Products of F(m, r) per image. */
static double products(const gn_winograd_axis *a)
{
    int64_t alpha = 0;
    for (int f = 0; f < a->subs; f++)
        alpha += a->alpha[f];
    return (double)(a->tiles * alpha) / (double)a->images;
}

/* The best m with alpha at most GN_MAX_ALPHA, of one image or two side by side. */
static gn_winograd_axis best_axis(const direction *d)
{
    gn_winograd_axis best = {0};
    int64_t r = gn_ceil_div(d->k, subs_of(d->k, d->stride));
    for (int64_t m = 2; m <= GN_MAX_M && m + r - 1 <= GN_MAX_ALPHA; m++)
        for (int images = 1; images <= (d->batch_tiling ? 2 : 1); images++) {
            gn_winograd_axis a = make_axis(d, m, images);
            if (!best.m || products(&a) < products(&best))
                best = a;
        }
    return best;
}

/* Tiles of 3 outputs, then one or two of 2, where those of one size would compute too many: 7
 * outputs are 3 + 2 + 2.  All sub-kernels have 2 taps. */
static gn_winograd_cut cut_axis(const direction *d)
{
    enum { LONG = 3, SHORT = 2 };
    gn_winograd_cut c = {.count = 1, .part = {best_axis(d)}};
    gn_winograd_axis a = make_axis(d, LONG, 1), b = make_axis(d, SHORT, 1);
    if (a.r[0] != 2 || a.r[a.subs - 1] != 2)
        return c;
    b.tiles = (LONG - d->size % LONG) % LONG;
    a.tiles = (d->size - SHORT * b.tiles) / LONG;
    if (a.tiles < 1 || products(&c.part[0]) < 1.08 * (products(&a) + products(&b)))
        return c;
    a.size = b.at = LONG * a.tiles;
    b.size = SHORT * b.tiles;
    return (gn_winograd_cut){.count = 2, .part = {a, b}};
}

static int64_t tiles_of(const gn_winograd_cut *c)
{
    return c->part[0].tiles + (c->count > 1 ? c->part[1].tiles : 0);
}

static double products_of(const gn_winograd_cut *c)
{
    return products(&c->part[0]) + (c->count > 1 ? products(&c->part[1]) : 0);
}

static bool applies(const gn_conv_shape *s, gn_conv_pass pass, int64_t n)
{
    enum { LEAST = 32, LEAST_OUTPUTS = 1024, MOST_TAPS = 6 };
    int64_t outputs = pass == GN_CONV_X ? s->h * s->w / (s->sh * s->sw) : s->p * s->q;
    return s->groups == 1 && s->dh == 1 && s->dw == 1 && GN_MAX(s->sh, s->sw) <= 2 &&
           GN_MAX(s->r, s->s) <= MOST_TAPS && s->r > s->sh && s->s > s->sw &&
           GN_MIN(s->c, s->o) >= LEAST && n * outputs >= LEAST_OUTPUTS;
}

bool gn_winograd_cuts(const gn_conv_shape *s, gn_conv_pass pass, int64_t n, gn_winograd_cut cut[2])
{
    double saved = 1;
    direction d[2];
    if (!applies(s, pass, n))
        return false;
    for (int i = 0; i < 2; i++) {
        d[i] = direction_of(s, pass, i);
        cut[i] = cut_axis(&d[i]);
    }
    if (tiles_of(&cut[0]) * tiles_of(&cut[1]) > MOST_COLUMNS) /* a block has whole images */
        for (int i = 0; i < 2; i++)
            cut[i] = (gn_winograd_cut){.count = 1, .part = {best_axis(&d[i])}};
    for (int i = 0; i < 2; i++)
        saved *= (double)(d[i].size * d[i].k) / products_of(&cut[i]);
    return saved >= WORTH && cut[1].part[0].tiles <= GN_BLOCK_PIXELS / 2;
}

bool gn_winograd_axes(const gn_conv_shape *s, gn_winograd_axis axis[2])
{
    double saved = 1;
    if (!applies(s, GN_CONV_W, s->n))
        return false;
    for (int i = 0; i < 2; i++) {
        direction d = direction_of(s, GN_CONV_W, i);
        axis[i] = best_axis(&d);
        saved *= (double)(d.size * d.k) / products(&axis[i]);
    }
    return saved >= WORTH && axis[1].tiles <= GN_BLOCK_PIXELS / 2;
}

/* ---- blocks of tiles, batch tiling --------------------------------------------------- */

/* Rows of tiles, or images, of a block: little lost in the last vectors of a panel and in the last
 * round of two threads, no fewer than four blocks if it can be.  One has tiles of `sizes' sizes, so
 * many of each. */
static int64_t rows_of_block(int64_t total, int sizes, const int64_t *tiles)
{
    enum { EACH = GN_MAX_WIDE, HALF = GN_MAX_WIDE / 2 };
    int64_t best = 1, least = INT64_MAX, all = 0;
    for (int i = 0; i < sizes; i++)
        all += tiles[i];
    for (int64_t rows = 1; rows <= total && rows * all <= GN_MAX(MOST_COLUMNS, all); rows++) {
        int64_t blocks = gn_ceil_div(total, rows), cost = EACH;
        for (int i = 0; i < sizes; i++) {
            int64_t columns = gn_ceil_div(rows * tiles[i], HALF) * HALF;
            cost += columns + columns % EACH / 2;
        }
        cost *= gn_ceil_div(blocks, 2);
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
    return gn_blocking_of_rows(&s, rows_of_block(s.n * s.p, 1, &s.q));
}

/* Elements of the source that the tiles of a direction read. */
static int64_t window(const gn_winograd_cut *c)
{
    const gn_winograd_axis *last = &c->part[c->count - 1];
    return last->at * (last->tile_stride / last->m) + (last->tiles - 1) * last->tile_stride +
           last->input;
}

/* Each image is one output pixel of a kernel that covers it. */
gn_blocking gn_winograd_blocking_of_images(const gn_winograd_cut cut[2], int64_t n,
                                           int64_t channels, int64_t high, int64_t wide)
{
    gn_conv_shape s = {.n = n, .c = channels, .h = high, .w = wide, .o = 1, .groups = 1};
    int64_t tiles[4];
    int sizes = 0;
    s.p = s.q = s.sh = s.sw = s.dh = s.dw = 1;
    s.r = window(&cut[0]), s.s = window(&cut[1]);
    s.top = cut[0].part[0].start, s.left = cut[1].part[0].start;
    for (int i = 0; i < cut[0].count; i++)
        for (int j = 0; j < cut[1].count; j++)
            tiles[sizes++] = cut[0].part[i].tiles * cut[1].part[j].tiles;
    return gn_blocking_of_rows(&s, rows_of_block(n, sizes, tiles));
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
    for (int64_t phase = 0; phase < phases; phase++) {
        int64_t outputs = GN_MIN(gn_ceil_div(high - phase, phases) - v->at, v->size);
        for (int64_t i = 0; i < v->m; i++)
            row[count++] = (gn_winograd_row){.tiles = gn_ceil_div(GN_MAX(outputs - i, 0), v->m),
                                             .first = phase + (v->at + i) * phases};
    }
    return count;
}
