"""A system in the manner of ProGAN: all stages are built at once, and fade in by the step."""

import ganc
from ganc import losses, nn, optim
from ganc.nn.functional import avg_pool2d, interpolate
from ganc.train import Update


def double(x):
    return interpolate(x, scale_factor=2)


class Growing(nn.Module):
    """Latents to images of 2, 4 or 8 pixels a side."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Linear(3, 16), nn.Unflatten(1, (4, 2, 2)))
        self.blocks = nn.ModuleList(nn.Conv2d(4, 4, 3, padding=1) for _ in range(2))
        self.heads = nn.ModuleList(nn.Conv2d(4, 1, 1) for _ in range(3))
        self.stage, self.alpha = 0, 1.0

    def forward(self, z):
        x = before = self.first(z)
        for block in list(self.blocks)[: self.stage]:
            before, x = x, block(double(x)).relu()
        image = self.heads[self.stage](x)
        if self.alpha < 1:
            old = double(self.heads[self.stage - 1](before))
            image = old + self.alpha * (image - old)
        return image


class Shrinking(nn.Module):
    """Images of the stage's size to logits."""

    def __init__(self):
        super().__init__()
        self.tails = nn.ModuleList(nn.Conv2d(1, 4, 1) for _ in range(3))
        self.blocks = nn.ModuleList(nn.Conv2d(4, 4, 3, padding=1) for _ in range(2))
        self.last = nn.Sequential(nn.Flatten(), nn.Linear(16, 1))
        self.stage, self.alpha = 0, 1.0

    def forward(self, image):
        x = self.tails[self.stage](image)
        for stage in range(self.stage, 0, -1):
            x = avg_pool2d(self.blocks[stage - 1](x).relu(), 2)
            if stage == self.stage and self.alpha < 1:
                old = self.tails[stage - 1](avg_pool2d(image, 2))
                x = old + self.alpha * (x - old)
        return self.last(x)


class Staged(ganc.Model):
    """Stages of 6 steps; each but the first fades in over 3 of them."""

    OPTIMIZERS = {"g_optimizer": ("generator",), "d_optimizer": ("discriminator",)}
    GENERATORS = ("generator",)
    STEPS, FADE = 6, 3

    def __init__(self, seed=None):
        super().__init__(seed=seed)
        self.generator, self.discriminator = Growing(), Shrinking()
        self.loss = losses.get("wgan")
        self.penalty = losses.GradientPenalty(weight=10)
        self.g_optimizer = optim.Adam(self.generator.parameters(), lr=1e-3, betas=(0.0, 0.99))
        self.d_optimizer = optim.Adam(self.discriminator.parameters(), lr=1e-3, betas=(0.0, 0.99))

    def schedule(self):
        stage = min(self.step // self.STEPS, 2)
        faded = (self.step - stage * self.STEPS + 1) / self.FADE
        alpha = min(faded, 1.0) if stage else 1.0
        for network in (self.generator, self.averaged("generator"), self.discriminator):
            network.stage, network.alpha = stage, alpha

    def updates(self):
        return (
            Update("d", "d_optimizer", self.d_objective),
            Update("g", "g_optimizer", self.g_objective, averages=self.GENERATORS),
        )

    def inputs_of(self, name):
        side = 2 << self.discriminator.stage
        return ((3,),) if name == "generator" else ((1, side, side),)

    def d_objective(self, batch):
        stage = self.discriminator.stage
        real = avg_pool2d(batch.x, 8 >> (stage + 1)) if stage < 2 else batch.x
        with ganc.no_grad():
            fake = self.generator(ganc.randn(len(real), 3))
        gap = self.loss.d_loss(self.discriminator(real), self.discriminator(fake))
        return gap + self.penalty(self.discriminator, real, fake), {"gap": gap, "stage": stage}

    def g_objective(self, batch):
        fake = self.generator(ganc.randn(len(batch.x), 3))
        return self.loss.g_loss(self.discriminator(fake))

    def generate(self, n, *, seed=None):
        generator = ganc.Generator(self.seed if seed is None else seed)
        return self.predict("generator", ganc.randn(n, 3, generator=generator).numpy())
