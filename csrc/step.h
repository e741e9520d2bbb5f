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
    double lr, momentum, dampening, beta1, beta2, alpha, eps, weight_decay, lr_decay, clip,
        initial_accumulator;
    bool nesterov, decoupled, centered, amsgrad, maximize;
    int64_t steps; /* updates done */
    int n;
    gn_tensor **param;          /* kept */
    int64_t *count;             /* updates of each: those in which it had a gradient */
    gn_tensor **slot[GN_SLOTS]; /* state, one tensor a parameter; NULL before it is needed */
} gn_optim;

const char *gn_slot_name(const gn_optim *o, int slot); /* "exp_avg"; NULL: not used */
bool gn_optim_init(gn_optim *o, int n, gn_tensor **param);
bool gn_optim_add_slots(gn_optim *o); /* those that its numbers call for and that are not there */
void gn_optim_free(gn_optim *o);
void gn_optim_set_steps(gn_optim *o, int64_t steps); /* of the optimizer and of each parameter */
/* One update of n optimizers, all of them or none, from the gradients of their parameters in turn
 * (NULL: that parameter is left alone), which it gives up: those of gn_optim_grads, .grad as it is
 * then.  The first may run while another thread changes .grad, the second not. */
bool gn_optim_step(int n, gn_optim **o, gn_tensor **grad);
gn_tensor **gn_optim_grads(int n, gn_optim **o);
void gn_optim_zero_grad(gn_optim *o);
/* sqrt of the sum of squares over all gradients, in double, in order */
double gn_grad_norm(int n, gn_tensor **grad);
/* Differentiates the loss for the parameters of the n optimizers only, updates them, all or none,
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
