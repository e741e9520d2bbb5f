/* switch.c - what is set for the whole core (kernels, threads, recording, checks), at first
 * from the environment, and what tests and benchmarks read: allocations, speed limits. */
#include "py.h"

#include <stdlib.h>
#include <string.h>

static gn_isa chosen_isa;

/* ---- switches ------------------------------------------------------------------------ */

static void select_isa(gn_isa isa)
{
    chosen_isa = isa;
    gn_vec_select(isa);
    gn_gemm_select(isa);
}

static PyObject *set_isa(PyObject *module, PyObject *arg)
{
    (void)module;
    const char *name = PyUnicode_Check(arg) ? PyUnicode_AsUTF8AndSize(arg, NULL) : NULL;
    gn_isa best = gn_cpu_isa();
    for (int isa = GN_ISA_PORTABLE; name && isa < GN_ISA_COUNT; isa++)
        if (strcmp(name, gn_isa_name((gn_isa)isa)) == 0) {
            bool neon = isa == GN_ISA_NEON || best == GN_ISA_NEON;
            if (isa > (int)best || (neon && isa != (int)best && isa != GN_ISA_PORTABLE))
                return PyErr_Format(PyExc_ValueError, "this CPU does not offer %s (its best is %s)",
                                    name, gn_isa_name(best));
            select_isa((gn_isa)isa);
            Py_RETURN_NONE;
        }
    return PyErr_Format(PyExc_ValueError,
                        "isa = %R, expected 'portable', 'avx2', 'avx512' or 'neon'", arg);
}

static PyObject *get_isa(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    return PyUnicode_FromString(gn_isa_name(chosen_isa));
}

static PyObject *set_num_threads(PyObject *module, PyObject *arg)
{
    (void)module;
    long n = PyLong_AsLong(arg);
    if (n == -1 && PyErr_Occurred())
        return NULL;
    if (n < 1 || n > 4096)
        return PyErr_Format(PyExc_ValueError, "the number of threads must be 1 to 4096, got %ld",
                            n);
    gn_set_num_threads((int)n);
    Py_RETURN_NONE;
}

static PyObject *get_num_threads(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    return PyLong_FromLong(gn_get_num_threads());
}

#define SWITCH(name, call) \
    static PyObject *name(PyObject *module, PyObject *arg) \
    { \
        (void)module; \
        int on = PyObject_IsTrue(arg); \
        return on < 0 ? NULL : PyBool_FromLong(call(on)); \
    }
SWITCH(set_grad_enabled, gn_set_grad_mode)
SWITCH(set_anomaly, gn_set_anomaly_mode)
SWITCH(set_fused, gn_set_fused)

static PyObject *is_grad_enabled(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    return PyBool_FromLong(gn_grad_mode());
}

/* ---- what tests ask ------------------------------------------------------------------ */

static PyObject *live_tensors(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    return PyLong_FromLongLong(gn_tensor_live());
}

static PyObject *alloc_stats(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    gn_alloc_stats s = gn_alloc_read();
    return Py_BuildValue("{s:L,s:L,s:L,s:L,s:L}", "live_blocks", (long long)s.live_blocks,
                         "live_bytes", (long long)s.live_bytes, "peak_bytes",
                         (long long)s.peak_bytes, "pooled_bytes", (long long)s.pooled_bytes,
                         "calls", (long long)s.calls);
}

static PyObject *alloc_fail_at(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"n", "sticky", NULL};
    long long n;
    int sticky = 0;
    (void)module;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "L|p:alloc_fail_at", names, &n, &sticky))
        return NULL;
    gn_alloc_fail_at(n, sticky);
    Py_RETURN_NONE;
}

static PyObject *alloc_budget(PyObject *module, PyObject *bytes)
{
    long long n = PyLong_AsLongLong(bytes);
    (void)module;
    if (n == -1 && PyErr_Occurred())
        return NULL;
    return PyBool_FromLong(gn_alloc_budget(n));
}

static PyObject *alloc_sites(PyObject *module, PyObject *unused)
{
    const gn_alloc_site *site;
    int n = gn_alloc_sites(&site);
    PyObject *dict = PyDict_New();
    (void)module, (void)unused;
    for (int i = 0; dict && i < n; i++) {
        PyObject *row =
            Py_BuildValue("(LL)", (long long)site[i].calls, (long long)site[i].failures);
        if (!row || PyDict_SetItemString(dict, site[i].name, row) < 0)
            Py_CLEAR(dict);
        Py_XDECREF(row);
    }
    return dict;
}

static PyObject *alloc_peak_reset(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    gn_alloc_peak_reset();
    Py_RETURN_NONE;
}

static PyObject *alloc_trim(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    gn_alloc_trim();
    Py_RETURN_NONE;
}

/* FLOP/s of independent FMAs on the chosen ISA, all threads: what GEMM is measured against. */
static PyObject *peak_flops(PyObject *module, PyObject *args)
{
    double seconds = 0.1;
    (void)module;
    if (!PyArg_ParseTuple(args, "|d:peak_flops", &seconds))
        return NULL;
    return PyFloat_FromDouble(gn_gemm_peak(seconds));
}

/* Bytes/s of a = b + s c, all threads: what loops that run along memory are measured against. */
static PyObject *triad_bandwidth(PyObject *module, PyObject *args)
{
    double seconds = 0.1;
    long long n = 1 << 24;
    (void)module;
    if (!PyArg_ParseTuple(args, "|dL:triad_bandwidth", &seconds, &n))
        return NULL;
    if (n < 1)
        return PyErr_Format(PyExc_ValueError, "triad_bandwidth: n = %lld, expected at least 1", n);
    real *work = gn_product((int64_t[]){3, n, sizeof(real)}, 3) < 0
                     ? NULL
                     : gn_alloc("triad", 3 * (size_t)n * sizeof(real));
    if (!work)
        return gn_py_raise();
    memset(work, 0, 3 * (size_t)n * sizeof(real));
    double speed = gn_triad_bandwidth(work, n, seconds);
    gn_free(work);
    return PyFloat_FromDouble(speed);
}

PyMethodDef gn_py_switch_functions[] = {
    {"set_isa", set_isa, METH_O, "set_isa(name)\n--\n\nForces a set of kernels."},
    {"get_isa", get_isa, METH_NOARGS, "get_isa()\n--\n\nThe set of kernels in use."},
    {"set_num_threads", set_num_threads, METH_O, "set_num_threads(n)\n--\n\n"},
    {"get_num_threads", get_num_threads, METH_NOARGS, "get_num_threads()\n--\n\n"},
    {"set_grad_enabled", set_grad_enabled, METH_O, "set_grad_enabled(mode)\n--\n\n"},
    {"is_grad_enabled", is_grad_enabled, METH_NOARGS, "is_grad_enabled()\n--\n\n"},
    {"set_anomaly", set_anomaly, METH_O, "set_anomaly(mode)\n--\n\n"},
    {"set_fused", set_fused, METH_O, "set_fused(mode)\n--\n\nFalse: fused ops run their ref."},
    {"live_tensors", live_tensors, METH_NOARGS, "live_tensors()\n--\n\n"},
    {"alloc_stats", alloc_stats, METH_NOARGS, "alloc_stats()\n--\n\n"},
    {"alloc_sites", alloc_sites, METH_NOARGS, "alloc_sites()\n--\n\n"},
    {"alloc_fail_at", GN_PY_CAST(alloc_fail_at), METH_VARARGS | METH_KEYWORDS,
     "alloc_fail_at(n, sticky=False)\n--\n\nThe n-th next allocation fails; n < 0: none."},
    {"alloc_budget", alloc_budget, METH_O,
     "alloc_budget(bytes)\n--\n\nWhat this thread may allocate from now on, what it frees "
     "meanwhile "
     "added; negative: anything. Returns whether the budget that ends was exceeded."},
    {"alloc_peak_reset", alloc_peak_reset, METH_NOARGS, "alloc_peak_reset()\n--\n\n"},
    {"alloc_trim", alloc_trim, METH_NOARGS, "alloc_trim()\n--\n\nEmpties the pool."},
    {"peak_flops", peak_flops, METH_VARARGS, "peak_flops(seconds=0.1)\n--\n\n"},
    {"triad_bandwidth", triad_bandwidth, METH_VARARGS,
     "triad_bandwidth(seconds=0.1, n=2**24)\n--\n\n"},
    {NULL, NULL, 0, NULL},
};

/* ---- from the environment ------------------------------------------------------------ */

/* GANC_ISA forces a set of kernels; the double build has the portable ones only. */
static int choose_isa(void)
{
    const char *forced = getenv("GANC_ISA");
    bool all = sizeof(real) == sizeof(float);
    select_isa(all ? gn_cpu_isa() : GN_ISA_PORTABLE);
    if (!forced || !*forced)
        return 0;
    PyObject *name = PyUnicode_DecodeLocale(forced, "surrogateescape");
    PyObject *done = name ? set_isa(NULL, name) : NULL;
    Py_XDECREF(done);
    if (!done) {
        PyErr_Clear();
        PyErr_Format(PyExc_ImportError,
                     "GANC_ISA=%R, expected portable, avx2, avx512 or neon, as far as the CPU "
                     "offers it; the best of this one is %s",
                     name, gn_isa_name(gn_cpu_isa()));
    } else if (!all)
        select_isa(GN_ISA_PORTABLE);
    Py_XDECREF(name);
    return done ? 0 : -1;
}

/* GANC_FUSED=0 makes every fused op run its ref. */
static int choose_fused(void)
{
    const char *value = getenv("GANC_FUSED");
    bool off = value && strcmp(value, "0") == 0;
    gn_set_fused(!off);
    if (!value || !*value || off || strcmp(value, "1") == 0)
        return 0;
    PyErr_Format(PyExc_ImportError, "GANC_FUSED='%s', expected 0 or 1", value);
    return -1;
}

int gn_py_switch_init(void)
{
    return choose_isa() < 0 ? -1 : choose_fused();
}
