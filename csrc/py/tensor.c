/* tensor.c - the Tensor type: life, shape, autograd and writes in place.  Data goes in and
 * out in convert.c, operators are in operators.c.  What needs no speed (indexing, printing,
 * composites) is attached in Python. */
#include "py.h"

#include <string.h>

static PyObject *tensor_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"data", "requires_grad", NULL};
    PyObject *data;
    int requires_grad = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|p:Tensor", names, &data, &requires_grad))
        return NULL;
    int64_t mark = gn_scope_begin();
    gn_tensor *t = gn_py_as_tensor(data);
    if (t && gn_py_is_tensor(data)) { /* a copy, as torch.tensor makes */
        gn_tensor *copy = gn_tensor_like(t);
        if (copy && t->numel)
            memcpy(copy->data, t->data, (size_t)t->numel * sizeof(real));
        t = copy;
    }
    PyObject *self = NULL;
    if (t || !PyErr_Occurred())
        self = gn_py_wrap_as(type, t ? gn_requires_grad(t, requires_grad) : NULL);
    gn_scope_end(mark);
    return self;
}

static void tensor_release(PyObject *self)
{
    gn_tensor_release(gn_py_tensor_of(self));
}

/* ---- values and shape ---------------------------------------------------------------- */

static PyObject *tensor_item(PyObject *self, PyObject *unused)
{
    gn_tensor *t = gn_py_tensor_of(self);
    (void)unused;
    if (t->numel != 1)
        return PyErr_Format(PyExc_RuntimeError,
                            "item() needs a Tensor of one element, got shape %s", gn_shape_text(t));
    return PyFloat_FromDouble((double)t->data[0]);
}

static PyObject *shape_tuple(const gn_tensor *t)
{
    PyObject *shape = PyTuple_New(t->ndim);
    for (int d = 0; shape && d < t->ndim; d++) {
        PyObject *size = PyLong_FromLongLong(t->dim[d]);
        if (!size || PyTuple_SetItem(shape, d, size) < 0)
            Py_CLEAR(shape);
    }
    return shape;
}

static PyObject *get_shape(PyObject *self, void *closure)
{
    (void)closure;
    return shape_tuple(gn_py_tensor_of(self));
}

static PyObject *get_ndim(PyObject *self, void *closure)
{
    (void)closure;
    return PyLong_FromLong(gn_py_tensor_of(self)->ndim);
}

static PyObject *tensor_dim(PyObject *self, PyObject *unused)
{
    (void)unused;
    return get_ndim(self, NULL);
}

static PyObject *tensor_numel(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyLong_FromLongLong(gn_py_tensor_of(self)->numel);
}

static Py_ssize_t tensor_length(PyObject *self)
{
    gn_tensor *t = gn_py_tensor_of(self);
    if (t->ndim)
        return (Py_ssize_t)t->dim[0];
    PyErr_SetString(PyExc_TypeError, "len() of a 0-d tensor");
    return -1;
}

/* ---- autograd ------------------------------------------------------------------------ */

static PyObject *get_requires_grad(PyObject *self, void *closure)
{
    (void)closure;
    return PyBool_FromLong(gn_py_tensor_of(self)->node != NULL);
}

static int set_requires_grad(PyObject *self, PyObject *value, void *closure)
{
    (void)closure;
    int on = value ? PyObject_IsTrue(value) : 0;
    if (on < 0)
        return -1;
    if (gn_requires_grad(gn_py_tensor_of(self), on))
        return 0;
    gn_py_raise();
    return -1;
}

static PyObject *tensor_requires_grad_(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"requires_grad", NULL};
    PyObject *on = Py_True;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:requires_grad_", names, &on) ||
        set_requires_grad(self, on, NULL) < 0)
        return NULL;
    Py_INCREF(self);
    return self;
}

static PyObject *get_is_leaf(PyObject *self, void *closure)
{
    (void)closure;
    return PyBool_FromLong(gn_is_leaf(gn_py_tensor_of(self)));
}

static PyObject *get_grad(PyObject *self, void *closure)
{
    gn_node *node = gn_py_tensor_of(self)->node;
    (void)closure;
    gn_tensor *grad = node ? gn_node_grad(node) : NULL;
    if (!grad)
        Py_RETURN_NONE;
    PyObject *result = gn_py_wrap(grad);
    gn_tensor_release(grad);
    return result;
}

static int set_grad(PyObject *self, PyObject *value, void *closure)
{
    gn_tensor *t = gn_py_tensor_of(self), *g = NULL;
    (void)closure;
    if (value && value != Py_None) {
        if (!gn_py_is_tensor(value)) {
            PyErr_SetString(PyExc_TypeError, "grad must be a Tensor or None");
            return -1;
        }
        g = gn_py_tensor_of(value);
        if (!gn_same_shape(t, g)) {
            PyErr_Format(PyExc_RuntimeError, "grad has shape %s, the tensor %s", gn_shape_text(g),
                         gn_shape_text(t));
            return -1;
        }
    }
    if (!t->node) {
        if (!g)
            return 0;
        PyErr_SetString(PyExc_RuntimeError, "a tensor that does not require grad has no grad");
        return -1;
    }
    gn_node_set_grad(t->node, g);
    return 0;
}

static PyObject *get_data(PyObject *self, void *closure)
{
    (void)closure;
    int64_t mark = gn_scope_begin();
    PyObject *result = gn_py_wrap(gn_detach(gn_py_tensor_of(self)));
    gn_scope_end(mark);
    return result;
}

static PyObject *tensor_detach(PyObject *self, PyObject *unused)
{
    (void)unused;
    return get_data(self, NULL);
}

static PyObject *tensor_backward(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"gradient", "retain_graph", "create_graph", NULL};
    PyObject *gradient = Py_None, *retain = Py_None;
    int create = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OOp:backward", names, &gradient, &retain,
                                     &create))
        return NULL;
    int64_t mark = gn_scope_begin();
    gn_tensor *dy = gradient == Py_None ? NULL : gn_py_as_tensor(gradient);
    int keep = retain == Py_None ? create : PyObject_IsTrue(retain);
    if (keep >= 0 && !PyErr_Occurred()) {
        PyThreadState *thread = PyEval_SaveThread();
        gn_backward(gn_py_tensor_of(self), dy, (gn_sweep_options){create, keep});
        PyEval_RestoreThread(thread);
    }
    gn_scope_end(mark);
    if (PyErr_Occurred() || gn_failed())
        return gn_py_raise();
    Py_RETURN_NONE;
}

/* ---- in place ------------------------------------------------------------------------ */

static bool may_write(gn_tensor *t)
{
    if (!t->node || !gn_grad_mode() || t->node->call.op)
        return true;
    return gn_fail_as(GN_RUNTIME, "a leaf Tensor that requires grad is being changed in place; "
                                  "wrap it in ganc.no_grad()");
}

/* x takes y's values and, when recording, y's history: none when y is a constant. */
static bool assign(gn_tensor *x, gn_tensor *y)
{
    if (!may_write(x))
        return false;
    if (!gn_same_shape(x, y))
        return gn_fail("an in-place result has shape %s, the tensor %s; they must be equal",
                       gn_shape_text(y), gn_shape_text(x));
    bool records = gn_grad_mode() && y->node != x->node;
    if (records && y->node && gn_is_leaf(y) && !(y = gn_identity(y))) /* x is no second leaf */
        return false;
    if (x->numel)
        memmove(x->data, y->data, (size_t)x->numel * sizeof(real));
    gn_tensor_touch(x);
    if (records) {
        gn_node *old = x->node;
        x->node = y->node;
        if (x->node)
            gn_node_retain(x->node);
        gn_node_release(old);
    }
    return true;
}

static PyObject *write_into(PyObject *self, gn_tensor *y)
{
    if (!y || !assign(gn_py_tensor_of(self), y))
        return PyErr_Occurred() ? NULL : gn_py_raise();
    Py_INCREF(self);
    return self;
}

static PyObject *tensor_assign(PyObject *self, PyObject *value)
{
    int64_t mark = gn_scope_begin();
    PyObject *result = write_into(self, gn_py_as_tensor(value));
    gn_scope_end(mark);
    return result;
}

static gn_tensor *expanded(gn_tensor *y, const gn_tensor *like)
{
    return y ? gn_expand(y, like->ndim, like->dim) : NULL;
}

static PyObject *tensor_copy_(PyObject *self, PyObject *value)
{
    int64_t mark = gn_scope_begin();
    PyObject *result = write_into(self, expanded(gn_py_as_tensor(value), gn_py_tensor_of(self)));
    gn_scope_end(mark);
    return result;
}

static PyObject *tensor_zero_(PyObject *self, PyObject *unused)
{
    (void)unused;
    PyObject *zero = PyFloat_FromDouble(0), *result = zero ? tensor_copy_(self, zero) : NULL;
    Py_XDECREF(zero);
    return result;
}

static int set_data(PyObject *self, PyObject *value, void *closure)
{
    (void)closure;
    if (!value) {
        PyErr_SetString(PyExc_AttributeError, "data cannot be deleted");
        return -1;
    }
    bool was = gn_set_grad_mode(false);
    PyObject *result = tensor_copy_(self, value);
    gn_set_grad_mode(was);
    Py_XDECREF(result);
    return result ? 0 : -1;
}

/* ---- the type ------------------------------------------------------------------------ */

static PyMethodDef own_methods[] = {
    {"item", tensor_item, METH_NOARGS, "item()\n--\n\nThe only element as a Python float."},
    {"dim", tensor_dim, METH_NOARGS, "dim()\n--\n\nNumber of dimensions."},
    {"numel", tensor_numel, METH_NOARGS, "numel()\n--\n\nNumber of elements."},
    {"detach", tensor_detach, METH_NOARGS,
     "detach()\n--\n\nThe same values in the same memory, outside the graph."},
    {"requires_grad_", GN_PY_CAST(tensor_requires_grad_), METH_VARARGS | METH_KEYWORDS,
     "requires_grad_(requires_grad=True)\n--\n\nSwitches gradients of a leaf on or off."},
    {"backward", GN_PY_CAST(tensor_backward), METH_VARARGS | METH_KEYWORDS,
     "backward(gradient=None, retain_graph=None, create_graph=False)\n--\n\n"
     "Adds the gradients of all leaves below this tensor to their .grad."},
    {"copy_", tensor_copy_, METH_O,
     "copy_(src)\n--\n\nTakes the values of src, broadcast to this shape."},
    {"fill_", tensor_copy_, METH_O, "fill_(value)\n--\n\nSets every element."},
    {"zero_", tensor_zero_, METH_NOARGS, "zero_()\n--\n\nSets every element to 0."},
    {"_assign", tensor_assign, METH_O, NULL},
};

static PyGetSetDef getset[] = {
    {"shape", get_shape, NULL, "Sizes of the dimensions, a tuple.", NULL},
    {"ndim", get_ndim, NULL, "Number of dimensions.", NULL},
    {"requires_grad", get_requires_grad, set_requires_grad,
     "True when gradients flow to this tensor.", NULL},
    {"is_leaf", get_is_leaf, NULL, "True unless an op with a gradient made it.", NULL},
    {"grad", get_grad, set_grad, "Gradient collected by backward(), or None.", NULL},
    {"data", get_data, set_data, "The values outside the graph; assigning copies.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static const PyType_Slot own_slots[] = {{Py_sq_length, tensor_length}, {0, NULL}};

static PyMethodDef all_methods[256]; /* own, to NumPy, ops */

static const gn_py_class class = {
    .name = GN_MODULE_NAME ".Tensor",
    .doc = "Tensor(data, requires_grad=False)\n--\n\nA dense array of up to 5 dimensions "
           "that can be differentiated.",
    .size = sizeof(gn_py_tensor),
    .flags = Py_TPFLAGS_BASETYPE,
    .release = tensor_release,
    .make = tensor_new,
    .methods = all_methods,
    .getset = getset,
    .protocols = {own_slots, gn_py_operator_slots, gn_py_export_slots},
};

PyTypeObject *gn_py_tensor_type(PyObject *module)
{
    PyMethodDef *to = all_methods;
    memcpy(to, own_methods, sizeof own_methods);
    to += GN_COUNT(own_methods);
    for (const PyMethodDef *m = gn_py_export_methods; m->ml_name; m++)
        *to++ = *m;
    for (const PyMethodDef *m = gn_py_op_methods; m->ml_name; m++)
        if (strcmp(m->ml_name, "cat") != 0) /* takes a list, not a tensor, first */
            *to++ = *m;
    gn_py->tensor_class = &class;
    return gn_py_type(module, &class);
}
