/* norm_layer.c - layer norm with a weight and a bias per element: some samples of norm_rows.c,
 * whose statistics are known.  Long ones are worked on in pieces, the last first on the way
 * back. */
#include "norm.h"
#include "vec.h"

#include <string.h>

enum { PIECE = 8192 }; /* elements of a sample whose sums are chains of additions */

static int64_t pieces(const gn_norm *p)
{
    return gn_ceil_div(p->len, PIECE);
}

/* Piece i of samples k .. k + nk - 1, which lies at *at in x, and its coefficients. */
static gn_cols piece_of(const gn_norm *p, int64_t k, int64_t nk, int64_t i, int64_t *at,
                        gn_norm_layer *c)
{
    int64_t n = GN_MIN(PIECE, p->len - i * PIECE);
    *at = k * p->len + i * PIECE;
    c->mean = p->mean + k;
    c->rstd = p->rstd + k;
    c->w = p->w + i * PIECE;
    c->b = p->b + i * PIECE;
    return (gn_cols){nk, p->len, n, p->act, p->before, p->slope, 0};
}

void gn_norm_layer_apply(const gn_norm *p, int64_t k, int64_t nk)
{
    for (int64_t i = pieces(p) - 1; i >= 0; i--) {
        int64_t at;
        gn_norm_layer c = {0};
        gn_cols g = piece_of(p, k, nk, i, &at, &c);
        gn_vec->layer_apply(p->out + at, p->x + at, &c, &g);
    }
}

void gn_norm_layer_backward(const gn_norm *p, real *dw, real *db, int64_t k, int64_t nk)
{
    real sum[GN_NORM_MANY] = {0}, dot[GN_NORM_MANY] = {0}, more[GN_NORM_MANY], dots[GN_NORM_MANY];
    int64_t at;
    for (int64_t i = 0; i < pieces(p); i++) {
        gn_norm_layer c = {0};
        gn_cols g = piece_of(p, k, nk, i, &at, &c);
        const real *y = p->y ? p->y + at : NULL;
        gn_vec->layer_sums(more, dots, dw + i * PIECE, db + i * PIECE, p->dy + at, p->x + at, y, &c,
                           &g);
        gn_vec->add_row(sum, more, nk);
        gn_vec->add_row(dot, dots, nk);
    }
    for (int64_t j = 0; j < nk; j++) {
        real rstd = p->rstd[k + j], scale = -rstd / (real)p->len;
        sum[j] *= scale;
        dot[j] *= scale * rstd * rstd;
    }
    for (int64_t i = pieces(p) - 1; p->out && i >= 0; i--) {
        gn_norm_layer c = {.p = dot, .q = sum};
        gn_cols g = piece_of(p, k, nk, i, &at, &c);
        const real *y = p->y ? p->y + at : NULL;
        gn_vec->layer_dx(p->out + at, p->dy + at, p->x + at, y, &c, &g);
    }
}
