/* grad.c - grad(): gradients of given outputs for given inputs, as a list. */
#include "py.h"

static PyObject *wrap_gradients(int n, gn_tensor **dx, bool allow_unused)
{
    PyObject *list = PyList_New(n);
    for (int i = 0; list && i < n; i++) {
        PyObject *item = Py_None;
        if (dx[i])
            item = gn_py_wrap(dx[i]);
        else if (allow_unused)
            Py_INCREF(item);
        else
            item = PyErr_Format(PyExc_RuntimeError,
                                "grad: input %d is not used by the outputs; pass "
                                "allow_unused=True to get None for it",
                                i);
        if (!item)
            Py_CLEAR(list);
        else
            PyList_SetItem(list, i, item);
    }
    return list;
}

static bool check_cotangents(PyObject *o, int ny)
{
    for (int i = 0; i < ny; i++) {
        PyObject *item = PySequence_GetItem(o, i);
        if (item && item != Py_None && !gn_py_is_tensor(item))
            PyErr_SetString(PyExc_TypeError, "grad_outputs must hold Tensors or None");
        Py_XDECREF(item);
    }
    return !PyErr_Occurred();
}

static gn_tensor **cotangents(PyObject *o, int ny)
{
    if (o == Py_None)
        return NULL;
    if (!PySequence_Check(o) || PySequence_Size(o) != ny) {
        PyErr_Format(PyExc_ValueError,
                     "grad_outputs must have one entry for each of the %d "
                     "outputs",
                     ny);
        return NULL;
    }
    gn_tensor **dy =
        check_cotangents(o, ny) ? gn_alloc("cotangents", (size_t)ny * sizeof *dy) : NULL;
    for (int i = 0; dy && i < ny; i++) {
        PyObject *item = PySequence_GetItem(o, i);
        dy[i] = item == Py_None ? NULL : gn_py_tensor_of(item);
        Py_DECREF(item);
    }
    return dy;
}

static PyObject *grad(PyObject *module, PyObject *args)
{
    PyObject *outputs, *inputs, *grad_outputs, *retain, *result = NULL;
    int create, allow_unused, ny = 0, nx = 0;
    (void)module;
    if (!PyArg_ParseTuple(args, "OOOOpp:grad", &outputs, &inputs, &grad_outputs, &retain, &create,
                          &allow_unused))
        return NULL;
    int keep = retain == Py_None ? create : PyObject_IsTrue(retain);
    gn_tensor **y = gn_py_tensor_list(outputs, "outputs", &ny);
    gn_tensor **x = y ? gn_py_tensor_list(inputs, "inputs", &nx) : NULL;
    gn_tensor **dy = x ? cotangents(grad_outputs, ny) : NULL;
    gn_tensor **dx =
        x && !PyErr_Occurred() ? gn_alloc("gradients", (size_t)GN_MAX(nx, 1) * sizeof *dx) : NULL;
    if (dx) {
        int64_t mark = gn_scope_begin();
        PyThreadState *thread = PyEval_SaveThread();
        bool ok = gn_grad(ny, y, dy, nx, x, (gn_sweep_options){create, keep}, dx);
        PyEval_RestoreThread(thread);
        if (ok)
            result = wrap_gradients(nx, dx, allow_unused);
        for (int i = 0; ok && i < nx; i++)
            gn_tensor_release(dx[i]);
        gn_scope_end(mark);
    }
    gn_free(dx);
    gn_free(dy);
    gn_free(x);
    gn_free(y);
    return result || PyErr_Occurred() ? result : gn_py_raise();
}

PyMethodDef gn_py_grad_functions[] = {
    {"grad", grad, METH_VARARGS,
     "grad(outputs, inputs, grad_outputs, retain_graph, create_graph, allow_unused)\n--\n\n"
     "Gradients of the outputs' sum for the inputs, a list."},
    {NULL, NULL, 0, NULL},
};
