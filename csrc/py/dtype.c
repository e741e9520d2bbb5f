/* dtype.c - dtypes between Python and tensors: their names, NumPy's integers and bools coming in,
 * and going out as copies, because the storage of a tensor is real whatever its dtype. */
#include "py.h"

/* ---- names --------------------------------------------------------------------------- */

static int numpy_type(gn_dtype dtype)
{
    return dtype == GN_FLOAT ? GN_NPY_REAL : dtype == GN_BOOL ? NPY_BOOL : NPY_INT64;
}

PyObject *gn_py_dtype_object(gn_dtype dtype)
{
    return (PyObject *)PyArray_DescrFromType(numpy_type(dtype));
}

/* Python's float means real; a float type with more digits than real is refused. */
bool gn_py_read_dtype(PyObject *o, gn_dtype *to)
{
    PyArray_Descr *descr = NULL;
    if (o == (PyObject *)&PyFloat_Type) {
        *to = GN_FLOAT;
        return true;
    }
    if (o == Py_None || !PyArray_DescrConverter(o, &descr)) {
        PyErr_Clear();
        PyErr_Format(PyExc_TypeError,
                     "dtype: got %R, expected ganc.float32, ganc.int64, ganc.bool or NumPy's", o);
        return false;
    }
    int type = descr->type_num;
    bool fits = type == NPY_FLOAT || type == GN_NPY_REAL;
    if (PyTypeNum_ISBOOL(type))
        *to = GN_BOOL;
    else if (PyTypeNum_ISINTEGER(type))
        *to = GN_INT;
    else
        *to = GN_FLOAT;
    if (*to == GN_FLOAT && !fits)
        PyErr_Format(PyExc_TypeError,
                     "dtype: got %S; this build of ganc has " GN_REAL_NAME
                     ", int64 and bool (GANC_DTYPE=float64 in the environment picks float64)",
                     (PyObject *)descr);
    Py_DECREF(descr);
    return !PyErr_Occurred();
}

/* ---- from NumPy ---------------------------------------------------------------------- */

static gn_tensor *copied(PyArrayObject *a)
{
    int64_t dim[GN_MAX_DIM];
    int ndim = PyArray_NDIM(a);
    bool is_signed = PyTypeNum_ISSIGNED(PyArray_TYPE(a));
    for (int d = 0; d < ndim; d++)
        dim[d] = PyArray_DIM(a, d);
    gn_tensor *t = gn_tensor_new(ndim, dim);
    if (!t)
        return gn_py_raise(), NULL;
    const int64_t *i = PyArray_DATA(a);
    const uint64_t *u = PyArray_DATA(a);
    t->dtype = GN_INT;
    for (int64_t k = 0; k < t->numel; k++) {
        t->data[k] = is_signed ? (real)i[k] : (real)u[k];
        if (is_signed ? i[k] < -GN_WHOLE || i[k] > GN_WHOLE : u[k] > (uint64_t)GN_WHOLE)
            t->dtype = GN_WIDE;
    }
    return t;
}

gn_tensor *gn_py_integers(PyArrayObject *raw)
{
    int type = PyTypeNum_ISSIGNED(PyArray_TYPE(raw)) ? NPY_INT64 : NPY_UINT64;
    int flags = NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED | NPY_ARRAY_NOTSWAPPED;
    PyArrayObject *a = (PyArrayObject *)PyArray_FromAny(
        (PyObject *)raw, PyArray_DescrFromType(type), 0, 0, flags | NPY_ARRAY_FORCECAST, NULL);
    gn_tensor *t = a ? copied(a) : NULL;
    Py_XDECREF((PyObject *)a);
    return t;
}

/* ---- to NumPy ------------------------------------------------------------------------ */

PyObject *gn_py_tagged_array(const gn_tensor *t)
{
    npy_intp dim[GN_MAX_DIM];
    for (int d = 0; d < t->ndim; d++)
        dim[d] = (npy_intp)t->dim[d];
    PyObject *a = PyArray_SimpleNew(t->ndim, dim, numpy_type(t->dtype));
    int64_t *i = a ? PyArray_DATA((PyArrayObject *)a) : NULL;
    npy_bool *b = (npy_bool *)i;
    for (int64_t k = 0; i && k < t->numel; k++)
        if (t->dtype == GN_BOOL)
            b[k] = t->data[k] != 0;
        else
            i[k] = (int64_t)t->data[k];
    return a;
}

PyObject *gn_py_number(const gn_tensor *t)
{
    real v = t->data[0];
    return t->dtype == GN_FLOAT  ? PyFloat_FromDouble((double)v)
           : t->dtype == GN_BOOL ? PyBool_FromLong(v != 0)
                                 : PyLong_FromLongLong((int64_t)v);
}
