/* op_act.c - the activation that linear, convolutions and norms take into their own op:
 * in ops for their ref, and its derivative for their vjp.  Each derivative can be told from
 * the output y alone, so such an op keeps y and not what the activation was applied to. */
#include "ops.h"

bool gn_check_slope(const char *op, double slope)
{
    return slope >= 0 || gn_fail("%s: slope = %g, expected >= 0 (the sign of the output must tell "
                                 "that of its argument)",
                                 op, slope);
}

gn_tensor *gn_activate(gn_tensor *z, gn_act act, double slope)
{
    switch (act) {
    case GN_ACT_RELU:
        return gn_relu(z);
    case GN_ACT_LEAKY_RELU:
        return gn_leaky_relu(z, slope);
    case GN_ACT_TANH:
        return gn_tanh(z);
    case GN_ACT_SIGMOID:
        return gn_sigmoid(z);
    default:
        return z;
    }
}

gn_tensor *gn_activate_dx(gn_tensor *dy, gn_tensor *y, gn_act act, double slope)
{
    switch (act) {
    case GN_ACT_RELU:
        return gn_relu_dx(dy, y);
    case GN_ACT_LEAKY_RELU:
        return gn_leaky_relu_dx(dy, y, slope);
    case GN_ACT_TANH:
        return gn_tanh_dx(dy, y);
    case GN_ACT_SIGMOID:
        return gn_sigmoid_dx(dy, y);
    default:
        return dy;
    }
}
