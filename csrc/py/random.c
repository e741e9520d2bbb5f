/* random.c - the Generator, which numbers the draws, and draws: tensors of random numbers and
 * permutations.  Element i of a draw is a pure function of (seed, stream, i). */
#include "py.h"

/* ---- Generator ----------------------------------------------------------------------- */

static const gn_py_class class;
enum { DEFAULT_SEED = 67280421310721 }; /* of a Generator without one: PyTorch's */

static PyObject *generator_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"seed", NULL};
    PyObject *seed = NULL;
    uint64_t number = DEFAULT_SEED;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:Generator", names, &seed) ||
        (seed && gn_py_read_count(seed, "seed", &number) < 0))
        return NULL;
    PyObject *self = gn_py_new(type, &class);
    if (self)
        ((gn_py_generator *)self)->rng.seed = number;
    return self;
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
    GN_PY_COUNT(gn_py_generator, rng.seed, "seed", "Key of the generator."),
    GN_PY_COUNT(gn_py_generator, rng.stream, "stream", "Number of the next draw."),
    {NULL, NULL, NULL, NULL, NULL},
};

static const gn_py_class class = {
    .name = GN_MODULE_NAME ".Generator",
    .doc =
        "Generator(seed=67280421310721)\n--\n\nCounter-based (Philox 4x32-10): element i of draw "
        "number `stream` is a pure function of (seed, stream, i).",
    .size = sizeof(gn_py_generator),
    .flags = Py_TPFLAGS_BASETYPE,
    .make = generator_new,
    .methods = generator_methods,
    .getset = generator_getset,
};

PyTypeObject *gn_py_generator_type(PyObject *module)
{
    return gn_py_type(module, &class);
}

/* ---- draws --------------------------------------------------------------------------- */

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

/* Fisher and Yates, one Philox word per swap: j = word * (i + 1) / 2^64. */
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

PyMethodDef gn_py_random_functions[] = {
    {"rand_uniform", GN_PY_CAST(rand_uniform), METH_VARARGS | METH_KEYWORDS,
     "rand_uniform(shape, seed, stream, low=0.0, high=1.0)\n--\n\nUniform in [low, high)."},
    {"rand_normal", GN_PY_CAST(rand_normal), METH_VARARGS | METH_KEYWORDS,
     "rand_normal(shape, seed, stream, mean=0.0, std=1.0)\n--\n\nNormal (Box and Muller)."},
    {"rand_perm", rand_perm, METH_VARARGS,
     "rand_perm(n, seed, stream)\n--\n\nA permutation of range(n), an int64 array."},
    {NULL, NULL, 0, NULL},
};
