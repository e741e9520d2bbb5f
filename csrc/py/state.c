/* state.c - what the other files of the binding stand on: the module's state, the life of the
 * objects of its types, counts as attributes, and how a sticky error becomes an exception. */
#define GN_PY_OWNS_NUMPY
#include "py.h"

gn_py_state *gn_py;

int gn_py_state_init(PyObject *module)
{
    import_array1(-1);
    gn_py = PyModule_GetState(module);
    return 0;
}

PyObject *gn_py_raise(void)
{
    PyObject *const exception[] = {
        [GN_VALUE] = PyExc_ValueError,
        [GN_TYPE] = PyExc_TypeError,
        [GN_INDEX] = PyExc_IndexError,
        [GN_RUNTIME] = PyExc_RuntimeError,
        [GN_MEMORY] = PyExc_MemoryError,
        [GN_OVERFLOW] = PyExc_OverflowError,
        [GN_INTERRUPT] = PyExc_KeyboardInterrupt,
        [GN_HOST] = PyExc_RuntimeError,
    };
    gn_error_kind kind = gn_failed();
    if (!PyErr_Occurred())
        PyErr_SetString(kind ? exception[kind] : PyExc_RuntimeError,
                        kind ? gn_error_message() : "the core failed without a message");
    gn_error_clear();
    return NULL;
}

/* ---- the life of an object ------------------------------------------------------------ */

/* The type itself is one of the references of an object of a heap type.  In a subclass made in
 * Python the same functions run for this part, with Py_TYPE(self) the subclass. */

static PyObject **refs_of(PyObject *self)
{
    return (PyObject **)((char *)self + ((gn_py_object *)self)->class->refs);
}

PyObject *gn_py_new(PyTypeObject *type, const gn_py_class *class)
{
    PyObject *self = PyType_GenericAlloc(type, 0);
    if (self)
        ((gn_py_object *)self)->class = class;
    return self;
}

static int traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    for (int i = 0; i < ((gn_py_object *)self)->class->nrefs; i++)
        Py_VISIT(refs_of(self)[i]);
    return 0;
}

static int clear(PyObject *self)
{
    for (int i = 0; i < ((gn_py_object *)self)->class->nrefs; i++)
        Py_CLEAR(refs_of(self)[i]);
    return 0;
}

static void dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    const gn_py_class *class = ((gn_py_object *)self)->class;
    if (class->nrefs) {
        PyObject_GC_UnTrack(self);
        clear(self);
    }
    if (class->release)
        class->release(self);
    freefunc release_memory = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release_memory(self);
    Py_DECREF(type);
}

PyTypeObject *gn_py_type(PyObject *module, const gn_py_class *class)
{
    PyType_Slot slots[40] = {
        {Py_tp_doc, (void *)class->doc}, {Py_tp_new, class->make}, {Py_tp_methods, class->methods},
        {Py_tp_getset, class->getset},   {Py_tp_dealloc, dealloc},
    };
    PyType_Slot *end = slots + 5;
    if (class->nrefs) {
        *end++ = (PyType_Slot){Py_tp_traverse, traverse};
        *end++ = (PyType_Slot){Py_tp_clear, clear};
    }
    for (int i = 0; i < GN_PY_MAX_PROTOCOLS && class->protocols[i]; i++)
        for (const PyType_Slot *slot = class->protocols[i]; slot->slot; slot++)
            *end++ = *slot;
    *end = (PyType_Slot){0, NULL};
    unsigned long collected = class->nrefs ? Py_TPFLAGS_HAVE_GC : 0;
    PyType_Spec spec = {.name = class->name,
                        .basicsize = (int)class->size,
                        .flags = (unsigned)(Py_TPFLAGS_DEFAULT | class->flags | collected),
                        .slots = slots};
    return (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
}

PyObject *gn_py_wrap_as(PyTypeObject *type, gn_tensor *t)
{
    if (t && t->dtype == GN_WIDE)
        gn_too_wide("tensor");
    if (!t || gn_failed())
        return gn_py_raise();
    PyObject *self = gn_py_new(type, gn_py->tensor_class);
    if (self) {
        gn_tensor_retain(t);
        ((gn_py_tensor *)self)->t = t;
    }
    return self;
}

PyObject *gn_py_wrap(gn_tensor *t)
{
    return gn_py_wrap_as(gn_py->tensor, t);
}

int gn_py_blame(const char *function, const char *argument)
{
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    if (type != PyExc_TypeError && type != PyExc_ValueError) {
        PyErr_Restore(type, value, trace);
        return -1;
    }
    if (argument)
        PyErr_Format(type, "%s: %s: %S", function, argument, value);
    else
        PyErr_Format(type, "%s: %S", function, value);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(trace);
    return -1;
}

/* ---- counts --------------------------------------------------------------------------- */

int gn_py_read_count(PyObject *value, const char *what, uint64_t *to)
{
    PyObject *index = value ? PyNumber_Index(value) : NULL;
    long long v = index ? PyLong_AsLongLong(index) : -1;
    Py_XDECREF(index);
    if (v >= 0) {
        *to = (uint64_t)v;
        return 0;
    }
    if (index)
        PyErr_Clear(); /* too large */
    if (!value)
        PyErr_Format(PyExc_AttributeError, "%s cannot be deleted", what);
    else if (!PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "%s must be an integer in [0, 2**63), got %R", what, value);
    return -1;
}

PyObject *gn_py_get_count(PyObject *self, void *field)
{
    const uint64_t *at = (void *)((char *)self + ((const gn_py_field *)field)->offset);
    return PyLong_FromUnsignedLongLong(*at);
}

int gn_py_set_count(PyObject *self, PyObject *value, void *field)
{
    const gn_py_field *f = field;
    return gn_py_read_count(value, f->name, (void *)((char *)self + f->offset));
}
