/* op_grid.c - grid_sample (Jaderberg et al. 2015, Spatial transformer networks): bilinear samples
 * of planes at the points of a grid.
 *
 * The points are turned into places (corner, fractions, slope) once per call and shared by all
 * channels.  Where a point lies is piecewise constant, so `ref` takes the places as constants and
 * has derivatives of every order; the kernels are the value and the first derivative. */
#include "ops.h"
#include "planes.h"

#include <math.h>
#include <string.h>

typedef enum { ZEROS, BORDER, REFLECTION } outside_mode;

/* The four neighbours of a point: rows y, y + 1 and columns x, x + 1, of which those outside the
 * plane count as zero; -2: all are.  Along each dimension the coordinate is
 * slope * (unpadded coordinate) + a constant. */
typedef struct {
    int32_t at[2];   /* y, x */
    real part[2];    /* how far on, 0 to 1 */
    double slope[2]; /* -1, 0 or 1 */
    double value[2]; /* the coordinate itself */
} place;

typedef struct {
    int64_t n, c, size[2], points; /* points an image */
    const real *x, *grid, *dy;
    real *to;
    place *places;
    outside_mode mode;
    bool corners;
} grid_work;

/* ---- places -------------------------------------------------------------------------- */

/* The coordinate of grid value g is scale * (g + 1) + shift. */
static double scale_of(const grid_work *k, int d)
{
    return (double)(k->size[d] - k->corners) / 2;
}

static double shift_of(const grid_work *k)
{
    return k->corners ? 0 : -0.5;
}

static double reflect(double v, double low, double span, double *slope)
{
    if (span <= 0) {
        *slope = 0;
        return 0;
    }
    double u = v - low;
    if (u < 0)
        *slope = -1;
    u = fabs(u);
    double flips = floor(u / span), rest = u - flips * span;
    if (fmod(flips, 2) == 0)
        return rest + low;
    *slope = -*slope;
    return span - rest + low;
}

static void locate(const grid_work *k, int d, double g, place *to)
{
    double n = (double)k->size[d], v = scale_of(k, d) * (g + 1) + shift_of(k), slope = 1;
    if (k->mode == REFLECTION)
        v = k->corners ? reflect(v, 0, n - 1, &slope) : reflect(v, -0.5, n, &slope);
    if (k->mode != ZEROS && (v <= 0 || v >= n - 1)) {
        v = v <= 0 ? 0 : n - 1;
        slope = 0;
    }
    bool near = v > -1 && v < n; /* false for NaN */
    double low = near ? floor(v) : -2;
    to->at[d] = (int32_t)low;
    to->part[d] = near ? (real)(v - low) : 0;
    to->slope[d] = near ? slope : 0;
    to->value[d] = near ? v : 0;
}

static void locate_task(void *ctx, int64_t task)
{
    const grid_work *k = ctx;
    int64_t end = GN_MIN((task + 1) * GN_CHUNK / 8, k->n * k->points);
    for (int64_t i = task * (GN_CHUNK / 8); i < end; i++) {
        locate(k, 0, (double)k->grid[2 * i + 1], &k->places[i]);
        locate(k, 1, (double)k->grid[2 * i], &k->places[i]);
    }
}

static bool find_places(grid_work *k)
{
    int64_t all = k->n * k->points;
    k->places = gn_alloc("grid places", (size_t)(all + 1) * sizeof *k->places);
    if (k->places)
        gn_parallel((all + GN_CHUNK / 8 - 1) / (GN_CHUNK / 8), locate_task, k);
    return k->places != NULL;
}

static bool inside(const grid_work *k, const place *p, int i, int j)
{
    int64_t y = p->at[0] + i, x = p->at[1] + j;
    return y >= 0 && y < k->size[0] && x >= 0 && x < k->size[1];
}

/* Corner (i, j) of a point in a plane, and what it weighs. */
static int64_t corner(const grid_work *k, const place *p, int i, int j)
{
    return (p->at[0] + i) * k->size[1] + p->at[1] + j;
}

static real weight(const place *p, int i, int j)
{
    return (i ? p->part[0] : 1 - p->part[0]) * (j ? p->part[1] : 1 - p->part[1]);
}

/* ---- kernels: a task is a plane, or some points of an image -------------------------- */

static void sample_plane(void *ctx, int64_t task)
{
    const grid_work *k = ctx;
    const real *x = k->x + task * k->size[0] * k->size[1];
    const place *p = k->places + task / k->c * k->points;
    real *y = k->to + task * k->points;
    for (int64_t i = 0; i < k->points; i++) {
        real sum = 0;
        for (int q = 0; q < 4; q++)
            if (inside(k, p + i, q / 2, q % 2))
                sum += weight(p + i, q / 2, q % 2) * x[corner(k, p + i, q / 2, q % 2)];
        y[i] = sum;
    }
}

static void add_plane(void *ctx, int64_t task)
{
    const grid_work *k = ctx;
    int64_t area = k->size[0] * k->size[1];
    real *dx = k->to + task * area;
    const place *p = k->places + task / k->c * k->points;
    const real *dy = k->dy + task * k->points;
    memset(dx, 0, (size_t)area * sizeof *dx);
    for (int64_t i = 0; i < k->points; i++)
        for (int q = 0; q < 4; q++)
            if (inside(k, p + i, q / 2, q % 2))
                dx[corner(k, p + i, q / 2, q % 2)] += weight(p + i, q / 2, q % 2) * dy[i];
}

enum { POINTS = 256 };

static void grid_slope(void *ctx, int64_t task)
{
    const grid_work *k = ctx;
    int64_t pieces = (k->points + POINTS - 1) / POINTS, n = task / pieces;
    int64_t area = k->size[0] * k->size[1], from = task % pieces * POINTS;
    int64_t end = GN_MIN(from + POINTS, k->points);
    for (int64_t i = from; i < end; i++) {
        const place *p = k->places + n * k->points + i;
        real sum[2] = {0, 0};
        for (int64_t c = n * k->c; c < (n + 1) * k->c; c++) {
            real dy = k->dy[c * k->points + i];
            for (int q = 0; q < 4; q++) {
                if (!inside(k, p, q / 2, q % 2))
                    continue;
                real v = dy * k->x[c * area + corner(k, p, q / 2, q % 2)];
                real other = q % 2 ? p->part[1] : 1 - p->part[1];
                sum[0] += q / 2 ? v * other : -v * other;
                other = q / 2 ? p->part[0] : 1 - p->part[0];
                sum[1] += q % 2 ? v * other : -v * other;
            }
        }
        real *to = k->to + 2 * (n * k->points + i);
        to[0] = sum[1] * (real)(p->slope[1] * scale_of(k, 1));
        to[1] = sum[0] * (real)(p->slope[0] * scale_of(k, 0));
    }
}

/* ---- the op -------------------------------------------------------------------------- */

static bool read_grid(gn_call *c, grid_work *k)
{
    gn_tensor *x = c->in[0], *grid = c->in[1];
    if (x->ndim != 4 || grid->ndim != 4 || grid->dim[3] != 2 || grid->dim[0] != x->dim[0])
        return gn_fail("grid_sample: x has shape %s and grid %s, expected (N, C, H, W) and "
                       "(N, P, Q, 2)",
                       gn_shape_text(x), gn_shape_text(grid));
    if (!gn_planes_check("grid_sample", x))
        return false;
    if (x->dim[2] >= INT32_MAX || x->dim[3] >= INT32_MAX)
        return gn_fail("grid_sample: planes of %lld x %lld are too large", (long long)x->dim[2],
                       (long long)x->dim[3]);
    *k = (grid_work){.n = x->dim[0],
                     .c = x->dim[1],
                     .size = {x->dim[2], x->dim[3]},
                     .points = grid->dim[1] * grid->dim[2],
                     .x = x->data,
                     .grid = grid->data,
                     .mode = (outside_mode)c->attr[0].i,
                     .corners = c->attr[1].i};
    return true;
}

static gn_tensor *grid_sample_fwd(gn_call *c)
{
    grid_work k;
    if (!read_grid(c, &k))
        return NULL;
    gn_tensor *grid = c->in[1];
    gn_tensor *y = gn_tensor_new(4, (int64_t[]){k.n, k.c, grid->dim[1], grid->dim[2]});
    if (y && y->numel && find_places(&k)) {
        k.to = y->data;
        gn_parallel(k.n * k.c, sample_plane, &k);
        gn_free(k.places);
    }
    return y;
}

static void grid_sample_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    grid_work k;
    (void)y;
    if (gn_grad_mode()) {
        gn_vjp_of_ref(c, dy, dx);
        return;
    }
    if (!read_grid(c, &k) || !find_places(&k))
        return;
    k.dy = dy->data;
    if (gn_wants(c, 0) && (dx[0] = gn_tensor_like(c->in[0])) != NULL) {
        k.to = dx[0]->data;
        gn_parallel(k.n * k.c, add_plane, &k);
    }
    if (gn_wants(c, 1) && (dx[1] = gn_tensor_like(c->in[1])) != NULL) {
        k.to = dx[1]->data;
        gn_parallel(k.n * ((k.points + POINTS - 1) / POINTS), grid_slope, &k);
    }
    gn_free(k.places);
}

/* ---- ref ----------------------------------------------------------------------------- */

/* The fraction along dimension d as an op of the grid: slope * (scale * (g + 1)) + constant. */
static gn_tensor *fraction(const grid_work *k, gn_tensor *grid, int d)
{
    int64_t dim[3] = {k->n, 1, k->points};
    gn_tensor *slope = gn_tensor_new(3, dim), *rest = gn_tensor_new(3, dim);
    gn_tensor *g = gn_reshape(gn_narrow(grid, 3, 1 - d, 1), 3, dim);
    double scale = scale_of(k, d);
    if (!slope || !rest || !g)
        return NULL;
    for (int64_t i = 0; i < k->n * k->points; i++) {
        const place *p = &k->places[i];
        double moved = p->slope[d] * scale * ((double)g->data[i] + 1);
        slope->data[i] = p->at[d] < -1 ? 0 : (real)(p->slope[d] * scale);
        rest->data[i] = p->at[d] < -1 || p->slope[d] == 0
                            ? p->part[d]
                            : (real)(p->value[d] - moved - p->at[d] + p->slope[d] * scale);
    }
    g = gn_where(slope, g, gn_zeros_like(g)); /* a NaN lies outside: its slope is 0 */
    return gn_add(gn_mul(g, slope), rest);
}

/* What corner (i, j) of each point holds, (N, C, points); zero outside. */
static gn_tensor *corner_values(const grid_work *k, gn_tensor *x, int i, int j)
{
    gn_tensor *index = gn_tensor_new(3, (int64_t[]){k->n, k->c, k->points});
    gn_tensor *mask = gn_tensor_new(3, (int64_t[]){k->n, 1, k->points});
    if (!index || !mask)
        return NULL;
    for (int64_t at = 0; at < k->n * k->points; at++)
        mask->data[at] = inside(k, &k->places[at], i, j);
    for (int64_t at = 0; at < index->numel; at++) {
        const place *p = &k->places[at / (k->c * k->points) * k->points + at % k->points];
        index->data[at] = inside(k, p, i, j) ? (real)corner(k, p, i, j) : 0;
    }
    return gn_mul(gn_gather(x, 2, index), mask);
}

static gn_tensor *mix(gn_tensor *a, gn_tensor *b, gn_tensor *part)
{
    return gn_add(a, gn_mul(gn_sub(b, a), part));
}

static gn_tensor *grid_sample_ref(gn_call *c)
{
    grid_work k;
    if (!read_grid(c, &k))
        return NULL;
    if (k.size[0] * k.size[1] > 1 << 24)
        return gn_fail("grid_sample: planes of %lld x %lld have no second derivative here, "
                       "expected at most 2^24 elements",
                       (long long)k.size[0], (long long)k.size[1]);
    if (!find_places(&k))
        return NULL;
    gn_tensor *grid = c->in[1], *v[4] = {NULL};
    gn_tensor *x = gn_reshape(c->in[0], 3, (int64_t[]){k.n, k.c, k.size[0] * k.size[1]});
    gn_tensor *down = fraction(&k, grid, 0), *right = fraction(&k, grid, 1);
    for (int q = 0; q < 4; q++)
        v[q] = corner_values(&k, x, q / 2, q % 2);
    gn_free(k.places);
    gn_tensor *y = mix(mix(v[0], v[1], right), mix(v[2], v[3], right), down);
    return gn_reshape(y, 4, (int64_t[]){k.n, k.c, grid->dim[1], grid->dim[2]});
}

const gn_op gn_op_grid_sample = {
    .name = "grid_sample",
    .sig = "input, grid, padding_mode:zeros|border|reflection='zeros', align_corners:bool=False",
    .doc = "Bilinear samples of (N, C, H, W) at the points (x, y) of a grid (N, P, Q, 2), whose "
           "values run from -1 to 1.",
    .fwd = grid_sample_fwd,
    .vjp = grid_sample_vjp,
    .ref = grid_sample_ref,
    .needs = "01"};
