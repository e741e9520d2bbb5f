/* train.h - what makes the core a GAN trainer: parameters in one storage, optimizers,
 * losses on logits, and the alternating step. */
#ifndef GN_TRAIN_H
#define GN_TRAIN_H

#include "ops.h"

/* ---- params.c ----------------------------------------------------------------------------
 * Moves the tensors into one new storage, in order; the handles stay valid.  Checkpoint,
 * EMA and hashing are then one loop. */
bool gn_params_flatten(int n, gn_tensor **param);

/* ---- optim.c ------------------------------------------------------------------------- */
typedef enum { GN_SGD, GN_ADAM, GN_RMSPROP, GN_ADAGRAD } gn_algorithm;
enum { GN_SLOTS = 3 };

typedef struct {
    gn_algorithm algorithm;
    /* Hyper-parameters by PyTorch's names; those an algorithm lacks are 0. */
    double lr, momentum, dampening, beta1, beta2, alpha, eps, weight_decay, lr_decay, clip;
    bool nesterov, decoupled, centered;
    int64_t steps; /* updates done */
    int n;
    gn_tensor **param;          /* kept */
    gn_tensor **slot[GN_SLOTS]; /* state, one tensor a parameter, or NULL */
} gn_optim;

const char *gn_slot_name(const gn_optim *o, int slot); /* "exp_avg"; NULL: not used */
bool gn_optim_init(gn_optim *o, int n, gn_tensor **param, double initial_accumulator);
bool gn_optim_add_slots(gn_optim *o, double value); /* those that new numbers call for */
void gn_optim_free(gn_optim *o);
/* One update from the given gradients (NULL: that parameter is left alone). */
bool gn_optim_update(gn_optim *o, gn_tensor **grad, double scale);
bool gn_optim_step(gn_optim *o); /* from param[i]'s .grad */
void gn_optim_zero_grad(gn_optim *o);
/* sqrt of the sum of squares over all gradients, in double, in order */
double gn_grad_norm(int n, gn_tensor **grad);
/* Differentiates the loss for the parameters of the n optimizers only, updates them all,
 * returns the norm of the gradient; NaN on failure. */
double gn_optim_minimize(int n, gn_optim **o, gn_tensor *loss);

/* ---- loss.c: on logits, all minimised (recipes 2.0) ---------------------------------- */
typedef struct {
    /* scalar tensors; self is the host's when the loss is written there */
    gn_tensor *(*d_loss)(void *self, gn_tensor *real_logits, gn_tensor *fake_logits, double smooth);
    gn_tensor *(*g_loss)(void *self, gn_tensor *fake_logits, gn_tensor *real_logits);
    void *self;
    bool probability; /* d_real, d_fake are reported as sigmoid(logit) */
    const char *name;
} gn_loss;
const gn_loss *gn_loss_find(const char *name); /* NULL when there is none; sets no error */

/* ---- average.c ----------------------------------------------------------------------- */
typedef struct {
    double decay;
    int64_t steps; /* updates done */
    int n, averaged;
    gn_tensor **from, **to; /* kept; the first `averaged` pairs are averaged, the others copied */
} gn_average;

bool gn_average_init(gn_average *a, int n, gn_tensor **from, gn_tensor **to, int averaged);
void gn_average_free(gn_average *a);
bool gn_average_update(gn_average *a);

/* ---- gan.c --------------------------------------------------------------------------- */
typedef struct {
    gn_tensor *(*forward)(void *self, gn_tensor *x); /* NULL with an error pending */
    void *self;
    int noptim; /* its parameters are those of its optimizers */
    gn_optim **optim;
} gn_net;

typedef struct {
    gn_net g, d;
    gn_loss loss;
    int n_critic;
    double label_smoothing, weight_clip, d_scale;
    bool uniform_latent;
    bool joint;      /* real and fake pass D as one batch: right when no layer couples samples */
    bool separate;   /* D is updated on the real half of its loss, then on the fake one */
    bool same_fakes; /* G learns on the fakes that D has just learned on */
    int latent_ndim;
    int64_t latent_dim[GN_MAX_DIM - 1];
    gn_rng *rng;
    gn_average *average;        /* of G, updated after it; NULL: none */
    int64_t phase;              /* D updates since the last G update */
    double g_loss, g_grad_norm; /* of the last G update; NaN before */
} gn_gan;

typedef struct {
    double d_loss, g_loss, d_real, d_fake, d_grad_norm, g_grad_norm;
} gn_gan_stats;

/* One D update on x and fresh fakes; every n_critic-th call one G update. */
bool gn_gan_step(gn_gan *gan, gn_tensor *x, gn_gan_stats *stats);
gn_tensor *gn_gan_latent(gn_gan *gan, int64_t n);

#endif
