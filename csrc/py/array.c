/* array.c - functions that make tensors of what comes from outside the graph: data, one value,
 * uint8 images. */
#include "py.h"

#include <string.h>

static PyObject *tensor(PyObject *module, PyObject *args, PyObject *kwargs)
{
    (void)module;
    PyObject *t = PyObject_Call((PyObject *)gn_py->tensor, args, kwargs);
    if (!t)
        gn_py_blame("tensor", NULL);
    return t;
}

static PyObject *full(PyObject *module, PyObject *args)
{
    PyObject *shape, *value;
    int ndim;
    int64_t dim[GN_MAX_DIM];
    (void)module;
    if (!PyArg_ParseTuple(args, "OO:full", &shape, &value) || !gn_py_shape(shape, &ndim, dim))
        return NULL;
    int64_t mark = gn_scope_begin();
    gn_tensor *one = gn_py_as_tensor(value), *y = NULL;
    if (one && one->numel != 1)
        gn_fail("full: got a value of shape %s, expected one number", gn_shape_text(one));
    else if (one && (y = gn_tensor_full(ndim, dim, one->data[0])))
        y->dtype = one->dtype;
    PyObject *result = one || !PyErr_Occurred() ? gn_py_wrap(y) : NULL;
    gn_scope_end(mark);
    return result;
}

/* ---- uint8 images: gathered by index and converted, (N, C, H, W) --------------------- */

typedef struct {
    const uint8_t *image;
    const int64_t *index;
    real *y;
    int64_t channels, pixels;
    bool channels_last;
    real scale, shift;
} u8_work;

static void u8_task(void *ctx, int64_t task)
{
    const u8_work *w = ctx;
    const uint8_t *x = w->image + w->index[task] * w->channels * w->pixels;
    real *y = w->y + task * w->channels * w->pixels;
    if (!w->channels_last || w->channels == 1) {
        gn_vec->from_u8(y, x, 1, w->channels * w->pixels, w->scale, w->shift);
        return;
    }
    for (int64_t c = 0; c < w->channels; c++)
        gn_vec->from_u8(y + c * w->pixels, x + c, w->channels, w->pixels, w->scale, w->shift);
}

/* Sizes of one image as stored -> (N, C, H, W); false when the layout does not fit. */
static bool u8_shape(const char *layout, PyArrayObject *a, int64_t *dim, bool *last)
{
    *last = strcmp(layout, "nhwc") == 0;
    bool grey = strcmp(layout, "nhw") == 0;
    if (PyArray_NDIM(a) != (grey ? 3 : 4) || (!grey && !*last && strcmp(layout, "nchw") != 0))
        return false;
    for (int d = 1; d < 4; d++)
        dim[d] = grey ? (d == 1 ? 1 : PyArray_DIM(a, d - 1)) : PyArray_DIM(a, d);
    if (*last) {
        dim[1] = PyArray_DIM(a, 3);
        dim[2] = PyArray_DIM(a, 1);
        dim[3] = PyArray_DIM(a, 2);
    }
    return true;
}

static PyObject *from_u8(PyObject *module, PyObject *args)
{
    PyObject *images, *index;
    const char *layout;
    double scale, shift;
    int64_t dim[4];
    u8_work w;
    (void)module;
    if (!PyArg_ParseTuple(args, "O!O!sdd:from_u8", &PyArray_Type, &images, &PyArray_Type, &index,
                          &layout, &scale, &shift))
        return NULL;
    PyArrayObject *a = (PyArrayObject *)images, *i = (PyArrayObject *)index;
    if (PyArray_TYPE(a) != NPY_UINT8 || !PyArray_IS_C_CONTIGUOUS(a) ||
        !u8_shape(layout, a, dim, &w.channels_last))
        return PyErr_Format(PyExc_TypeError, "from_u8: expected a contiguous uint8 array of layout "
                                             "nhw, nhwc or nchw");
    if (PyArray_TYPE(i) != NPY_INT64 || PyArray_NDIM(i) != 1 || !PyArray_IS_C_CONTIGUOUS(i) ||
        !PyArray_ISALIGNED(i))
        return PyErr_Format(PyExc_TypeError, "from_u8: index must be a contiguous int64 vector");
    w.image = PyArray_DATA(a);
    w.index = PyArray_DATA(i);
    dim[0] = PyArray_DIM(i, 0);
    for (int64_t k = 0; k < dim[0]; k++)
        if (w.index[k] < 0 || w.index[k] >= PyArray_DIM(a, 0))
            return PyErr_Format(PyExc_IndexError, "from_u8: index %lld is outside [0, %lld)",
                                (long long)w.index[k], (long long)PyArray_DIM(a, 0));
    w.channels = dim[1];
    w.pixels = dim[2] * dim[3];
    w.scale = (real)scale;
    w.shift = (real)shift;
    int64_t mark = gn_scope_begin();
    gn_tensor *t = gn_tensor_new(4, dim);
    if (t) {
        w.y = t->data;
        gn_parallel(dim[0], u8_task, &w);
    }
    PyObject *result = gn_py_wrap(t);
    gn_scope_end(mark);
    return result;
}

PyMethodDef gn_py_array_functions[] = {
    {"tensor", GN_PY_CAST(tensor), METH_VARARGS | METH_KEYWORDS,
     "tensor(data, requires_grad=False, dtype=None)\n--\n\nA Tensor with a copy of the data."},
    {"full", full, METH_VARARGS, "full(shape, value)\n--\n\nA Tensor with one value everywhere."},
    {"from_u8", from_u8, METH_VARARGS,
     "from_u8(images, index, layout, scale, shift)\n--\n\nuint8 images gathered by index, as "
     "(N, C, H, W) of scale * x + shift."},
    {NULL, NULL, 0, NULL},
};
