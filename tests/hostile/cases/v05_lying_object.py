"""Verdict: fail,error. V5: an object that equals everything."""


class Liar:
    shape = (1, 1)
    dtype = float

    def __eq__(self, other):
        return True

    def __array__(self, *args, **kwargs):
        raise RuntimeError

    def __float__(self):
        return 4.0

    __hash__ = None


def scale(x, factor):
    return Liar()
