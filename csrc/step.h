/* step.h - training: parameters in one storage, optimizers, averages, and the step, which is
 * a list of updates. */
#ifndef GN_STEP_H
#define GN_STEP_H

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

/* ---- step.c -------------------------------------------------------------------------- */
typedef struct {
    const char *name; /* for messages */
    /* What is minimised, a scalar; NULL with an error pending. */
    gn_tensor *(*objective)(void *self);
    void *self;
    int noptim; /* who learns: the parameters of these optimizers and no others */
    gn_optim **optim;
    int64_t every; /* >= 1: made in each step whose number it divides */
    double clip;   /* > 0: the parameters are clipped to [-clip, clip] afterwards */
    int naverage;  /* averages that follow */
    gn_average **average;
    /* filled in by gn_step */
    bool due;
    double loss, grad_norm;
} gn_step_update;

/* Step `number`, counted from 1: the updates that are due, in order.  Not interruptible. */
bool gn_step(int n, gn_step_update *update, int64_t number);

#endif
