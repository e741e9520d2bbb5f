/* gan.c - the alternating step of Goodfellow et al. 2014, algorithm 1.
 *
 * D learns on a real batch and on fakes that carry no graph, in one update or in two; G learns
 * through D, whose parameters are not differentiated: minimize asks for the generator's alone. */
#include "train.h"

#include <math.h>
#include <string.h>

gn_tensor *gn_gan_latent(gn_gan *gan, int64_t n)
{
    int64_t dim[GN_MAX_DIM] = {n};
    memcpy(dim + 1, gan->latent_dim, (size_t)gan->latent_ndim * sizeof *dim);
    int ndim = gan->latent_ndim + 1;
    return gan->uniform_latent ? gn_rand_uniform(ndim, dim, gan->rng, -1, 1)
                               : gn_rand_normal(ndim, dim, gan->rng, 0, 1);
}

static gn_tensor *forward(const gn_net *net, gn_tensor *x)
{
    return x && !gn_failed() ? net->forward(net->self, x) : NULL;
}

static gn_tensor *fake_without_graph(gn_gan *gan, int64_t n)
{
    bool was = gn_set_grad_mode(false);
    gn_tensor *fake = forward(&gan->g, gn_gan_latent(gan, n));
    gn_set_grad_mode(was);
    return fake;
}

/* Logits of both batches; the first rows are the real ones. */
static bool judge(gn_gan *gan, gn_tensor *x, gn_tensor *fake, gn_tensor **r, gn_tensor **f)
{
    if (!fake)
        return false;
    if (!gan->joint) {
        *r = forward(&gan->d, x);
        *f = forward(&gan->d, fake);
        return *r && *f;
    }
    gn_tensor *both = forward(&gan->d, gn_cat(2, (gn_tensor *[]){x, fake}, 0));
    if (both && (both->ndim == 0 || both->dim[0] != x->dim[0] + fake->dim[0]))
        return gn_fail("the discriminator returned shape %s for a batch of %lld, expected one row "
                       "a sample",
                       gn_shape_text(both), (long long)(x->dim[0] + fake->dim[0]));
    *r = both ? gn_narrow(both, 0, 0, x->dim[0]) : NULL;
    *f = both ? gn_narrow(both, 0, x->dim[0], fake->dim[0]) : NULL;
    return *r && *f;
}

static double value(gn_tensor *scalar)
{
    return scalar && scalar->numel == 1 ? (double)scalar->data[0] : NAN;
}

static double mean_output(const gn_gan *gan, gn_tensor *logits)
{
    bool was = gn_set_grad_mode(false);
    gn_tensor *v = gn_mean(gan->loss.probability ? gn_sigmoid(logits) : logits, GN_ALL, false);
    gn_set_grad_mode(was);
    return value(v);
}

static void clip_weights(gn_net *net, double c)
{
    for (int k = 0; k < net->noptim; k++)
        for (int i = 0; i < net->optim[k]->n; i++) {
            gn_tensor *p = net->optim[k]->param[i];
            gn_vec->unary[GN_UNARY_clamp_scalar](p->data, p->data, p->numel, (real)-c, (real)c);
            gn_tensor_touch(p);
        }
}

/* One update of D from a loss; the norm of the gradient. */
static double update_d(gn_gan *gan, gn_tensor *loss)
{
    double norm = gn_optim_minimize(gan->d.noptim, gan->d.optim, loss);
    if (!gn_failed() && gan->weight_clip > 0)
        clip_weights(&gan->d, gan->weight_clip);
    return norm;
}

static gn_tensor *d_loss(gn_gan *gan, gn_tensor *r, gn_tensor *f)
{
    return r && f ? gan->loss.d_loss(gan->loss.self, r, f, gan->label_smoothing) : NULL;
}

static bool update_on_both(gn_gan *gan, gn_tensor *x, gn_tensor *fake, gn_gan_stats *stats)
{
    gn_tensor *r = NULL, *f = NULL;
    if (!judge(gan, x, fake, &r, &f))
        return false;
    gn_tensor *loss = d_loss(gan, r, f);
    if (gan->d_scale != 1)
        loss = gn_affine(loss, gan->d_scale, 0);
    stats->d_real = mean_output(gan, r);
    stats->d_fake = mean_output(gan, f);
    stats->d_loss = value(loss);
    stats->d_grad_norm = update_d(gan, loss);
    return gn_failed() == GN_OK;
}

/* The logits that an update is not about are constants: in a loss that is the sum of a real
 * and a fake half they leave the gradient of the other half alone. */
static bool update_on_each(gn_gan *gan, gn_tensor *x, gn_tensor *fake, gn_gan_stats *stats)
{
    gn_tensor *r = forward(&gan->d, x);
    double real_norm = update_d(gan, d_loss(gan, r, r ? gn_zeros_like(r) : NULL));
    gn_tensor *f = forward(&gan->d, fake);
    double fake_norm = update_d(gan, d_loss(gan, f ? gn_zeros_like(f) : NULL, f));
    if (gn_failed())
        return false;
    stats->d_real = mean_output(gan, r);
    stats->d_fake = mean_output(gan, f);
    stats->d_loss = gan->d_scale * value(d_loss(gan, gn_detach(r), gn_detach(f)));
    stats->d_grad_norm = sqrt(real_norm * real_norm + fake_norm * fake_norm);
    return gn_failed() == GN_OK;
}

static bool d_step(gn_gan *gan, gn_tensor *x, gn_tensor *fake, gn_gan_stats *stats)
{
    fake = fake ? gn_detach(fake) : fake_without_graph(gan, x->dim[0]);
    return gan->separate ? update_on_each(gan, x, fake, stats)
                         : update_on_both(gan, x, fake, stats);
}

static bool g_step(gn_gan *gan, gn_tensor *x, gn_tensor *fake)
{
    if (!fake)
        fake = forward(&gan->g, gn_gan_latent(gan, x->dim[0]));
    gn_tensor *f = forward(&gan->d, fake);
    gn_tensor *loss = f ? gan->loss.g_loss(gan->loss.self, f, NULL) : NULL;
    double norm = gn_optim_minimize(gan->g.noptim, gan->g.optim, loss);
    if (gn_failed() || (gan->average && !gn_average_update(gan->average)))
        return false;
    gan->g_loss = value(loss);
    gan->g_grad_norm = norm;
    return true;
}

/* Both updates in turn, each in a scope of its own, so that its graph is gone before the
 * next one begins.  Not interruptible: parameters are always those of a step boundary. */
static bool both_steps(gn_gan *gan, gn_tensor *x, gn_gan_stats *stats)
{
    gn_tensor *fake = NULL; /* with its graph, when both updates use it */
    if (gan->same_fakes && gan->phase + 1 == gan->n_critic &&
        !(fake = forward(&gan->g, gn_gan_latent(gan, x->dim[0]))))
        return false;
    int64_t mark = gn_scope_begin();
    bool ok = d_step(gan, x, fake, stats);
    gn_scope_end(mark);
    if (!ok)
        return false;
    if (++gan->phase < gan->n_critic)
        return true;
    mark = gn_scope_begin();
    ok = g_step(gan, x, fake);
    gn_scope_end(mark);
    gan->phase = 0;
    return ok;
}

bool gn_gan_step(gn_gan *gan, gn_tensor *x, gn_gan_stats *stats)
{
    bool was = gn_set_interruptible(false);
    int64_t mark = gn_scope_begin();
    bool ok = both_steps(gan, x, stats);
    gn_scope_end(mark);
    gn_set_interruptible(was);
    stats->g_loss = gan->g_loss;
    stats->g_grad_norm = gan->g_grad_norm;
    return ok;
}
