/* step.c - a training step: updates in turn. An update says who learns, what it minimises, how
 * often, and what follows; what a generator or a discriminator is, nobody knows here.
 *
 * Each update has a scope of its own, so its graph is gone before the next one begins. Nothing
 * in a step answers Ctrl-C: parameters are always those of an update's end. */
#include "step.h"

static void clip_weights(gn_optim *o, double c)
{
    for (int i = 0; i < o->n; i++) {
        gn_tensor *p = o->param[i];
        gn_vec->unary[GN_UNARY_clamp_scalar](p->data, p->data, p->numel, (real)-c, (real)c);
        gn_tensor_touch(p);
    }
}

static bool update_once(gn_step_update *u)
{
    gn_tensor *loss = u->objective(u->self);
    if (!loss)
        return false;
    if (loss->numel != 1)
        return gn_fail("update '%s': its objective returned shape %s, expected a scalar; take its "
                       "mean",
                       u->name, gn_shape_text(loss));
    u->loss = (double)loss->data[0];
    u->grad_norm = gn_optim_minimize(u->noptim, u->optim, loss);
    if (gn_failed())
        return false;
    for (int i = 0; u->clip > 0 && i < u->noptim; i++)
        clip_weights(u->optim[i], u->clip);
    for (int i = 0; i < u->naverage; i++)
        if (!gn_average_update(u->average[i]))
            return false;
    return true;
}

bool gn_step(int n, gn_step_update *update, int64_t number)
{
    bool was = gn_set_interruptible(false), ok = true;
    for (int i = 0; ok && i < n; i++) {
        update[i].due = number % update[i].every == 0;
        if (!update[i].due)
            continue;
        int64_t mark = gn_scope_begin();
        ok = update_once(&update[i]);
        gn_scope_end(mark);
    }
    gn_set_interruptible(was);
    return ok;
}
