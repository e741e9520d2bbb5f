/* py.h - what the files of the binding share.  Only these files see Python.
 *
 * Limited API of 3.11: one abi3 wheel per platform.  The module may be imported in the main
 * interpreter only (module.c checks), so its state can be reached from anywhere.
 *
 * Each file uses those above it in this header and none below; module.c, on top, puts the
 * module together and is used by nobody.
 *
 * Who owns what
 *   References: arguments are borrowed, results are new, NULL means that a Python exception
 *     is set.  The core holds no reference to a Python object.
 *   Objects: each type of the module is described by a gn_py_class.  An object owns the
 *     Python references in its array of them, which the collector sees, and what its C part
 *     keeps of the core: a Tensor its gn_tensor, an Optimizer or Average its gn_tensors.
 *     state.c gives up both when the object goes.  Several Tensors may keep one gn_tensor; an
 *     array of numpy() keeps the storage, a memoryview the Tensor.
 *   Scopes: a gn_tensor * is borrowed, from the Tensor that keeps it or from the scope that it
 *     was made in.  A function called from Python that makes tensors opens a scope, wraps its
 *     result, which keeps it, and ends the scope.  gn_tensor_release is for what was kept on
 *     purpose: .grad, the results of gn_grad.
 *   The GIL: held, except between PyEval_SaveThread and PyEval_RestoreThread around work of
 *     the core that may take long.  In between no Python object is touched; what the core
 *     works on is kept by the arguments, which the caller holds.  The core comes back through
 *     the hook for Ctrl-C and through what of a step is written in Python; both take the GIL.
 *   Errors: the core's are sticky (base.h); who sees a NULL or false calls gn_py_raise. */
#ifndef GN_PY_H
#define GN_PY_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL gn_numpy_api
#ifndef GN_PY_OWNS_NUMPY
#define NO_IMPORT_ARRAY
#endif
#include <numpy/arrayobject.h>

#include "../step.h"
#include "../view.h"

#ifdef GANC_FLOAT64
#define GN_NPY_REAL NPY_DOUBLE
#define GN_BUFFER_FORMAT "d"
#define GN_MODULE_NAME "ganc._core64"
#else
#define GN_NPY_REAL NPY_FLOAT
#define GN_BUFFER_FORMAT "f"
#define GN_MODULE_NAME "ganc._core"
#endif

/* A function with keywords as the method table stores it. */
#define GN_PY_CAST(f) ((PyCFunction)(void (*)(void))(f))

/* Ops that touch fewer elements keep the GIL: giving it up costs more than they do. */
enum { GN_PY_RELEASE_GIL_ABOVE = 32768 };

/* ---- state.c: types and the life of their objects ------------------------------------- */

enum { GN_PY_MAX_PROTOCOLS = 3 };

/* A type of the module: what differs from one to the next. */
typedef struct {
    const char *name, *doc;          /* the name begins with GN_MODULE_NAME */
    size_t size;                     /* of an object; it begins with a gn_py_object */
    unsigned long flags;             /* besides the default and, with references, HAVE_GC */
    size_t refs;                     /* offset of the Python references, an array of nrefs; */
    int nrefs;                       /* ... each may be NULL */
    void (*release)(PyObject *self); /* gives up what is kept in C, all of it 0 in a new object */
    newfunc make;
    PyMethodDef *methods;
    PyGetSetDef *getset;
    const PyType_Slot *protocols[GN_PY_MAX_PROTOCOLS]; /* other slots, tables ended by {0, NULL} */
} gn_py_class;

typedef struct {
    PyObject_HEAD
    const gn_py_class *class;
} gn_py_object;

PyTypeObject *gn_py_type(PyObject *module, const gn_py_class *class); /* new reference */
PyObject *gn_py_new(PyTypeObject *type, const gn_py_class *class);    /* zeros after the head */

typedef struct {
    PyTypeObject *tensor, *optimizer, *generator, *average;
    const gn_py_class *tensor_class; /* of what gn_py_wrap makes */
} gn_py_state;
extern gn_py_state *gn_py; /* of the one module object */

int gn_py_state_init(PyObject *module);
PyObject *gn_py_raise(void); /* the sticky error as a Python exception; clears it; NULL */

/* Puts the function, and an argument or NULL, before the message of a pending TypeError or
 * ValueError; -1. */
int gn_py_blame(const char *function, const char *argument);

/* A count: an integer in [0, 2**63).  A row of PyGetSetDef is GN_PY_COUNT(...). */
int gn_py_read_count(PyObject *value, const char *what, uint64_t *to); /* -1 + exception */
typedef struct {
    const char *name;
    size_t offset;
} gn_py_field;
PyObject *gn_py_get_count(PyObject *self, void *field);
int gn_py_set_count(PyObject *self, PyObject *value, void *field);
#define GN_PY_COUNT(type, member, name, doc) \
    { \
        name, gn_py_get_count, gn_py_set_count, doc, (void *)&(const gn_py_field) \
        { \
            name, offsetof(type, member) \
        } \
    }

/* ---- state.c: the objects that more than one file looks into -------------------------- */

typedef struct {
    gn_py_object head;
    gn_tensor *t;
} gn_py_tensor;

typedef struct {
    gn_py_object head;
    gn_rng rng;
} gn_py_generator;

typedef struct {
    gn_py_object head;
    gn_optim o;
    PyObject *params; /* list of Tensors */
} gn_py_optimizer;

typedef struct {
    gn_py_object head;
    gn_average a;
} gn_py_average;

static inline bool gn_py_is_tensor(PyObject *o)
{
    return PyObject_TypeCheck(o, gn_py->tensor);
}

/* Borrowed; o must be a Tensor.  A view is read again where its base was written; an error is
 * left pending. */
static inline gn_tensor *gn_py_tensor_of(PyObject *o)
{
    gn_tensor *t = ((gn_py_tensor *)o)->t;
    if (t->view)
        gn_view_read(t);
    return t;
}

/* A new Tensor that keeps t; NULL + exception when t is NULL or an error is pending. */
PyObject *gn_py_wrap(gn_tensor *t);
PyObject *gn_py_wrap_as(PyTypeObject *type, gn_tensor *t); /* Tensor or a subclass */

/* ---- dtype.c --------------------------------------------------------------------------- */

PyObject *gn_py_dtype_object(gn_dtype dtype);     /* NumPy's */
bool gn_py_read_dtype(PyObject *o, gn_dtype *to); /* false with an exception set */
gn_tensor *gn_py_integers(PyArrayObject *raw);    /* int64, or GN_WIDE, of any integers */
PyObject *gn_py_tagged_array(const gn_tensor *t); /* int64 or bool, a copy */
PyObject *gn_py_number(const gn_tensor *t);       /* the first element */

/* ---- convert.c ------------------------------------------------------------------------ */

/* A Tensor as it is; numbers, arrays and sequences converted into the current scope.
 * NULL with a Python exception set. */
gn_tensor *gn_py_as_tensor(PyObject *o);
/* A sequence of Tensors as a new gn_alloc'd array; *n is its length.  The sequence keeps them. */
gn_tensor **gn_py_tensor_list(PyObject *sequence, const char *what, int *n);
bool gn_py_shape(PyObject *o, int *ndim, int64_t *dim); /* int or sequence of ints >= 0 */

extern const PyType_Slot gn_py_export_slots[]; /* of Tensor: the buffer protocol */
extern PyMethodDef gn_py_export_methods[];     /* of Tensor: to NumPy */

extern PyMethodDef gn_py_index_methods[]; /* index.c, of Tensor */

/* ---- operators.c ---------------------------------------------------------------------- */

extern const PyType_Slot gn_py_operator_slots[]; /* of Tensor */

/* ---- ops.c, on call.c and signature.c (signature.h) ------------------------------------ */

void gn_py_ops_init(void); /* before the tables are used */
extern PyMethodDef gn_py_op_functions[], gn_py_op_methods[];
PyObject *gn_py_op_list(PyObject *module, PyObject *unused);

/* ---- functions of the module, tables ended by NULL ------------------------------------ */

extern PyMethodDef gn_py_array_functions[];  /* array.c: tensors of data from outside */
extern PyMethodDef gn_py_random_functions[]; /* random.c */
extern PyMethodDef gn_py_grad_functions[];   /* grad.c */
extern PyMethodDef gn_py_switch_functions[]; /* switch.c */
extern PyMethodDef gn_py_train_functions[];  /* optimizer.c */
extern PyMethodDef gn_py_step_functions[];   /* step.c */
int gn_py_switch_init(void);                 /* from the environment */

/* ---- types, each a new reference ------------------------------------------------------ */

PyTypeObject *gn_py_tensor_type(PyObject *module);
PyTypeObject *gn_py_generator_type(PyObject *module); /* random.c */
PyTypeObject *gn_py_optimizer_type(PyObject *module);
PyTypeObject *gn_py_average_type(PyObject *module);

#endif
