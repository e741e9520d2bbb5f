/* index.c - basic indices of a Tensor, x[1, ::2, None, ...]: integers, slices, None and an ellipsis
 * make a view.  What holds arrays is left to Python (ganc/_tensor/_indexing.py). */
#include "py.h"

#include <string.h>

/* Where the chosen elements lie, in the tensor's dense values and in what it is a view of. */
typedef struct {
    gn_part dense, at;
    int from, to; /* dimensions read and made so far */
    gn_part made, made_at;
} selection;

static bool take(selection *s, int64_t size, int64_t start, int64_t step, bool keep)
{
    s->made.offset += start * s->dense.stride[s->from];
    s->made_at.offset += start * s->at.stride[s->from];
    if (keep) {
        s->made.dim[s->to] = s->made_at.dim[s->to] = size;
        s->made.stride[s->to] = step * s->dense.stride[s->from];
        s->made_at.stride[s->to++] = step * s->at.stride[s->from];
    }
    s->from++;
    return true;
}

static bool take_int(selection *s, PyObject *item)
{
    int64_t size = s->dense.dim[s->from];
    PyObject *index = PyNumber_Index(item);
    int64_t i = index ? PyLong_AsLongLong(index) : -1;
    Py_XDECREF(index);
    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_OverflowError))
        return false;
    bool large = PyErr_Occurred() != NULL;
    PyErr_Clear();
    if (large || i < -size || i >= size) {
        PyErr_Format(PyExc_IndexError, "index %S is out of range for dimension %d of size %lld",
                     item, s->from, (long long)size);
        return false;
    }
    return take(s, 1, i < 0 ? i + size : i, 1, false);
}

static bool take_slice(selection *s, PyObject *item)
{
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(item, &start, &stop, &step) < 0)
        return false;
    if (step <= 0) {
        PyErr_Format(PyExc_ValueError, "the step of a slice must be > 0, got %zd; use ganc.flip",
                     step);
        return false;
    }
    Py_ssize_t n = PySlice_AdjustIndices((Py_ssize_t)s->dense.dim[s->from], &start, &stop, step);
    return take(s, n, n ? start : 0, step, true);
}

static bool new_dim(selection *s)
{
    s->made.dim[s->to] = s->made_at.dim[s->to] = 1;
    s->made.stride[s->to] = s->made_at.stride[s->to] = 1;
    s->to++;
    return true;
}

static bool is_int(PyObject *item)
{
    if (gn_py_is_tensor(item))
        return false;
    return PyIndex_Check(item) && !PyBool_Check(item) && !PyArray_Check(item);
}

static bool is_basic(PyObject *item)
{
    return item == Py_None || item == Py_Ellipsis || PySlice_Check(item) || is_int(item);
}

/* Counts the dimensions that the items read and make; false when one is not basic or too many. */
static bool measure(PyObject *const *item, Py_ssize_t n, int ndim, int *reads, bool *basic)
{
    int dots = 0, makes = 0;
    *reads = 0;
    *basic = true;
    for (Py_ssize_t i = 0; i < n && *basic; i++) {
        *basic = is_basic(item[i]);
        dots += item[i] == Py_Ellipsis;
        makes += item[i] == Py_None || PySlice_Check(item[i]);
        *reads += item[i] != Py_None && item[i] != Py_Ellipsis;
    }
    if (!*basic)
        return false;
    makes += ndim - *reads;
    if (*reads > ndim)
        PyErr_Format(PyExc_IndexError, "too many indices: %d for a tensor of %d dimensions", *reads,
                     ndim);
    else if (dots > 1)
        PyErr_SetString(PyExc_IndexError, "an index can have one '...' only");
    else if (makes > GN_MAX_DIM)
        PyErr_Format(PyExc_IndexError,
                     "the result would have %d dimensions, a tensor has at most %d", makes,
                     GN_MAX_DIM);
    return !PyErr_Occurred();
}

static bool take_whole(selection *s, int n)
{
    for (int d = 0; d < n; d++)
        take(s, s->dense.dim[s->from], 0, 1, true);
    return true;
}

static bool select_all(selection *s, PyObject *const *item, Py_ssize_t n, int rest)
{
    bool dots = false, ok = true;
    s->made.offset = s->dense.offset;
    s->made_at.offset = s->at.offset;
    for (Py_ssize_t i = 0; ok && i < n; i++) {
        dots |= item[i] == Py_Ellipsis;
        ok = item[i] == Py_None       ? new_dim(s)
             : item[i] == Py_Ellipsis ? take_whole(s, rest)
             : PySlice_Check(item[i]) ? take_slice(s, item[i])
                                      : take_int(s, item[i]);
    }
    if (ok && !dots)
        take_whole(s, rest);
    s->made.ndim = s->made_at.ndim = s->to;
    return ok;
}

enum { MAX_ITEMS = 32 };

static PyObject *tensor_select(PyObject *self, PyObject *key)
{
    PyObject *items[MAX_ITEMS] = {key};
    Py_ssize_t n = PyTuple_Check(key) ? PyTuple_Size(key) : 1;
    int reads;
    bool basic = n <= MAX_ITEMS;
    for (Py_ssize_t i = 0; basic && PyTuple_Check(key) && i < n; i++)
        items[i] = PyTuple_GetItem(key, i);
    gn_tensor *x = gn_py_tensor_of(self);
    if (!basic || !measure(items, n, x->ndim, &reads, &basic))
        return basic ? NULL : Py_NewRef(Py_NotImplemented);
    selection s = {.dense = gn_part_dense(x->ndim, x->dim), .at = gn_view_part(x)};
    if (!select_all(&s, items, n, x->ndim - reads))
        return NULL;
    int64_t mark = gn_scope_begin();
    PyObject *result = gn_py_wrap(gn_view_of(x, &s.made_at, gn_as_strided(x, &s.made)));
    gn_scope_end(mark);
    return result;
}

PyMethodDef gn_py_index_methods[] = {
    {"_select", tensor_select, METH_O,
     "_select(key)\n--\n\nThe view x[key]; NotImplemented where the key holds arrays."},
    {NULL, NULL, 0, NULL},
};
