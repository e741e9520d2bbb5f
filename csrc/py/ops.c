/* ops.c - the table of ops as Python sees it: for each a C function and a method (CPython has
 * no closures), its docstring and signature. */
#include "signature.h"

#define COUNT_ONE(name, ...) +1
#define GN_U0 COUNT_ONE
#define GN_U1 COUNT_ONE
#define GN_U2 COUNT_ONE
#define GN_B0 COUNT_ONE
#define GN_B1 COUNT_ONE
enum {
    NOPS = 0 GN_OPS_PLAIN(COUNT_ONE)
#include "../kern/point.def"
};

static const gn_op *const ops[NOPS] = {
#define ADDRESS(name, ...) &gn_op_##name,
    GN_OPS_PLAIN(ADDRESS)
#define GN_U0 ADDRESS
#define GN_U1 ADDRESS
#define GN_U2 ADDRESS
#define GN_B0 ADDRESS
#define GN_B1 ADDRESS
#include "../kern/point.def"
};

static gn_py_signature table[NOPS];

#define INDEX(name, ...) INDEX_##name,
#define GN_U0 INDEX
#define GN_U1 INDEX
#define GN_U2 INDEX
#define GN_B0 INDEX
#define GN_B1 INDEX
enum {
    GN_OPS_PLAIN(INDEX)
#include "../kern/point.def"
};

#define DEFINE(name, ...) \
    static PyObject *function_##name(PyObject *module, PyObject *const *args, Py_ssize_t n, \
                                     PyObject *names) \
    { \
        (void)module; \
        return gn_py_call(&table[INDEX_##name], NULL, args, n, names); \
    } \
    static PyObject *method_##name(PyObject *self, PyObject *const *args, Py_ssize_t n, \
                                   PyObject *names) \
    { \
        return gn_py_call(&table[INDEX_##name], self, args, n, names); \
    }
GN_OPS_PLAIN(DEFINE)
#define GN_U0 DEFINE
#define GN_U1 DEFINE
#define GN_U2 DEFINE
#define GN_B0 DEFINE
#define GN_B1 DEFINE
#include "../kern/point.def"

#define ROW(prefix, name) {#name, GN_PY_CAST(prefix##name), METH_FASTCALL | METH_KEYWORDS, NULL},
#define FUNCTION_ROW(name, ...) ROW(function_, name)
#define METHOD_ROW(name, ...) ROW(method_, name)

PyMethodDef gn_py_op_functions[NOPS + 1] = {GN_OPS_PLAIN(FUNCTION_ROW)
#define GN_U0 FUNCTION_ROW
#define GN_U1 FUNCTION_ROW
#define GN_U2 FUNCTION_ROW
#define GN_B0 FUNCTION_ROW
#define GN_B1 FUNCTION_ROW
#include "../kern/point.def"
};

PyMethodDef gn_py_op_methods[NOPS + 1] = {GN_OPS_PLAIN(METHOD_ROW)
#define GN_U0 METHOD_ROW
#define GN_U1 METHOD_ROW
#define GN_U2 METHOD_ROW
#define GN_B0 METHOD_ROW
#define GN_B1 METHOD_ROW
#include "../kern/point.def"
};

void gn_py_ops_init(void)
{
    for (int i = 0; i < NOPS && !table[i].op; i++) {
        gn_py_parse_signature(&table[i], ops[i]);
        gn_py_op_functions[i].ml_doc = gn_py_op_methods[i].ml_doc = table[i].doc;
    }
}

PyObject *gn_py_op_list(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    PyObject *list = PyList_New(0);
    for (int i = 0; list && i < NOPS; i++) {
        PyObject *row = Py_BuildValue("(sss)", ops[i]->name, ops[i]->sig, ops[i]->doc);
        if (!row || PyList_Append(list, row) < 0)
            Py_CLEAR(list);
        Py_XDECREF(row);
    }
    return list;
}
