/* step.c - `step`, the function: a list of updates from Python for gn_step.
 *
 * An objective is reached through its function pointer with the GIL taken back; everything
 * else runs without it. The tuple of updates, which the caller holds, keeps optimizers and
 * averages alive. */
#include "py.h"

enum { MOST = 16 }; /* optimizers (groups of parameters) or averages of an update */

typedef struct {
    PyObject *name, *objective, *report; /* report: dict of floats, of its last call */
    PyObject *batch;
    PyThreadState **thread; /* the saved one while C runs without the GIL */
    gn_optim *optim[MOST];
    gn_average *average[MOST];
} host;

/* ---- calling an objective ------------------------------------------------------------ */

static int not_a_scalar(const host *h, PyObject *key)
{
    PyErr_Format(PyExc_TypeError,
                 "update %R: its objective reports %R, which is no number or scalar tensor",
                 h->name, key);
    return -1;
}

static int report_one(host *h, PyObject *key, PyObject *value)
{
    if (!PyUnicode_Check(key)) {
        PyErr_Format(PyExc_TypeError, "update %R: its objective reports under %R, which is no text",
                     h->name, key);
        return -1;
    }
    double number;
    if (gn_py_is_tensor(value)) {
        gn_tensor *t = gn_py_tensor_of(value);
        if (t->numel != 1)
            return not_a_scalar(h, key);
        number = (double)t->data[0];
    } else {
        number = PyFloat_AsDouble(value);
        if (number == -1 && PyErr_Occurred())
            return PyErr_ExceptionMatches(PyExc_TypeError) ? not_a_scalar(h, key) : -1;
    }
    PyObject *as_float = PyFloat_FromDouble(number);
    int status = as_float ? PyDict_SetItem(h->report, key, as_float) : -1;
    Py_XDECREF(as_float);
    return status;
}

static int report_all(host *h, PyObject *dict)
{
    if (!PyDict_Check(dict)) {
        PyErr_Format(PyExc_TypeError, "update %R: its objective must report a dict", h->name);
        return -1;
    }
    PyObject *items = PyDict_Items(dict);
    int status = items ? 0 : -1;
    for (Py_ssize_t i = 0; status == 0 && i < PyList_Size(items); i++) {
        PyObject *item = PyList_GetItem(items, i);
        status = report_one(h, PyTuple_GetItem(item, 0), PyTuple_GetItem(item, 1));
    }
    Py_XDECREF(items);
    return status;
}

/* The loss of (loss, report), or of a loss alone, moved into the current scope. */
static gn_tensor *take_result(host *h, PyObject *result)
{
    bool pair = PyTuple_Check(result) && PyTuple_Size(result) == 2;
    PyObject *loss = pair ? PyTuple_GetItem(result, 0) : result;
    if (!gn_py_is_tensor(loss)) {
        PyObject *type = PyType_GetName(Py_TYPE(loss));
        PyErr_Format(PyExc_TypeError,
                     "update %R: its objective returned %S, expected a scalar tensor, or that and "
                     "a dict of what to report",
                     h->name, type ? type : Py_None);
        Py_XDECREF(type);
        return NULL;
    }
    gn_tensor *t = gn_py_tensor_of(loss);
    if (pair && report_all(h, PyTuple_GetItem(result, 1)) < 0)
        return NULL;
    gn_tensor_retain(t);
    gn_tensor *alias = gn_tensor_alias(t, true);
    gn_tensor_release(t);
    return alias;
}

static gn_tensor *call_objective(void *self)
{
    host *h = self;
    PyEval_RestoreThread(*h->thread);
    PyObject *result = PyObject_CallFunctionObjArgs(h->objective, h->batch, NULL);
    gn_tensor *loss = result ? take_result(h, result) : NULL;
    if (!loss && !gn_failed())
        gn_fail_as(GN_HOST, "an objective raised");
    Py_XDECREF(result);
    *h->thread = PyEval_SaveThread();
    return loss;
}

/* ---- reading the list ---------------------------------------------------------------- */

/* The item of a sequence if it is of a type; NULL with an exception. */
static PyObject *item_of(PyObject *list, Py_ssize_t i, PyTypeObject *type, const char *what)
{
    PyObject *item = PyTuple_GetItem(list, i);
    if (item && !PyObject_TypeCheck(item, type)) {
        PyErr_Format(PyExc_TypeError, "step: expected a tuple of core %s", what);
        return NULL;
    }
    return item;
}

static int length_of(PyObject *list, const char *what)
{
    Py_ssize_t n = PyTuple_Check(list) ? PyTuple_Size(list) : -1;
    if (n < 0 || n > MOST) {
        PyErr_Format(PyExc_ValueError, "step: expected a tuple of at most %d core %s", MOST, what);
        return -1;
    }
    return (int)n;
}

static int take_optimizers(PyObject *list, host *h, gn_step_update *u)
{
    u->noptim = length_of(list, "Optimizers");
    u->optim = h->optim;
    for (int i = 0; i < u->noptim; i++) {
        PyObject *item = item_of(list, i, gn_py->optimizer, "Optimizers");
        if (!item)
            return -1;
        h->optim[i] = &((gn_py_optimizer *)item)->o;
    }
    if (u->noptim == 0)
        PyErr_SetString(PyExc_ValueError, "step: an update needs an optimizer");
    return u->noptim > 0 ? 0 : -1;
}

static int take_averages(PyObject *list, host *h, gn_step_update *u)
{
    u->naverage = length_of(list, "Averages");
    u->average = h->average;
    for (int i = 0; i < u->naverage; i++) {
        PyObject *item = item_of(list, i, gn_py->average, "Averages");
        if (!item)
            return -1;
        h->average[i] = &((gn_py_average *)item)->a;
    }
    return u->naverage < 0 ? -1 : 0;
}

/* (name, objective, optimizers, every, clip, averages) */
static int take_update(PyObject *tuple, host *h, gn_step_update *u)
{
    PyObject *optimizers, *averages;
    long long every;
    if (!PyTuple_Check(tuple)) {
        PyErr_SetString(PyExc_TypeError, "step: an update is a tuple");
        return -1;
    }
    if (!PyArg_ParseTuple(tuple, "UOOLdO:step", &h->name, &h->objective, &optimizers, &every,
                          &u->clip, &averages))
        return -1;
    u->name = PyUnicode_AsUTF8AndSize(h->name, NULL);
    u->every = every;
    u->objective = call_objective;
    u->self = h;
    if (!u->name)
        return -1;
    if (every < 1 || !(u->clip >= 0)) {
        PyErr_Format(PyExc_ValueError, "update %R: expected every >= 1 and clip >= 0", h->name);
        return -1;
    }
    if (take_optimizers(optimizers, h, u) < 0 || take_averages(averages, h, u) < 0)
        return -1;
    return (h->report = PyDict_New()) ? 0 : -1;
}

/* ---- the function -------------------------------------------------------------------- */

static PyObject *results(int n, const gn_step_update *u, const host *h)
{
    PyObject *list = PyList_New(n);
    for (int i = 0; list && i < n; i++) {
        PyObject *item = u[i].due ? Py_BuildValue("ddO", u[i].loss, u[i].grad_norm, h[i].report)
                                  : Py_BuildValue("");
        if (!item || PyList_SetItem(list, i, item) < 0)
            Py_CLEAR(list);
    }
    return list;
}

static PyObject *run(PyObject *tuple, int n, gn_step_update *u, host *h, PyObject *batch,
                     int64_t number)
{
    PyThreadState *thread;
    for (int i = 0; i < n; i++) {
        h[i].batch = batch;
        h[i].thread = &thread;
        if (take_update(PyTuple_GetItem(tuple, i), &h[i], &u[i]) < 0)
            return NULL;
    }
    thread = PyEval_SaveThread();
    bool ok = gn_step(n, u, number);
    PyEval_RestoreThread(thread);
    return ok ? results(n, u, h) : gn_py_raise();
}

static PyObject *step(PyObject *module, PyObject *args)
{
    PyObject *tuple, *batch;
    long long number;
    (void)module;
    if (!PyArg_ParseTuple(args, "O!OL:step", &PyTuple_Type, &tuple, &batch, &number))
        return NULL;
    int n = (int)PyTuple_Size(tuple);
    gn_step_update *u = PyMem_Calloc((size_t)n + 1, sizeof *u);
    host *h = PyMem_Calloc((size_t)n + 1, sizeof *h);
    PyObject *made = u && h ? run(tuple, n, u, h, batch, number) : PyErr_NoMemory();
    for (int i = 0; h && i < n; i++)
        Py_XDECREF(h[i].report);
    PyMem_Free(u);
    PyMem_Free(h);
    return made;
}

PyMethodDef gn_py_step_functions[] = {
    {"step", step, METH_VARARGS,
     "step(updates, batch, number)\n--\n\nThe updates (name, objective, optimizers, every, clip, "
     "averages) that are due in step `number`, in turn; (loss, grad_norm, report) of each, or "
     "None."},
    {NULL, NULL, 0, NULL},
};
