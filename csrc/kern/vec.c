/* vec.c - which table of vec.h is in use. */
#include "vec.h"

const gn_vec_kern *gn_vec = &gn_vec_portable;

void gn_vec_select(gn_isa isa)
{
#define ENTRY(id, name) [GN_ISA_##id] = &gn_vec_##name,
    static const gn_vec_kern *const table[] = {GN_ISAS(ENTRY)};
#undef ENTRY
    const gn_vec_kern *found = (int)isa < GN_COUNT(table) ? table[isa] : NULL;
    gn_vec = found ? found : &gn_vec_portable;
}
