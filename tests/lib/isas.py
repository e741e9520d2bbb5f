"""The instruction sets that this machine has."""

from ganc import _core


def offered():
    was, names = _core.get_isa(), []
    for name in ("portable", "avx2", "avx512", "neon"):
        try:
            _core.set_isa(name)
            names.append(name)
        except ValueError:
            pass
    _core.set_isa(was)
    return names
