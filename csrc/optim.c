/* optim.c - one update of all parameters: a single parallel region over fixed chunks.
 * The formulas are the kernels'; what changes once per step is computed here, in double.
 *
 * Each parameter counts its own updates, as in PyTorch: Adam's corrections of the bias are
 * those of its first step when it gets its first gradient, however late that is.
 *
 * State is made when it is first needed: a network that is loaded to be looked at has none. */
#include "step.h"

#include <math.h>
#include <string.h>

static const char *const slot_name[][GN_SLOTS] = {
    [GN_SGD] = {"momentum_buffer", NULL, NULL},
    [GN_ADAM] = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"},
    [GN_RMSPROP] = {"square_avg", "momentum_buffer", "grad_avg"},
    [GN_ADAGRAD] = {"sum", NULL, NULL},
};

const char *gn_slot_name(const gn_optim *o, int slot)
{
    bool unused = (o->algorithm == GN_SGD && o->momentum == 0) ||
                  (o->algorithm == GN_ADAM && slot == 2 && !o->amsgrad) ||
                  (o->algorithm == GN_RMSPROP && slot == 1 && o->momentum == 0) ||
                  (o->algorithm == GN_RMSPROP && slot == 2 && !o->centered);
    return unused ? NULL : slot_name[o->algorithm][slot];
}

static void release_all(int n, gn_tensor **x)
{
    for (int i = 0; x && i < n; i++)
        gn_tensor_release(x[i]);
    gn_free(x);
}

static gn_tensor **slot_new(const gn_optim *o)
{
    double value = o->algorithm == GN_ADAGRAD ? o->initial_accumulator : 0;
    gn_tensor **slot = gn_alloc("optimizer slots", (size_t)GN_MAX(o->n, 1) * sizeof *slot);
    if (!slot)
        return NULL;
    memset(slot, 0, (size_t)o->n * sizeof *slot);
    for (int i = 0; i < o->n; i++) {
        slot[i] = gn_tensor_full(o->param[i]->ndim, o->param[i]->dim, value);
        if (slot[i])
            gn_tensor_retain(slot[i]);
    }
    if (!gn_failed() && gn_params_flatten(o->n, slot))
        return slot;
    release_all(o->n, slot);
    return NULL;
}

bool gn_optim_add_slots(gn_optim *o)
{
    int64_t mark = gn_scope_begin();
    for (int s = 0; s < GN_SLOTS && !gn_failed(); s++)
        if (gn_slot_name(o, s) && !o->slot[s])
            o->slot[s] = slot_new(o);
    gn_scope_end(mark);
    return gn_failed() == GN_OK;
}

bool gn_optim_init(gn_optim *o, int n, gn_tensor **param)
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
    return true;
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

/* An update that is about to be made; nothing in it can fail any more. */
typedef struct {
    gn_optim *o;
    gn_tensor **grad;    /* of each parameter; NULL: that one is left alone */
    gn_update *update;   /* of each parameter */
    int64_t *first_task; /* of each parameter */
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
    s.s0 = gn_slot_name(o, 0) ? o->slot[0][i]->data + from : NULL;
    s.s1 = gn_slot_name(o, 1) ? o->slot[1][i]->data + from : NULL;
    s.s2 = gn_slot_name(o, 2) ? o->slot[2][i]->data + from : NULL;
    gn_update_fn *const fn[] = {gn_vec->sgd, gn_vec->adam, gn_vec->rmsprop, gn_vec->adagrad};
    fn[o->algorithm](s, n, &w->update[i]);
}

/* Of a parameter's update t, counted from 1. */
static gn_update constants(const gn_optim *o, double t, double scale)
{
    scale = o->maximize ? -scale : scale;
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

static bool work_init(update_work *w, gn_optim *o, gn_tensor **grad)
{
    *w = (update_work){.o = o, .grad = grad};
    w->first_task = gn_alloc("optimizer tasks", (size_t)GN_MAX(o->n, 1) * sizeof *w->first_task);
    w->update = gn_alloc("optimizer tasks", (size_t)GN_MAX(o->n, 1) * sizeof *w->update);
    return w->first_task && w->update && gn_optim_add_slots(o);
}

static void work_free(update_work *w)
{
    gn_free(w->first_task);
    gn_free(w->update);
}

static void work_run(update_work *w, double scale)
{
    gn_optim *o = w->o;
    int64_t tasks = 0;
    for (int i = 0; i < o->n; i++) {
        bool same = i > 0 && o->count[i] == o->count[i - 1];
        w->update[i] = same ? w->update[i - 1] : constants(o, (double)o->count[i] + 1, scale);
        w->first_task[i] = tasks;
        tasks += w->grad[i] ? chunks(o->param[i]) : 0;
    }
    gn_parallel(tasks, update_task, w);
    for (int i = 0; i < o->n; i++)
        if (w->grad[i]) {
            o->count[i]++;
            gn_tensor_touch(o->param[i]);
        }
    o->steps++;
}

static int params_of(int n, gn_optim **o)
{
    int total = 0;
    for (int k = 0; k < n; k++)
        total += o[k]->n;
    return total;
}

/* From the gradients of all parameters in turn: all optimizers, or none where memory ends.
 * norm >= 0: that of the gradients, for those optimizers that clip it. */
static bool update_all(int n, gn_optim **o, gn_tensor **grad, double norm)
{
    update_work *w = gn_alloc("optimizers", (size_t)GN_MAX(n, 1) * sizeof *w);
    int made = 0;
    for (bool ok = w != NULL; ok && made < n; grad += o[made++]->n)
        ok = work_init(&w[made], o[made], grad);
    if (!gn_failed()) {
        bool was = gn_set_interruptible(false); /* an update is never half done */
        for (int k = 0; k < n; k++) {
            double clip = o[k]->clip;
            work_run(&w[k], clip > 0 && norm > clip ? clip / (norm + 1e-6) : 1);
        }
        gn_set_interruptible(was);
    }
    while (made > 0)
        work_free(&w[--made]);
    gn_free(w);
    return gn_failed() == GN_OK;
}

gn_tensor **gn_optim_grads(int n, gn_optim **o)
{
    gn_tensor **grad = gn_alloc("gradients", (size_t)GN_MAX(params_of(n, o), 1) * sizeof *grad);
    int at = 0;
    for (int k = 0; grad && k < n; k++)
        for (int i = 0; i < o[k]->n; i++) {
            gn_node *node = o[k]->param[i]->node;
            grad[at++] = node ? gn_node_grad(node) : NULL;
        }
    return grad;
}

bool gn_optim_step(int n, gn_optim **o, gn_tensor **grad)
{
    bool ok = update_all(n, o, grad, -1);
    release_all(params_of(n, o), grad);
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
    if (!gn_failed())
        update_all(n, o, grad, norm);
    for (int i = 0; i < total; i++)
        gn_tensor_release(grad[i]);
    return gn_failed() ? NAN : norm;
}

double gn_optim_minimize(int n, gn_optim **o, gn_tensor *loss)
{
    if (!loss || gn_failed())
        return NAN;
    int total = params_of(n, o);
    gn_tensor **room = gn_alloc("minimize", (size_t)GN_MAX(total, 1) * 2 * sizeof *room);
    if (!room)
        return NAN;
    double norm = minimize_into(n, o, loss, total, room, room + total);
    gn_free(room);
    return norm;
}
