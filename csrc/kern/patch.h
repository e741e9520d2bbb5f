/* patch.h - what the three passes of convolution share: positions of y in blocks, and the
 * padded copy of that part of x which a block needs.
 *
 * Output rows of all images are numbered through (rows of more than GN_CONV_COLUMNS
 * positions are cut first); a block is a few of them in turn.  The rows of x that a block
 * touches are copied to a patch, with zeros around and with the columns of each phase
 * modulo the stride together: position q of tap s lies at (s dw mod sw) wi + s dw / sw + q,
 * so that what a tap reads is contiguous. */
#ifndef GN_PATCH_H
#define GN_PATCH_H

#include "conv.h"
#include "gemm.h"

enum { GN_CONV_COLUMNS = 512 };

/* How y is cut into blocks; depends on the shape alone. */
typedef struct {
    gn_conv_shape s;
    int64_t cuts, ql;     /* a row of Q positions is `cuts` rows of at most ql */
    int64_t rows, blocks; /* rows of a block, number of blocks */
    int64_t columns;      /* most positions of a block */
    int64_t wi, pitch;    /* columns of a phase; of a row of the patch */
    int64_t plane;        /* elements of one channel of a patch */
} gn_grid;

/* Rows p0 .. p1-1 of one image, columns q0 .. q0+ql-1. */
typedef struct {
    int64_t n, p0, p1, q0, ql;
    int64_t at;   /* number of the first position in the block */
    int64_t base; /* where its rows begin in a plane of the patch */
} gn_span;

typedef struct {
    int64_t columns; /* positions */
    int nspan;
    gn_span span[GN_CONV_COLUMNS + 2];
} gn_positions;

gn_grid gn_grid_make(const gn_conv_shape *s, int64_t wanted);  /* positions of a block */
gn_grid gn_grid_of_rows(const gn_conv_shape *s, int64_t rows); /* of a block */
void gn_grid_block(const gn_grid *g, int64_t block, gn_positions *at);
size_t gn_patch_size(const gn_grid *g, int64_t channels); /* elements, with slack at the end */
/* Channels c0 .. c0+nc-1 of x, counted over all groups. */
void gn_patch_fill(const gn_grid *g, const gn_positions *at, const real *x, int64_t c0, int64_t nc,
                   real *patch);
/* Where tap (c, r, s) of position 0 lies: nc R S offsets. */
void gn_patch_taps(const gn_grid *g, int64_t nc, int32_t *offset);
/* Copies of a vector each that lay positions j .. j+n-1 of one tap side by side. */
int gn_patch_pieces(const gn_grid *g, const gn_positions *at, int64_t j, int64_t n, gn_piece *to);
/* The same for a channel of y itself: runs of contiguous positions. */
int gn_output_runs(const gn_grid *g, const gn_positions *at, int64_t j, int64_t n, gn_run *to);

/* ---- the memory of a task: as many slots as threads can run ------------------------- */
typedef struct {
    real *base;
    int64_t size, count; /* reals in a slot; slots */
    int32_t *busy;
} gn_slots;

real *gn_slot_take(const gn_slots *s);
void gn_slot_give(const gn_slots *s, const real *slot);

#endif
