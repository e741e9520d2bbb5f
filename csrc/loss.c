/* loss.c - the GAN losses by name, written in ops on logits r = D(x) and f = D(G(z)).
 * BCE with a constant target goes through bce_logits; smoothing is one-sided. */
#include "train.h"

#include <string.h>

static gn_tensor *mean(gn_tensor *x)
{
    return gn_mean(x, GN_ALL, false);
}

static gn_tensor *mean_bce(gn_tensor *logits, double target)
{
    return mean(gn_bce_logits(logits, gn_scalar(target)));
}

/* mean sp(-r) + mean sp(f) */
static gn_tensor *logistic_d(void *self, gn_tensor *r, gn_tensor *f, double smooth)
{
    (void)self;
    return gn_add(mean_bce(r, 1 - smooth), mean_bce(f, 0));
}

/* mean sp(-f) (Goodfellow et al. 2014, section 3) */
static gn_tensor *non_saturating_g(void *self, gn_tensor *f, gn_tensor *r)
{
    (void)self, (void)r;
    return mean_bce(f, 1);
}

/* -mean sp(f) */
static gn_tensor *minimax_g(void *self, gn_tensor *f, gn_tensor *r)
{
    (void)self, (void)r;
    return gn_neg(mean_bce(f, 0));
}

static gn_tensor *half_square(gn_tensor *x, double target)
{
    return gn_affine(mean(gn_square(gn_affine(x, 1, -target))), 0.5, 0);
}

/* 1/2 (r - 1)^2 + 1/2 f^2 (Mao et al. 2017, a = 0, b = c = 1) */
static gn_tensor *lsgan_d(void *self, gn_tensor *r, gn_tensor *f, double smooth)
{
    (void)self;
    return gn_add(half_square(r, 1 - smooth), half_square(f, 0));
}

static gn_tensor *lsgan_g(void *self, gn_tensor *f, gn_tensor *r)
{
    (void)self, (void)r;
    return half_square(f, 1);
}

/* mean f - mean r (Arjovsky et al. 2017) */
static gn_tensor *wgan_d(void *self, gn_tensor *r, gn_tensor *f, double smooth)
{
    (void)self, (void)smooth;
    return gn_sub(mean(f), mean(r));
}

static gn_tensor *wgan_g(void *self, gn_tensor *f, gn_tensor *r)
{
    (void)self, (void)r;
    return gn_neg(mean(f));
}

/* mean relu(1 - r) + mean relu(1 + f) (Lim and Ye 2017) */
static gn_tensor *hinge_d(void *self, gn_tensor *r, gn_tensor *f, double smooth)
{
    (void)self, (void)smooth;
    return gn_add(mean(gn_relu(gn_affine(r, -1, 1))), mean(gn_relu(gn_affine(f, 1, 1))));
}

static const gn_loss table[] = {
    {logistic_d, non_saturating_g, NULL, true, "non_saturating"},
    {logistic_d, minimax_g, NULL, true, "minimax"},
    {lsgan_d, lsgan_g, NULL, false, "lsgan"},
    {wgan_d, wgan_g, NULL, false, "wgan"},
    {hinge_d, wgan_g, NULL, false, "hinge"},
};

const gn_loss *gn_loss_find(const char *name)
{
    for (int i = 0; i < GN_COUNT(table); i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}
