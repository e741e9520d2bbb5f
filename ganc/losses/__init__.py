"""What D and G minimise.

A loss is an object with ``d_loss(real, fake)`` and ``g_loss(fake, real)``. Both get D's **logits**:
D ends in a plain linear layer, the sigmoid belongs to the loss. A penalty is what D minimises
beside it, most a function of D's gradient in the samples. The formula of each is the first line of
its docstring, with r = D(x), f = D(G(z)), g = d D / d x, sp(t) = log(1 + exp(t)) and means over the
batch.

>>> from ganc import losses
>>> losses.list()[-4:]
['relativistic_average_ls', 'relativistic_hinge', 'relativistic_ls', 'wgan']
>>> losses.penalties()[-3:]
['r2', 'wgan_gp', 'zero_centered']
"""

from ganc.losses import _energy, _loss, _penalties, _penalty, _relativistic, _standard
from ganc.losses._energy import *  # noqa: F403
from ganc.losses._loss import *  # noqa: F403
from ganc.losses._penalties import *  # noqa: F403
from ganc.losses._penalty import *  # noqa: F403
from ganc.losses._relativistic import *  # noqa: F403
from ganc.losses._standard import *  # noqa: F403

__all__ = [
    *_energy.__all__,
    *_loss.__all__,
    *_penalties.__all__,
    *_penalty.__all__,
    *_relativistic.__all__,
    *_standard.__all__,
]
