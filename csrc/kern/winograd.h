/* winograd.h - Winograd minimal filtering F(m, r) (Winograd 1980; Lavin and Gray 2016).
 *
 * In one direction, the m outputs y of r taps g read alpha = m + r - 1 elements d.  The minimal
 * algorithm needs alpha products where the definition has m r (Lavin and Gray, eq. 3 and 6):
 *
 *     y = A' [(G g) . (B' d)]          . is element by element
 *
 * and nested with itself, for tiles of an image (eq. 8): Y = A' [(G g G') . (B' d B)] A.  Here it
 * interpolates at the first alpha of the points 0, infinity, 1, -1, in this order:
 *
 *   B'   alpha = 4:  1  0 -1  0      alpha = 3:  1 -1  0      alpha = 2:  1  0
 *                    0 -1  0  1                  0 -1  1                  0  1
 *                    0  1  1  0                  0  1  0
 *                    0 -1  1  0
 *
 *   G    alpha = 4, r = 3:  1   0   0      r = 2:  1   0      alpha = 3, r = 2:  1  0
 *                           0   0   1              0   1                         0  1
 *                          1/2 1/2 1/2            1/2 1/2                        1  1
 *                          1/2-1/2 1/2            1/2-1/2
 *
 *   A'   m = 2:  1  0  1  1      m = 3:  1  0  1  1      and the first alpha columns of these;
 *                0  1  1 -1              0  0  1 -1      of r = 1: G' = (1 .. 1)
 *                                        0  1  1  1
 *
 * F(2, 3) is eq. 7 of Lavin and Gray but for the order of the rows and the sign of that of
 * infinity.  Sums over channels are taken in the transform domain: for each of its alpha x alpha
 * elements one matrix product, weights (O, C) times input (C, tiles), the transform-domain GEMM.
 *
 * A kernel of stride 2 is four sub-kernels of stride 1, its polyphase components; a kernel of
 * 4 to 6 taps is cut into parts of 2 or 3.  As A' of a smaller alpha has the same first columns,
 * sub-kernels of different r share transform-domain elements and are summed there.
 *
 * Gradients: dx is a convolution of dy with the reversed taps, by polyphase components of the
 * output if the stride is 2; dw = G' [(B' d B) . (A dy A')] G summed over all tiles. */
#ifndef GN_WINOGRAD_H
#define GN_WINOGRAD_H

#include "conv_block.h"

enum {
    GN_MAX_ALPHA = 4, /* m + r - 1 */
    GN_MAX_ELEMENTS = GN_MAX_ALPHA * GN_MAX_ALPHA,
    GN_MAX_M = 3,     /* outputs of a tile, or taps of a sub-kernel, in a direction */
    GN_MAX_INPUT = 12 /* elements of an input tile in a direction, rounded up to 4 */
};

/* ---- kernels (winograd.inc) ---------------------------------------------------------- */

/* Batch tiling: rows of images side by side, `next` apart in memory and `image_stride` apart in
 * a row of the padded input tile, each with `first` zeros before and zeros after it; `present`
 * of `images` are there.  `above` rows of zeros, `rows` of the images, `below` of zeros.  Up to
 * a vector past the last row may be written; reads stay between begin and end. */
typedef struct {
    const real *x, *begin, *end;
    int64_t w, next, ahead; /* ahead: distance of the channel that comes next */
    int64_t images, present;
    real *to;
    int64_t pitch, first, image_stride;
    int64_t above, rows, below;
} gn_pad_batch;

/* What is transformed, and by which matrix from both sides: an input tile by B', an output tile
 * of dy by A, a sub-kernel by G. */
typedef enum { GN_WINOGRAD_INPUT, GN_WINOGRAD_DY, GN_WINOGRAD_FILTER } gn_winograd_form;

/* Which elements of a tile or which taps a sub-kernel reads, and where its transform-domain
 * elements go; element (i, j) is number i * alpha[1] + j. */
typedef struct {
    int count[2], alpha[2], first[2], step[2];
    int64_t to[GN_MAX_ELEMENTS];
} gn_subkernel;

/* Input, dy or filter transform: lane l of item i reads rows x cols reals at
 * src[item[i] + lane[l]], rows `pitch` apart, and up to 3 columns more.  Lane l of its
 * transform-domain elements goes to dst[i ds + l]. */
typedef struct {
    const real *src;
    const int32_t *item, *lane;
    int64_t items, lanes; /* lane[] is filled up to whole vectors with any valid offsets */
    int64_t pitch;
    int rows, cols;
    gn_winograd_form form;
    const gn_subkernel *sub;
    int subs;
    real *dst;
    int64_t ds;
} gn_winograd_in;

/* Output transform A' M A, or, for dw, G' M G: n lanes, whole vectors. */
typedef struct {
    const real *src;
    int64_t from[GN_MAX_ELEMENTS], n;
    int alpha[2], m[2];
    bool filter;    /* by G' */
    bool halved[2]; /* alpha = 3 of filters transformed for alpha = 4: element 2 is doubled */
    real *dst;
    int64_t to[GN_MAX_M * GN_MAX_M];
} gn_winograd_out;

/* Rows of n reals, ss apart, to rows ds apart. */
typedef struct {
    const real *src;
    real *dst;
    int64_t rows, n, ss, ds;
} gn_copy_rows;

typedef struct gn_winograd_kern {
    void (*pad_batch)(const gn_pad_batch *f);
    void (*transform)(const gn_winograd_in *w);
    void (*output)(const gn_winograd_out *w);
    /* y[count i + s] = x[s][i] for i < n, a multiple of vw; count is 2, 3, 4 or 6 */
    void (*interleave)(real *y, const real *const *x, int count, int64_t n);
    void (*copy_rows)(const gn_copy_rows *b);
} gn_winograd_kern;

/* ---- geometry (winograd.c) ----------------------------------------------------------- */

/* One direction of a convolution, or a part of it.  The gradient of the filters, which is a sum
 * over all images, may lay two of them side by side where tiles then fit better (batch tiling): 14
 * outputs of 7 x 7 images need 5 tiles of m = 3, not 2 x 3. */
typedef struct {
    int64_t m, tiles;             /* outputs of a tile; tiles of the images side by side */
    int64_t at, size;             /* outputs at .. at + size - 1 of an image */
    int64_t images, image_stride; /* side by side; their distance in outputs */
    int64_t tile_stride, start;   /* tile t reads elements t tile_stride - start and */
    int64_t input;                /* input - 1 more */
    int subs;                     /* sub-kernels: phases of stride 2, or parts of the kernel */
    bool separate; /* each sub-kernel has outputs of its own (x, stride 2); or all are summed */
    /* of each sub-kernel: taps, m + r - 1 (of summed ones the first has the most); its first
     * element of the input tile; its first tap */
    int r[2], alpha[2], first[2], tap[2];
    int step, tap_step; /* between elements, between taps */
} gn_winograd_axis;

/* One direction as y and x are computed, where no tile may have outputs of two images: what an
 * image gives must not depend on its neighbour.  Where tiles of one m fit badly there is a second
 * part with tiles of one output less: 7 = 3 + 2 + 2.  These share the filters of the first. */
typedef struct {
    int count;
    gn_winograd_axis part[2];
} gn_winograd_cut;

/* The GEMM of one transform-domain element, over the channels of the sub-kernels that share it:
 * weights (rows, ld) at u of all, input (K, columns) at v of a panel.  The inputs begin at an odd
 * number of cache lines from each other, so that they do not all fall on the same few sets. */
typedef struct {
    int64_t subs, ld, u, v; /* subs: how many share it; 0: not there */
} gn_winograd_gemm;

/* The best sizes of tiles for the passes y and x and for w; false when the definition is as good or
 * F(m, r) does not apply, to a batch of n images. */
bool gn_winograd_cuts(const gn_conv_shape *s, gn_conv_pass pass, int64_t n, gn_winograd_cut cut[2]);
bool gn_winograd_axes(const gn_conv_shape *s, gn_winograd_axis axis[2]);
/* Phases of the output that have tiles of their own. */
static inline int gn_winograd_phases(const gn_winograd_axis *a)
{
    return a->separate ? a->subs : 1;
}

/* How many sub-kernels share a transform-domain element; 1 or 0 for the one, if separate. */
int gn_winograd_sharing(const gn_winograd_axis *a, int sub, int element);
/* Number of sub-kernel (f, g) among those that share an element, whose column is j. */
int gn_winograd_among(const gn_winograd_axis axis[2], int f, int g, int j);
/* What sub-kernel (f, g) reads: of the taps or of the input tile. */
void gn_winograd_sub(const gn_winograd_axis axis[2], int f, int g, bool taps, gn_subkernel *u);
/* Blocks of tiles of a source of n images, high x wide. */
gn_blocking gn_winograd_blocking(const gn_winograd_axis axis[2], int64_t n, int64_t channels,
                                 int64_t high, int64_t wide);
/* Blocks of whole images, where these have tiles of several sizes. */
gn_blocking gn_winograd_blocking_of_images(const gn_winograd_cut cut[2], int64_t n,
                                           int64_t channels, int64_t high, int64_t wide);
/* Channels c0 .. c0+nc-1 of what a block reads of n images, to a padded input tile. */
void gn_winograd_fill(const gn_blocking *g, const gn_winograd_axis axis[2], int64_t n,
                      const gn_pixels *at, const real *x, int64_t c0, int64_t nc, real *padded);
/* Where the input tiles of a block begin in the padded one, filled up to `count`. */
void gn_winograd_tiles(const gn_blocking *g, const gn_pixels *at, int64_t tile_stride,
                       int64_t count, int32_t *tile);

/* A row of the output tiles: in tile t of the first `tiles' it is row `first' + m phases t of an
 * output. */
typedef struct {
    int64_t tiles, first;
} gn_winograd_row;

/* All rows, phase by phase those of a tile; how many they are.  `high': rows of an output. */
int gn_winograd_rows(const gn_winograd_axis *v, int64_t high, gn_winograd_row *row);

/* ---- plans --------------------------------------------------------------------------- */

/* The outputs of every image that have tiles of one size. */
typedef struct {
    gn_winograd_axis axis[2];
    int64_t first, columns; /* of a block's panels: columns first .. first + columns - 1 */
    int64_t tile_rows;      /* rows of the output tile, of all phases */
    int64_t tile_cols;      /* outputs of such a row */
    int64_t output;         /* where its output tiles begin in those of a row */
} gn_winograd_region;

/* winograd_yx.c.  Sizes are in reals. */
typedef struct {
    gn_winograd_region region[4];                 /* the first has the largest tiles */
    int regions;                                  /* more than one: a block has whole images */
    gn_winograd_gemm gemm[2][2][GN_MAX_ELEMENTS]; /* by the phases of the output */
    int64_t source, rows;                         /* channels of what is read, of what is written */
    int64_t parts, part;     /* into which the rows are cut; most rows of one */
    int64_t columns;         /* of all panels of a block */
    int64_t chunk;           /* channels of the source at a time */
    int64_t panel, input;    /* transformed chunk: of a panel, of a block */
    int64_t product;         /* one element's (rows, columns) */
    int64_t output, line;    /* output tiles of a row: (phases, rows, m, columns); its lines */
    int64_t padded_channels; /* of a padded input tile */
} gn_winograd_yx;

/* winograd_w.c */
typedef struct {
    gn_winograd_axis axis[2], dy_axis[2];              /* of x; of dy itself in tiles */
    gn_winograd_gemm gemm[GN_MAX_ALPHA][GN_MAX_ALPHA]; /* u: of the sums, v: of x */
    gn_blocking dy;                                    /* the same tiles in dy */
    int64_t share, shares, o_shares; /* channels of x of a task; parts of C and of O */
    int64_t out;                     /* channels of y of a task: whole panels */
    int64_t parts;                   /* into which the blocks are cut */
    int64_t ld, sums_ld, taps_ld;    /* distance of rows: transformed x, sums, taps of a filter */
    int64_t x, sums;                 /* transformed x of some channels; sums of a part */
    int64_t dy_element;              /* dy, one transform-domain element */
    int64_t padded;
} gn_winograd_w;

#endif
