/* wino.h - convolution with fewer products (Winograd 1980; Lavin and Gray 2016).
 *
 * In one direction, m outputs y0 .. y(m-1) of r taps g0 .. g(r-1) read a = m + r - 1 places
 * d0 .. d(a-1).  As polynomials they need a products only, one for each of the points 0,
 * infinity, 1 and -1, of which the first a are used:
 *
 *            of d, a = 4   a = 3     a = 2   of g (half of it for 1 and -1 if a = 4)
 *     0      d0 - d2       d0 - d1   d0      g0
 *     inf    d3 - d1       d2 - d1   d1      g(r-1)
 *     1      d1 + d2       d1                g0 + g1 + g2
 *    -1      d2 - d1                         g0 - g1 + g2
 *
 * and y_i is p(1) + (-1)^i p(-1), with p(0) added to y0 and p(inf) to y(m-1).  The form serves
 * both directions of an image in turn, so that 4 x 4 products give 3 x 3 outputs of 2 x 2 taps,
 * or 2 x 2 outputs of 3 x 3 taps, where the definition has 36.
 *
 * A kernel of stride 2 is four kernels of stride 1, one for each phase of the stride; a kernel
 * of 4 to 6 taps is cut into parts of 2 or 3.  As the sums for y are the same whatever a is,
 * units of 3 and of 2 taps share the points.
 * The gradients are the transposed forms: x again sums taps of y, phase by phase; w sums
 * products of the points of x and of y, which become points like g but for the half. */
#ifndef GN_WINO_H
#define GN_WINO_H

#include "patch.h"

/* One direction of a convolution.  Two images may lie in a sheet, when tiles then fit better:
 * 14 outputs of 7 x 7 images need 5 tiles of 3, not 2 x 3. */
typedef struct {
    int64_t m, tiles;         /* outputs of a tile; tiles of a sheet */
    int64_t images, distance; /* of a sheet; their distance in outputs */
    int64_t pitch, start;     /* tile t reads places t pitch - start and `window` - 1 more */
    int64_t window;
    int units;  /* phases of stride 2, or parts of the kernel */
    bool apart; /* each unit has outputs of its own (x, stride 2); or all are summed */
    /* of each unit: taps, points (of summed ones the first has the most); first place in the
     * window; first tap */
    int taps[2], points[2], first[2], tap[2];
    int step, tap_step; /* between places, between taps */
} gn_wino_axis;

/* One matrix product of one point, over the channels of the units that share it: weights
 * (rows, ld) at u of all, source (K, columns) at v of a panel.  Sets begin at an odd number of
 * lines from each other, lest they all fall on the same few sets of the cache. */
typedef struct {
    int64_t units, ld, u, v;
} gn_wino_set;

typedef struct {
    gn_wino_axis axis[2];
    /* by the phases of the output and the points of both directions; units 0: not there */
    gn_wino_set set[2][2][GN_POINTS * GN_POINTS];
    int64_t panel; /* elements of the points of a panel of the source; wino_w: of x */
    int64_t sums;  /* wino_w: elements of the sums of all points */
    int64_t parts; /* into which the rows of the output are cut */
} gn_wino;

/* The better of the sizes of tiles; false when the definition is as good or the form does not
 * apply. */
bool gn_wino_axes(const gn_conv_shape *s, gn_conv_pass pass, gn_wino_axis axis[2]);
/* Phases of the output that have tiles of their own. */
static inline int gn_wino_phases(const gn_wino_axis *a)
{
    return a->apart ? a->units : 1;
}

/* Number of units that share a point; 1 or 0 for the one unit, if they are apart. */
int gn_wino_sharing(const gn_wino_axis *a, int unit, int point);
/* Number of unit (f, g) among those that share a point, whose column is j. */
int gn_wino_among(const gn_wino_axis axis[2], int f, int g, int j);
/* What unit (f, g) reads: of the taps or of the places of a window. */
void gn_wino_unit_of(const gn_wino_axis axis[2], int f, int g, bool taps, gn_wino_unit *u);
/* Blocks of tiles of a source of n images, high x wide, in sheets. */
gn_grid gn_wino_grid(const gn_wino_axis axis[2], int64_t n, int64_t channels, int64_t high,
                     int64_t wide);
/* Channels c0 .. c0+nc-1 of a block's part of the sheets of n images. */
void gn_wino_fill(const gn_grid *g, const gn_wino_axis axis[2], int64_t n, const gn_positions *at,
                  const real *x, int64_t c0, int64_t nc, real *patch);
/* Where the windows of the tiles of a block begin in its patch, filled up to `count`. */
void gn_wino_tiles(const gn_grid *g, const gn_positions *at, int64_t pitch, int64_t count,
                   int32_t *tile);

/* A line of the tiles: in tiles t0 .. t1-1 it is line `first' + m phases t of an output, in the
 * images that are number `above' from the top of a sheet. */
typedef struct {
    int64_t above, t0, t1, first;
} gn_wino_line;

/* All lines, phase by phase those of a tile, for each image of a sheet; how many they are.
 * `high': lines of an output. */
int gn_wino_lines(const gn_wino_axis *v, int64_t high, gn_wino_line *line);

#endif
