/* optim.c - one update of all parameters: a single parallel region over fixed chunks.
 * The formulas are the kernels'; what changes once per step is computed here, in double.
 *
 * Each parameter counts its own updates, as in PyTorch: Adam's corrections of the bias are
 * those of its first step when it gets its first gradient, however late that is. */
#include "step.h"

#include <math.h>
#include <string.h>

static const char *const slot_name[][GN_SLOTS] = {
    [GN_SGD] = {"momentum_buffer", NULL, NULL},
    [GN_ADAM] = {"exp_avg", "exp_avg_sq", NULL},
    [GN_RMSPROP] = {"square_avg", "momentum_buffer", "grad_avg"},
    [GN_ADAGRAD] = {"sum", NULL, NULL},
};

const char *gn_slot_name(const gn_optim *o, int slot)
{
    bool unused = (o->algorithm == GN_SGD && o->momentum == 0) ||
                  (o->algorithm == GN_RMSPROP && slot == 1 && o->momentum == 0) ||
                  (o->algorithm == GN_RMSPROP && slot == 2 && !o->centered);
    return unused ? NULL : slot_name[o->algorithm][slot];
}

static gn_tensor **slot_new(gn_optim *o, double value)
{
    gn_tensor **slot = gn_alloc("optimizer slots", (size_t)GN_MAX(o->n, 1) * sizeof *slot);
    if (!slot)
        return NULL;
    memset(slot, 0, (size_t)o->n * sizeof *slot);
    for (int i = 0; i < o->n; i++) {
        slot[i] = gn_tensor_full(o->param[i]->ndim, o->param[i]->dim, value);
        if (slot[i])
            gn_tensor_retain(slot[i]);
    }
    if (!gn_failed())
        gn_params_flatten(o->n, slot);
    return slot;
}

bool gn_optim_add_slots(gn_optim *o, double value)
{
    int64_t mark = gn_scope_begin();
    for (int s = 0; s < GN_SLOTS && !gn_failed(); s++)
        if (gn_slot_name(o, s) && !o->slot[s])
            o->slot[s] = slot_new(o, value);
    gn_scope_end(mark);
    return gn_failed() == GN_OK;
}

bool gn_optim_init(gn_optim *o, int n, gn_tensor **param, double initial_accumulator)
{
    o->param = gn_alloc("optimizer", (size_t)GN_MAX(n, 1) * sizeof *o->param);
    if (!o->param)
        return false;
    o->count = gn_alloc("optimizer", (size_t)GN_MAX(n, 1) * sizeof *o->count);
    if (!o->count)
        return false;
    o->n = n;
    for (int i = 0; i < n; i++) {
        o->count[i] = 0;
        o->param[i] = param[i];
        gn_tensor_retain(param[i]);
    }
    return gn_optim_add_slots(o, o->algorithm == GN_ADAGRAD ? initial_accumulator : 0);
}

static void release_all(int n, gn_tensor **x)
{
    for (int i = 0; x && i < n; i++)
        gn_tensor_release(x[i]);
    gn_free(x);
}

void gn_optim_free(gn_optim *o)
{
    for (int s = 0; s < GN_SLOTS; s++)
        release_all(o->n, o->slot[s]);
    release_all(o->n, o->param);
    gn_free(o->count);
}

void gn_optim_set_steps(gn_optim *o, int64_t steps)
{
    o->steps = steps;
    for (int i = 0; i < o->n; i++)
        o->count[i] = steps;
}

/* ---- one update ---------------------------------------------------------------------- */

typedef struct {
    const gn_optim *o;
    gn_tensor **grad;
    gn_update_fn *fn;
    gn_update *update;   /* of each parameter */
    int64_t *first_task; /* of each parameter; one more at the end */
} update_work;

static int64_t chunks(const gn_tensor *x)
{
    return (x->numel + GN_CHUNK - 1) / GN_CHUNK;
}

static int param_of_task(const int64_t *first_task, int n, int64_t task)
{
    int low = 0, high = n - 1;
    while (low < high) {
        int middle = (low + high + 1) / 2;
        if (first_task[middle] <= task)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static void update_task(void *ctx, int64_t task)
{
    const update_work *w = ctx;
    const gn_optim *o = w->o;
    int i = param_of_task(w->first_task, o->n, task);
    int64_t from = (task - w->first_task[i]) * GN_CHUNK;
    int64_t n = GN_MIN(o->param[i]->numel - from, GN_CHUNK);
    gn_slice s = {.p = o->param[i]->data + from, .g = w->grad[i]->data + from};
    s.s0 = o->slot[0] ? o->slot[0][i]->data + from : NULL;
    s.s1 = o->slot[1] ? o->slot[1][i]->data + from : NULL;
    s.s2 = o->slot[2] ? o->slot[2][i]->data + from : NULL;
    w->fn(s, n, &w->update[i]);
}

/* Of a parameter's update t, counted from 1. */
static gn_update constants(const gn_optim *o, double t, double scale)
{
    gn_update u = {.lr = (real)o->lr,
                   .eps = (real)o->eps,
                   .weight_decay = (real)o->weight_decay,
                   .grad_scale = (real)scale,
                   .first = t == 1,
                   .nesterov = o->nesterov,
                   .decoupled = o->decoupled};
    switch (o->algorithm) {
    case GN_SGD:
        u.beta1 = (real)o->momentum;
        u.beta2 = (real)o->dampening;
        break;
    case GN_ADAM:
        u.beta1 = (real)o->beta1;
        u.beta2 = (real)o->beta2;
        u.c0 = (real)(o->lr / (1 - pow(o->beta1, t)));
        u.c1 = (real)(1 / sqrt(1 - pow(o->beta2, t)));
        break;
    case GN_RMSPROP:
        u.beta1 = (real)o->momentum;
        u.beta2 = (real)o->alpha;
        break;
    case GN_ADAGRAD:
        u.c0 = (real)(o->lr / (1 + (t - 1) * o->lr_decay));
        break;
    }
    return u;
}

bool gn_optim_update(gn_optim *o, gn_tensor **grad, double scale)
{
    gn_update_fn *const fn[] = {gn_vec->sgd, gn_vec->adam, gn_vec->rmsprop, gn_vec->adagrad};
    if (gn_failed())
        return false;
    update_work w = {o, grad, fn[o->algorithm], NULL, NULL};
    w.first_task = gn_alloc("optimizer tasks", (size_t)(o->n + 1) * sizeof *w.first_task);
    w.update = gn_alloc("optimizer tasks", (size_t)GN_MAX(o->n, 1) * sizeof *w.update);
    if (!w.first_task || !w.update) {
        gn_free(w.first_task);
        gn_free(w.update);
        return false;
    }
    int64_t tasks = 0;
    for (int i = 0; i < o->n; i++) {
        bool same = i > 0 && o->count[i] == o->count[i - 1];
        w.update[i] = same ? w.update[i - 1] : constants(o, (double)o->count[i] + 1, scale);
        w.first_task[i] = tasks;
        tasks += grad[i] ? chunks(o->param[i]) : 0;
    }
    bool was = gn_set_interruptible(false); /* an update is never half done */
    gn_parallel(tasks, update_task, &w);
    gn_set_interruptible(was);
    gn_free(w.first_task);
    gn_free(w.update);
    for (int i = 0; i < o->n; i++)
        if (grad[i]) {
            o->count[i]++;
            gn_tensor_touch(o->param[i]);
        }
    o->steps++;
    return true;
}

bool gn_optim_step(gn_optim *o)
{
    gn_tensor **grad = gn_alloc("gradients", (size_t)GN_MAX(o->n, 1) * sizeof *grad);
    if (!grad)
        return false;
    for (int i = 0; i < o->n; i++)
        grad[i] = o->param[i]->node ? gn_node_grad(o->param[i]->node) : NULL;
    bool ok = gn_optim_update(o, grad, 1);
    for (int i = 0; i < o->n; i++)
        gn_tensor_release(grad[i]);
    gn_free(grad);
    return ok;
}

void gn_optim_zero_grad(gn_optim *o)
{
    for (int i = 0; i < o->n; i++)
        if (o->param[i]->node)
            gn_node_set_grad(o->param[i]->node, NULL);
}

/* ---- minimize ------------------------------------------------------------------------ */

typedef struct {
    gn_tensor *const *grad;
    const int64_t *first_task;
    int n;
    real *partial;
} norm_work;

static void norm_task(void *ctx, int64_t task)
{
    const norm_work *w = ctx;
    int i = param_of_task(w->first_task, w->n, task);
    int64_t from = (task - w->first_task[i]) * GN_CHUNK;
    w->partial[task] =
        gn_vec->sum_square(w->grad[i]->data + from, GN_MIN(w->grad[i]->numel - from, GN_CHUNK));
}

double gn_grad_norm(int n, gn_tensor **grad)
{
    int64_t tasks = 0;
    int64_t *first = gn_alloc("norm tasks", (size_t)(n + 1) * sizeof *first);
    for (int i = 0; first && i < n; i++) {
        first[i] = tasks;
        tasks += grad[i] ? chunks(grad[i]) : 0;
    }
    real *partial = first ? gn_alloc("norm", (size_t)(tasks + 1) * sizeof *partial) : NULL;
    double sum = 0;
    if (partial) {
        norm_work w = {grad, first, n, partial};
        gn_parallel(tasks, norm_task, &w);
        for (int64_t t = 0; t < tasks; t++)
            sum += (double)partial[t];
    }
    gn_free(partial);
    gn_free(first);
    return gn_failed() ? NAN : sqrt(sum);
}

static double minimize_into(int n, gn_optim **o, gn_tensor *loss, int total, gn_tensor **param,
                            gn_tensor **grad)
{
    int at = 0;
    for (int k = 0; k < n; k++)
        for (int i = 0; i < o[k]->n; i++)
            param[at++] = o[k]->param[i];
    memset(grad, 0, (size_t)total * sizeof *grad);
    if (!gn_grad(1, &loss, NULL, total, param, (gn_sweep_options){false, false}, grad))
        return NAN;
    double norm = gn_grad_norm(total, grad);
    at = 0;
    for (int k = 0; k < n && !gn_failed(); at += o[k++]->n) {
        double clip = o[k]->clip;
        gn_optim_update(o[k], grad + at, clip > 0 && norm > clip ? clip / (norm + 1e-6) : 1);
    }
    for (int i = 0; i < total; i++)
        gn_tensor_release(grad[i]);
    return gn_failed() ? NAN : norm;
}

double gn_optim_minimize(int n, gn_optim **o, gn_tensor *loss)
{
    int total = 0;
    for (int k = 0; k < n; k++)
        total += o[k]->n;
    if (!loss || gn_failed())
        return NAN;
    gn_tensor **room = gn_alloc("minimize", (size_t)GN_MAX(total, 1) * 2 * sizeof *room);
    if (!room)
        return NAN;
    double norm = minimize_into(n, o, loss, total, room, room + total);
    gn_free(room);
    return norm;
}
