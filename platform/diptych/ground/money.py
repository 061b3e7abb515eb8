"""Amounts of money: integers of the smallest unit inside, decimals at the edges, never floats."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

# ISO 4217: how many digits stand after the point, where it isn't two.
_DIGITS = {
    **dict.fromkeys(
        (
            "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI",
            "VND", "VUV", "XAF", "XOF", "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}  # fmt: skip
#: Above this an amount is a slip of the finger (and would not fit a column).
MOST = 10**12


class MoneyFault(ValueError):
    """Something is no amount of a currency; the message says why."""


def digits(currency: str) -> int:
    """Return the digits after the point: 2 for GBP, 0 for JPY."""
    return _DIGITS.get(currency, 2)


def to_minor(amount: Decimal | str | float, currency: str) -> int:
    """Return the minor units of an amount in major units: `"1.50"` GBP is 150, `"150"` JPY is 150.

    Parameters
    ----------
    amount : Decimal | str | float
        As somebody writes it; a float counts as it is printed (1.1 is exactly 1.10).
    currency : str
        ISO 4217 code.

    Raises
    ------
    MoneyFault
        When it is no number, negative, too large, or finer than the currency.
    """
    try:
        exact = Decimal(str(amount).strip())
    except InvalidOperation:
        raise MoneyFault(
            f"{amount!r} is not an amount: write it like {example(currency)}"
        ) from None
    if not exact.is_finite() or exact < 0:
        raise MoneyFault(f"{amount} cannot be paid: allowed are amounts of 0 or more")
    if exact > MOST:
        raise MoneyFault(f"{amount} is too large to store")
    minor = exact.scaleb(digits(currency))
    if minor != minor.to_integral_value():
        raise MoneyFault(
            f"{amount} has too many decimal places for {currency}: write it like "
            f"{example(currency)}"
        )
    return int(minor)


def rounded(amount: Decimal, currency: str) -> int:
    """Return the minor units of an amount that was worked out, a half rounded up."""
    scaled = amount.scaleb(digits(currency))
    return int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def to_major(minor: int, currency: str) -> Decimal:
    """Return the amount in major units, with all digits of the currency: 150 GBP is 1.50."""
    return Decimal(minor).scaleb(-digits(currency))


def example(currency: str) -> str:
    """Return an amount as it can be written in a currency."""
    return str(to_major(150, currency))


def in_words(minor: int, currency: str) -> str:
    """Write an amount for people: `1.50 GBP`."""
    return f"{to_major(minor, currency):,f} {currency}"
