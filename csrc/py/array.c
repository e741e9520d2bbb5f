/* array.c - tensors that come from outside the graph: draws, filled tensors, uint8 images;
 * and the Generator that numbers the draws. */
#include "py.h"

#include <string.h>

/* ---- Generator ----------------------------------------------------------------------- */

static int set_word(uint64_t *to, PyObject *value, const char *what)
{
    PyObject *index = value ? PyNumber_Index(value) : NULL;
    long long v = index ? PyLong_AsLongLong(index) : -1;
    Py_XDECREF(index);
    if (v >= 0) {
        *to = (uint64_t)v;
        return 0;
    }
    if (index)
        PyErr_Clear();
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "%s must be an integer in [0, 2**63), got %R", what,
                     value ? value : Py_None);
    return -1;
}

static PyObject *generator_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"seed", NULL};
    PyObject *seed;
    gn_rng rng = {0, 0};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:Generator", names, &seed) ||
        set_word(&rng.seed, seed, "seed") < 0)
        return NULL;
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    gn_py_generator *self = (gn_py_generator *)alloc(type, 0);
    if (self)
        self->rng = rng;
    return (PyObject *)self;
}

static void generator_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyObject *get_seed(PyObject *self, void *closure)
{
    (void)closure;
    return PyLong_FromUnsignedLongLong(((gn_py_generator *)self)->rng.seed);
}

static PyObject *get_stream(PyObject *self, void *closure)
{
    (void)closure;
    return PyLong_FromUnsignedLongLong(((gn_py_generator *)self)->rng.stream);
}

static int set_seed(PyObject *self, PyObject *value, void *closure)
{
    (void)closure;
    return set_word(&((gn_py_generator *)self)->rng.seed, value, "seed");
}

static int set_stream(PyObject *self, PyObject *value, void *closure)
{
    (void)closure;
    return set_word(&((gn_py_generator *)self)->rng.stream, value, "stream");
}

static PyObject *generator_next(PyObject *self, PyObject *unused)
{
    gn_rng *rng = &((gn_py_generator *)self)->rng;
    (void)unused;
    return Py_BuildValue("(KK)", (unsigned long long)rng->seed, (unsigned long long)rng->stream++);
}

static PyMethodDef generator_methods[] = {
    {"next", generator_next, METH_NOARGS,
     "next()\n--\n\nThe (seed, stream) of the next draw; advances stream by one."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef generator_getset[] = {
    {"seed", get_seed, set_seed, "Key of the generator.", NULL},
    {"stream", get_stream, set_stream, "Number of the next draw.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject *gn_py_generator_type(PyObject *module)
{
    PyType_Slot slots[] = {
        {Py_tp_doc, "Generator(seed)\n--\n\nCounter-based (Philox 4x32-10): element i of draw "
                    "number `stream` is a pure function of (seed, stream, i)."},
        {Py_tp_new, generator_new},
        {Py_tp_dealloc, generator_dealloc},
        {Py_tp_methods, generator_methods},
        {Py_tp_getset, generator_getset},
        {0, NULL},
    };
    PyType_Spec spec = {.name = GN_MODULE_NAME ".Generator",
                        .basicsize = sizeof(gn_py_generator),
                        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                        .slots = slots};
    return (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
}

/* ---- draws and constants ------------------------------------------------------------- */

typedef gn_tensor *draw_fn(int ndim, const int64_t *dim, gn_rng *rng, double p, double q);

static PyObject *draw(PyObject *args, PyObject *kwargs, char **names, const char *format, double p,
                      double q, draw_fn *fn)
{
    PyObject *shape;
    long long seed, stream;
    int ndim;
    int64_t dim[GN_MAX_DIM];
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, names, &shape, &seed, &stream, &p, &q) ||
        !gn_py_shape(shape, &ndim, dim))
        return NULL;
    gn_rng rng = {(uint64_t)seed, (uint64_t)stream};
    int64_t mark = gn_scope_begin();
    PyThreadState *thread = PyEval_SaveThread();
    gn_tensor *t = fn(ndim, dim, &rng, p, q);
    PyEval_RestoreThread(thread);
    PyObject *result = gn_py_wrap(t);
    gn_scope_end(mark);
    return result;
}

static PyObject *rand_uniform(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"shape", "seed", "stream", "low", "high", NULL};
    (void)module;
    return draw(args, kwargs, names, "OLL|dd:rand_uniform", 0, 1, gn_rand_uniform);
}

static PyObject *rand_normal(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"shape", "seed", "stream", "mean", "std", NULL};
    (void)module;
    return draw(args, kwargs, names, "OLL|dd:rand_normal", 0, 1, gn_rand_normal);
}

static PyObject *tensor(PyObject *module, PyObject *args, PyObject *kwargs)
{
    (void)module;
    return PyObject_Call((PyObject *)gn_py->tensor, args, kwargs);
}

static PyObject *full(PyObject *module, PyObject *args)
{
    PyObject *shape;
    double value;
    int ndim;
    int64_t dim[GN_MAX_DIM];
    (void)module;
    if (!PyArg_ParseTuple(args, "Od:full", &shape, &value) || !gn_py_shape(shape, &ndim, dim))
        return NULL;
    int64_t mark = gn_scope_begin();
    PyObject *result = gn_py_wrap(gn_tensor_full(ndim, dim, value));
    gn_scope_end(mark);
    return result;
}

/* Fisher and Yates, one Philox word a swap: j = word * (i + 1) / 2^64. */
static PyObject *rand_perm(PyObject *module, PyObject *args)
{
    long long n, seed, stream;
    (void)module;
    if (!PyArg_ParseTuple(args, "LLL:rand_perm", &n, &seed, &stream))
        return NULL;
    if (n < 0)
        return PyErr_Format(PyExc_ValueError, "n must be >= 0, got %lld", n);
    npy_intp dim[1] = {(npy_intp)n};
    PyObject *a = PyArray_SimpleNew(1, dim, NPY_INT64);
    int64_t *v = a ? PyArray_DATA((PyArrayObject *)a) : NULL;
    for (int64_t i = 0; v && i < n; i++)
        v[i] = i;
    for (int64_t i = n - 1; v && i > 0; i--) {
        uint32_t w[4];
        gn_philox((uint64_t)seed, (uint64_t)stream, (uint64_t)i, w);
        uint64_t word = (uint64_t)w[0] << 32 | w[1];
        int64_t j = (int64_t)((unsigned __int128)word * (uint64_t)(i + 1) >> 64);
        int64_t t = v[i];
        v[i] = v[j];
        v[j] = t;
    }
    return a;
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

/* ---- gradients ----------------------------------------------------------------------- */

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

PyMethodDef gn_py_array_functions[] = {
    {"rand_uniform", GN_PY_CAST(rand_uniform), METH_VARARGS | METH_KEYWORDS,
     "rand_uniform(shape, seed, stream, low=0.0, high=1.0)\n--\n\nUniform in [low, high)."},
    {"rand_normal", GN_PY_CAST(rand_normal), METH_VARARGS | METH_KEYWORDS,
     "rand_normal(shape, seed, stream, mean=0.0, std=1.0)\n--\n\nNormal (Box and Muller)."},
    {"rand_perm", rand_perm, METH_VARARGS,
     "rand_perm(n, seed, stream)\n--\n\nA permutation of range(n), an int64 array."},
    {"tensor", GN_PY_CAST(tensor), METH_VARARGS | METH_KEYWORDS,
     "tensor(data, requires_grad=False)\n--\n\nA Tensor with a copy of the data."},
    {"full", full, METH_VARARGS, "full(shape, value)\n--\n\nA Tensor with one value everywhere."},
    {"from_u8", from_u8, METH_VARARGS,
     "from_u8(images, index, layout, scale, shift)\n--\n\nuint8 images gathered by index, as "
     "(N, C, H, W) of scale * x + shift."},
    {"grad", grad, METH_VARARGS,
     "grad(outputs, inputs, grad_outputs, retain_graph, create_graph, allow_unused)\n--\n\n"
     "Gradients of the outputs' sum for the inputs, a list."},
    {NULL, NULL, 0, NULL},
};
