/* signature.h - the signature string of an op, parsed: "input, w, b=None, *,
 * act:none|relu='none', slope:float=0.2".  Kinds: tensor (no annotation), int, int?, float,
 * bool, dims (None, int, ints), list (of tensors), or words separated by '|'. */
#ifndef GN_PY_SIGNATURE_H
#define GN_PY_SIGNATURE_H

#include "py.h"

typedef enum {
    GN_PY_TENSOR,
    GN_PY_LIST,
    GN_PY_INT,
    GN_PY_FLOAT,
    GN_PY_BOOL,
    GN_PY_DIMS,
    GN_PY_DTYPE,
    GN_PY_WORD
} gn_py_kind;

enum { GN_PY_MAX_PARAM = 12 };

typedef struct {
    char name[24];
    gn_py_kind kind;
    bool required, keyword_only, nullable;
    gn_attr value; /* the default */
    char words[64];
} gn_py_param;

typedef struct {
    const gn_op *op;
    int nparam, npositional;
    gn_py_param p[GN_PY_MAX_PARAM];
    char doc[1024];
} gn_py_signature;

void gn_py_parse_signature(gn_py_signature *s, const gn_op *op);
int gn_py_word_index(const char *words, const char *word, size_t length); /* -1: not there */

/* call.c: self is NULL for a function, else it is the first argument */
PyObject *gn_py_call(const gn_py_signature *s, PyObject *self, PyObject *const *args,
                     Py_ssize_t nargs, PyObject *names);

#endif
