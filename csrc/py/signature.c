/* signature.c - parses the signature strings of ops, once at import. */
#include "signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int gn_py_word_index(const char *words, const char *word, size_t length)
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

static void parse_kind(gn_py_param *p, const char *text)
{
    static const char *const names[] = {"", "list", "int", "float", "bool", "dims", "dtype"};
    size_t n = strlen(text);
    if (n && text[n - 1] == '?') {
        p->nullable = true;
        n--;
    }
    for (int k = 0; k < GN_COUNT(names); k++)
        if (strlen(names[k]) == n && strncmp(names[k], text, n) == 0) {
            p->kind = (gn_py_kind)k;
            return;
        }
    p->kind = GN_PY_WORD;
    snprintf(p->words, sizeof p->words, "%s", text);
}

static void parse_default(gn_py_param *p, const char *text)
{
    p->required = false;
    p->value.given = strcmp(text, "None") != 0;
    p->nullable |= !p->value.given;
    if (p->kind == GN_PY_WORD)
        p->value.i = gn_py_word_index(p->words, text + 1, strlen(text) - 2);
    else if (p->kind == GN_PY_BOOL)
        p->value.i = strcmp(text, "True") == 0;
    else if (p->kind == GN_PY_DIMS && p->value.given)
        p->value.n = 1, p->value.v[0] = strtoll(text, NULL, 10);
    else if (p->kind == GN_PY_INT)
        p->value.i = strtoll(text, NULL, 10);
    else if (p->kind == GN_PY_FLOAT)
        p->value.f = strtod(text, NULL);
}

void gn_py_parse_signature(gn_py_signature *s, const gn_op *op)
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
        gn_py_param *p = &s->p[s->nparam++];
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
