/* gemm.h - what the GEMM driver (gemm.c) and its tiles (ukr.inc, pack.inc) say to each
 * other.  Nobody else includes it.
 *
 * A tile is a block of C of h <= mr rows and one or nv vectors of vw columns, kept in
 * registers while k runs.  The driver cuts C into tiles; what an operand looks like in
 * memory is hidden from the tiles by strides or by packing. */
#ifndef GN_GEMM_H
#define GN_GEMM_H

#include "kern.h"

/* rows and columns of the largest tile */
enum { GN_MAX_MR = 14, GN_MAX_WIDE = 128 / sizeof(real) };

/* C (h, width) = act([C +] A B + bias): one FMA chain over k for each element. */
typedef struct {
    int64_t k;
    const real *a; /* (h, k): element (i, l) at a[i * as + l * ak] */
    int64_t as, ak;
    const real *b; /* (k, width): rows contiguous, bs apart */
    int64_t bs;
    real *c; /* (h, width): rows contiguous, cs apart */
    int64_t cs;
    bool add;           /* C is added after the chain */
    const real *bias_i; /* (h) or NULL, added after the chain */
    const real *bias_j; /* (width) or NULL */
    gn_act act;         /* NONE, RELU or LEAKY_RELU */
    real slope;
    const real *next_c; /* the tile to be written next, fetched early, or NULL */
    /* What the driver will read next.  A line is fetched every 4 steps of k: four lines
     * `near` elements apart, then again `far` further on. */
    const real *ahead;
    int64_t near, far;
} gn_tile;

/* Copies the (n0, n1) block of src that starts at (r0, c0) to dense rows dst, ds apart,
 * and fills columns n1 .. pad-1 with any numbers.  dst has room for n1 rounded up to vw
 * columns even when pad is less. */
typedef struct {
    const gn_mat *src;
    int64_t r0, c0, n0, n1, pad;
    real *dst;
    int64_t ds;
} gn_block;

typedef void gn_ukr(const gn_tile *t);

/* ---- what convolution adds (convolve.inc) -------------------------------------------- */

/* Rows of a channel of x, copied to a patch with zeros around: `above` rows of zeros, `rows`
 * of x, `below` of zeros.  Element i < wi of phase p is column first + p + i step of the row.
 * Up to a vector past the last row may be written; reads stay between begin
 * and end. */
typedef struct {
    const real *x, *begin, *end;
    int64_t w, ahead; /* columns; distance of the channel that comes next */
    real *to;
    int64_t pitch, wi, step, phases, first;
    int64_t above, rows, below;
} gn_fill;

/* A vector to copy: from src[from] to dst[at].  A piece of fewer than vw elements is copied
 * whole all the same, and what it spills is overwritten by the next piece. */
typedef struct {
    int32_t at, from;
} gn_piece;

/* n elements from at on, which lie at `to` in memory */
typedef struct {
    int32_t at, n;
    int64_t to;
} gn_run;

/* Rows of pieces: row k of dst is made of the pieces of src + row[k]. */
typedef struct {
    const real *src;
    const int32_t *row;
    int64_t rows;
    const gn_piece *piece;
    int pieces;
    real *dst;
    int64_t ds;
} gn_pieces;

/* Rows of n reals, ss apart, to places ds apart. */
typedef struct {
    const real *src;
    real *dst;
    int64_t rows, n, ss, ds;
} gn_lines;

/* One row of x in each of some channels.  x[i step + f] is the sum of the taps of phase f,
 * numbers first[f] .. first[f+1]-1: tap t is the row of q elements at col + offset[t],
 * shifted to the right by shift[t]. */
typedef struct {
    real *x;
    const real *col;
    int64_t x_step, col_step, channels; /* distances of channels */
    int64_t w, step, q;
    const int32_t *first, *offset, *shift;
} gn_fold;

/* ---- what convolution with fewer products adds (wino.inc; wino.h) --------------------- */

enum {
    GN_POINTS = 4,     /* most in a direction */
    GN_MAX_SUMS = 3,   /* outputs of a tile, or taps, in a direction */
    GN_MAX_WINDOW = 12 /* places that a tile reads, rounded up to 4 */
};

/* Rows of images side by side, `next` apart in memory and `distance` apart in a row of the
 * sheet, each with `first` zeros before and zeros after it; `present` of `images` are there.
 * `above` rows of zeros, `rows` of the images, `below` of zeros.  Up to a vector past the last
 * row may be written; reads stay between begin and end. */
typedef struct {
    const real *x, *begin, *end;
    int64_t w, next, ahead; /* ahead: distance of the channel that comes next */
    int64_t images, present;
    real *to;
    int64_t pitch, first, distance;
    int64_t above, rows, below;
} gn_sheet;

/* How a window becomes points: the forms of d, of y and of g in wino.h. */
typedef enum { GN_WINO_PLACES, GN_WINO_SPREAD, GN_WINO_TAPS } gn_wino_form;

/* Which places of a window give points, and where these go; point (i, j) is number
 * i * points[1] + j. */
typedef struct {
    int count[2], points[2], first[2], step[2];
    int64_t to[GN_POINTS * GN_POINTS];
} gn_wino_unit;

/* Windows to points: lane l of item i reads rows x cols reals at src[item[i] + lane[l]], rows
 * `pitch` apart, and up to 3 columns more.  Lane l of its points goes to dst[i ds + l]. */
typedef struct {
    const real *src;
    const int32_t *item, *lane;
    int64_t items, lanes; /* lane[] is filled up to whole vectors with any valid offsets */
    int64_t pitch;
    int rows, cols;
    gn_wino_form form;
    const gn_wino_unit *unit;
    int units;
    real *dst;
    int64_t ds;
} gn_wino_in;

/* Points to sums: n lanes, whole vectors; `taps`: the form of g. */
typedef struct {
    const real *src;
    int64_t from[GN_POINTS * GN_POINTS], n;
    int points[2], sums[2];
    bool taps;
    real *dst;
    int64_t to[GN_MAX_SUMS * GN_MAX_SUMS];
} gn_wino_out;

/* A vector of positions of a row: read at src + from + tap, written at y + to; n of it count. */
typedef struct {
    int32_t from, n;
    int64_t to;
} gn_thin_piece;

/* Some rows of y (ys apart) at some pieces, a multiple of nv: weights (k, GN_THIN_LD) times what
 * the taps read. */
typedef struct {
    int64_t k;
    const real *a, *src;
    const int32_t *tap;
    const gn_thin_piece *piece;
    int pieces;
    real *y;
    int64_t ys;
    const real *bias_i; /* one a row, or NULL */
    gn_act act;         /* NONE, RELU or LEAKY_RELU; others are left to the caller */
    real slope;
} gn_thin;

typedef struct {
    const char *name;
    int vw, mr, nv;
    gn_ukr *narrow[GN_MAX_MR + 1]; /* [h]: h rows of one vector */
    gn_ukr *wide[GN_MAX_MR + 1];   /* [h]: h rows of nv vectors */
    void (*pack)(const gn_block *b);
    void (*copy_pieces)(const gn_pieces *b);
    void (*copy_lines)(const gn_lines *b);
    void (*fill)(const gn_fill *f);
    void (*thin[GN_MAX_MR + 1])(const gn_thin *t); /* [h]: h rows */
    void (*fold)(const gn_fold *f);
    void (*fill_sheet)(const gn_sheet *f);
    void (*wino_in)(const gn_wino_in *w);
    void (*wino_out)(const gn_wino_out *w);
    void (*zip)(real *y, const real *const *x, int streams, int64_t n);
    void (*fma_loop)(int64_t n, real *sink); /* 10 n independent vector FMAs: the peak */
} gn_gemm_kern;

extern const gn_gemm_kern gn_gemm_portable, gn_gemm_avx2, gn_gemm_avx512, gn_gemm_neon;
extern const gn_gemm_kern *gn_gemm_kernel; /* the one in use */

enum {
    GN_THIN_LD = 16, /* rows of the tallest tile, and some to fill a line */
    GN_KC = 512,     /* most steps of k in a block: a panel of B is GN_KC x wide */
    GN_LINE = 64 / sizeof(real)
};

/* ---- gemm_plan.c: how one call is cut into tiles, panels, blocks and tasks ----------- */
typedef struct {
    gn_gemm_args g; /* with the roles of A and B as the tiles see them */
    const gn_gemm_kern *kern;
    bool a_in_place, b_in_place;
    bool serial;                    /* too small for threads */
    int64_t wide;                   /* columns of a panel */
    int64_t tiles, low;             /* over M: the first m - tiles * low tiles have low + 1 rows */
    int64_t panels;                 /* over N */
    int64_t kc;                     /* block of K, a multiple of 16 */
    int64_t ks, span;               /* of A packed at a time: ks of K, span tiles, group problems */
    int64_t group, a_ld;            /* a_ld: distance of packed rows */
    int64_t row_blocks, col_blocks; /* tasks of one problem */
    int64_t pack_rows;              /* rows of A that one task packs */
    /* where the loops over problems, tiles and K stand */
    int64_t z0, zn, t0, tn, k0, kn;
    real *packed; /* (group, blocks of ks, rows of span, a_ld) */
} gn_gemm_plan;

gn_gemm_plan gn_gemm_make_plan(const gn_gemm_args *g); /* m, n, nbatch > 0 */

static inline int64_t gn_tile_row(const gn_gemm_plan *p, int64_t tile)
{
    return tile * p->low + GN_MIN(tile, p->g.m - p->tiles * p->low);
}

static inline bool gn_dense(const gn_mat *m)
{
    return !m->row && !m->col;
}

#endif
