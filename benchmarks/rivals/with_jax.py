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


def updated(spec, part, grads, stats):
    """A network's state after one step of Adam."""
    (b1, b2), t = spec.betas, part["t"] + 1
    correction = jnp.sqrt(1 - b2**t)
    rate, eps = spec.lr * correction / (1 - b1**t), spec.eps * correction
    m = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, part["m"], grads)
    v = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, part["v"], grads)
    params = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + eps), part["params"], m, v)
    return {"params": params, "stats": stats, "m": m, "v": v, "t": t}


def bce(logits, target):
    return (nn.softplus(logits) - target * logits).mean()


def half(params, x, stats, spec, target, key):
    """Cross-entropy of D on one batch, and its new running statistics."""
    logits, stats = forward(spec.discriminator, params, stats, x, key)
    return bce(logits, target), stats


def both(params, stats, spec, real, fake, keys):
    if spec.joint:
        x = jnp.concatenate((real, fake))
        logits, stats = forward(spec.discriminator, params, stats, x, keys[0])
        r, f = jnp.split(logits, 2)
    else:
        r, stats = forward(spec.discriminator, params, stats, real, keys[0])
        f, stats = forward(spec.discriminator, params, stats, fake, keys[1])
    return spec.d_scale * (bce(r, 1) + bce(f, 0)), stats


def d_step(spec, d, real, fake, keys):
    if spec.d_reduction != "separate":
        gradient = jax.value_and_grad(both, has_aux=True)
        (loss, stats), grads = gradient(d["params"], d["stats"], spec, real, fake, keys)
        return updated(spec, d, grads, stats), loss
    gradient, losses = jax.value_and_grad(half, has_aux=True), []
    for x, target, key in ((real, 1, keys[0]), (fake, 0, keys[1])):
        (loss, stats), grads = gradient(d["params"], x, d["stats"], spec, target, key)
        d = updated(spec, d, grads, stats)
        losses.append(loss)
    return d, sum(losses) / 2


def generate(spec, batch, g, key):
    """Fakes, the function from their gradient to the parameters', new running statistics."""
    shape = last(spec.latent) if len(spec.latent) == 3 else spec.latent
    z = jax.random.normal(key, (batch, *shape))
    return jax.vjp(
        lambda params: forward(spec.generator, params, g["stats"], z, key),
        g["params"],
        has_aux=True,
    )


def whole_step(spec, batch, state, real):
    g, d = state["g"], state["d"]
    keys = jax.random.split(jax.random.fold_in(state["key"], g["t"]), 5)
    fake, back, g_stats = generate(spec, batch, g, keys[0])
    d, d_value = d_step(spec, d, real, fake, keys[1:3])
    if not spec.same_fakes:
        fake, back, g_stats = generate(spec, batch, g | {"stats": g_stats}, keys[3])
    gradient = jax.value_and_grad(half, argnums=1, has_aux=True)
    (g_value, d_stats), dfake = gradient(d["params"], fake, d["stats"], spec, 1, keys[4])
    g = updated(spec, g, back(dfake)[0], g_stats)
    return {"g": g, "d": d | {"stats": d_stats}, "key": state["key"]}, d_value, g_value


def initial(layers: list[Layer], shape: tuple[int, ...], key) -> dict:
    """The state of a network: lists with one entry a layer, Adam's moments, its steps."""
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
    m, v = (jax.tree.map(jnp.zeros_like, params) for _ in range(2))
    return {"params": params, "stats": stats, "m": m, "v": v, "t": jnp.zeros((), int)}


def make(name, spec, batch, variant):
    key = jax.random.key(0)
    state = {
        "g": initial(spec.generator, spec.latent, jax.random.fold_in(key, 0)),
        "d": initial(spec.discriminator, spec.image, jax.random.fold_in(key, 1)),
        "key": key,
    }
    counts = [sum(p.size for p in jax.tree.leaves(state[part]["params"])) for part in "gd"]
    shape = last(spec.image) if len(spec.image) == 3 else spec.image
    real = jax.random.uniform(key, (batch, *shape), minval=-1, maxval=1)
    compiled = jax.jit(lambda state, real: whole_step(spec, batch, state, real), donate_argnums=0)

    def step():
        nonlocal state
        state, d, g = compiled(state, real)
        return float(d), float(g)

    return step, counts, ""
