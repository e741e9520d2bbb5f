/* call.c - the one generic caller of ops.  A signature string such as
 * "x, w, b=None, *, act:none|relu='none', slope:float=0.2" is parsed once at import; a
 * call fills a gn_call from it.  Kinds: tensor (no annotation), int, int?, float, bool,
 * dims (None, int, ints), list (of tensors), or words separated by '|'. */
#include "py.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PARAM = 12, RELEASE_GIL_ABOVE = 32768 };
typedef enum { TENSOR, LIST, INT, FLOAT, BOOL, DIMS, WORD } kind;

typedef struct {
    char name[24];
    kind kind;
    bool required, keyword_only, nullable;
    gn_attr value; /* the default */
    char words[64];
} param;

typedef struct {
    const gn_op *op;
    int nparam, npositional;
    param p[MAX_PARAM];
    char doc[1024];
} signature;

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

static signature table[NOPS];

/* ---- parsing signatures -------------------------------------------------------------------- */

static int word_index(const char *words, const char *word, size_t length)
{
    int i = 0;
    for (const char *w = words;; i++) {
        size_t n = strcspn(w, "|");
        if (n == length && strncmp(w, word, n) == 0)
            return i;
        if (w[n] == 0)
            return -1;
        w += n + 1;
    }
}

static void parse_kind(param *p, const char *text)
{
    static const char *const names[] = {"", "list", "int", "float", "bool", "dims"};
    size_t n = strlen(text);
    if (n && text[n - 1] == '?') {
        p->nullable = true;
        n--;
    }
    for (int k = 0; k < GN_COUNT(names); k++)
        if (strlen(names[k]) == n && strncmp(names[k], text, n) == 0) {
            p->kind = (kind)k;
            return;
        }
    p->kind = WORD;
    snprintf(p->words, sizeof p->words, "%s", text);
}

static void parse_default(param *p, const char *text)
{
    p->required = false;
    p->value.given = strcmp(text, "None") != 0;
    p->nullable |= !p->value.given;
    if (p->kind == WORD)
        p->value.i = word_index(p->words, text + 1, strlen(text) - 2);
    else if (p->kind == BOOL)
        p->value.i = strcmp(text, "True") == 0;
    else if (p->kind == INT)
        p->value.i = strtoll(text, NULL, 10);
    else if (p->kind == FLOAT)
        p->value.f = strtod(text, NULL);
}

static void parse_signature(signature *s, const gn_op *op)
{
    char text[256], doc[256] = "", *state = NULL;
    bool keyword_only = false;
    s->op = op;
    snprintf(text, sizeof text, "%s", op->sig);
    for (char *item = strtok_r(text, ",", &state); item; item = strtok_r(NULL, ",", &state)) {
        item += strspn(item, " ");
        if (*doc)
            strcat(doc, ", ");
        if (strcmp(item, "*") == 0) {
            keyword_only = true;
            strcat(doc, "*");
            continue;
        }
        param *p = &s->p[s->nparam++];
        p->required = true;
        p->keyword_only = keyword_only;
        s->npositional += !keyword_only;
        char *value = strchr(item, '=');
        if (value)
            *value++ = 0;
        char *annotation = strchr(item, ':');
        if (annotation)
            *annotation++ = 0;
        parse_kind(p, annotation ? annotation : "");
        if (value)
            parse_default(p, value);
        snprintf(p->name, sizeof p->name, "%s", item);
        strcat(doc, item);
        if (value)
            strcat(strcat(doc, "="), value);
    }
    snprintf(s->doc, sizeof s->doc, "%s(%s)\n--\n\n%s", op->name, doc, op->doc);
}

/* ---- arguments ------------------------------------------------------------------------------- */

static int bad(const signature *s, const param *p, const char *expected, PyObject *got)
{
    PyObject *type = PyType_GetName(Py_TYPE(got));
    PyErr_Format(PyExc_TypeError, "%s: %s must be %s, got %S", s->op->name, p->name, expected,
                 type ? type : Py_None);
    Py_XDECREF(type);
    return -1;
}

static int read_int(const signature *s, const param *p, PyObject *o, int64_t *to)
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

static int read_dims(const signature *s, const param *p, PyObject *o, gn_attr *a)
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

static int read_word(const signature *s, const param *p, PyObject *o, gn_attr *a)
{
    Py_ssize_t n;
    const char *word = PyUnicode_Check(o) ? PyUnicode_AsUTF8AndSize(o, &n) : NULL;
    if (!word)
        return PyErr_Occurred() ? -1 : bad(s, p, "a string", o);
    a->i = word_index(p->words, word, (size_t)n);
    if (a->i >= 0)
        return 0;
    PyErr_Format(PyExc_ValueError, "%s: %s = %R, expected one of %s", s->op->name, p->name, o,
                 p->words);
    return -1;
}

static int read_attr(const signature *s, const param *p, PyObject *o, gn_attr *a)
{
    *a = (gn_attr){.given = true};
    if (o == Py_None) {
        a->given = false;
        return p->nullable ? 0 : bad(s, p, "given", o);
    }
    switch (p->kind) {
    case INT:
        return read_int(s, p, o, &a->i);
    case FLOAT:
        a->f = PyFloat_AsDouble(o);
        if (a->f == -1 && PyErr_Occurred()) {
            PyErr_Clear();
            return bad(s, p, "a number", o);
        }
        return 0;
    case BOOL:
        a->i = PyObject_IsTrue(o);
        return a->i < 0 ? -1 : 0;
    case DIMS:
        return read_dims(s, p, o, a);
    default:
        return read_word(s, p, o, a);
    }
}

typedef struct {
    gn_call call;
    int nattr;
    int64_t work; /* elements touched: decides whether to release the GIL */
} frame;

static int read_list(frame *f, PyObject *o)
{
    f->call.list = gn_py_tensor_list(o, "tensors", &f->call.nin);
    for (int i = 0; f->call.list && i < f->call.nin; i++)
        f->work += f->call.list[i]->numel;
    return f->call.list ? 0 : -1;
}

static int read_tensor(const signature *s, const param *p, frame *f, PyObject *o)
{
    gn_tensor *t = NULL;
    if (o != Py_None || !p->nullable) {
        t = gn_py_as_tensor(o);
        if (!t)
            return -1;
        f->work += t->numel;
    }
    (void)s;
    f->call.in[f->call.nin++] = t;
    return 0;
}

/* o NULL: not given. */
static int read_param(const signature *s, const param *p, frame *f, PyObject *o)
{
    if (!o && p->required) {
        PyErr_Format(PyExc_TypeError, "%s() is missing the argument '%s'", s->op->name, p->name);
        return -1;
    }
    if (p->kind == LIST)
        return read_list(f, o);
    if (p->kind == TENSOR)
        return read_tensor(s, p, f, o ? o : Py_None);
    if (o)
        return read_attr(s, p, o, &f->call.attr[f->nattr++]);
    f->call.attr[f->nattr++] = p->value;
    return 0;
}

/* x.reshape(2, 3): when the last positional parameter takes dims, surplus integers are its
 * tuple.  New reference, or NULL when the call is not of that form. */
static PyObject *packed_tail(const signature *s, PyObject *const *args, Py_ssize_t nargs,
                             Py_ssize_t first)
{
    if (first < 0 || s->p[s->npositional - 1].kind != DIMS || !PyIndex_Check(args[first]))
        return NULL;
    PyObject *tuple = PyTuple_New(nargs - first);
    for (Py_ssize_t i = first; tuple && i < nargs; i++) {
        Py_INCREF(args[i]);
        PyTuple_SetItem(tuple, i - first, args[i]);
    }
    return tuple;
}

static int place_keywords(const signature *s, PyObject **value, PyObject *const *args,
                          PyObject *names)
{
    Py_ssize_t n = names ? PyTuple_Size(names) : 0;
    for (Py_ssize_t k = 0; k < n; k++) {
        PyObject *name = PyTuple_GetItem(names, k);
        int i = 0;
        while (i < s->nparam && PyUnicode_CompareWithASCIIString(name, s->p[i].name) != 0)
            i++;
        if (i == s->nparam || value[i]) {
            PyErr_Format(PyExc_TypeError,
                         i == s->nparam ? "%s() got an unexpected keyword argument '%U'"
                                        : "%s() got two values for argument '%U'",
                         s->op->name, name);
            return -1;
        }
        value[i] = args[k];
    }
    return 0;
}

static PyObject *run(frame *f)
{
    gn_tensor *y;
    if (f->work > RELEASE_GIL_ABOVE) {
        PyThreadState *thread = PyEval_SaveThread();
        y = gn_apply(&f->call);
        PyEval_RestoreThread(thread);
    } else {
        y = gn_apply(&f->call);
    }
    return gn_py_wrap(y);
}

static PyObject *call(const signature *s, PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                      PyObject *names)
{
    PyObject *value[MAX_PARAM] = {self}, *tail = NULL;
    Py_ssize_t shift = self != NULL, last = s->npositional - 1;
    if (nargs + shift > s->npositional) {
        tail = packed_tail(s, args, nargs, last - shift);
        if (!tail)
            return PyErr_Occurred() ? NULL
                                    : PyErr_Format(PyExc_TypeError,
                                                   "%s() takes %d positional arguments, got %zd",
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
    Py_XDECREF(tail);
    return result;
}

/* ---- one C function an op: CPython has no closures ----------------------------------------------- */

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

#define DEFINE(name, ...)                                                                        \
    static PyObject *function_##name(PyObject *module, PyObject *const *args, Py_ssize_t n,      \
                                     PyObject *names)                                            \
    {                                                                                            \
        (void)module;                                                                            \
        return call(&table[INDEX_##name], NULL, args, n, names);                                 \
    }                                                                                            \
    static PyObject *method_##name(PyObject *self, PyObject *const *args, Py_ssize_t n,          \
                                   PyObject *names)                                              \
    {                                                                                            \
        return call(&table[INDEX_##name], self, args, n, names);                                 \
    }
GN_OPS_PLAIN(DEFINE)
#define GN_U0 DEFINE
#define GN_U1 DEFINE
#define GN_U2 DEFINE
#define GN_B0 DEFINE
#define GN_B1 DEFINE
#include "../kern/point.def"

#define CAST(f) ((PyCFunction)(void (*)(void))(f))
#define ROW(prefix, name) {#name, CAST(prefix##name), METH_FASTCALL | METH_KEYWORDS, NULL},
#define FUNCTION_ROW(name, ...) ROW(function_, name)
#define METHOD_ROW(name, ...) ROW(method_, name)

static PyMethodDef functions[NOPS + 1] = {
    GN_OPS_PLAIN(FUNCTION_ROW)
#define GN_U0 FUNCTION_ROW
#define GN_U1 FUNCTION_ROW
#define GN_U2 FUNCTION_ROW
#define GN_B0 FUNCTION_ROW
#define GN_B1 FUNCTION_ROW
#include "../kern/point.def"
};

static PyMethodDef methods[NOPS + 1] = {
    GN_OPS_PLAIN(METHOD_ROW)
#define GN_U0 METHOD_ROW
#define GN_U1 METHOD_ROW
#define GN_U2 METHOD_ROW
#define GN_B0 METHOD_ROW
#define GN_B1 METHOD_ROW
#include "../kern/point.def"
};

int gn_py_ops_init(void)
{
    if (table[0].op)
        return 0;
    for (int i = 0; i < NOPS; i++) {
        parse_signature(&table[i], ops[i]);
        functions[i].ml_doc = methods[i].ml_doc = table[i].doc;
    }
    return 0;
}

PyMethodDef *gn_py_op_functions(int *n)
{
    *n = NOPS;
    return functions;
}

PyMethodDef *gn_py_op_methods(int *n)
{
    *n = NOPS;
    return methods;
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
