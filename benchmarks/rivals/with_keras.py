"""Keras on TensorFlow: the step of a custom training loop in one tf.function.

It is timed with and without XLA (``jit_compile``), and the faster one takes part.
"""

from __future__ import annotations

import time

import keras
import tensorflow as tf
from _networks import Layer
from keras import layers as kl

ACTIVATIONS = ("relu", "tanh", "sigmoid")


def layer_of(layer: Layer):
    options = {"use_bias": layer.bias}
    if layer.kind in ACTIVATIONS:
        return kl.Activation(layer.kind)
    if layer.kind == "dense":
        return kl.Dense(layer.out, **options)
    if layer.kind == "reshape":
        return kl.Reshape((*layer.shape[1:], layer.shape[0]))
    if layer.kind == "flatten":
        return kl.Flatten()
    if layer.kind == "leaky":
        return kl.LeakyReLU(negative_slope=layer.value)
    if layer.kind == "dropout":
        return kl.Dropout(layer.value)
    if layer.kind == "bn":
        return kl.BatchNormalization(momentum=1 - layer.momentum, epsilon=layer.eps)
    kind = {"conv": kl.Conv2D, "conv_t": kl.Conv2DTranspose}[layer.kind]
    padding = "same" if layer.same else "valid"
    return kind(layer.out, layer.kernel, layer.stride, padding, **options)


def network(layers: list[Layer], shape: tuple[int, ...]) -> keras.Model:
    return keras.Sequential([keras.Input(channels_last(shape)), *map(layer_of, layers)])


def channels_last(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[1:], shape[0]) if len(shape) == 3 else shape


def build(spec, batch, jit):
    """One whole step as a compiled function, and both networks."""
    keras.utils.set_random_seed(0)
    generator = network(spec.generator, spec.latent)
    discriminator = network(spec.discriminator, spec.image)
    bce = keras.losses.BinaryCrossentropy(from_logits=True)
    one, zero = tf.ones((batch, 1)), tf.zeros((batch, 1))
    g_opt, d_opt = (keras.optimizers.Adam(spec.lr, *spec.betas, epsilon=spec.eps) for _ in range(2))
    g_opt.build(generator.trainable_variables)
    d_opt.build(discriminator.trainable_variables)
    z_shape = (batch, *channels_last(spec.latent))

    def d_losses(real, fake):
        if spec.joint:
            r, f = tf.split(discriminator(tf.concat((real, fake), 0), training=True), 2)
        else:
            r, f = discriminator(real, training=True), discriminator(fake, training=True)
        return spec.d_scale * (bce(one, r) + bce(zero, f))

    def half(x, target):
        return bce(target, discriminator(x, training=True))

    def d_update(loss, *args):
        with tf.GradientTape() as tape:
            value = loss(*args)
        weights = discriminator.trainable_variables
        d_opt.apply(tape.gradient(value, weights), weights)
        return value

    @tf.function(jit_compile=jit)
    def step(real):
        with tf.GradientTape() as tape:
            fake = generator(tf.random.normal(z_shape), training=True)
            constant = tf.stop_gradient(fake)
            if spec.d_reduction == "separate":
                d = (d_update(half, real, one) + d_update(half, constant, zero)) / 2
            else:
                d = d_update(d_losses, real, constant)
            if not spec.same_fakes:
                fake = generator(tf.random.normal(z_shape), training=True)
            g = half(fake, one)
        weights = generator.trainable_variables
        g_opt.apply(tape.gradient(g, weights), weights)
        return d, g

    real = tf.random.uniform((batch, *channels_last(spec.image)), -1, 1)

    def run():
        d, g = step(real)
        return float(d), float(g)

    return run, (generator, discriminator)


def make(name, spec, batch, variant):
    contenders, seconds = {}, {}
    for jit in (False, True):
        run, networks = build(spec, batch, jit)
        for _ in range(3):
            run()
        start, calls = time.perf_counter(), 0
        while time.perf_counter() - start < 2:
            run()
            calls += 1
        contenders[jit], seconds[jit] = run, (time.perf_counter() - start) / calls
    best = min(seconds, key=seconds.get)
    counts = [sum(int(tf.size(w)) for w in net.trainable_variables) for net in networks]
    text = ", ".join(f"jit_compile={jit}: {s * 1e3:.3g} ms" for jit, s in seconds.items())
    return contenders[best], counts, f"{text}; the faster one is used"
