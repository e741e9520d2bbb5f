/* average.c - the Average type: owner of a gn_average. */
#include "py.h"

#include <string.h>

static gn_average *average_of(PyObject *self)
{
    return &((gn_py_average *)self)->a;
}

/* The tensors of two lists one after the other; NULL with an exception. */
static gn_tensor **joined(PyObject *first, PyObject *second, int *n, int *n_first)
{
    int n_second;
    gn_tensor **a = gn_py_tensor_list(first, "averages", n_first);
    gn_tensor **b = a ? gn_py_tensor_list(second, "copies", &n_second) : NULL;
    gn_tensor **both = NULL;
    if (b) {
        *n = *n_first + n_second;
        both = gn_alloc("average", (size_t)GN_MAX(*n, 1) * sizeof *both);
        if (both) {
            memcpy(both, a, (size_t)*n_first * sizeof *a);
            memcpy(both + *n_first, b, (size_t)n_second * sizeof *b);
        } else {
            gn_py_raise();
        }
    }
    gn_free(a);
    gn_free(b);
    return both;
}

static bool fill(gn_average *a, PyObject *lists[4])
{
    int n_from = 0, n_to = 0, averaged = 0, averages = 0;
    gn_tensor **from = joined(lists[0], lists[2], &n_from, &averaged);
    gn_tensor **to = from ? joined(lists[1], lists[3], &n_to, &averages) : NULL;
    int64_t mark = gn_scope_begin();
    bool ok = false;
    if (to && (n_from != n_to || averaged != averages))
        PyErr_Format(PyExc_ValueError,
                     "got %d parameters and %d averages, %d buffers and %d copies", averaged,
                     averages, n_from - averaged, n_to - averages);
    else if (to && !(ok = gn_average_init(a, n_to, from, to, averaged)))
        gn_py_raise();
    gn_scope_end(mark);
    gn_free(from);
    gn_free(to);
    return ok;
}

static const gn_py_class class;

static PyObject *average_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"parameters", "averages", "buffers", "copies", "decay", NULL};
    PyObject *lists[4];
    gn_average a = {0};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOOd:Average", names, &lists[0], &lists[1],
                                     &lists[2], &lists[3], &a.decay))
        return NULL;
    if (!(a.decay >= 0 && a.decay < 1))
        return PyErr_Format(PyExc_ValueError, "decay must be in [0, 1)");
    PyObject *self = fill(&a, lists) ? gn_py_new(type, &class) : NULL;
    if (self)
        *average_of(self) = a;
    else
        gn_average_free(&a);
    return self;
}

static void average_release(PyObject *self)
{
    gn_average_free(average_of(self));
}

static PyObject *average_update(PyObject *self, PyObject *unused)
{
    (void)unused;
    PyThreadState *thread = PyEval_SaveThread();
    bool ok = gn_average_update(average_of(self));
    PyEval_RestoreThread(thread);
    if (!ok)
        return gn_py_raise();
    Py_RETURN_NONE;
}

static PyObject *get_decay(PyObject *self, void *closure)
{
    (void)closure;
    return PyFloat_FromDouble(average_of(self)->decay);
}

static int set_decay(PyObject *self, PyObject *value, void *closure)
{
    (void)closure;
    double decay = value ? PyFloat_AsDouble(value) : NAN;
    if (PyErr_Occurred())
        return -1;
    if (!(decay >= 0 && decay < 1)) {
        PyErr_Format(PyExc_ValueError, "decay must be in [0, 1)");
        return -1;
    }
    average_of(self)->decay = decay;
    return 0;
}

static PyMethodDef average_methods[] = {
    {"update", average_update, METH_NOARGS, "update()\n--\n\nTakes in the parameters as they are."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef average_getset[] = {
    {"decay", get_decay, set_decay, "How much of the average an update keeps, after the warm-up.",
     NULL},
    GN_PY_COUNT(gn_py_average, a.steps, "steps", "Updates done."),
    {NULL, NULL, NULL, NULL, NULL},
};

static const gn_py_class class = {
    .name = GN_MODULE_NAME ".Average",
    .doc = "Average(parameters, averages, buffers, copies, decay)\n--\n\nExponential "
           "moving averages of parameters; buffers are copied.",
    .size = sizeof(gn_py_average),
    .release = average_release,
    .make = average_new,
    .methods = average_methods,
    .getset = average_getset,
};

PyTypeObject *gn_py_average_type(PyObject *module)
{
    return gn_py_type(module, &class);
}
