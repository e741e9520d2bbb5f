/* call.c - the one generic caller of ops: fills a gn_call from Python's arguments as the
 * op's signature says, and runs it. */
#include "signature.h"

static int bad(const gn_py_signature *s, const gn_py_param *p, const char *expected, PyObject *got)
{
    PyObject *type = PyType_GetName(Py_TYPE(got));
    PyErr_Format(PyExc_TypeError, "%s: %s must be %s, got %S", s->op->name, p->name, expected,
                 type ? type : Py_None);
    Py_XDECREF(type);
    return -1;
}

static int read_int(const gn_py_signature *s, const gn_py_param *p, PyObject *o, int64_t *to)
{
    PyObject *index = PyNumber_Index(o);
    if (!index) {
        PyErr_Clear();
        return bad(s, p, "an integer", o);
    }
    *to = PyLong_AsLongLong(index);
    Py_DECREF(index);
    if (*to != -1 || !PyErr_Occurred())
        return 0;
    PyErr_Clear();
    PyErr_Format(PyExc_ValueError, "%s: %s = %R does not fit into 64 bits", s->op->name, p->name,
                 o);
    return -1;
}

static int read_dims(const gn_py_signature *s, const gn_py_param *p, PyObject *o, gn_attr *a)
{
    if (PyIndex_Check(o) && !gn_py_is_tensor(o)) {
        a->n = 1;
        return read_int(s, p, o, &a->v[0]);
    }
    if (!PyTuple_Check(o) && !PyList_Check(o))
        return bad(s, p, "an integer or a tuple of integers", o);
    Py_ssize_t n = PySequence_Size(o);
    if (n > GN_MAX_DIM) {
        PyErr_Format(PyExc_ValueError, "%s: %s has %zd entries, expected at most %d", s->op->name,
                     p->name, n, GN_MAX_DIM);
        return -1;
    }
    a->n = (int)n;
    for (int i = 0; i < a->n; i++) {
        PyObject *item = PySequence_GetItem(o, i);
        int status = item ? read_int(s, p, item, &a->v[i]) : -1;
        Py_XDECREF(item);
        if (status < 0)
            return -1;
    }
    return 0;
}

static int read_word(const gn_py_signature *s, const gn_py_param *p, PyObject *o, gn_attr *a)
{
    Py_ssize_t n;
    const char *word = PyUnicode_Check(o) ? PyUnicode_AsUTF8AndSize(o, &n) : NULL;
    if (!word)
        return PyErr_Occurred() ? -1 : bad(s, p, "a string", o);
    a->i = gn_py_word_index(p->words, word, (size_t)n);
    if (a->i >= 0)
        return 0;
    PyErr_Format(PyExc_ValueError, "%s: %s = %R, expected one of %s", s->op->name, p->name, o,
                 p->words);
    return -1;
}

/* True, False, NumPy's bools and integers; not a text or an array, which are true as well. */
static int read_bool(const gn_py_signature *s, const gn_py_param *p, PyObject *o, gn_attr *a)
{
    bool number = PyLong_Check(o) || (PyArray_CheckScalar(o) && !PyArray_Check(o));
    a->i = number ? PyObject_IsTrue(o) : bad(s, p, "a bool", o);
    return a->i < 0 ? -1 : 0;
}

static int read_attr(const gn_py_signature *s, const gn_py_param *p, PyObject *o, gn_attr *a)
{
    *a = (gn_attr){.given = true};
    if (o == Py_None) {
        a->given = false;
        return p->nullable ? 0 : bad(s, p, "given", o);
    }
    switch (p->kind) {
    case GN_PY_INT:
        return read_int(s, p, o, &a->i);
    case GN_PY_FLOAT:
        a->f = PyFloat_AsDouble(o);
        if (a->f == -1 && PyErr_Occurred()) {
            PyErr_Clear();
            return bad(s, p, "a number", o);
        }
        return 0;
    case GN_PY_BOOL:
        return read_bool(s, p, o, a);
    case GN_PY_DIMS:
        return read_dims(s, p, o, a);
    default:
        return read_word(s, p, o, a);
    }
}

typedef struct {
    gn_call call;
    PyObject *kept; /* a list of Tensors as a tuple: the list may change during the call */
    int nattr;
    int64_t work; /* elements touched: decides whether to release the GIL */
} frame;

static int read_list(const gn_py_signature *s, frame *f, PyObject *o)
{
    f->kept = PyList_Check(o) ? PySequence_Tuple(o) : Py_NewRef(o);
    f->call.list = f->kept ? gn_py_tensor_list(f->kept, "tensors", &f->call.nin) : NULL;
    for (int i = 0; f->call.list && i < f->call.nin; i++)
        f->work += f->call.list[i]->numel;
    return f->call.list ? 0 : gn_py_blame(s->op->name, NULL);
}

static int read_tensor(const gn_py_signature *s, const gn_py_param *p, frame *f, PyObject *o)
{
    gn_tensor *t = NULL;
    if (o != Py_None || !p->nullable) {
        t = gn_py_as_tensor(o);
        if (!t)
            return gn_py_blame(s->op->name, p->name);
        f->work += t->numel;
    }
    f->call.in[f->call.nin++] = t;
    return 0;
}

/* dtype=: the first input becomes that before anything is computed, as in PyTorch. */
static int read_dtype(frame *f, PyObject *o)
{
    gn_dtype to;
    if (!o || o == Py_None)
        return 0;
    if (!gn_py_read_dtype(o, &to))
        return -1;
    f->call.in[0] = gn_cast(f->call.in[0], to);
    return 0;
}

/* o NULL: not given. */
static int read_param(const gn_py_signature *s, const gn_py_param *p, frame *f, PyObject *o)
{
    if (!o && p->required) {
        PyErr_Format(PyExc_TypeError, "%s: missing argument '%s'", s->op->name, p->name);
        return -1;
    }
    if (p->kind == GN_PY_LIST)
        return read_list(s, f, o);
    if (p->kind == GN_PY_TENSOR)
        return read_tensor(s, p, f, o ? o : Py_None);
    if (p->kind == GN_PY_DTYPE)
        return read_dtype(f, o);
    if (o)
        return read_attr(s, p, o, &f->call.attr[f->nattr++]);
    f->call.attr[f->nattr++] = p->value;
    return 0;
}

/* x.reshape(2, 3): when the last positional parameter takes dims, surplus integers are its
 * tuple.  New reference, or NULL when the call is not of that form. */
static PyObject *packed_tail(const gn_py_signature *s, PyObject *const *args, Py_ssize_t nargs,
                             Py_ssize_t first)
{
    if (first < 0 || s->p[s->npositional - 1].kind != GN_PY_DIMS || !PyIndex_Check(args[first]))
        return NULL;
    PyObject *tuple = PyTuple_New(nargs - first);
    for (Py_ssize_t i = first; tuple && i < nargs; i++) {
        Py_INCREF(args[i]);
        PyTuple_SetItem(tuple, i - first, args[i]);
    }
    return tuple;
}

/* The nearest name is found in Python: this is no place for speed. */
static int unknown_keyword(const gn_py_signature *s, PyObject *name)
{
    PyObject *known = PyList_New(0), *keywords = PyImport_ImportModule("ganc._keywords"),
             *hint = NULL;
    for (int i = 0; known && i < s->nparam; i++) {
        PyObject *word = PyUnicode_FromString(s->p[i].name);
        if (!word || PyList_Append(known, word) < 0)
            Py_CLEAR(known);
        Py_XDECREF(word);
    }
    if (known && keywords)
        hint = PyObject_CallMethod(keywords, "near_keyword", "OO", name, known);
    if (hint)
        PyErr_Format(PyExc_TypeError, "%s: unexpected keyword '%U'%U", s->op->name, name, hint);
    Py_XDECREF(hint);
    Py_XDECREF(keywords);
    Py_XDECREF(known);
    return -1;
}

static int place_keywords(const gn_py_signature *s, PyObject **value, PyObject *const *args,
                          PyObject *names)
{
    Py_ssize_t n = names ? PyTuple_Size(names) : 0;
    for (Py_ssize_t k = 0; k < n; k++) {
        PyObject *name = PyTuple_GetItem(names, k);
        int i = 0;
        while (i < s->nparam && PyUnicode_CompareWithASCIIString(name, s->p[i].name) != 0)
            i++;
        if (i == s->nparam)
            return unknown_keyword(s, name);
        if (value[i]) {
            PyErr_Format(PyExc_TypeError, "%s: got two values for argument '%U'", s->op->name,
                         name);
            return -1;
        }
        value[i] = args[k];
    }
    return 0;
}

static PyObject *run(frame *f)
{
    gn_tensor *y;
    if (f->work > GN_PY_RELEASE_GIL_ABOVE) {
        PyThreadState *thread = PyEval_SaveThread();
        y = gn_apply(&f->call);
        PyEval_RestoreThread(thread);
    } else {
        y = gn_apply(&f->call);
    }
    return gn_py_wrap(f->call.op->part ? gn_view_made(&f->call, y) : y);
}

PyObject *gn_py_call(const gn_py_signature *s, PyObject *self, PyObject *const *args,
                     Py_ssize_t nargs, PyObject *names)
{
    PyObject *value[GN_PY_MAX_PARAM] = {self}, *tail = NULL;
    Py_ssize_t shift = self != NULL, last = s->npositional - 1;
    if (nargs + shift > s->npositional) {
        tail = packed_tail(s, args, nargs, last - shift);
        if (!tail)
            return PyErr_Occurred()
                       ? NULL
                       : PyErr_Format(PyExc_TypeError, "%s: takes %d positional arguments, got %zd",
                                      s->op->name, s->npositional, nargs + shift);
        value[last] = tail;
    }
    for (Py_ssize_t i = 0; i < nargs && i + shift <= last; i++)
        if (!value[i + shift])
            value[i + shift] = args[i];
    frame f = {.call = {.op = s->op}};
    int64_t mark = gn_scope_begin();
    int status = place_keywords(s, value, args + nargs, names);
    for (int i = 0; i < s->nparam && status == 0; i++)
        status = read_param(s, &s->p[i], &f, value[i]);
    PyObject *result = status == 0 ? run(&f) : NULL;
    gn_scope_end(mark);
    gn_free(f.call.list);
    Py_XDECREF(f.kept);
    Py_XDECREF(tail);
    return result;
}
