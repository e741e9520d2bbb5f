/* tensor.c - the Tensor type: life, shape, autograd and writes in place.  Data goes in and
 * out in convert.c, operators are in operators.c.  What needs no speed (indexing, printing,
 * composites) is attached in Python. */
#include "py.h"

#include <string.h>

static PyObject *tensor_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"data", "requires_grad", "dtype", NULL};
    PyObject *data, *dtype = Py_None;
    int requires_grad = 0;
    gn_dtype to;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|pO:Tensor", names, &data, &requires_grad,
                                     &dtype) ||
        (dtype != Py_None && !gn_py_read_dtype(dtype, &to)))
        return NULL;
    int64_t mark = gn_scope_begin();
    gn_tensor *t = gn_py_as_tensor(data);
    if (t && gn_py_is_tensor(data))
        t = gn_tensor_copy(t); /* as torch.tensor makes */
    if (t && dtype != Py_None)
        t = gn_cast(t, to);
    PyObject *self = NULL;
    if (t && t->dtype == GN_WIDE)
        t = gn_too_wide("tensor");
    if (t || !PyErr_Occurred())
        self = gn_py_wrap_as(type, t ? gn_requires_grad(t, requires_grad) : NULL);
    gn_scope_end(mark);
    return self;
}

static void tensor_release(PyObject *self)
{
    gn_tensor_release(((gn_py_tensor *)self)->t);
}

/* ---- values and shape ---------------------------------------------------------------- */

static PyObject *tensor_item(PyObject *self, PyObject *unused)
{
    gn_tensor *t = gn_py_tensor_of(self);
    (void)unused;
    if (t->numel != 1)
        return PyErr_Format(PyExc_RuntimeError,
                            "item() needs a Tensor of one element, got shape %s", gn_shape_text(t));
    return gn_py_number(t);
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

static PyObject *get_dtype(PyObject *self, void *closure)
{
    (void)closure;
    return gn_py_dtype_object(gn_py_tensor_of(self)->dtype);
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

static PyObject *detached(PyObject *self, bool alone)
{
    int64_t mark = gn_scope_begin();
    PyObject *result = gn_py_wrap(gn_view_detach(gn_py_tensor_of(self), alone));
    gn_scope_end(mark);
    return result;
}

/* Outside the tape: a write to .data does not count as a change of the tensor. */
static PyObject *get_data(PyObject *self, void *closure)
{
    (void)closure;
    return detached(self, true);
}

static PyObject *tensor_detach(PyObject *self, PyObject *unused)
{
    (void)unused;
    return detached(self, false);
}

static PyObject *get_base(PyObject *self, void *closure)
{
    gn_tensor *t = gn_py_tensor_of(self);
    (void)closure;
    if (t->view)
        return gn_py_wrap(t->view->base);
    Py_RETURN_NONE;
}

static PyObject *get_is_dense(PyObject *self, void *closure)
{
    gn_part p = gn_view_part(gn_py_tensor_of(self));
    (void)closure;
    return PyBool_FromLong(gn_part_is_dense(&p));
}

static PyObject *tensor_touch(PyObject *self, PyObject *unused)
{
    (void)unused;
    gn_tensor_touch(gn_py_tensor_of(self));
    Py_RETURN_NONE;
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

/* The dtype of x is not changed by what is computed in place. */
static bool may_become(const gn_tensor *y, const gn_tensor *x)
{
    if (y->dtype >= x->dtype)
        return true;
    return gn_fail_as(GN_RUNTIME,
                      "a result of dtype %s cannot be kept in a tensor of dtype %s in place; "
                      "compute out of place, or convert the tensor first",
                      gn_dtype_name(y->dtype), gn_dtype_name(x->dtype));
}

static bool assign(gn_tensor *x, gn_tensor *y)
{
    if (gn_same_shape(x, y))
        return gn_assign(x, y);
    return gn_fail("an in-place result has shape %s, the tensor %s; they must be equal",
                   gn_shape_text(y), gn_shape_text(x));
}

static PyObject *written(PyObject *self, bool ok)
{
    return ok ? Py_NewRef(self) : PyErr_Occurred() ? NULL : gn_py_raise();
}

static PyObject *tensor_assign(PyObject *self, PyObject *value)
{
    int64_t mark = gn_scope_begin();
    gn_tensor *x = gn_py_tensor_of(self), *y = gn_py_as_tensor(value);
    PyObject *result = written(self, y && may_become(y, x) && assign(x, y));
    gn_scope_end(mark);
    return result;
}

static gn_tensor *fitted(gn_tensor *y, const gn_tensor *like)
{
    return y ? gn_expand(gn_cast(y, like->dtype), like->ndim, like->dim) : NULL;
}

static PyObject *tensor_copy_(PyObject *self, PyObject *value)
{
    if (value == self)
        return Py_NewRef(self);
    int64_t mark = gn_scope_begin();
    gn_tensor *x = gn_py_tensor_of(self), *y = fitted(gn_py_as_tensor(value), x);
    PyObject *result = written(self, y && gn_overwrite(x, y));
    gn_scope_end(mark);
    return result;
}

/* One value everywhere, so it does not matter how often a place is written. */
static PyObject *tensor_fill_(PyObject *self, PyObject *value)
{
    int64_t mark = gn_scope_begin();
    gn_tensor *y = gn_py_as_tensor(value), *x = y ? gn_view_once(gn_py_tensor_of(self)) : NULL;
    if (y && y->numel != 1)
        gn_fail("fill_: got a value of shape %s, expected one number", gn_shape_text(y));
    y = y && x ? fitted(gn_reshape(y, 0, NULL), x) : NULL;
    PyObject *result = written(self, y && gn_overwrite(x, y));
    gn_scope_end(mark);
    return result;
}

static PyObject *tensor_zero_(PyObject *self, PyObject *unused)
{
    (void)unused;
    PyObject *zero = PyFloat_FromDouble(0), *result = zero ? tensor_fill_(self, zero) : NULL;
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
    PyObject *data = get_data(self, NULL);
    bool was = gn_set_grad_mode(false);
    PyObject *result = data ? tensor_copy_(data, value) : NULL;
    gn_set_grad_mode(was);
    Py_XDECREF(result);
    Py_XDECREF(data);
    return result ? 0 : -1;
}

/* ---- the type ------------------------------------------------------------------------ */

static PyMethodDef own_methods[] = {
    {"item", tensor_item, METH_NOARGS,
     "item()\n--\n\nThe only element as a Python float, int or bool."},
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
    {"fill_", tensor_fill_, METH_O, "fill_(value)\n--\n\nSets every element."},
    {"zero_", tensor_zero_, METH_NOARGS, "zero_()\n--\n\nSets every element to 0."},
    {"_assign", tensor_assign, METH_O, NULL},
    {"_touch", tensor_touch, METH_NOARGS, "_touch()\n--\n\nTells that the values were changed."},
};

static PyGetSetDef getset[] = {
    {"shape", get_shape, NULL, "Sizes of the dimensions, a tuple.", NULL},
    {"dtype", get_dtype, NULL, "ganc.float32 (or float64), int64 or bool.", NULL},
    {"ndim", get_ndim, NULL, "Number of dimensions.", NULL},
    {"requires_grad", get_requires_grad, set_requires_grad,
     "True when gradients flow to this tensor.", NULL},
    {"is_leaf", get_is_leaf, NULL, "True unless an op with a gradient made it.", NULL},
    {"grad", get_grad, set_grad, "Gradient collected by backward(), or None.", NULL},
    {"data", get_data, set_data, "The values outside the graph; assigning copies.", NULL},
    {"_is_dense", get_is_dense, NULL, "True when the elements lie side by side.", NULL},
    {"_base", get_base, NULL, "The tensor that this one is a view of, or None.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static const PyType_Slot own_slots[] = {{Py_sq_length, tensor_length}, {0, NULL}};

static PyMethodDef all_methods[256]; /* own, index, to NumPy, ops */

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
    for (const PyMethodDef *m = gn_py_index_methods; m->ml_name; m++)
        *to++ = *m;
    for (const PyMethodDef *m = gn_py_export_methods; m->ml_name; m++)
        *to++ = *m;
    for (const PyMethodDef *m = gn_py_op_methods; m->ml_name; m++)
        if (strcmp(m->ml_name, "cat") != 0) /* takes a list, not a tensor, first */
            *to++ = *m;
    gn_py->tensor_class = &class;
    return gn_py_type(module, &class);
}
