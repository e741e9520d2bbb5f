"""JAX: one jitted function does the whole step, its state donated; images are (N, H, W, C).

XLA has no fast kernel on a CPU for the weight gradient of `lax.conv_transpose`; it is asked for
that of the convolution instead, which is the same function: 25 ms in place of 2,900 at CNNGAN's
second layer.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
from _networks import Layer, walk
from jax import lax, nn

IMAGES = ("NHWC", "HWIO", "NHWC")


def conv(x, w, stride, padding):
    return lax.conv_general_dilated(x, w, (stride, stride), padding, dimension_numbers=IMAGES)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def conv_t(x, w, stride, padding):
    """w is (k, k, out, in), that of the convolution whose input gradient this is."""
    return lax.conv_transpose(
        x, w, (stride, stride), padding, dimension_numbers=IMAGES, transpose_kernel=True
    )


def conv_t_backward(stride, padding, saved, dy):
    x, w = saved
    dw = jax.vjp(lambda w: conv(dy, w, stride, padding), w)[1](x)[0]
    return conv(dy, w, stride, padding), dw


conv_t.defvjp(lambda x, w, *at: (conv_t(x, w, *at), (x, w)), conv_t_backward)


def last(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The same shape with channels last."""
    return (*shape[1:], shape[0])


def initial(layers: list[Layer], shape: tuple[int, ...], key) -> tuple[list, list]:
    """Parameters and running statistics, one entry a layer."""
    params, stats = [], []
    for i, (layer, before, _) in enumerate(walk(layers, shape)):
        c, o, k = before[0], layer.out, layer.kernel
        p, s = {}, {}
        if layer.kind in ("dense", "conv", "conv_t"):
            size = {"dense": (c, o), "conv": (k, k, c, o), "conv_t": (k, k, o, c)}[layer.kind]
            p["w"] = 0.02 * jax.random.normal(jax.random.fold_in(key, i), size)
            if layer.bias:
                p["b"] = jnp.zeros(o)
        elif layer.kind == "bn":
            p = {"g": jnp.ones(c), "b": jnp.zeros(c)}
            s = {"mean": jnp.zeros(c), "var": jnp.ones(c)}
        params.append(p)
        stats.append(s)
    return params, stats


def batch_norm(layer, p, s, x):
    axes, m = tuple(range(x.ndim - 1)), layer.momentum
    mean, var = x.mean(axes), x.var(axes)
    n = x.size // x.shape[-1]
    unbiased = var * (n / (n - 1))
    s = {"mean": (1 - m) * s["mean"] + m * mean, "var": (1 - m) * s["var"] + m * unbiased}
    return (x - mean) * (lax.rsqrt(var + layer.eps) * p["g"]) + p["b"], s


def drop(layer, x, key):
    keep = jax.random.bernoulli(key, 1 - layer.value, x.shape)
    return jnp.where(keep, x / (1 - layer.value), 0)


def weighted(layer, p, x):
    if layer.kind == "dense":
        y = x @ p["w"]
    else:
        function = conv if layer.kind == "conv" else conv_t
        y = function(x, p["w"], layer.stride, "SAME" if layer.same else "VALID")
    return y + p["b"] if layer.bias else y


PLAIN = {
    "relu": lambda layer, x: nn.relu(x),
    "tanh": lambda layer, x: jnp.tanh(x),
    "sigmoid": lambda layer, x: nn.sigmoid(x),
    "leaky": lambda layer, x: nn.leaky_relu(x, layer.value),
    "flatten": lambda layer, x: x.reshape(len(x), -1),
    "reshape": lambda layer, x: x.reshape(-1, *last(layer.shape)),
}


def forward(layers, params, stats, x, key):
    """Outputs and new running statistics."""
    news = []
    for i, (layer, p, s) in enumerate(zip(layers, params, stats, strict=True)):
        if layer.kind == "bn":
            x, s = batch_norm(layer, p, s, x)
        elif layer.kind == "dropout":
            x = drop(layer, x, jax.random.fold_in(key, i))
        elif p:
            x = weighted(layer, p, x)
        else:
            x = PLAIN[layer.kind](layer, x)
        news.append(s)
    return x, news


def adam(spec, t, params, moments, grads):
    (b1, b2), t = spec.betas, t.astype(float)
    scale = spec.lr * jnp.sqrt(1 - b2**t) / (1 - b1**t)
    eps = spec.eps * jnp.sqrt(1 - b2**t)
    m = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, moments[0], grads)
    v = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, moments[1], grads)
    update = jax.tree.map(lambda p, m, v: p - scale * m / (jnp.sqrt(v) + eps), params, m, v)
    return update, (m, v)


def bce(logits, target):
    return (nn.softplus(logits) - target * logits).mean()


def latent(spec, batch, key):
    shape = last(spec.latent) if len(spec.latent) == 3 else spec.latent
    return jax.random.normal(key, (batch, *shape))


def d_loss(params, stats, spec, real, fake, keys):
    if spec.joint:
        both = jnp.concatenate((real, fake))
        logits, stats = forward(spec.discriminator, params, stats, both, keys[0])
        r, f = jnp.split(logits, 2)
    else:
        r, stats = forward(spec.discriminator, params, stats, real, keys[0])
        f, stats = forward(spec.discriminator, params, stats, fake, keys[1])
    return spec.d_scale * (bce(r, 1) + bce(f, 0)), stats


def g_loss(params, stats, spec, d_params, d_stats, z, key):
    fake, stats = forward(spec.generator, params, stats, z, key)
    logits, d_stats = forward(spec.discriminator, d_params, d_stats, fake, key)
    return bce(logits, 1), (stats, d_stats)


def whole_step(spec, batch, state, real):
    g, d = state["g"], state["d"]
    t, key = state["t"] + 1, jax.random.fold_in(state["key"], state["t"])
    keys = jax.random.split(key, 6)
    z = latent(spec, batch, keys[0])
    fake, g_stats = forward(spec.generator, g["params"], g["stats"], z, keys[1])
    gradient = jax.value_and_grad(d_loss, has_aux=True)
    (d_value, d_stats), grads = gradient(d["params"], d["stats"], spec, real, fake, keys[2:4])
    d_params, d_moments = adam(spec, t, d["params"], d["moments"], grads)
    gradient = jax.value_and_grad(g_loss, has_aux=True)
    z = latent(spec, batch, keys[4])
    (g_value, (g_stats, d_stats)), grads = gradient(
        g["params"], g_stats, spec, d_params, d_stats, z, keys[5]
    )
    g_params, g_moments = adam(spec, t, g["params"], g["moments"], grads)
    new = {
        "g": {"params": g_params, "stats": g_stats, "moments": g_moments},
        "d": {"params": d_params, "stats": d_stats, "moments": d_moments},
        "key": state["key"],
        "t": t,
    }
    return new, d_value, g_value


def make(name, spec, batch, variant):
    key = jax.random.key(0)
    state = {"key": key, "t": jnp.zeros((), int)}
    parts = ("g", spec.generator, spec.latent), ("d", spec.discriminator, spec.image)
    for part, layers, shape in parts:
        params, stats = initial(layers, shape, jax.random.fold_in(key, ord(part)))
        moments = tuple(jax.tree.map(jnp.zeros_like, params) for _ in range(2))
        state[part] = {"params": params, "stats": stats, "moments": moments}
    counts = [sum(p.size for p in jax.tree.leaves(state[part]["params"])) for part in "gd"]
    shape = last(spec.image) if len(spec.image) == 3 else spec.image
    real = jax.random.uniform(key, (batch, *shape), minval=-1, maxval=1)
    compiled = jax.jit(lambda state, real: whole_step(spec, batch, state, real), donate_argnums=0)

    def step():
        nonlocal state
        state, d, g = compiled(state, real)
        return float(d), float(g)

    return step, counts, ""
