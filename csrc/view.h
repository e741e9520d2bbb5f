/* view.h - views: tensors that the user sees as parts of another, their base.  Storage is dense, so
 * a view whose elements do not lie side by side is a copy that knows its base: what is written to
 * it goes to the base, too, and it is read again when the base has been written.
 *
 * A base is never a view: the part of a part is a part of the first. */
#ifndef GN_VIEW_H
#define GN_VIEW_H

#include "node.h"

struct gn_view {
    gn_tensor *base; /* kept */
    gn_part at;      /* in base->data */
    /* What the view was read from: the base's storage, its writes, version and node then. */
    const gn_storage *storage;
    int64_t writes, version, node;
};

/* Where x lies: in what it is a view of, or in itself. */
gn_part gn_view_part(const gn_tensor *x);
/* y becomes the view of x that lies at p, in terms of gn_view_part(x).  Returns y, or NULL with an
 * error pending. */
gn_tensor *gn_view_of(gn_tensor *x, const gn_part *p, gn_tensor *y);
/* The same for what a call of an op whose row has `part` made of its first input. */
gn_tensor *gn_view_made(const gn_call *c, gn_tensor *y);
/* x outside its graph, in the same memory; `alone`: with its own count of writes. */
gn_tensor *gn_view_detach(gn_tensor *x, bool alone);
/* x, or where elements of x share their place the part with each place once.  NULL on failure. */
gn_tensor *gn_view_once(gn_tensor *x);
/* Values and node as the base has them now.  For a tensor with x->view; false on failure. */
bool gn_view_read(gn_tensor *x);
/* x takes y's values, in memory and in that of its base; when recording, y's history, none when y
 * is a constant.  The shapes are equal. */
bool gn_assign(gn_tensor *x, gn_tensor *y);
/* The same where y was not made of x: gradients of what x was are zeros. */
bool gn_overwrite(gn_tensor *x, gn_tensor *y);

#endif
