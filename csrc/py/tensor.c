/* tensor.c - the Tensor type: construction from Python data, export to it, operators.
 * What needs no speed (indexing, printing, composites) is attached by ganc/_tensor*.py. */
#include "py.h"

#include <string.h>

bool gn_py_is_tensor(PyObject *o)
{
    return PyObject_TypeCheck(o, gn_py->tensor);
}

gn_tensor *gn_py_tensor_of(PyObject *o)
{
    return ((gn_py_tensor *)o)->t;
}

static PyObject *wrap_as(PyTypeObject *type, gn_tensor *t)
{
    if (!t || gn_failed())
        return gn_py_raise();
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    gn_py_tensor *self = (gn_py_tensor *)alloc(type, 0);
    if (self) {
        gn_tensor_retain(t);
        self->t = t;
    }
    return (PyObject *)self;
}

PyObject *gn_py_wrap(gn_tensor *t)
{
    return wrap_as(gn_py->tensor, t);
}

/* ---- from Python -------------------------------------------------------------------------- */

static gn_tensor *copy_array(PyArrayObject *a)
{
    int64_t dim[GN_MAX_DIM];
    int ndim = PyArray_NDIM(a);
    for (int d = 0; d < ndim; d++)
        dim[d] = PyArray_DIM(a, d);
    gn_tensor *t = gn_tensor_new(ndim, dim);
    if (!t)
        return gn_py_raise(), NULL;
    if (t->numel)
        memcpy(t->data, PyArray_DATA(a), (size_t)t->numel * sizeof(real));
    return t;
}

static gn_tensor *from_any(PyObject *o)
{
    PyArrayObject *raw = (PyArrayObject *)PyArray_FromAny(o, NULL, 0, 0, 0, NULL);
    if (!raw) { /* ragged lists and the like */
        if (PyErr_ExceptionMatches(PyExc_MemoryError))
            return NULL;
        PyErr_Clear();
        PyErr_SetString(PyExc_ValueError, "expected a number, an array or nested lists of numbers "
                                          "with equal lengths");
        return NULL;
    }
    gn_tensor *t = NULL;
    PyArrayObject *a = NULL;
    int type = PyArray_TYPE(raw);
    if (!PyTypeNum_ISBOOL(type) && !PyTypeNum_ISINTEGER(type) && !PyTypeNum_ISFLOAT(type))
        PyErr_Format(PyExc_TypeError, "expected numbers, got an array of dtype %S",
                     (PyObject *)PyArray_DESCR(raw));
    else if (PyArray_NDIM(raw) > GN_MAX_DIM)
        PyErr_Format(PyExc_ValueError, "a tensor has at most %d dimensions, got %d", GN_MAX_DIM,
                     PyArray_NDIM(raw));
    else
        a = (PyArrayObject *)PyArray_FromAny(
            (PyObject *)raw, PyArray_DescrFromType(GN_NPY_REAL), 0, 0,
            NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED | NPY_ARRAY_NOTSWAPPED | NPY_ARRAY_FORCECAST,
            NULL);
    if (a)
        t = copy_array(a);
    Py_XDECREF((PyObject *)a);
    Py_DECREF(raw);
    return t;
}

gn_tensor *gn_py_as_tensor(PyObject *o)
{
    if (gn_py_is_tensor(o))
        return gn_py_tensor_of(o);
    if (PyFloat_Check(o) || PyLong_Check(o)) {
        double v = PyFloat_AsDouble(o);
        if (v == -1 && PyErr_Occurred()) {
            if (PyErr_ExceptionMatches(PyExc_OverflowError)) {
                PyErr_Clear();
                PyErr_SetString(PyExc_ValueError, "an integer is too large for a float64");
            }
            return NULL;
        }
        gn_tensor *t = gn_scalar(v);
        return t ? t : (gn_py_raise(), NULL);
    }
    if (PyUnicode_Check(o) || PyBytes_Check(o) || o == Py_None) {
        PyObject *type = PyType_GetName(Py_TYPE(o));
        PyErr_Format(PyExc_TypeError, "expected a Tensor, an array or numbers, got %S",
                     type ? type : Py_None);
        Py_XDECREF(type);
        return NULL;
    }
    return from_any(o);
}

gn_tensor **gn_py_tensor_list(PyObject *sequence, const char *what, int *n)
{
    *n = 0;
    Py_ssize_t count = PyTuple_Check(sequence) || PyList_Check(sequence)
                           ? PySequence_Size(sequence)
                           : -1;
    if (count < 0) {
        PyErr_Format(PyExc_TypeError, "%s must be a list or tuple of Tensors", what);
        return NULL;
    }
    gn_tensor **list = gn_alloc("tensor list", (size_t)GN_MAX(count, 1) * sizeof *list);
    if (!list)
        return gn_py_raise(), NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PySequence_GetItem(sequence, i); /* the sequence keeps it alive */
        if (item && gn_py_is_tensor(item))
            list[i] = gn_py_tensor_of(item);
        else if (item)
            PyErr_Format(PyExc_TypeError, "%s: element %zd is not a Tensor", what, i);
        Py_XDECREF(item);
        if (PyErr_Occurred()) {
            gn_free(list);
            return NULL;
        }
    }
    *n = (int)count;
    return list;
}

bool gn_py_shape(PyObject *o, int *ndim, int64_t *dim)
{
    PyObject *one = PyIndex_Check(o) ? PyTuple_Pack(1, o) : NULL;
    PyObject *s = one ? one : PySequence_Tuple(o);
    Py_ssize_t n = s ? PyTuple_Size(s) : -1;
    if (n > GN_MAX_DIM)
        PyErr_Format(PyExc_ValueError, "a tensor has at most %d dimensions, got %zd", GN_MAX_DIM,
                     n);
    *ndim = (int)n;
    for (int d = 0; d < n && !PyErr_Occurred(); d++) {
        PyObject *index = PyNumber_Index(PyTuple_GetItem(s, d));
        dim[d] = index ? PyLong_AsLongLong(index) : -1;
        Py_XDECREF(index);
        if (dim[d] < 0 && !PyErr_Occurred())
            PyErr_Format(PyExc_ValueError, "a size must be >= 0, got %lld in dimension %d",
                         (long long)dim[d], d);
    }
    Py_XDECREF(s);
    return !PyErr_Occurred();
}

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
        self = wrap_as(type, t ? gn_requires_grad(t, requires_grad) : NULL);
    gn_scope_end(mark);
    return self;
}

static void tensor_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    gn_tensor_release(((gn_py_tensor *)self)->t);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

/* ---- to Python ------------------------------------------------------------------------------ */

static void storage_capsule_free(PyObject *capsule)
{
    gn_storage *s = PyCapsule_GetPointer(capsule, "ganc.storage");
    __atomic_fetch_sub(&s->exports, 1, __ATOMIC_RELAXED);
    gn_storage_release(s);
}

/* The array aliases the tensor: writing one changes the other. */
static PyObject *as_array(gn_tensor *t)
{
    npy_intp dim[GN_MAX_DIM];
    for (int d = 0; d < t->ndim; d++)
        dim[d] = (npy_intp)t->dim[d];
    PyObject *a = PyArray_SimpleNewFromData(t->ndim, dim, GN_NPY_REAL, t->data);
    if (!a)
        return NULL;
    __atomic_fetch_add(&t->storage->refs, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&t->storage->exports, 1, __ATOMIC_RELAXED);
    PyObject *owner = PyCapsule_New(t->storage, "ganc.storage", storage_capsule_free);
    if (!owner) {
        gn_storage_release(t->storage);
        Py_DECREF(a);
        return NULL;
    }
    if (PyArray_SetBaseObject((PyArrayObject *)a, owner) < 0)
        Py_CLEAR(a);
    return a;
}

static PyObject *tensor_numpy(PyObject *self, PyObject *unused)
{
    gn_tensor *t = gn_py_tensor_of(self);
    (void)unused;
    if (t->node)
        return PyErr_Format(PyExc_RuntimeError, "can't call numpy() on a Tensor that requires "
                                                "grad; use .detach().numpy()");
    return as_array(t);
}

static PyObject *tensor_array(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"dtype", "copy", NULL};
    PyObject *dtype = Py_None, *copy = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OO:__array__", names, &dtype, &copy))
        return NULL;
    PyObject *a = as_array(gn_py_tensor_of(self));
    PyArray_Descr *descr = NULL;
    if (!a || (dtype != Py_None && !PyArray_DescrConverter(dtype, &descr))) {
        Py_XDECREF(a);
        return NULL;
    }
    if (descr || copy == Py_True) {
        int flags = NPY_ARRAY_FORCECAST | (copy == Py_True ? NPY_ARRAY_ENSURECOPY : 0);
        PyObject *b = PyArray_FromAny(a, descr, 0, 0, flags, NULL);
        Py_DECREF(a);
        return b;
    }
    return a;
}

static PyObject *tensor_item(PyObject *self, PyObject *unused)
{
    gn_tensor *t = gn_py_tensor_of(self);
    (void)unused;
    if (t->numel != 1)
        return PyErr_Format(PyExc_RuntimeError,
                            "item() needs a Tensor of one element, got shape %s",
                            gn_shape_text(t));
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

/* ---- autograd --------------------------------------------------------------------------------- */

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
    if (node && node->grad)
        return gn_py_wrap(node->grad);
    Py_RETURN_NONE;
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
    if (g)
        gn_tensor_retain(g);
    gn_tensor_release(t->node->grad);
    t->node->grad = g;
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

/* ---- in place ------------------------------------------------------------------------------------ */

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
    if (x->numel)
        memmove(x->data, y->data, (size_t)x->numel * sizeof(real));
    gn_tensor_touch(x);
    if (gn_grad_mode() && y->node != x->node) {
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

/* ---- operators -------------------------------------------------------------------------------------- */

static bool operand(PyObject *o)
{
    return gn_py_is_tensor(o) || PyFloat_Check(o) || PyLong_Check(o) || PyArray_Check(o) ||
           PyArray_CheckScalar(o) || PyList_Check(o) || PyTuple_Check(o);
}

typedef gn_tensor *binary_op(gn_tensor *a, gn_tensor *b);

static PyObject *binary(PyObject *a, PyObject *b, binary_op *op)
{
    if (!operand(a) || !operand(b)) {
        Py_INCREF(Py_NotImplemented);
        return Py_NotImplemented;
    }
    int64_t mark = gn_scope_begin();
    gn_tensor *x = gn_py_as_tensor(a), *y = x ? gn_py_as_tensor(b) : NULL, *z = NULL;
    if (x && y && x->numel + y->numel > 32768) {
        PyThreadState *thread = PyEval_SaveThread();
        z = op(x, y);
        PyEval_RestoreThread(thread);
    } else if (x && y) {
        z = op(x, y);
    }
    PyObject *result = x && y ? gn_py_wrap(z) : NULL;
    gn_scope_end(mark);
    return result;
}

static gn_tensor *matmul(gn_tensor *a, gn_tensor *b)
{
    gn_call c = {.op = &gn_op_matmul, .nin = 2, .in = {a, b}};
    return gn_apply(&c);
}

static gn_tensor *power(gn_tensor *a, gn_tensor *b)
{
    if (b->ndim == 0 && !b->node)
        return b->data[0] == 2 ? gn_square(a) : gn_pow_scalar(a, (double)b->data[0]);
    return gn_pow_tensor(a, b);
}

#define BINARY_SLOT(name, op)                                                                    \
    static PyObject *nb_##name(PyObject *a, PyObject *b)                                         \
    {                                                                                            \
        return binary(a, b, op);                                                                 \
    }
BINARY_SLOT(add, gn_add)
BINARY_SLOT(subtract, gn_sub)
BINARY_SLOT(multiply, gn_mul)
BINARY_SLOT(true_divide, gn_div)
BINARY_SLOT(matrix_multiply, matmul)

static PyObject *nb_power(PyObject *a, PyObject *b, PyObject *modulus)
{
    if (modulus != Py_None)
        return PyErr_Format(PyExc_TypeError, "pow() with a modulus is not offered for Tensors");
    return binary(a, b, power);
}

static PyObject *nb_negative(PyObject *self)
{
    int64_t mark = gn_scope_begin();
    PyObject *result = gn_py_wrap(gn_neg(gn_py_tensor_of(self)));
    gn_scope_end(mark);
    return result;
}

static PyObject *nb_absolute(PyObject *self)
{
    int64_t mark = gn_scope_begin();
    PyObject *result = gn_py_wrap(gn_abs(gn_py_tensor_of(self)));
    gn_scope_end(mark);
    return result;
}

static PyObject *richcompare(PyObject *a, PyObject *b, int op)
{
    static binary_op *const table[] = {[Py_LT] = gn_lt, [Py_LE] = gn_le, [Py_EQ] = gn_eq,
                                       [Py_NE] = gn_ne, [Py_GT] = gn_gt, [Py_GE] = gn_ge};
    return binary(a, b, table[op]);
}

static Py_hash_t identity_hash(PyObject *self)
{
    return (Py_hash_t)((uintptr_t)self >> 4);
}

/* ---- the buffer protocol ------------------------------------------------------------------------------ */

static int get_buffer(PyObject *self, Py_buffer *view, int flags)
{
    gn_tensor *t = gn_py_tensor_of(self);
    if (PyBuffer_FillInfo(view, self, t->data, (Py_ssize_t)(t->numel * (int64_t)sizeof(real)), 0,
                          flags) < 0)
        return -1;
    Py_ssize_t *shape = PyMem_Malloc(2 * GN_MAX_DIM * sizeof *shape);
    if (!shape) {
        PyBuffer_Release(view);
        PyErr_NoMemory();
        return -1;
    }
    Py_ssize_t run = sizeof(real);
    for (int d = t->ndim - 1; d >= 0; d--) {
        shape[d] = (Py_ssize_t)t->dim[d];
        shape[GN_MAX_DIM + d] = run;
        run *= shape[d];
    }
    view->internal = shape;
    view->itemsize = sizeof(real);
    view->ndim = t->ndim;
    view->format = flags & PyBUF_FORMAT ? GN_BUFFER_FORMAT : NULL;
    view->shape = flags & PyBUF_ND ? shape : NULL;
    view->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? shape + GN_MAX_DIM : NULL;
    return 0;
}

static void release_buffer(PyObject *self, Py_buffer *view)
{
    (void)self;
    PyMem_Free(view->internal);
}

/* ---- the type ---------------------------------------------------------------------------------------------- */

#define CAST(f) ((PyCFunction)(void (*)(void))(f))

static PyMethodDef own_methods[] = {
    {"numpy", tensor_numpy, METH_NOARGS,
     "numpy()\n--\n\nAn array that shares the tensor's memory: training changes it."},
    {"__array__", CAST(tensor_array), METH_VARARGS | METH_KEYWORDS, NULL},
    {"item", tensor_item, METH_NOARGS, "item()\n--\n\nThe only element as a Python float."},
    {"dim", tensor_dim, METH_NOARGS, "dim()\n--\n\nNumber of dimensions."},
    {"numel", tensor_numel, METH_NOARGS, "numel()\n--\n\nNumber of elements."},
    {"detach", tensor_detach, METH_NOARGS,
     "detach()\n--\n\nThe same values in the same memory, outside the graph."},
    {"requires_grad_", CAST(tensor_requires_grad_), METH_VARARGS | METH_KEYWORDS,
     "requires_grad_(requires_grad=True)\n--\n\nSwitches gradients of a leaf on or off."},
    {"backward", CAST(tensor_backward), METH_VARARGS | METH_KEYWORDS,
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

static PyMethodDef all_methods[256];

PyTypeObject *gn_py_tensor_type(PyObject *module)
{
    int n;
    const PyMethodDef *op = gn_py_op_methods(&n);
    PyMethodDef *to = all_methods;
    memcpy(to, own_methods, sizeof own_methods);
    to += GN_COUNT(own_methods);
    for (int i = 0; i < n; i++)
        if (strcmp(op[i].ml_name, "cat") != 0) /* takes a list, not a tensor, first */
            *to++ = op[i];
    PyType_Slot slots[] = {
        {Py_tp_doc, "Tensor(data, requires_grad=False)\n--\n\nA dense array of up to 5 dimensions "
                    "that can be differentiated."},
        {Py_tp_new, tensor_new},
        {Py_tp_dealloc, tensor_dealloc},
        {Py_tp_methods, all_methods},
        {Py_tp_getset, getset},
        {Py_tp_richcompare, richcompare},
        {Py_tp_hash, identity_hash},
        {Py_sq_length, tensor_length},
        {Py_nb_add, nb_add},
        {Py_nb_subtract, nb_subtract},
        {Py_nb_multiply, nb_multiply},
        {Py_nb_true_divide, nb_true_divide},
        {Py_nb_matrix_multiply, nb_matrix_multiply},
        {Py_nb_power, nb_power},
        {Py_nb_negative, nb_negative},
        {Py_nb_absolute, nb_absolute},
        {Py_bf_getbuffer, get_buffer},
        {Py_bf_releasebuffer, release_buffer},
        {0, NULL},
    };
    PyType_Spec spec = {.name = GN_MODULE_NAME ".Tensor",
                        .basicsize = sizeof(gn_py_tensor),
                        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                        .slots = slots};
    return (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
}
