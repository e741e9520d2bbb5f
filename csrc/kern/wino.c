/* wino.c - the geometry of convolution with fewer products: what wino_yx.c and wino_w.c
 * share. */
#include "wino.h"

/* Units of a kernel of k taps: the phases of stride 2, else one or two parts of the kernel. */
static int units_of(int64_t k, int64_t stride)
{
    enum { MOST_TAPS = 3 };
    return stride == 2 || k > MOST_TAPS ? 2 : 1;
}

/* Tiles of m along one direction of y: k taps, `border` zeros before x.  Reversed: of x, which
 * is a sum over y with the taps in reverse. */
static gn_wino_axis summed_axis(int64_t m, int64_t k, int64_t stride, int64_t border, bool reversed)
{
    gn_wino_axis a = {.m = m, .units = units_of(k, stride), .step = (int)stride};
    a.tap_step = reversed ? -1 : (int)stride;
    a.pitch = m * stride;
    a.start = reversed ? k - 1 - border : border;
    a.window = (m - 1) * stride + k;
    for (int f = 0; f < a.units; f++) {
        a.taps[f] = (int)gn_ceil_div(k - f, a.units);
        a.points[f] = (int)m + a.taps[f] - 1;
        a.first[f] = stride == 2 ? f : f * a.taps[0];
        a.tap[f] = reversed ? (int)k - 1 - a.first[f] : a.first[f];
    }
    return a;
}

/* Tiles of each phase of x for stride 2: x[2 u + phase] = sum over j of y[u + lead - j]
 * w[f + 2 j], where f = (phase + border) mod 2. */
static gn_wino_axis apart_axis(int64_t m, int64_t k, int64_t border)
{
    gn_wino_axis a = {.m = m, .units = 2, .apart = true, .step = 1, .tap_step = -2, .pitch = m};
    for (int phase = 0; phase < 2; phase++) {
        int f = (int)((phase + border) % 2);
        a.taps[phase] = (int)gn_ceil_div(k - f, 2);
        a.points[phase] = (int)m + a.taps[phase] - 1;
        a.first[phase] = (int)((phase + border) / 2) - a.taps[phase] + 1;
        a.tap[phase] = f + 2 * (a.taps[phase] - 1);
    }
    int base = GN_MIN(a.first[0], a.first[1]);
    a.start = -base;
    for (int phase = 0; phase < 2; phase++) {
        a.first[phase] -= base;
        a.window = GN_MAX(a.window, a.first[phase] + a.points[phase]);
    }
    return a;
}

/* Distance, in outputs, of two images in a sheet: they share zeros between them.  `size'
 * places of the output, `source' of the source. */
static int64_t distance(const gn_wino_axis *a, int64_t size, int64_t source)
{
    int64_t step = a->pitch / a->m;
    int64_t end = size * step - a->start + a->window - a->pitch; /* of what is read */
    int64_t shared = GN_MAX(GN_MIN(a->start, end - source), 0);
    return gn_ceil_div(end + a->start - shared, step);
}

/* Products of the definition for one of the form. */
static double saving(const gn_wino_axis *a, int64_t size, int64_t k)
{
    int64_t points = 0;
    for (int f = 0; f < a->units; f++)
        points += a->points[f];
    return (double)(a->images * size * k) / (double)(a->tiles * points);
}

/* The best of the sizes of tiles that have at most GN_POINTS points, and of one image or two
 * side by side in a sheet. */
static gn_wino_axis make_axis(const gn_conv_shape *s, gn_conv_pass pass, int direction,
                              double *saved)
{
    enum { ENOUGH = 8 };
    bool x = pass == GN_CONV_X;
    int64_t here = direction ? s->w : s->h, there = direction ? s->q : s->p;
    int64_t k = direction ? s->s : s->r, stride = direction ? s->sw : s->sh;
    int64_t border = direction ? s->left : s->top;
    int64_t size = x ? gn_ceil_div(here, stride) : there;
    gn_wino_axis best = {0};
    *saved = 0;
    int64_t taps = gn_ceil_div(k, units_of(k, stride));
    for (int64_t m = 2; m <= GN_MAX_SUMS && m + taps - 1 <= GN_POINTS; m++)
        for (int images = 1; images <= (s->n < ENOUGH ? 1 : 2); images++) {
            gn_wino_axis a =
                x && stride == 2 ? apart_axis(m, k, border) : summed_axis(m, k, stride, border, x);
            a.images = images;
            a.distance = distance(&a, size, x ? there : here);
            a.tiles = gn_ceil_div((images - 1) * a.distance + size, m);
            double gain = saving(&a, size, k);
            if (gain > *saved)
                best = a, *saved = gain;
        }
    return best;
}

bool gn_wino_axes(const gn_conv_shape *s, gn_conv_pass pass, gn_wino_axis axis[2])
{
    enum { LEAST = 32, LEAST_OUTPUTS = 1024, MOST_TAPS = 6 };
    int64_t places = pass == GN_CONV_X ? s->h * s->w / (s->sh * s->sw) : s->p * s->q;
    if (s->groups != 1 || s->dh != 1 || s->dw != 1 || GN_MAX(s->sh, s->sw) > 2 ||
        GN_MAX(s->r, s->s) > MOST_TAPS || s->r <= s->sh || s->s <= s->sw ||
        GN_MIN(s->c, s->o) < LEAST || s->n * places < LEAST_OUTPUTS)
        return false;
    double saved[2];
    for (int i = 0; i < 2; i++)
        axis[i] = make_axis(s, pass, i, &saved[i]);
    return saved[0] * saved[1] >= 1.5 && axis[1].tiles <= GN_CONV_COLUMNS / 2;
}

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

/* The windows of the tiles of all sheets as the patch sees them: a convolution whose kernel is
 * so wide that a patch has each row once. */
gn_grid gn_wino_grid(const gn_wino_axis axis[2], int64_t n, int64_t channels, int64_t high,
                     int64_t wide)
{
    const gn_wino_axis *v = &axis[0], *h = &axis[1];
    gn_conv_shape s = {.c = channels, .h = high, .w = wide, .o = 1, .groups = 1};
    s.n = gn_ceil_div(n, v->images * h->images);
    s.p = v->tiles, s.q = h->tiles;
    s.r = v->window, s.sh = v->pitch;
    s.s = (h->tiles - 1) * h->pitch + h->window - h->tiles + 1, s.sw = 1;
    s.dh = s.dw = 1;
    s.top = v->start, s.left = h->start;
    return gn_grid_of_rows(&s, rows_of_block(s.n * s.p, s.q));
}

/* Rows lo .. hi-1 of a sheet that lie in row a of its images. */
static void fill_images(const gn_grid *g, int64_t first, int64_t lo, int64_t hi, gn_sheet *f)
{
    const gn_conv_shape *s = &g->s;
    int64_t h = lo - first - s->top, rows = hi - lo;
    f->above = GN_MIN(GN_MAX(-h, 0), rows);
    f->rows = f->present ? GN_MAX(GN_MIN(s->h - h, rows) - f->above, 0) : 0;
    f->below = rows - f->above - f->rows;
    f->x += (h + f->above) * s->w;
    gn_gemm_kernel->fill_sheet(f);
}

void gn_wino_fill(const gn_grid *g, const gn_wino_axis axis[2], int64_t n, const gn_positions *at,
                  const real *x, int64_t c0, int64_t nc, real *patch)
{
    const gn_conv_shape *s = &g->s;
    int64_t plane = s->h * s->w, wide = axis[1].images;
    int64_t high = axis[0].distance * axis[0].pitch / axis[0].m;
    gn_sheet f = {.begin = x,
                  .end = x + n * s->c * plane,
                  .ahead = plane,
                  .w = s->w,
                  .pitch = g->pitch,
                  .first = s->left,
                  .next = s->c * plane,
                  .images = wide,
                  .distance = axis[1].distance * axis[1].pitch / axis[1].m};
    for (int64_t c = 0; c < nc; c++)
        for (const gn_span *v = at->span; v < at->span + at->nspan; v++) {
            int64_t row = v->p0 * s->sh, end = (v->p1 - 1) * s->sh + s->r;
            for (int64_t a = 0; a < axis[0].images; a++) {
                int64_t lo = GN_MAX(row, a * high), image = (v->n * axis[0].images + a) * wide;
                int64_t hi = a + 1 < axis[0].images ? GN_MIN(end, (a + 1) * high) : end;
                f.present = GN_MIN(GN_MAX(n - image, 0), wide);
                f.x = x + (image * s->c + c0 + c) * plane;
                f.to = patch + c * g->plane + v->base + (lo - row) * g->pitch;
                if (lo < hi)
                    fill_images(g, a * high, lo, hi, &f);
            }
        }
}

void gn_wino_tiles(const gn_grid *g, const gn_positions *at, int64_t pitch, int64_t count,
                   int32_t *tile)
{
    int64_t i = 0;
    for (const gn_span *v = at->span; v < at->span + at->nspan; v++)
        for (int64_t row = 0; row < v->p1 - v->p0; row++)
            for (int64_t q = 0; q < v->ql; q++)
                tile[i++] = (int32_t)(v->base + row * g->s.sh * g->pitch + q * pitch);
    for (; i < count; i++)
        tile[i] = tile[0];
}

int gn_wino_sharing(const gn_wino_axis *a, int unit, int point)
{
    if (a->apart)
        return point < a->points[unit];
    int count = 0;
    for (int f = 0; f < a->units; f++)
        count += point < a->points[f];
    return count;
}

int gn_wino_among(const gn_wino_axis axis[2], int f, int g, int j)
{
    const gn_wino_axis *v = &axis[0], *h = &axis[1];
    return (v->apart ? 0 : f * gn_wino_sharing(h, g, j)) + (h->apart ? 0 : g);
}

void gn_wino_unit_of(const gn_wino_axis axis[2], int f, int g, bool taps, gn_wino_unit *u)
{
    for (int d = 0; d < 2; d++) {
        const gn_wino_axis *a = &axis[d];
        int phase = d ? g : f;
        u->points[d] = a->points[phase];
        u->count[d] = taps ? a->taps[phase] : a->points[phase];
        u->first[d] = taps ? a->tap[phase] : a->first[phase];
        u->step[d] = taps ? a->tap_step : a->step;
    }
}

int gn_wino_lines(const gn_wino_axis *v, int64_t high, gn_wino_line *line)
{
    int count = 0;
    int64_t phases = gn_wino_phases(v);
    for (int64_t above = 0; above < v->images; above++)
        for (int64_t i = 0; i < phases * v->m; i++) {
            int64_t phase = i / v->m, skip = above * v->distance - i % v->m; /* of its outputs */
            int64_t end = skip + gn_ceil_div(high - phase, phases);
            line[count++] = (gn_wino_line){.above = above,
                                           .t0 = gn_ceil_div(skip, v->m),
                                           .t1 = gn_ceil_div(end, v->m),
                                           .first = phase - skip * phases};
        }
    return count;
}
