/* py.h - what the files of the binding share.  Only these files see Python.
 *
 * Limited API of 3.11: one abi3 wheel a platform.  The module may be imported in the main
 * interpreter only (module.c checks), so its state can be reached from anywhere. */
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

typedef struct {
    PyTypeObject *tensor, *optimizer, *generator, *average;
} gn_py_state;
extern gn_py_state *gn_py; /* of the one module object */

typedef struct {
    PyObject_HEAD
    gn_tensor *t;
} gn_py_tensor;

typedef struct {
    PyObject_HEAD
    gn_rng rng;
} gn_py_generator;

typedef struct {
    PyObject_HEAD
    gn_optim o;
    PyObject *params; /* list of Tensors */
} gn_py_optimizer;

typedef struct {
    PyObject_HEAD
    gn_average a;
} gn_py_average;

/* module.c */
PyObject *gn_py_raise(void); /* the sticky error as a Python exception; clears it; NULL */

/* tensor.c */
bool gn_py_is_tensor(PyObject *o);
gn_tensor *gn_py_tensor_of(PyObject *o); /* borrowed; o must be a Tensor */
PyObject *gn_py_wrap(gn_tensor *t);      /* new Tensor; NULL + exception when t is NULL */
PyTypeObject *gn_py_tensor_type(PyObject *module);

/* operators.c: fills slots of the type, returns how many */
int gn_py_operator_slots(PyType_Slot *to);

/* convert.c */
int gn_py_export_slots(PyType_Slot *to);
int gn_py_export_methods(PyMethodDef *to);
/* A Tensor as it is; numbers, arrays and sequences converted into the current scope.
 * NULL with a Python exception set. */
gn_tensor *gn_py_as_tensor(PyObject *o);
/* A sequence of Tensors as a new gn_alloc'd array; *n is its length. */
gn_tensor **gn_py_tensor_list(PyObject *sequence, const char *what, int *n);
bool gn_py_shape(PyObject *o, int *ndim, int64_t *dim); /* int or sequence of ints >= 0 */

/* ops.c */
int gn_py_ops_init(void);
PyMethodDef *gn_py_op_functions(int *n);
PyMethodDef *gn_py_op_methods(int *n);
PyObject *gn_py_op_list(PyObject *module, PyObject *unused);

/* array.c: module functions that make tensors from the outside, and the generator */
extern PyMethodDef gn_py_array_functions[];
PyTypeObject *gn_py_generator_type(PyObject *module);

/* optimizer.c, average.c, step.c */
PyTypeObject *gn_py_optimizer_type(PyObject *module);
PyTypeObject *gn_py_average_type(PyObject *module);
extern PyMethodDef gn_py_train_functions[], gn_py_step_functions[];

#endif
