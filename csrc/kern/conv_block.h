/* conv_block.h - the blocks of output pixels in which a convolution is computed, the padded input
 * tile that each reads, and the memory of a task.
 *
 * Output rows of all images are numbered through (rows of more than GN_BLOCK_PIXELS pixels are
 * cut first); a block is a few of them in turn.  The rows of x that a block touches are copied
 * to a padded input tile, with zeros around and with the columns of each phase modulo the stride
 * together: output pixel q of tap s lies at (s dw mod sw) wi + s dw / sw + q, so that what a tap
 * reads is contiguous.  Only this tile is padded, never the image. */
#ifndef GN_CONV_BLOCK_H
#define GN_CONV_BLOCK_H

#include "conv.h"
#include "gemm.h"
#include "im2col.h"

enum { GN_BLOCK_PIXELS = 512 }; /* at most */

/* How the output pixels are cut into blocks; depends on the shape alone. */
typedef struct {
    gn_conv_shape s;
    int64_t cuts, ql;     /* a row of Q pixels is `cuts` rows of at most ql */
    int64_t rows, blocks; /* rows of a block, number of blocks */
    int64_t pixels;       /* most of a block */
    int64_t wi, pitch;    /* columns of a phase; of a row of the padded input tile */
    int64_t plane;        /* elements of one channel of the padded input tile */
} gn_blocking;

/* Rows p0 .. p1-1 of one image, columns q0 .. q0+ql-1. */
typedef struct {
    int64_t n, p0, p1, q0, ql;
    int64_t at;   /* number of the first pixel in the block */
    int64_t base; /* where its rows begin in a plane of the padded input tile */
} gn_span;

/* The output pixels of one block. */
typedef struct {
    int64_t count;
    int nspan;
    gn_span span[GN_BLOCK_PIXELS + 2];
} gn_pixels;

/* n output pixels from number `at` of a block on, contiguous at `to` of a channel of y */
typedef struct {
    int32_t at, n;
    int64_t to;
} gn_run;

gn_blocking gn_blocking_make(const gn_conv_shape *s, int64_t wanted);  /* pixels of a block */
gn_blocking gn_blocking_of_rows(const gn_conv_shape *s, int64_t rows); /* of a block */
int64_t gn_usual_block(const gn_conv_shape *s); /* pixels that keep y of a block in the cache */
void gn_block_pixels(const gn_blocking *g, int64_t block, gn_pixels *at);
/* Elements of a padded input tile, with slack at the end. */
int64_t gn_padded_size(const gn_blocking *g, int64_t channels);
/* Channels c0 .. c0+nc-1 of x, counted over all groups. */
void gn_padded_fill(const gn_blocking *g, const gn_pixels *at, const real *x, int64_t c0,
                    int64_t nc, real *padded);
/* Where tap (c, r, s) of output pixel 0 lies: nc R S offsets. */
void gn_tap_offsets(const gn_blocking *g, int64_t nc, int32_t *offset);
/* Copies of a vector each that lay what one tap reads at pixels j .. j+n-1 side by side. */
int gn_tap_copies(const gn_blocking *g, const gn_pixels *at, int64_t j, int64_t n, gn_vec_copy *to);
/* The same pixels in a channel of y itself. */
int gn_output_runs(const gn_blocking *g, const gn_pixels *at, int64_t j, int64_t n, gn_run *to);

/* ---- the memory of a task: as many slots as threads can run ------------------------- */
typedef struct {
    real *base;
    int64_t size, count; /* reals in a slot; slots */
    int32_t *busy;
} gn_slots;

real *gn_slot_take(const gn_slots *s);
void gn_slot_give(const gn_slots *s, const real *slot);

#endif
