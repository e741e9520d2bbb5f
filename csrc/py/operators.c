/* operators.c - + - * / // % ** @ & | ^ ~, comparison and hash of Tensors. */
#include "py.h"

static bool operand(PyObject *o)
{
    return gn_py_is_tensor(o) || PyFloat_Check(o) || PyLong_Check(o) || PyArray_Check(o) ||
           PyArray_CheckScalar(o) || PyList_Check(o) || PyTuple_Check(o);
}

/* An integer beside floats is a float: it may be rounded. */
static void settle(PyObject *o, gn_tensor *t, const gn_tensor *beside)
{
    if (!gn_py_is_tensor(o) && beside->dtype == GN_FLOAT && t->dtype != GN_BOOL)
        t->dtype = GN_FLOAT;
}

typedef gn_tensor *binary_op(gn_tensor *a, gn_tensor *b);

static PyObject *binary(PyObject *a, PyObject *b, binary_op *op)
{
    if (!operand(a) || !operand(b)) {
        Py_INCREF(Py_NotImplemented);
        return Py_NotImplemented;
    }
    int64_t mark = gn_scope_begin();
    gn_tensor *x = gn_py_as_tensor(a), *y = x ? gn_py_as_tensor(b) : NULL, *z = NULL;
    if (x && y && x->dtype != y->dtype) {
        settle(a, x, y);
        settle(b, y, x);
    }
    if (x && y && x->numel + y->numel > GN_PY_RELEASE_GIL_ABOVE) {
        PyThreadState *thread = PyEval_SaveThread();
        z = op(x, y);
        PyEval_RestoreThread(thread);
    } else if (x && y) {
        z = op(x, y);
    }
    PyObject *result = x && y ? gn_py_wrap(z) : NULL;
    gn_scope_end(mark);
    return result;
}

static gn_tensor *matmul(gn_tensor *a, gn_tensor *b)
{
    gn_call c = {.op = &gn_op_matmul, .nin = 2, .in = {a, b}};
    return gn_apply(&c);
}

static gn_tensor *power(gn_tensor *a, gn_tensor *b)
{
    bool whole = a->dtype != GN_FLOAT && b->dtype != GN_FLOAT;
    if (whole && b->ndim == 0 && b->data[0] < 0)
        return gn_fail_as(GN_RUNTIME, "integers to negative integer powers are not allowed; use "
                                      ".float() first");
    if (b->ndim == 0 && !b->node && !whole)
        return b->data[0] == 2 ? gn_square(gn_cast(a, GN_FLOAT))
                               : gn_pow_scalar(a, (double)b->data[0]);
    return gn_pow_tensor(a, b);
}

#define BINARY_SLOT(name, op) \
    static PyObject *nb_##name(PyObject *a, PyObject *b) \
    { \
        return binary(a, b, op); \
    }
BINARY_SLOT(add, gn_add)
BINARY_SLOT(subtract, gn_sub)
BINARY_SLOT(multiply, gn_mul)
BINARY_SLOT(true_divide, gn_div)
BINARY_SLOT(matrix_multiply, matmul)
BINARY_SLOT(floor_divide, gn_floor_divide)
BINARY_SLOT(remainder, gn_remainder)
BINARY_SLOT(and, gn_bitwise_and)
BINARY_SLOT(or, gn_bitwise_or)
BINARY_SLOT(xor, gn_bitwise_xor)

static PyObject *nb_power(PyObject *a, PyObject *b, PyObject *modulus)
{
    if (modulus != Py_None)
        return PyErr_Format(PyExc_TypeError, "pow() with a modulus is not offered for Tensors");
    return binary(a, b, power);
}

static PyObject *nb_negative(PyObject *self)
{
    int64_t mark = gn_scope_begin();
    PyObject *result = gn_py_wrap(gn_neg(gn_py_tensor_of(self)));
    gn_scope_end(mark);
    return result;
}

static PyObject *nb_absolute(PyObject *self)
{
    int64_t mark = gn_scope_begin();
    PyObject *result = gn_py_wrap(gn_abs(gn_py_tensor_of(self)));
    gn_scope_end(mark);
    return result;
}

static PyObject *nb_invert(PyObject *self)
{
    int64_t mark = gn_scope_begin();
    PyObject *result = gn_py_wrap(gn_bitwise_not(gn_py_tensor_of(self)));
    gn_scope_end(mark);
    return result;
}

static PyObject *nb_positive(PyObject *self)
{
    if (gn_py_tensor_of(self)->dtype == GN_BOOL)
        return PyErr_Format(PyExc_RuntimeError, "+ of a bool tensor has no meaning");
    return Py_NewRef(self);
}

static PyObject *richcompare(PyObject *a, PyObject *b, int op)
{
    static binary_op *const table[] = {[Py_LT] = gn_lt, [Py_LE] = gn_le, [Py_EQ] = gn_eq,
                                       [Py_NE] = gn_ne, [Py_GT] = gn_gt, [Py_GE] = gn_ge};
    return binary(a, b, table[op]);
}

static Py_hash_t identity_hash(PyObject *self)
{
    return (Py_hash_t)((uintptr_t)self >> 4);
}

const PyType_Slot gn_py_operator_slots[] = {
    {Py_tp_richcompare, richcompare},
    {Py_tp_hash, identity_hash},
    {Py_nb_add, nb_add},
    {Py_nb_subtract, nb_subtract},
    {Py_nb_multiply, nb_multiply},
    {Py_nb_true_divide, nb_true_divide},
    {Py_nb_matrix_multiply, nb_matrix_multiply},
    {Py_nb_power, nb_power},
    {Py_nb_negative, nb_negative},
    {Py_nb_absolute, nb_absolute},
    {Py_nb_positive, nb_positive},
    {Py_nb_invert, nb_invert},
    {Py_nb_floor_divide, nb_floor_divide},
    {Py_nb_remainder, nb_remainder},
    {Py_nb_and, nb_and},
    {Py_nb_or, nb_or},
    {Py_nb_xor, nb_xor},
    {0, NULL},
};
