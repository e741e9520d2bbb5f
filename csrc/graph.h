/* graph.h - the nodes below some outputs, as one sweep sees them: a table by node, in the order of
 * their ids. */
#ifndef GN_GRAPH_H
#define GN_GRAPH_H

#include "node.h"

typedef struct {
    gn_node *node;   /* kept */
    gn_tensor *grad; /* kept; NULL: nothing arrived yet, or zeros */
    bool zero;       /* zeros arrived */
    bool target;
    bool carried; /* a way leads to a target */
    bool needed;  /* one on which no derivative is known to be zero */
} gn_entry;

typedef struct {
    gn_entry *e;
    int n, room;
    int *slot;      /* open addressing: node -> index + 1 */
    int nslot;      /* a power of two, at least twice n */
    int64_t oldest; /* no node with a smaller id matters */
    bool left;
} gn_graph;

/* Fills a graph of which `oldest` alone is set; false with an error pending. */
bool gn_graph_collect(gn_graph *g, int ny, gn_tensor **y);
gn_entry *gn_graph_find(const gn_graph *g, const gn_node *node); /* NULL: not there */
gn_entry *gn_graph_below(const gn_graph *g, const gn_call *c, int input);
bool gn_is_flat(const gn_op *op, int input);
void gn_graph_mark(gn_graph *g); /* what leads to the targets */
/* Ends the work on the nodes; spend: what leads to targets cannot be swept again. */
void gn_graph_leave(gn_graph *g, bool spend);
void gn_graph_free(gn_graph *g);

static inline gn_tensor *gn_input(const gn_call *c, int i)
{
    return c->list ? c->list[i] : c->in[i];
}

#endif
