/* params.c - many parameters, one storage. */
#include "step.h"

#include <string.h>

bool gn_params_flatten(int n, gn_tensor **param)
{
    int64_t total = 0;
    for (int i = 0; i < n; i++)
        total += param[i]->numel;
    gn_tensor *flat = gn_tensor_new(1, &total);
    if (!flat)
        return false;
    int64_t at = 0;
    for (int i = 0; i < n; i++) {
        gn_tensor *p = param[i];
        gn_storage *old = p->storage;
        memcpy(flat->data + at, p->data, (size_t)p->numel * sizeof(real));
        p->storage = flat->storage;
        p->data = flat->data + at;
        at += p->numel;
        __atomic_fetch_add(&flat->storage->refs, 1, __ATOMIC_RELAXED);
        gn_storage_release(old);
    }
    return true;
}
