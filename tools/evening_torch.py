"""EveningGAN written in PyTorch, for `tools/evening.py`."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import ganc

__all__ = ["Mirror"]


class Mirror:
    """EveningGAN in PyTorch: the same networks, loss, optimizers and average."""

    def __init__(self, seed: int) -> None:
        torch.manual_seed(seed)
        gan = ganc.models.EveningGAN(seed=seed)
        self.lr, self.betas = gan.config["g_lr"], gan.config["betas"]
        self.g, self.d = self.copied(gan.generator), self.copied(gan.discriminator)
        self.average = self.copied(gan.generator)
        self.g_opt, self.d_opt = (
            torch.optim.Adam(net.parameters(), lr=self.lr, betas=self.betas)
            for net in (self.g, self.d)
        )
        self.decay, self.made = gan.config["ema"], 0

    def copied(self, network: Any) -> Any:
        """A network of ganc as one of PyTorch, with its weights."""
        layers = []
        for layer in network:
            kind, made = type(layer).__name__, None
            if kind == "Linear":
                made = torch.nn.Linear(
                    layer.in_features, layer.out_features, layer.bias is not None
                )
            elif kind in ("Conv2d", "ConvTranspose2d"):
                made = getattr(torch.nn, kind)(
                    layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride,
                    layer.padding, bias=layer.bias is not None,
                )  # fmt: skip
            elif kind.startswith("BatchNorm"):
                made = getattr(torch.nn, kind)(layer.num_features, layer.eps, layer.momentum)
            elif kind == "LeakyReLU":
                made = torch.nn.LeakyReLU(layer.negative_slope)
            elif kind == "Unflatten":
                made = torch.nn.Unflatten(1, tuple(layer.unflattened_size))
            else:
                made = getattr(torch.nn, kind)()
            layers.append(made)
        net = torch.nn.Sequential(*layers)
        state = {
            k: torch.tensor(np.array(v.detach().numpy())) for k, v in network.state_dict().items()
        }
        net.load_state_dict(state, strict=False)
        return net

    def step(self, batch: np.ndarray) -> None:
        """One update of D, one of G on the same samples, one of the average."""
        bce = torch.nn.functional.binary_cross_entropy_with_logits
        real = torch.from_numpy(batch[:, None].astype(np.float32) / 127.5 - 1)
        fake = self.g(torch.randn(len(real), 64))
        r, f = self.d(real), self.d(fake.detach())
        loss = bce(r, torch.ones_like(r)) + bce(f, torch.zeros_like(f))
        self.d_opt.zero_grad()
        loss.backward()
        self.d_opt.step()
        answer = self.d(fake)
        loss = bce(answer, torch.ones_like(answer))
        self.g_opt.zero_grad()
        loss.backward()
        self.g_opt.step()
        self.made += 1
        decay = min(self.decay, (1 + self.made) / (10 + self.made))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.average.parameters()), list(self.g.parameters()), 1 - decay
            )
            for a, b in zip(self.average.buffers(), self.g.buffers(), strict=True):
                a.copy_(b)

    def sample(self, n: int) -> np.ndarray:
        """Samples of the average."""
        self.average.eval()
        with torch.no_grad():
            made = [self.average(torch.randn(500, 64)).numpy() for _ in range(n // 500)]
        return np.concatenate(made)
