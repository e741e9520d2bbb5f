/* optimizer.c - the Optimizer type: owner of a gn_optim. */
#include "py.h"

#include <math.h>
#include <string.h>

/* ---- hyper-parameters by name -------------------------------------------------------- */

typedef struct {
    const char *name;
    size_t offset;
    bool is_bool;
} hyper;

#define HYPER(name) {#name, offsetof(gn_optim, name), false}
static const hyper hypers[] = {
    HYPER(lr),
    HYPER(momentum),
    HYPER(dampening),
    HYPER(beta1),
    HYPER(beta2),
    HYPER(alpha),
    HYPER(eps),
    HYPER(weight_decay),
    HYPER(lr_decay),
    HYPER(clip),
    {"initial_accumulator_value", offsetof(gn_optim, initial_accumulator), false},
    {"nesterov", offsetof(gn_optim, nesterov), true},
    {"centered", offsetof(gn_optim, centered), true},
    {"amsgrad", offsetof(gn_optim, amsgrad), true},
    {"maximize", offsetof(gn_optim, maximize), true},
};

static const hyper *find_hyper(const char *name)
{
    for (int i = 0; i < GN_COUNT(hypers); i++)
        if (strcmp(hypers[i].name, name) == 0)
            return &hypers[i];
    PyErr_Format(PyExc_TypeError, "an optimizer has no hyper-parameter '%s'", name);
    return NULL;
}

/* The row of a hyper-parameter and a number that it may be; NULL with an exception. */
static const hyper *read_hyper(const char *name, PyObject *value, double *number)
{
    const hyper *h = find_hyper(name);
    *number = h ? PyFloat_AsDouble(value) : -1;
    if (!h || (*number == -1 && PyErr_Occurred()))
        return NULL;
    if (*number >= 0 && *number < INFINITY)
        return h;
    PyErr_Format(PyExc_ValueError, "%s must be a finite number >= 0, got %R", name, value);
    return NULL;
}

static void store_hyper(gn_optim *o, const hyper *h, double number)
{
    char *at = (char *)o + h->offset;
    if (h->is_bool)
        *(bool *)at = number != 0;
    else
        *(double *)at = number;
}

static PyObject *optimizer_get(PyObject *self, PyObject *name)
{
    const char *text = PyUnicode_AsUTF8AndSize(name, NULL);
    const hyper *h = text ? find_hyper(text) : NULL;
    if (!h)
        return NULL;
    const char *at = (char *)&((gn_py_optimizer *)self)->o + h->offset;
    return h->is_bool ? PyBool_FromLong(*(const bool *)at)
                      : PyFloat_FromDouble(*(const double *)at);
}

static PyObject *optimizer_set(PyObject *self, PyObject *args)
{
    const char *name;
    PyObject *value;
    double number;
    if (!PyArg_ParseTuple(args, "sO:set", &name, &value))
        return NULL;
    const hyper *h = read_hyper(name, value, &number);
    if (!h)
        return NULL;
    store_hyper(&((gn_py_optimizer *)self)->o, h, number);
    Py_RETURN_NONE;
}

/* ---- construction -------------------------------------------------------------------- */

static int choose_algorithm(gn_optim *o, const char *kind)
{
    static const struct {
        const char *name;
        gn_algorithm algorithm;
        bool decoupled;
    } table[] = {{"sgd", GN_SGD, false},
                 {"adam", GN_ADAM, false},
                 {"adamw", GN_ADAM, true},
                 {"rmsprop", GN_RMSPROP, false},
                 {"adagrad", GN_ADAGRAD, false}};
    for (int i = 0; i < GN_COUNT(table); i++)
        if (strcmp(table[i].name, kind) == 0) {
            o->algorithm = table[i].algorithm;
            o->decoupled = table[i].decoupled;
            return 0;
        }
    PyErr_Format(PyExc_ValueError,
                 "kind = '%s', expected one of sgd, adam, adamw, rmsprop, adagrad", kind);
    return -1;
}

static int read_hypers(gn_optim *o, PyObject *kwargs)
{
    PyObject *key, *value;
    Py_ssize_t at = 0;
    double number;
    while (kwargs && PyDict_Next(kwargs, &at, &key, &value)) {
        const char *name = PyUnicode_AsUTF8AndSize(key, NULL);
        const hyper *h = name ? read_hyper(name, value, &number) : NULL;
        if (!h)
            return -1;
        store_hyper(o, h, number);
    }
    return 0;
}

static const gn_py_class class;

static int fill(gn_py_optimizer *self, PyObject *params)
{
    int n;
    gn_tensor **list = gn_py_tensor_list(params, "params", &n);
    if (!list)
        return -1;
    if (!gn_optim_init(&self->o, n, list))
        gn_py_raise();
    else
        self->params = PySequence_List(params);
    gn_free(list);
    return self->params ? 0 : -1;
}

static PyObject *optimizer_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    const char *kind;
    PyObject *params, *self = gn_py_new(type, &class);
    if (!self)
        return NULL;
    gn_optim *o = &((gn_py_optimizer *)self)->o;
    *o = (gn_optim){.beta1 = 0.9, .beta2 = 0.999, .alpha = 0.99, .eps = 1e-8};
    if (!PyArg_ParseTuple(args, "sO:Optimizer", &kind, &params) || choose_algorithm(o, kind) < 0 ||
        read_hypers(o, kwargs) < 0 || fill((gn_py_optimizer *)self, params) < 0)
        Py_CLEAR(self);
    return self;
}

static void optimizer_release(PyObject *self)
{
    gn_optim_free(&((gn_py_optimizer *)self)->o);
}

/* ---- updates ------------------------------------------------------------------------- */

static PyObject *step_all(int n, gn_optim **o)
{
    gn_tensor **grad = gn_optim_grads(n, o);
    if (!grad)
        return gn_py_raise();
    PyThreadState *thread = PyEval_SaveThread();
    bool ok = gn_optim_step(n, o, grad);
    PyEval_RestoreThread(thread);
    if (!ok)
        return gn_py_raise();
    Py_RETURN_NONE;
}

static PyObject *minimize_all(int n, gn_optim **o, PyObject *loss)
{
    if (!gn_py_is_tensor(loss))
        return PyErr_Format(PyExc_TypeError, "minimize: loss must be a Tensor");
    int64_t mark = gn_scope_begin();
    PyThreadState *thread = PyEval_SaveThread();
    double norm = gn_optim_minimize(n, o, gn_py_tensor_of(loss));
    PyEval_RestoreThread(thread);
    gn_scope_end(mark);
    return gn_failed() ? gn_py_raise() : PyFloat_FromDouble(norm);
}

static PyObject *optimizer_step(PyObject *self, PyObject *unused)
{
    gn_optim *o = &((gn_py_optimizer *)self)->o;
    (void)unused;
    return step_all(1, &o);
}

static PyObject *optimizer_minimize(PyObject *self, PyObject *loss)
{
    gn_optim *o = &((gn_py_optimizer *)self)->o;
    return minimize_all(1, &o, loss);
}

/* What a set of optimizers does as one: all of them, or none. */
static PyObject *update(PyObject *module, PyObject *args)
{
    PyObject *list, *loss = NULL;
    (void)module;
    if (!PyArg_ParseTuple(args, "O!|O:update", &PyTuple_Type, &list, &loss))
        return NULL;
    int n = (int)PyTuple_Size(list);
    gn_optim **o = PyMem_Calloc((size_t)n + 1, sizeof *o);
    if (!o)
        return PyErr_NoMemory();
    PyObject *result = NULL;
    bool ok = true;
    for (int i = 0; ok && i < n; i++) {
        PyObject *item = PyTuple_GetItem(list, i);
        ok = PyObject_TypeCheck(item, gn_py->optimizer);
        o[i] = ok ? &((gn_py_optimizer *)item)->o : NULL;
    }
    if (!ok)
        PyErr_SetString(PyExc_TypeError, "update: expected a tuple of core Optimizers");
    else
        result = loss ? minimize_all(n, o, loss) : step_all(n, o);
    PyMem_Free(o);
    return result;
}

static PyObject *optimizer_zero_grad(PyObject *self, PyObject *unused)
{
    (void)unused;
    gn_optim_zero_grad(&((gn_py_optimizer *)self)->o);
    Py_RETURN_NONE;
}

static PyObject *optimizer_slots(PyObject *self, PyObject *unused)
{
    gn_optim *o = &((gn_py_optimizer *)self)->o;
    (void)unused;
    if (!gn_optim_add_slots(o))
        return gn_py_raise();
    PyObject *dict = PyDict_New();
    for (int s = 0; dict && s < GN_SLOTS; s++) {
        const char *name = gn_slot_name(o, s);
        if (!name)
            continue;
        PyObject *list = PyList_New(o->n);
        for (int i = 0; list && i < o->n; i++) {
            PyObject *item = gn_py_wrap(o->slot[s][i]);
            if (item)
                PyList_SetItem(list, i, item);
            else
                Py_CLEAR(list);
        }
        if (!list || PyDict_SetItemString(dict, name, list) < 0)
            Py_CLEAR(dict);
        Py_XDECREF(list);
    }
    return dict;
}

/* ---- counts -------------------------------------------------------------------------- */

static int set_steps(PyObject *self, PyObject *value, void *closure)
{
    uint64_t steps;
    (void)closure;
    if (gn_py_read_count(value, "steps", &steps) < 0)
        return -1;
    gn_optim_set_steps(&((gn_py_optimizer *)self)->o, (int64_t)steps);
    return 0;
}

static PyObject *get_steps(PyObject *self, void *closure)
{
    (void)closure;
    return PyLong_FromLongLong(((gn_py_optimizer *)self)->o.steps);
}

static PyObject *get_counts(PyObject *self, void *closure)
{
    const gn_optim *o = &((gn_py_optimizer *)self)->o;
    PyObject *list = PyList_New(o->n);
    (void)closure;
    for (int i = 0; list && i < o->n; i++) {
        PyObject *item = PyLong_FromLongLong(o->count[i]);
        if (!item || PyList_SetItem(list, i, item) < 0)
            Py_CLEAR(list);
    }
    return list;
}

static int set_counts(PyObject *self, PyObject *value, void *closure)
{
    gn_optim *o = &((gn_py_optimizer *)self)->o;
    (void)closure;
    if (!value || !PyList_Check(value) || PyList_Size(value) != o->n) {
        PyErr_Format(PyExc_ValueError, "counts: expected a list of %d counts", o->n);
        return -1;
    }
    /* a tuple of our own: reading a count may run code that changes the list */
    PyObject *own = PyList_AsTuple(value);
    uint64_t *count = own ? PyMem_Calloc((size_t)o->n + 1, sizeof *count) : NULL;
    bool ok = count != NULL;
    for (int i = 0; ok && i < o->n; i++)
        ok = gn_py_read_count(PyTuple_GetItem(own, i), "counts", &count[i]) == 0;
    for (int i = 0; ok && i < o->n; i++) {
        o->count[i] = (int64_t)count[i];
        o->steps = GN_MAX(i ? o->steps : 0, o->count[i]);
    }
    if (own && !count)
        PyErr_NoMemory();
    PyMem_Free(count);
    Py_XDECREF(own);
    return ok ? 0 : -1;
}

static PyObject *get_params(PyObject *self, void *closure)
{
    (void)closure;
    PyObject *params = ((gn_py_optimizer *)self)->params;
    return Py_NewRef(params ? params : Py_None); /* NULL while it is made or collected */
}

static PyMethodDef optimizer_methods[] = {
    {"get", optimizer_get, METH_O, "get(name)\n--\n\nA hyper-parameter."},
    {"set", optimizer_set, METH_VARARGS, "set(name, value)\n--\n\nChanges a hyper-parameter."},
    {"step", optimizer_step, METH_NOARGS, "step()\n--\n\nOne update from the parameters' .grad."},
    {"zero_grad", optimizer_zero_grad, METH_NOARGS, "zero_grad()\n--\n\nSets .grad to None."},
    {"minimize", optimizer_minimize, METH_O,
     "minimize(loss)\n--\n\nDifferentiates the loss for these parameters only and updates them; "
     "returns the norm of the gradient."},
    {"slots", optimizer_slots, METH_NOARGS,
     "slots()\n--\n\nThe state by name: lists of Tensors, one per parameter, sharing memory."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef optimizer_getset[] = {
    {"steps", get_steps, set_steps, "Updates done; setting it sets those of each parameter.", NULL},
    {"counts", get_counts, set_counts, "Updates of each parameter, a list.", NULL},
    {"params", get_params, NULL, "The parameters, a list.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static const gn_py_class class = {
    .name = GN_MODULE_NAME ".Optimizer",
    .doc = "Optimizer(kind, params, **hyper)\n--\n\nUpdates parameters in C.",
    .size = sizeof(gn_py_optimizer),
    .flags = Py_TPFLAGS_BASETYPE,
    .refs = offsetof(gn_py_optimizer, params),
    .nrefs = 1,
    .release = optimizer_release,
    .make = optimizer_new,
    .methods = optimizer_methods,
    .getset = optimizer_getset,
};

PyTypeObject *gn_py_optimizer_type(PyObject *module)
{
    return gn_py_type(module, &class);
}

static PyObject *flatten(PyObject *module, PyObject *list)
{
    int n;
    (void)module;
    gn_tensor **t = gn_py_tensor_list(list, "tensors", &n);
    if (!t)
        return NULL;
    int64_t mark = gn_scope_begin();
    bool ok = gn_params_flatten(n, t);
    gn_scope_end(mark);
    gn_free(t);
    if (!ok)
        return gn_py_raise();
    Py_RETURN_NONE;
}

PyMethodDef gn_py_train_functions[] = {
    {"flatten", flatten, METH_O,
     "flatten(tensors)\n--\n\nMoves the tensors into one storage, in order."},
    {"update", update, METH_VARARGS,
     "update(optimizers, loss=None)\n--\n\nOne update of several Optimizers, all or none: from the "
     "parameters' .grad, or of a loss, and then it returns the norm of the gradient."},
    {NULL, NULL, 0, NULL},
};
