/* part.h - part of a dense block of memory: element (i, j, ..) lies at offset + i stride[0] +
 * j stride[1] + ..  Slices, transposes and the like are parts; a flip has negative strides, what
 * expand repeats has strides of 0. */
#ifndef GN_PART_H
#define GN_PART_H

#include "base.h"

typedef struct {
    int64_t offset;
    int ndim;
    int64_t dim[GN_MAX_DIM], stride[GN_MAX_DIM];
} gn_part;

gn_part gn_part_dense(int ndim, const int64_t *dim); /* the whole of a dense block */
int64_t gn_part_numel(const gn_part *p);
bool gn_part_is_dense(const gn_part *p);
/* False when two elements may share their place. */
bool gn_part_is_distinct(const gn_part *p);
bool gn_part_is_inside(const gn_part *p, int64_t numel); /* strides >= 0 */
/* The same elements in another shape without moving them, where strides can say it. */
bool gn_part_reshape(gn_part *p, int ndim, const int64_t *dim);

void gn_part_read(real *y, const real *x, const gn_part *p);  /* y dense */
void gn_part_write(real *x, const gn_part *p, const real *y); /* y dense, elsewhere */

#endif
