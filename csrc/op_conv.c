/* op_conv.c - convolutions: PyTorch's arguments to and from kern/conv.h.
 *
 * conv2d, conv_transpose2d and conv2d_dw compute y, x and w of one trilinear form, so the
 * derivatives of each are the other two and the three are closed under differentiation. */
#include "kern/conv_plan.h"
#include "ops.h"

#include <string.h>

enum { MOST = INT32_MAX };

/* ---- arguments ----------------------------------------------------------------------- */

/* One or two values, (h, w). */
static bool read_pair(const char *op, const char *name, const gn_attr *a, int64_t least, int64_t *h,
                      int64_t *w)
{
    if (a->n != 1 && a->n != 2)
        return gn_fail("%s: %s has %d entries, expected 1 or 2", op, name, a->n);
    *h = a->v[0];
    *w = a->v[a->n - 1];
    int64_t low = GN_MIN(*h, *w), high = GN_MAX(*h, *w);
    return (low >= least && high <= MOST) ||
           gn_fail("%s: %s = (%lld, %lld), expected %lld to %d", op, name, (long long)*h,
                   (long long)*w, (long long)least, MOST);
}

typedef struct {
    int64_t left, right, top, bottom;
} borders;

/* One value, (h, w) or (left, right, top, bottom), the order of pad. */
static bool read_padding(const char *op, const gn_attr *a, borders *b)
{
    if (a->n == 4) {
        *b = (borders){a->v[0], a->v[1], a->v[2], a->v[3]};
        for (int i = 0; i < 4; i++)
            if (a->v[i] < 0 || a->v[i] > MOST)
                return gn_fail("%s: padding = %s, expected 0 to %d each", op, gn_dims_text(4, a->v),
                               MOST);
        return true;
    }
    if (a->n != 1 && a->n != 2)
        return gn_fail("%s: padding has %d entries, expected 1, 2 (height, width) or 4 (left, "
                       "right, top, bottom)",
                       op, a->n);
    bool ok = read_pair(op, "padding", a, 0, &b->top, &b->left);
    b->bottom = b->top, b->right = b->left;
    return ok;
}

static bool read_geometry(const char *op, const gn_attr *stride, const gn_attr *padding,
                          const gn_attr *dilation, const gn_attr *groups, gn_conv_shape *s,
                          borders *b)
{
    if (!read_pair(op, "stride", stride, 1, &s->sh, &s->sw) || !read_padding(op, padding, b) ||
        !read_pair(op, "dilation", dilation, 1, &s->dh, &s->dw))
        return false;
    s->top = b->top;
    s->left = b->left;
    s->groups = groups->i;
    if (s->groups < 1)
        return gn_fail("%s: groups = %lld, expected at least 1", op, (long long)s->groups);
    return true;
}

static bool check_tensors(const char *op, const gn_tensor *x, const gn_tensor *w)
{
    if (x->ndim != 4)
        return gn_fail("%s: input has shape %s, expected 4 dimensions (N, C, H, W)", op,
                       gn_shape_text(x));
    if (w->ndim != 4 || !w->numel)
        return gn_fail("%s: w has shape %s, expected 4 dimensions of at least 1", op,
                       gn_shape_text(w));
    return true;
}

static bool check_bias(const char *op, const gn_tensor *b, int64_t channels)
{
    if (b && (b->ndim != 1 || b->dim[0] != channels))
        return gn_fail("%s: b has shape %s, expected (%lld,)", op, gn_shape_text(b),
                       (long long)channels);
    return true;
}

static int64_t reach(int64_t kernel, int64_t dilation)
{
    return (kernel - 1) * dilation + 1;
}

/* P and Q from the rest. */
static bool set_output(const char *op, gn_conv_shape *s, const borders *b)
{
    int64_t h = s->h + b->top + b->bottom, w = s->w + b->left + b->right;
    int64_t r = reach(s->r, s->dh), t = reach(s->s, s->dw);
    if (h < r || w < t)
        return gn_fail("%s: the kernel spans %lld x %lld, more than the padded input of %lld x "
                       "%lld; pad more or use a smaller kernel",
                       op, (long long)r, (long long)t, (long long)h, (long long)w);
    s->p = (h - r) / s->sh + 1;
    s->q = (w - t) / s->sw + 1;
    return true;
}

/* ---- running a pass ------------------------------------------------------------------ */

/* alike: the loop is chosen as for a batch of usual size, whatever that of this one is. */
static bool run_pass(const char *op, gn_conv_args *a, bool alike)
{
    enum { USUAL_BATCH = 64 };
    if (!gn_conv_fits(&a->shape))
        return gn_fail("%s: stride, dilation and kernel are too large: (%lld, %lld), (%lld, %lld), "
                       "(%lld, %lld)",
                       op, (long long)a->shape.sh, (long long)a->shape.sw, (long long)a->shape.dh,
                       (long long)a->shape.dw, (long long)a->shape.r, (long long)a->shape.s);
    a->batch = alike ? USUAL_BATCH : a->shape.n;
    a->threads = gn_get_num_threads();
    gn_conv_plan plan = gn_conv_make_plan(a);
    void *work = gn_alloc("convolution workspace", plan.workspace);
    if (work)
        gn_conv(&plan, work);
    gn_free(work);
    return gn_failed() == GN_OK;
}

static gn_tensor *new_4d(int64_t n, int64_t c, int64_t h, int64_t w)
{
    return gn_tensor_new(4, (int64_t[]){n, c, h, w});
}

static gn_epilogue epilogue(const gn_tensor *b, const gn_attr *act)
{
    return (gn_epilogue){
        .bias = b ? b->data : NULL, .act = (gn_act)act[0].i, .slope = (real)act[1].f};
}

/* ---- the calls that vjps make -------------------------------------------------------- */

typedef struct {
    gn_attr stride, padding, dilation, groups;
} geometry;

static gn_tensor *conv2d(gn_tensor *x, gn_tensor *w, const geometry *g)
{
    gn_attr attrs[] = {g->stride, g->padding, g->dilation, g->groups, gn_attr_int(GN_ACT_NONE)};
    gn_call c = {.op = &gn_op_conv2d, .nin = 3, .in = {x, w}};
    memcpy(c.attr, attrs, sizeof attrs);
    return x && w ? gn_apply(&c) : NULL;
}

static gn_tensor *conv2d_dw(gn_tensor *x, gn_tensor *dy, const gn_tensor *w, const geometry *g)
{
    gn_attr kernel = gn_attr_ints(2, w->dim + 2);
    gn_attr attrs[] = {kernel, g->stride, g->padding, g->dilation, g->groups};
    gn_call c = {.op = &gn_op_conv2d_dw, .nin = 2, .in = {x, dy}};
    memcpy(c.attr, attrs, sizeof attrs);
    return x && dy ? gn_apply(&c) : NULL;
}

/* The rest of a division by the stride: rows of x that no output pixel reaches. */
static int64_t unreached(int64_t size, int64_t pixels, int64_t stride, int64_t pad, int64_t span)
{
    return size + pad - span - (pixels - 1) * stride;
}

/* x of the shape (.., h, w) from y. */
static gn_tensor *conv2d_dx(gn_tensor *y, gn_tensor *w, const gn_tensor *x, const geometry *g)
{
    gn_conv_shape s = {0};
    borders b;
    if (!y || !w ||
        !read_geometry("conv2d", &g->stride, &g->padding, &g->dilation, &g->groups, &s, &b))
        return NULL;
    int64_t more[2] = {
        unreached(x->dim[2], y->dim[2], s.sh, b.top + b.bottom, reach(w->dim[2], s.dh)),
        unreached(x->dim[3], y->dim[3], s.sw, b.left + b.right, reach(w->dim[3], s.dw)),
    };
    gn_attr attrs[] = {g->stride, g->padding,  gn_attr_ints(2, more),
                       g->groups, g->dilation, gn_attr_int(GN_ACT_NONE)};
    gn_call c = {.op = &gn_op_conv_transpose2d, .nin = 3, .in = {y, w}};
    memcpy(c.attr, attrs, sizeof attrs);
    return gn_apply(&c);
}

/* ---- conv2d -------------------------------------------------------------------------- */

static bool conv2d_shape(gn_call *c, gn_conv_shape *s)
{
    gn_tensor *x = c->in[0], *w = c->in[1];
    borders b;
    if (!check_tensors("conv2d", x, w) ||
        !read_geometry("conv2d", &c->attr[0], &c->attr[1], &c->attr[2], &c->attr[3], s, &b) ||
        !check_bias("conv2d", c->in[2], w->dim[0]) || !gn_check_slope("conv2d", c->attr[5].f))
        return false;
    s->n = x->dim[0], s->c = x->dim[1], s->h = x->dim[2], s->w = x->dim[3];
    s->o = w->dim[0], s->r = w->dim[2], s->s = w->dim[3];
    if (s->c % s->groups || s->o % s->groups || w->dim[1] != s->c / s->groups)
        return gn_fail(
            "conv2d: input has shape %s, w %s, groups = %lld: expected w (O, C / groups, "
            "R, S) with C and O multiples of groups",
            gn_shape_text(x), gn_shape_text(w), (long long)s->groups);
    return set_output("conv2d", s, &b);
}

static gn_tensor *conv2d_fwd(gn_call *c)
{
    gn_conv_args a = {.pass = GN_CONV_Y};
    if (!conv2d_shape(c, &a.shape))
        return NULL;
    const gn_conv_shape *s = &a.shape;
    gn_tensor *y = new_4d(s->n, s->o, s->p, s->q);
    if (!y || !y->numel)
        return y;
    a.x = c->in[0]->data;
    a.w = c->in[1]->data;
    a.y = y->data;
    a.epilogue = epilogue(c->in[2], c->attr + 4);
    return run_pass("conv2d", &a, c->attr[6].i) ? y : NULL;
}

static void conv2d_vjp(gn_call *c, gn_tensor *y, gn_tensor *dy, gn_tensor **dx)
{
    gn_tensor *x = c->in[0], *w = c->in[1];
    geometry g = {c->attr[0], c->attr[1], c->attr[2], c->attr[3]};
    gn_tensor *dz = gn_activate_dx(dy, y, (gn_act)c->attr[4].i, c->attr[5].f);
    if (gn_wants(c, 0))
        dx[0] = conv2d_dx(dz, w, x, &g);
    if (gn_wants(c, 1))
        dx[1] = conv2d_dw(x, dz, w, &g);
    if (gn_wants(c, 2) && dz)
        dx[2] = gn_sum(dz, (gn_dims){.n = 3, .v = {0, 2, 3}}, false);
}

const gn_op gn_op_conv2d = {
    .name = "conv2d",
    .sig = "input, w, b=None, *, stride:dims=1, padding:dims=0, dilation:dims=1, groups:int=1, "
           "act:none|relu|leaky_relu|tanh|sigmoid='none', slope:float=0.2, alike:bool=False",
    .doc =
        "act(cross-correlation of x (N, C, H, W) with w (O, C / groups, R, S) + b (O,)). padding "
        "is one value, (height, width) or (left, right, top, bottom).",
    .fwd = conv2d_fwd,
    .vjp = conv2d_vjp,
    .needs = "01y"};

/* ---- conv_transpose2d ---------------------------------------------------------------- */

static bool set_input(gn_conv_shape *s, const borders *b, const gn_attr *more)
{
    int64_t mh = 0, mw = 0;
    const char *op = "conv_transpose2d";
    if (!read_pair(op, "output_padding", more, 0, &mh, &mw))
        return false;
    if (mh >= GN_MAX(s->sh, s->dh) || mw >= GN_MAX(s->sw, s->dw))
        return gn_fail("%s: output_padding = (%lld, %lld), expected less than stride or dilation",
                       op, (long long)mh, (long long)mw);
    if (__builtin_mul_overflow(s->p - 1, s->sh, &s->h) ||
        __builtin_mul_overflow(s->q - 1, s->sw, &s->w) || GN_MAX(s->h, s->w) > INT64_MAX / 4)
        return gn_fail("%s: the output is too large", op);
    s->h += reach(s->r, s->dh) + mh - b->top - b->bottom;
    s->w += reach(s->s, s->dw) + mw - b->left - b->right;
    if (s->h < 1 || s->w < 1)
        return gn_fail("%s: the output would be %lld x %lld, expected at least 1 x 1; pad less", op,
                       (long long)s->h, (long long)s->w);
    return true;
}

static bool conv_transpose2d_shape(gn_call *c, gn_conv_shape *s)
{
    gn_tensor *y = c->in[0], *w = c->in[1];
    const char *op = "conv_transpose2d";
    borders b;
    if (!check_tensors(op, y, w) ||
        !read_geometry(op, &c->attr[0], &c->attr[1], &c->attr[4], &c->attr[3], s, &b) ||
        !gn_check_slope(op, c->attr[6].f))
        return false;
    s->n = y->dim[0], s->o = y->dim[1], s->p = y->dim[2], s->q = y->dim[3];
    s->r = w->dim[2], s->s = w->dim[3];
    if (w->dim[0] != s->o || s->o % s->groups || !s->p || !s->q ||
        __builtin_mul_overflow(w->dim[1], s->groups, &s->c))
        return gn_fail("conv_transpose2d: input has shape %s, w %s, groups = %lld: expected input "
                       "(N, C, H, W) and w (C, O / groups, R, S), C a multiple of groups",
                       gn_shape_text(y), gn_shape_text(w), (long long)s->groups);
    return check_bias(op, c->in[2], s->c) && set_input(s, &b, &c->attr[2]);
}

static gn_tensor *conv_transpose2d_fwd(gn_call *c)
{
    gn_conv_args a = {.pass = GN_CONV_X};
    if (!conv_transpose2d_shape(c, &a.shape))
        return NULL;
    const gn_conv_shape *s = &a.shape;
    gn_tensor *x = new_4d(s->n, s->c, s->h, s->w);
    if (!x || !x->numel)
        return x;
    a.y = c->in[0]->data;
    a.w = c->in[1]->data;
    a.x = x->data;
    a.epilogue = epilogue(c->in[2], c->attr + 5);
    return run_pass("conv_transpose2d", &a, c->attr[7].i) ? x : NULL;
}

/* y cut, or extended with zeros, to `size`. */
static gn_tensor *fitted(gn_tensor *y, int64_t dim, int64_t size)
{
    if (!y || y->dim[dim] == size)
        return y;
    return size < y->dim[dim] ? gn_narrow(y, dim, 0, size) : gn_embed(y, dim, 0, size);
}

static void conv_transpose2d_vjp(gn_call *c, gn_tensor *x, gn_tensor *dx, gn_tensor **d)
{
    gn_tensor *y = c->in[0], *w = c->in[1];
    geometry g = {c->attr[0], c->attr[1], c->attr[4], c->attr[3]};
    gn_tensor *dz = gn_activate_dx(dx, x, (gn_act)c->attr[5].i, c->attr[6].f);
    /* an output padding of the stride or more: output pixels that y does not have */
    const gn_attr *more = &c->attr[2], *stride = &g.stride;
    int64_t p = y->dim[2], p_all = p + more->v[0] / stride->v[0];
    int64_t q = y->dim[3], q_all = q + more->v[more->n - 1] / stride->v[stride->n - 1];
    if (gn_wants(c, 0))
        d[0] = fitted(fitted(conv2d(dz, w, &g), 2, p), 3, q);
    if (gn_wants(c, 1))
        d[1] = conv2d_dw(dz, fitted(fitted(y, 2, p_all), 3, q_all), w, &g);
    if (gn_wants(c, 2) && dz)
        d[2] = gn_sum(dz, (gn_dims){.n = 3, .v = {0, 2, 3}}, false);
}

const gn_op gn_op_conv_transpose2d = {
    .name = "conv_transpose2d",
    .sig = "input, w, b=None, *, stride:dims=1, padding:dims=0, output_padding:dims=0, "
           "groups:int=1, dilation:dims=1, act:none|relu|leaky_relu|tanh|sigmoid='none', "
           "slope:float=0.2, alike:bool=False",
    .doc = "act(transposed convolution + b): the gradient of conv2d with respect to its input. "
           "x (N, C, H, W), w (C, O / groups, R, S), b (O,).",
    .fwd = conv_transpose2d_fwd,
    .vjp = conv_transpose2d_vjp,
    .needs = "01y"};

/* ---- conv2d_dw ----------------------------------------------------------------------- */

static bool conv2d_dw_shape(gn_call *c, gn_conv_shape *s)
{
    gn_tensor *x = c->in[0], *y = c->in[1];
    const char *op = "conv2d_dw";
    borders b;
    if (x->ndim != 4 || y->ndim != 4)
        return gn_fail("%s: shapes %s and %s, expected 4 dimensions", op, gn_shape_text(x),
                       gn_shape_text(y));
    if (!read_pair(op, "kernel", &c->attr[0], 1, &s->r, &s->s) ||
        !read_geometry(op, &c->attr[1], &c->attr[2], &c->attr[3], &c->attr[4], s, &b))
        return false;
    s->n = x->dim[0], s->c = x->dim[1], s->h = x->dim[2], s->w = x->dim[3];
    s->o = y->dim[1];
    if (!set_output(op, s, &b))
        return false;
    if (!s->c || !s->o || s->c % s->groups || s->o % s->groups || y->dim[0] != s->n ||
        y->dim[2] != s->p || y->dim[3] != s->q)
        return gn_fail(
            "%s: x has shape %s, dy %s, groups = %lld: expected dy (%lld, O, %lld, %lld), "
            "C and O multiples of groups",
            op, gn_shape_text(x), gn_shape_text(y), (long long)s->groups, (long long)s->n,
            (long long)s->p, (long long)s->q);
    return true;
}

static gn_tensor *conv2d_dw_fwd(gn_call *c)
{
    gn_conv_args a = {.pass = GN_CONV_W};
    if (!conv2d_dw_shape(c, &a.shape))
        return NULL;
    const gn_conv_shape *s = &a.shape;
    gn_tensor *w = new_4d(s->o, s->c / s->groups, s->r, s->s);
    if (w && !s->n)
        memset(w->data, 0, (size_t)w->numel * sizeof(real));
    if (!w || !s->n)
        return w;
    a.x = c->in[0]->data;
    a.y = c->in[1]->data;
    a.w = w->data;
    return run_pass("conv2d_dw", &a, false) ? w : NULL;
}

static void conv2d_dw_vjp(gn_call *c, gn_tensor *w, gn_tensor *dw, gn_tensor **d)
{
    gn_tensor *x = c->in[0], *y = c->in[1];
    geometry g = {c->attr[1], c->attr[2], c->attr[3], c->attr[4]};
    (void)w;
    if (gn_wants(c, 0))
        d[0] = conv2d_dx(y, dw, x, &g);
    if (gn_wants(c, 1))
        d[1] = conv2d(x, dw, &g);
}

const gn_op gn_op_conv2d_dw = {
    .name = "conv2d_dw",
    .sig =
        "input, dy, *, kernel:dims, stride:dims=1, padding:dims=0, dilation:dims=1, groups:int=1",
    .doc = "The gradient of conv2d with respect to w: x (N, C, H, W), dy (N, O, P, Q).",
    .fwd = conv2d_dw_fwd,
    .vjp = conv2d_dw_vjp,
    .needs = "01"};
