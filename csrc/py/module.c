/* module.c - the extension module, put together: types and functions of the other files. */
#include "py.h"

static const struct {
    const char *name;
    PyTypeObject *(*make)(PyObject *module);
    size_t at; /* of the type in the state */
} types[] = {
    {"Tensor", gn_py_tensor_type, offsetof(gn_py_state, tensor)},
    {"Generator", gn_py_generator_type, offsetof(gn_py_state, generator)},
    {"Optimizer", gn_py_optimizer_type, offsetof(gn_py_state, optimizer)},
    {"Average", gn_py_average_type, offsetof(gn_py_state, average)},
};

static PyMethodDef *const functions[] = {
    gn_py_switch_functions, gn_py_array_functions, gn_py_random_functions, gn_py_grad_functions,
    gn_py_train_functions,  gn_py_step_functions,  gn_py_op_functions,
};

static PyMethodDef list_of_ops[] = {
    {"ops", gn_py_op_list, METH_NOARGS, "ops()\n--\n\n(name, signature, doc) of every op."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject **type_at(gn_py_state *state, int i)
{
    return (PyTypeObject **)((char *)state + types[i].at);
}

static int add_types(PyObject *module)
{
    for (int i = 0; i < GN_COUNT(types); i++) {
        PyTypeObject *type = *type_at(gn_py, i) = types[i].make(module);
        if (!type || PyModule_AddObjectRef(module, types[i].name, (PyObject *)type) < 0)
            return -1;
    }
    return 0;
}

static int add_functions(PyObject *module)
{
    int status = PyModule_AddFunctions(module, list_of_ops);
    for (int i = 0; i < GN_COUNT(functions) && status == 0; i++)
        status = PyModule_AddFunctions(module, functions[i]);
    return status;
}

static int add_default_generator(PyObject *module)
{
    PyObject *g = PyObject_CallFunction((PyObject *)gn_py->generator, "i", 0);
    int status = g ? PyModule_AddObjectRef(module, "default_generator", g) : -1;
    Py_XDECREF(g);
    return status;
}

/* Called between tasks of a long op, by the thread that called it. */
static bool interrupted(void)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    bool stop = PyErr_CheckSignals() < 0;
    PyGILState_Release(gil);
    return stop;
}

static int exec(PyObject *module)
{
    if (PyInterpreterState_GetID(PyInterpreterState_Get()) != 0) {
        PyErr_SetString(PyExc_ImportError, "ganc can be imported in the main interpreter only");
        return -1;
    }
    gn_interrupt_hook = interrupted;
    gn_py_ops_init();
    if (gn_py_state_init(module) < 0 || gn_py_switch_init() < 0 || add_types(module) < 0 ||
        add_default_generator(module) < 0 || add_functions(module) < 0)
        return -1;
    return PyModule_AddStringConstant(module, "real", GN_REAL_NAME);
}

static int traverse(PyObject *module, visitproc visit, void *arg)
{
    for (int i = 0; i < GN_COUNT(types); i++)
        Py_VISIT(*type_at(PyModule_GetState(module), i));
    return 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, exec}, {0, NULL}};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,         .m_name = GN_MODULE_NAME, .m_doc = "The compute core of ganc.",
    .m_size = sizeof(gn_py_state), .m_slots = slots,         .m_traverse = traverse,
};

#ifdef GANC_FLOAT64
PyMODINIT_FUNC PyInit__core64(void)
#else
PyMODINIT_FUNC PyInit__core(void)
#endif
{
    return PyModuleDef_Init(&definition);
}
