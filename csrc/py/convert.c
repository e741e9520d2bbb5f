/* convert.c - between Python's data and tensors: numbers, sequences and arrays come in,
 * NumPy arrays and buffers that share the memory go out. */
#include "py.h"

#include <string.h>

/* ---- from Python --------------------------------------------------------------------- */

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
    else if (PyTypeNum_ISINTEGER(type))
        t = gn_py_integers(raw);
    else
        a = (PyArrayObject *)PyArray_FromAny(
            (PyObject *)raw, PyArray_DescrFromType(GN_NPY_REAL), 0, 0,
            NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED | NPY_ARRAY_NOTSWAPPED | NPY_ARRAY_FORCECAST,
            NULL);
    if (a)
        t = copy_array(a);
    if (t && PyTypeNum_ISBOOL(type))
        t->dtype = GN_BOOL;
    Py_XDECREF((PyObject *)a);
    Py_DECREF(raw);
    return t;
}

static bool is_whole(PyObject *o)
{
    int overflow;
    long long i = PyLong_AsLongLongAndOverflow(o, &overflow);
    return !overflow && i >= -GN_WHOLE && i <= GN_WHOLE;
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
        if (t && !PyFloat_Check(o))
            t->dtype = PyBool_Check(o) ? GN_BOOL : is_whole(o) ? GN_INT : GN_WIDE;
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
    Py_ssize_t count =
        PyTuple_Check(sequence) || PyList_Check(sequence) ? PySequence_Size(sequence) : -1;
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

/* ---- to Python ----------------------------------------------------------------------- */

static void storage_capsule_free(PyObject *capsule)
{
    gn_storage *s = PyCapsule_GetPointer(capsule, "ganc.storage");
    __atomic_fetch_add(&s->writes, 1, __ATOMIC_RELAXED); /* what the array was used for */
    __atomic_fetch_sub(&s->exports, 1, __ATOMIC_RELAXED);
    gn_storage_release(s);
}

/* An array of floats aliases the tensor, a view's its base: writing one changes the other.  Where
 * elements share their place it is read-only. */
static PyObject *as_array(gn_tensor *t)
{
    if (t->dtype != GN_FLOAT)
        return gn_py_tagged_array(t);
    const gn_tensor *base = t->view ? t->view->base : t;
    gn_part p = gn_view_part(t);
    npy_intp dim[GN_MAX_DIM], stride[GN_MAX_DIM];
    for (int d = 0; d < t->ndim; d++) {
        dim[d] = (npy_intp)p.dim[d];
        stride[d] = (npy_intp)(p.stride[d] * (int64_t)sizeof(real));
    }
    int flags = gn_part_is_distinct(&p) ? NPY_ARRAY_WRITEABLE : 0;
    PyObject *a = PyArray_New(&PyArray_Type, t->ndim, dim, GN_NPY_REAL, stride,
                              base->data + (t->numel ? p.offset : 0), 0, flags, NULL);
    if (!a)
        return NULL;
    gn_storage *s = gn_storage_retain(base->storage);
    PyObject *owner = PyCapsule_New(s, "ganc.storage", storage_capsule_free);
    if (!owner) {
        gn_storage_release(s);
        Py_DECREF(a);
        return NULL;
    }
    __atomic_fetch_add(&s->exports, 1, __ATOMIC_RELAXED);
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
    if (copy == Py_False && gn_py_tensor_of(self)->dtype != GN_FLOAT)
        return PyErr_Format(PyExc_ValueError, "the array of a Tensor of integers or bools is a "
                                              "copy; leave out copy=False");
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

/* ---- the buffer protocol ------------------------------------------------------------- */

static int get_buffer(PyObject *self, Py_buffer *view, int flags)
{
    gn_tensor *t = gn_py_tensor_of(self);
    if (t->dtype != GN_FLOAT) { /* the buffer of a copy, which owns it */
        PyObject *a = gn_py_tagged_array(t);
        int status = a ? PyObject_GetBuffer(a, view, flags) : -1;
        Py_XDECREF(a);
        return status;
    }
    bool copied = t->view && t->storage != t->view->base->storage; /* writes would be lost */
    if (PyBuffer_FillInfo(view, self, t->data, (Py_ssize_t)(t->numel * (int64_t)sizeof(real)),
                          copied, flags) < 0)
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

const PyType_Slot gn_py_export_slots[] = {
    {Py_bf_getbuffer, get_buffer},
    {Py_bf_releasebuffer, release_buffer},
    {0, NULL},
};

/* As detach, into a subclass, whose constructor would copy. */
static PyObject *tensor_shared_as(PyObject *self, PyObject *type)
{
    if (!PyType_Check(type) || !PyType_IsSubtype((PyTypeObject *)type, gn_py->tensor))
        return PyErr_Format(PyExc_TypeError, "_shared_as: expected a subclass of Tensor");
    int64_t mark = gn_scope_begin();
    gn_tensor *t = gn_view_detach(gn_py_tensor_of(self), false);
    PyObject *result = gn_py_wrap_as((PyTypeObject *)type, t);
    gn_scope_end(mark);
    return result;
}

PyMethodDef gn_py_export_methods[] = {
    {"numpy", tensor_numpy, METH_NOARGS,
     "numpy()\n--\n\nAn array that shares the tensor's memory: training changes it.  "
     "Integers and bools are copied."},
    {"__array__", GN_PY_CAST(tensor_array), METH_VARARGS | METH_KEYWORDS, NULL},
    {"_shared_as", tensor_shared_as, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
