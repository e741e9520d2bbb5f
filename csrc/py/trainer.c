/* trainer.c - the Trainer type: owner of a gn_gan.  A Python forward or loss is reached
 * through the seam's function pointers, with the GIL taken back. */
#include "py.h"

#include <math.h>
#include <string.h>

/* ---- Trainer ------------------------------------------------------------------------- */

enum { GENERATOR, DISCRIMINATOR, G_OPT, D_OPT, LOSS, RNG, AVERAGE, OBJECTS };

typedef struct {
    PyObject_HEAD
    gn_gan gan;
    PyObject *object[OBJECTS]; /* kept: gan points into them */
    bool busy;
    PyThreadState *thread; /* the saved one while C runs without the GIL */
} trainer;

typedef struct {
    trainer *owner;
    PyObject *callable;
} net_self;

typedef struct {
    trainer base;
    net_self g, d, loss;
    gn_optim *g_optim[16], *d_optim[16];
} trainer_full;

/* The result of a Python call, moved into the current scope. */
static gn_tensor *take_result(PyObject *result, const char *who)
{
    gn_tensor *t = NULL;
    if (!result)
        return gn_fail_as(GN_HOST, "the %s raised", who);
    if (gn_py_is_tensor(result)) {
        t = gn_py_tensor_of(result);
        gn_tensor_retain(t);
        t = gn_tensor_alias(t, true);
        gn_tensor_release(gn_py_tensor_of(result));
    } else {
        PyObject *type = PyType_GetName(Py_TYPE(result));
        PyErr_Format(PyExc_TypeError, "the %s must return a Tensor, got %S", who,
                     type ? type : Py_None);
        Py_XDECREF(type);
        gn_fail_as(GN_HOST, "wrong result");
    }
    Py_DECREF(result);
    return t;
}

static gn_tensor *call_forward(void *self, gn_tensor *x)
{
    net_self *net = self;
    PyEval_RestoreThread(net->owner->thread);
    PyObject *arg = gn_py_wrap(x);
    PyObject *result = arg ? PyObject_CallFunctionObjArgs(net->callable, arg, NULL) : NULL;
    Py_XDECREF(arg);
    gn_tensor *y = take_result(result, "forward");
    net->owner->thread = PyEval_SaveThread();
    return y;
}

static gn_tensor *call_loss(net_self *net, const char *method, gn_tensor *a, gn_tensor *b)
{
    PyEval_RestoreThread(net->owner->thread);
    PyObject *first = gn_py_wrap(a), *second = b ? gn_py_wrap(b) : Py_None;
    if (!b)
        Py_INCREF(Py_None);
    PyObject *bound = first && second ? PyObject_GetAttrString(net->callable, method) : NULL;
    PyObject *result = bound ? PyObject_CallFunctionObjArgs(bound, first, second, NULL) : NULL;
    Py_XDECREF(bound);
    Py_XDECREF(first);
    Py_XDECREF(second);
    gn_tensor *y = take_result(result, method);
    net->owner->thread = PyEval_SaveThread();
    return y;
}

static gn_tensor *python_d_loss(void *self, gn_tensor *r, gn_tensor *f, double smooth)
{
    (void)smooth; /* the object knows its own */
    return call_loss(self, "d_loss", r, f);
}

static gn_tensor *python_g_loss(void *self, gn_tensor *f, gn_tensor *r)
{
    return call_loss(self, "g_loss", f, r);
}

static int take_loss(trainer_full *self, PyObject *loss)
{
    gn_gan *gan = &self->base.gan;
    if (!PyUnicode_Check(loss)) {
        self->loss = (net_self){&self->base, loss};
        PyObject *probability = PyObject_GetAttrString(loss, "probability");
        int yes = probability ? PyObject_IsTrue(probability) : 0;
        Py_XDECREF(probability);
        PyErr_Clear(); /* a loss without the attribute has none */
        gan->loss = (gn_loss){python_d_loss, python_g_loss, &self->loss, yes > 0, "custom"};
        return 0;
    }
    const char *name = PyUnicode_AsUTF8AndSize(loss, NULL);
    const gn_loss *found = name ? gn_loss_find(name) : NULL;
    if (!found) {
        if (name)
            PyErr_Format(PyExc_ValueError, "loss = '%s' is not a loss of the core", name);
        return -1;
    }
    gan->loss = *found;
    return 0;
}

/* *list becomes a tuple of its own: gan points into the optimizers, which must not go. */
static int take_optimizers(PyObject **list, gn_optim **to, int *n)
{
    PyObject *given = *list, *kept = PyList_Check(given) ? PySequence_Tuple(given) : NULL;
    Py_ssize_t count = kept ? PyTuple_Size(kept) : -1;
    if (kept) {
        *list = kept;
        Py_DECREF(given);
    }
    if (count < 1 || count > 16) {
        PyErr_SetString(PyExc_ValueError, "expected a list of 1 to 16 core Optimizers");
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PyTuple_GetItem(kept, i);
        if (!PyObject_TypeCheck(item, gn_py->optimizer)) {
            PyErr_SetString(PyExc_TypeError, "expected core Optimizers");
            return -1;
        }
        to[i] = &((gn_py_optimizer *)item)->o;
    }
    *n = (int)count;
    return 0;
}

static int take_average(gn_gan *gan, PyObject *given)
{
    if (!given || given == Py_None)
        return 0;
    if (!PyObject_TypeCheck(given, gn_py->average)) {
        PyErr_SetString(PyExc_TypeError, "average: expected a core Average or None");
        return -1;
    }
    gan->average = &((gn_py_average *)given)->a;
    return 0;
}

static int check_options(const gn_gan *g, const char *latent)
{
    if (g->n_critic < 1)
        PyErr_Format(PyExc_ValueError, "n_critic = %d, expected >= 1", g->n_critic);
    else if (!(g->label_smoothing >= 0 && g->label_smoothing < 1))
        PyErr_SetString(PyExc_ValueError, "label_smoothing must be in [0, 1)");
    else if (!(g->weight_clip >= 0))
        PyErr_SetString(PyExc_ValueError, "weight_clip must be >= 0");
    else if (strcmp(latent, "normal") != 0 && strcmp(latent, "uniform") != 0)
        PyErr_Format(PyExc_ValueError, "latent = '%s', expected 'normal' or 'uniform'", latent);
    else if (g->latent_ndim > GN_MAX_DIM - 1)
        PyErr_SetString(PyExc_ValueError, "latent_shape has too many dimensions");
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *trainer_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {
        "generator",       "discriminator", "g_opt",    "d_opt",        "loss",  "n_critic",
        "label_smoothing", "weight_clip",   "latent",   "latent_shape", "joint", "d_scale",
        "generator_rng",   "average",       "separate", "same_fakes",   NULL};
    PyObject *o[OBJECTS] = {NULL}, *shape = NULL;
    const char *latent = "normal";
    int joint = 1, separate = 0, same_fakes = 0, ndim = 1;
    int64_t dim[GN_MAX_DIM] = {100};
    gn_gan gan = {.n_critic = 1, .d_scale = 1, .g_loss = NAN, .g_grad_norm = NAN};
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "OOOO|$OiddsOpdOOpp:Trainer", names, &o[GENERATOR], &o[DISCRIMINATOR],
            &o[G_OPT], &o[D_OPT], &o[LOSS], &gan.n_critic, &gan.label_smoothing, &gan.weight_clip,
            &latent, &shape, &joint, &gan.d_scale, &o[RNG], &o[AVERAGE], &separate, &same_fakes))
        return NULL;
    if (shape && !gn_py_shape(shape, &ndim, dim))
        return NULL;
    gan.joint = joint;
    gan.separate = separate;
    gan.same_fakes = same_fakes;
    gan.latent_ndim = ndim;
    memcpy(gan.latent_dim, dim, sizeof gan.latent_dim);
    gan.uniform_latent = strcmp(latent, "uniform") == 0;
    if (check_options(&gan, latent) < 0)
        return NULL;
    if (!o[RNG] || !PyObject_TypeCheck(o[RNG], gn_py->generator))
        return PyErr_Format(PyExc_TypeError, "generator_rng must be a Generator");
    if (take_average(&gan, o[AVERAGE]) < 0)
        return NULL;
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    trainer_full *self = (trainer_full *)alloc(type, 0);
    if (!self)
        return NULL;
    gan.rng = &((gn_py_generator *)o[RNG])->rng;
    self->base.gan = gan;
    self->g = (net_self){&self->base, o[GENERATOR]};
    self->d = (net_self){&self->base, o[DISCRIMINATOR]};
    gn_net *g = &self->base.gan.g, *d = &self->base.gan.d;
    *g = (gn_net){call_forward, &self->g, 0, self->g_optim};
    *d = (gn_net){call_forward, &self->d, 0, self->d_optim};
    PyObject *standard = o[LOSS] ? NULL : PyUnicode_FromString("non_saturating");
    if (standard)
        o[LOSS] = standard;
    for (int i = 0; i < OBJECTS; i++) {
        Py_XINCREF(o[i]);
        self->base.object[i] = o[i];
    }
    Py_XDECREF(standard);
    if (!o[LOSS] || take_loss(self, o[LOSS]) < 0 ||
        take_optimizers(&self->base.object[G_OPT], g->optim, &g->noptim) < 0 ||
        take_optimizers(&self->base.object[D_OPT], d->optim, &d->noptim) < 0)
        Py_CLEAR(self);
    return (PyObject *)self;
}

static int trainer_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    for (int i = 0; i < OBJECTS; i++)
        Py_VISIT(((trainer *)self)->object[i]);
    return 0;
}

static int trainer_clear(PyObject *self)
{
    for (int i = 0; i < OBJECTS; i++)
        Py_CLEAR(((trainer *)self)->object[i]);
    return 0;
}

static void trainer_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    trainer_clear(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyObject *trainer_step(PyObject *self, PyObject *x)
{
    trainer *t = (trainer *)self;
    gn_gan_stats s = {0};
    if (!gn_py_is_tensor(x) || gn_py_tensor_of(x)->ndim == 0)
        return PyErr_Format(PyExc_TypeError, "step: x must be a Tensor with a batch dimension");
    if (t->busy)
        return PyErr_Format(PyExc_RuntimeError, "step: this model is in the middle of a step");
    t->busy = true;
    t->thread = PyEval_SaveThread();
    bool ok = gn_gan_step(&t->gan, gn_py_tensor_of(x), &s);
    PyEval_RestoreThread(t->thread);
    t->busy = false;
    if (!ok)
        return gn_py_raise();
    return Py_BuildValue("{s:d,s:d,s:d,s:d,s:d,s:d}", "d_loss", s.d_loss, "g_loss", s.g_loss,
                         "d_real", s.d_real, "d_fake", s.d_fake, "d_grad_norm", s.d_grad_norm,
                         "g_grad_norm", s.g_grad_norm);
}

static PyObject *get_phase(PyObject *self, void *closure)
{
    (void)closure;
    return PyLong_FromLongLong(((trainer *)self)->gan.phase);
}

static int set_phase(PyObject *self, PyObject *value, void *closure)
{
    gn_gan *gan = &((trainer *)self)->gan;
    long long v = value ? PyLong_AsLongLong(value) : -1;
    (void)closure;
    if (v >= 0 && v < gan->n_critic) {
        gan->phase = v;
        return 0;
    }
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "phase must be in [0, %d)", gan->n_critic);
    return -1;
}

/* (g_loss, g_grad_norm) of the last G update: part of the state, as they are reported again. */
static PyObject *get_last(PyObject *self, void *closure)
{
    gn_gan *gan = &((trainer *)self)->gan;
    (void)closure;
    return Py_BuildValue("(dd)", gan->g_loss, gan->g_grad_norm);
}

static int set_last(PyObject *self, PyObject *value, void *closure)
{
    gn_gan *gan = &((trainer *)self)->gan;
    (void)closure;
    return value && PyArg_ParseTuple(value, "dd", &gan->g_loss, &gan->g_grad_norm) ? 0 : -1;
}

static PyMethodDef trainer_methods[] = {
    {"step", trainer_step, METH_O,
     "step(x)\n--\n\nOne discriminator update on x and, every n_critic-th call, one generator "
     "update; returns the statistics."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef trainer_getset[] = {
    {"phase", get_phase, set_phase, "Discriminator updates since the last generator update.", NULL},
    {"last", get_last, set_last, "(g_loss, g_grad_norm) of the last generator update.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject *gn_py_trainer_type(PyObject *module)
{
    PyType_Slot slots[] = {
        {Py_tp_doc, "Trainer(generator, discriminator, g_opt, d_opt, *, ...)\n--\n\nThe "
                    "alternating step in C."},
        {Py_tp_new, trainer_new},
        {Py_tp_dealloc, trainer_dealloc},
        {Py_tp_traverse, trainer_traverse},
        {Py_tp_clear, trainer_clear},
        {Py_tp_methods, trainer_methods},
        {Py_tp_getset, trainer_getset},
        {0, NULL},
    };
    PyType_Spec spec = {.name = GN_MODULE_NAME ".Trainer",
                        .basicsize = sizeof(trainer_full),
                        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                        .slots = slots};
    return (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
}
