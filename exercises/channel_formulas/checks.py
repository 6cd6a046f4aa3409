"""Checks for channel_formulas: exact polynomials, compared with both conventions and explained product by product."""

from dataclasses import replace
from fractions import Fraction

from grader import expect
from grader.answers.polynomial import Polynomial, Variable, total
from grader.checks import check, probe
from grader.compare.formula import formula_difference, show_products
from grader.field import UnreadableField
from grader.message import msg, verbatim
from grader.model import Evidence, Label
from reference.symbolic import indices_of, output_products

ELEMENTS = {"y12": (1, 2), "y21": (2, 1), "y22": (2, 2)}
GIVEN = {"y11": (1, 1)}  # the slide shows it; writing it down is optional
CONVENTIONS = ("convolution", "correlation")
CHANNELS, IMAGE, KERNEL = 3, 3, 2
BIAS = Polynomial.of(Variable("b"))


@check(points=2)
def y12(answers, remarks):
    """Y12 is the sum of the twelve products of its window and the kernel, over all three channels."""
    _demand_element(answers, remarks, "y12")


@check(points=2)
def y21(answers, remarks):
    """Y21 is the sum of the twelve products of its window and the kernel, over all three channels."""
    _demand_element(answers, remarks, "y21")


@check(points=2)
def y22(answers, remarks):
    """Y22 is the sum of the twelve products of its window and the kernel, over all three channels."""
    _demand_element(answers, remarks, "y22")


@check(points=2, after=(y12, y21, y22))
def one_convention(answers):
    """All elements use the same convention: W rotated everywhere (convolution) or nowhere (correlation)."""
    used = {key: _convention(answers[key].polynomial, *place) for key, place in _answered(answers).items()}
    if used.get("y11", "") is None:
        _explain(answers, "y11")
    listed = ", ".join(f"{key}: {convention}" for key, convention in used.items())
    expect.true(
        len(set(used.values())) == 1,
        msg("Some elements are convolutions and some are correlations; one kernel is used in one way."),
        got=listed,
        hint=msg("Decide whether W is rotated by 180 degrees, then do the same in every element."),
    )
    if "convention" in answers:
        expect.true(
            answers["convention"] == used["y12"],
            msg("Your formulas do not use the convention that you name."),
            expected=_word(used["y12"]),
            got=_word(answers["convention"]),
            hint=msg("In a convolution x_11 meets w_22 in Y11, in a correlation it meets w_11."),
        )


@probe
def formula_12(answers):
    """What Y12 says, whichever convention it uses."""
    return _either_convention(answers["y12"].polynomial)


@probe
def formula_21(answers):
    """What Y21 says, whichever convention it uses."""
    return _either_convention(answers["y21"].polynomial)


@probe
def formula_22(answers):
    """What Y22 says, whichever convention it uses."""
    return _either_convention(answers["y22"].polynomial)


@probe
def conventions(answers):
    """Whether the right elements agree on a convention, and whether it is the one that is named."""
    used = {_convention(answers[key].polynomial, *place) for key, place in _answered(answers).items()} - {None}
    named = {answers["convention"]} if "convention" in answers else set()
    return [len(used) > 1, len(used) == 1 and named - used != set()]


def _answered(answers):
    return {key: place for key, place in (GIVEN | ELEMENTS).items() if key in answers}


def _target(i, j, convention):
    """The right formula of Y_ij as a polynomial."""
    pairs = output_products(i, j, (KERNEL, KERNEL), CHANNELS, convention)
    return total(_product(*x_and_w) for x_and_w in pairs)


def _product(*symbols):
    result = Polynomial.of(1)
    for symbol in symbols:
        letter, indices = indices_of(symbol)
        result = result * Polynomial.of(Variable(letter, *indices))
    return result


def _without_bias(polynomial):
    """A bias that is added once changes nothing that is asked here."""
    return polynomial - BIAS if _bias_factor(polynomial) == 1 else polynomial


def _bias_factor(polynomial):
    return polynomial.terms.get(((Variable("b"), 1),), Fraction(0))


def _convention(polynomial, i, j):
    """Which convention a formula of Y_ij is right in, None where it is wrong."""
    plain = _without_bias(polynomial)
    return next((convention for convention in CONVENTIONS if plain == _target(i, j, convention)), None)


def _either_convention(polynomial):
    """The same value for a formula and for the one with W turned by 180 degrees."""
    plain = _without_bias(polynomial)
    return min(_text(plain), _text(plain.mapped(_turned)))


def _text(polynomial):
    return " + ".join(sorted(f"{factor} {' '.join(map(str, product))}" for product, factor in polynomial.terms.items()))


def _turned(variable):
    if variable.family != "w" or variable.row is None:
        return variable
    return replace(variable, row=KERNEL + 1 - variable.row, column=KERNEL + 1 - variable.column)


def _demand_element(answers, remarks, key):
    formula, (i, j) = answers[key], ELEMENTS[key]
    if _convention(formula.polynomial, i, j) is None:
        _explain(answers, key)
    if formula.left is not None and (formula.left.row, formula.left.column) != (i, j):
        remarks.append(
            msg("{key}: the formula is right, but it is written as {left}.", key=key, left=str(formula.left))
        )
    if _bias_factor(formula.polynomial) == 1:
        remarks.append(msg("{key}: no bias was asked for; adding it once is fine.", key=key))


def _explain(answers, key):
    """Fail with the sentence that fits best and the products that differ from the nearer convention."""
    i, j = (GIVEN | ELEMENTS)[key]
    got = answers[key].polynomial
    convention = _nearest(answers, got, i, j)
    wanted = _target(i, j, convention)
    found = formula_difference(got, wanted)
    details = [msg("compared with the {convention}", convention=_word(convention))]
    if found.missing:
        details.append(msg("missing: {products}", products=show_products(found.missing)))
    if found.extra:
        details.append(msg("too much: {products}", products=show_products(found.extra)))
    if found.changed:
        details.append(msg("with another factor: {count} products", count=len(found.changed)))
    evidence = [Evidence(Label.GOT, verbatim(str(got))), *(Evidence(Label.DETAIL, line) for line in details)]
    raise expect.Mismatch(_sentence(got, wanted, found, key), *evidence)


def _nearest(answers, got, i, j):
    """The convention with the fewest differing products; of equal ones the named one, then convolution."""
    named = answers["convention"] if "convention" in answers and _is_readable(answers, "convention") else None
    order = sorted(CONVENTIONS, key=lambda convention: convention != named)
    return min(order, key=lambda convention: formula_difference(got, _target(i, j, convention)).count)


def _is_readable(answers, key):
    try:
        answers.read(key)
    except UnreadableField:
        return False
    return True


def _sentence(got, wanted, found, key):
    """What is wrong with a formula, most telling first."""
    for explain in (_outside, _channels, _window, _kernel, _factor, _swapped):
        sentence = explain(got, wanted, found, key)
        if sentence is not None:
            return sentence
    return msg("The formula of {key} is not right.", key=key)


def _outside(got, _wanted, _found, _key):
    for variable in sorted(got.variables, key=lambda variable: variable.sort_key):
        if variable.family == "b":
            continue
        size = IMAGE if variable.family == "x" else KERNEL
        name = msg("the image") if variable.family == "x" else msg("the kernel")
        if variable.channel is not None and not 1 <= variable.channel <= CHANNELS:
            return msg("{variable} does not exist: there are three channels.", variable=str(variable))
        if not (1 <= variable.row <= size and 1 <= variable.column <= size):
            return msg(
                "{variable} does not exist: {what} is {size} x {size}. With stride 1 the window moves by one.",
                variable=str(variable),
                what=name,
                size=size,
            )
    return None


def _channels(got, wanted, found, _key):
    def without(polynomial, families):
        return polynomial.mapped(lambda v: replace(v, channel=None) if v.family in families else v)

    def is_plain(family):
        return any(v.family == family and v.channel is None for v in got.variables)

    if is_plain("x") and is_plain("w"):
        return msg("The channel index is missing: Y^n is one number, the sum over all three channels of X and W^n.")
    if is_plain("w"):
        return msg("W^n has weights of its own for every channel, twelve in all, not four that the channels share.")
    if is_plain("x"):
        return msg("X has three channels: each weight of channel c meets a pixel of channel c.")
    present = {v.channel for v in got.variables if v.channel is not None}
    lacking = [c for c in range(1, CHANNELS + 1) if c not in present]
    if lacking and present:
        names = ", ".join(map(str, lacking))
        return msg("The sum leaves channels out: {channels}. Y^n adds the products of all three.", channels=names)
    crossed = [product for product in found.extra.terms if len({v.channel for v, _ in product}) > 1]
    if not crossed:
        return None
    reversed_channels = wanted.mapped(lambda v: replace(v, channel=CHANNELS + 1 - v.channel) if v.family == "w" else v)
    if without(got, "b") == reversed_channels:
        return msg("The channels of W were reversed too: only rows and columns are rotated, channel c meets channel c.")
    return msg("Products of different channels: a pixel of channel c meets only weights of channel c.")


def _window(got, _wanted, _found, key):
    plain = _without_bias(got)
    for other, place in (GIVEN | ELEMENTS).items():
        if other != key and _convention(plain, *place) is not None:
            return msg(
                "This is the formula of {other}, not of {key}: the window of {key} begins at {pixel}, row before column.",
                other=other,
                key=key,
                pixel=key.replace("y", "x_"),
            )
    return None


def _kernel(got, wanted, found, _key):
    """Kernels that are turned or mirrored in another way than either convention does."""
    plain = _without_bias(got)

    def moved(change):
        return wanted.mapped(lambda v: change(v) if v.family == "w" else v)

    half = (
        moved(lambda v: replace(v, row=KERNEL + 1 - v.row)),
        moved(lambda v: replace(v, column=KERNEL + 1 - v.column)),
    )
    if plain in half:
        return msg(
            "Only one axis of W is reversed: a convolution reverses rows and columns, a correlation reverses neither."
        )
    across = moved(lambda v: replace(v, row=v.column, column=v.row))
    if plain in (across, across.mapped(_turned)):
        return msg("Rows and columns of W are exchanged: w_12 and w_21 have changed places.")
    if found.missing and found.extra and not found.changed:
        turned = wanted.mapped(_turned).terms
        if all(product in turned for product in found.extra.terms):
            return msg("Inside this formula some products belong to a convolution and some to a correlation.")
    return None


def _factor(got, wanted, found, _key):
    bias = _bias_factor(got)
    if bias not in (0, 1) and got - bias * BIAS == wanted:
        return msg("The bias is counted {count} times: it is added once to each element of Y^n.", count=str(bias))
    factors = {mine / theirs for _, mine, theirs in found.changed}
    if not found.missing and len(found.changed) == len(wanted) and len(factors) == 1:
        return msg("Everything is multiplied by {factor}: Y^n is a plain sum, no mean.", factor=str(*factors))
    negative = [product for product, mine, theirs in found.changed if mine == -theirs]
    if negative and len(negative) == found.count:
        return msg("Products with the wrong sign: {count}.", count=len(negative))
    return None


def _swapped(got, _wanted, found, _key):
    """A few products with a slipped index: pair each with the missing one that it should have been."""
    count = len(_without_bias(got))
    if count < CHANNELS * KERNEL**2:
        return msg("There are {count} products; it must be twelve, four in each channel.", count=count)
    if not (found.extra and len(found.extra) <= CHANNELS * 2):
        return None
    for wrong in found.extra.terms:
        for right in found.missing.terms:
            if {v for v, _ in wrong} & {v for v, _ in right}:
                return msg(
                    "An index is wrong: {wrong} should be {right}.",
                    wrong=str(Polynomial({wrong: Fraction(1)})),
                    right=str(Polynomial({right: Fraction(1)})),
                )
    return None


def _word(convention):
    return msg("convolution, W rotated") if convention == "convolution" else msg("correlation, W not rotated")
