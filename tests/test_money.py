"""Credits are integers of a thousandth, whatever a person types."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadkit.errors import ApprovalError
from leadkit.money import Amount, credits_text, credits_words, to_millicredits


@pytest.mark.parametrize(
    ("typed", "millicredits"),
    [(40, 40_000), ("2.5", 2_500), (0.1, 100), ("1,250", 1_250_000), (Decimal("0.001"), 1), (" 0 ", 0)],
)
def test_an_amount_is_taken_as_typed(typed: int | float | str | Decimal, millicredits: int) -> None:
    assert to_millicredits(typed) == millicredits


@pytest.mark.parametrize(
    "typed", ["", "ten", "-1", "1.0001", "nan", "inf", "1e99999999", "2,5", "1_0", "1,25", True, float("nan")]
)
def test_what_is_no_amount_is_refused_in_words(typed: float | str) -> None:
    with pytest.raises(ApprovalError, match="not an amount of credits.*Nothing was sent"):
        to_millicredits(typed)


@given(st.integers(min_value=0, max_value=10**12))
def test_what_is_shown_can_be_typed_back(millicredits: int) -> None:
    assert to_millicredits(credits_text(millicredits)) == millicredits


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_amounts_add_up_at_both_ends(a: int, b: int) -> None:
    total = Amount(0, a) + Amount(b, b)
    assert (total.least, total.most) == (b, a + b)
    assert total.exact == (a == 0)


def test_an_amount_that_is_upside_down_is_no_amount() -> None:
    with pytest.raises(ValueError, match="at least 2, at most 1"):
        Amount(2, 1)


def test_an_amount_has_its_unit_in_the_right_number() -> None:
    assert [credits_words(amount) for amount in (0, 100, 1000, 1001)] == [
        "0 credits",
        "0.1 credits",
        "1 credit",
        "1.001 credits",
    ]
    assert [Amount(1000, 1000).words, Amount(0, 1000).words] == ["1 credit", "0 to 1 credits"]
