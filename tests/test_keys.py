"""What cells become: one identity for one person or company, whatever the spelling, and never for two."""

from __future__ import annotations

import datetime
import decimal
import itertools
import string

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leadkit import keys
from leadkit.errors import InputError
from leadkit.keys import column, numbering
from tests.conftest import STORAGES

# ------------------------------------------------------------------------------ what a cell becomes

SAME = [
    ("email", "anna@example.com", "anna@example.com"),
    ("email", " Anna.STONE+fair@Example.COM ", "anna.stone+fair@example.com"),
    ("email", "\u00a0anna@example.com\u200b", "anna@example.com"),
    ("email", "an\u200dna@example.com\ufeff", "anna@example.com"),
    ("email", "mailto:anna@example.com?subject=Hello there", "anna@example.com"),
    ("email", "Anna Stone <anna@example.com>", "anna@example.com"),
    ("email", '"Stone, Anna" <Anna@example.com>;', "anna@example.com"),
    ("email", "<anna@example.com>", "anna@example.com"),
    ("email", "anna@example.com.", "anna@example.com"),
    ("email", "(anna@example.com),", "anna@example.com"),
    ("email", "'anna@example.com'", "anna@example.com"),
    ("email", "o'neil@example.com", "o'neil@example.com"),
    ("email", "a.n.n.a@example.com", "a.n.n.a@example.com"),
    ("email", "anna@bücher.example", "anna@xn--bcher-kva.example"),
    ("email", "anna@BÜCHER.example", "anna@xn--bcher-kva.example"),
    ("email", "anna@xn--bcher-kva.example", "anna@xn--bcher-kva.example"),
    ("email", "jose\u0301@example.com", "josé@example.com"),
    ("email", f"{'a' * 64}@example.com", f"{'a' * 64}@example.com"),
    ("domain", "example.com", "example.com"),
    ("domain", "https://www.Example.com/about?x=1#top", "example.com"),
    ("domain", "HTTP://user@shop.example.com:8080", "shop.example.com"),
    ("domain", "www.www.example.com", "example.com"),
    ("domain", "example.com.", "example.com"),
    ("domain", "anna@example.com", "example.com"),
    ("domain", "mailto:anna@example.com", "example.com"),
    ("domain", "https://example.com./about", "example.com"),
    ("domain", "gmail.com", "gmail.com"),
    ("domain", "bücher.example", "xn--bcher-kva.example"),
    ("company_linkedin", "https://www.linkedin.com/company/Acme/about/?x=1", "linkedin.com/company/acme"),
    ("company_linkedin", "company/acme", "linkedin.com/company/acme"),
    ("company_linkedin", "de.linkedin.com/School/acme-academy", "linkedin.com/school/acme-academy"),
    ("company_linkedin", "linkedin.com/company/caf%C3%A9-acme", "linkedin.com/company/café-acme"),
    ("linkedin", "https://www.linkedin.com/in/anna-stone/", "linkedin.com/in/anna-stone"),
    ("linkedin", "http://de.linkedin.com/in/Anna-Stone?trk=abc", "linkedin.com/in/anna-stone"),
    ("linkedin", "linkedin.com/in/anna-stone/en", "linkedin.com/in/anna-stone"),
    ("linkedin", "https://www.linkedin.com/mwlite/in/anna-stone", "linkedin.com/in/anna-stone"),
    ("linkedin", "//linkedin.com/in/anna-stone#about", "linkedin.com/in/anna-stone"),
    ("linkedin", "in/anna-stone", "linkedin.com/in/anna-stone"),
    ("linkedin", "HTTPS://WWW.LINKEDIN.COM/IN/ANNA-STONE", "linkedin.com/in/anna-stone"),
    ("linkedin", "linkedin.com/in/J%C3%BCrgen-wald", "linkedin.com/in/jürgen-wald"),
    ("linkedin", "linkedin.com/in/ju\u0308rgen-wald", "linkedin.com/in/jürgen-wald"),
    (
        "linkedin",
        "linkedin.com/in/ACoAAB1234567890abcdefGHIJKL",
        "linkedin.com/in/ACoAAB1234567890abcdefGHIJKL",
    ),
    ("lead_id", " c_7f3A ", "c_7f3A"),
    ("lead_id", 4711, "4711"),
    ("lead_id", 4711.0, "4711"),
    ("id", "K-0017", "K-0017"),
    ("name", "  Anna \n STONE ", "anna stone"),
    ("name", "Jürgen Groß", "jürgen gross"),
    ("name", "Ｊürgen Gross", "jürgen gross"),
    ("name", "ᴬnna Stone", "anna stone"),
    ("name", "Ann Null", "ann null"),
    ("company", "ACME GmbH", "acme"),
    ("company", "Acme, Inc.", "acme"),
    ("company", "acme s.a.", "acme"),
    ("company", "Acme S.p.A.", "acme"),
    ("company", "Acme B.V.", "acme"),
    ("company", "ACME GmbH & Co. KG", "acme"),
    ("company", "Acme Sp. z o.o.", "acme"),
    ("company", "Acme S.A. de C.V.", "acme"),
    ("company", "Acme Private Limited", "acme"),
    ("company", "Acme A/S", "acme"),
    ("company", "I.B.M. Ltd", "ibm"),
    ("company", "O'Neil's Bakery", "oneils bakery"),
    ("company", "Stone & Sons", "stone and sons"),
    ("company", "AG", "ag"),
    ("company", "De CV", "de cv"),
    ("company", "Acme™ (Deutschland)", "acme deutschland"),
    ("company", "Day Spa", "day spa"),
    ("company", "Plan B", "plan b"),
    ("company", "X", "x"),
    ("phone", "+49 (30) 123-456", "+4930123456"),
    ("phone", "0049 30 123456", "+4930123456"),
    ("phone", "tel:+4930123456", "+4930123456"),
]


@pytest.mark.parametrize(("kind", "cell", "expected"), SAME)
def test_a_cell_becomes_its_canonical_key(kind: str, cell: object, expected: str) -> None:
    assert keys.key(kind, cell) == expected


UNUSABLE = [
    ("email", "anna.example.com", "no @ in 'anna.example.com'"),
    ("email", "anna@example.com, bert@example.com", "two addresses in 'anna@example.com, bert@example.com'"),
    ("email", "anna@example.com\nbert@example.com", "two addresses in 'anna@example.com bert@example.com'"),
    ("email", "anna@@example.com", "two @ in 'anna@@example.com'"),
    ("email", "anna stone@example.com", "a blank inside 'anna stone@example.com'"),
    ("email", "@example.com", "nothing before the @ in '@example.com'"),
    ("email", "sa***@example.com", "masked: 'sa***@example.com' has * in place of letters"),
    ("email", "anna@example", "no dot in the domain of 'anna@example'"),
    ("email", "anna@192.0.2.1", "a number in place of a domain in 'anna@192.0.2.1'"),
    ("email", "anna@-example.com", "the domain in 'anna@-example.com' cannot exist"),
    ("email", "anna@exa_mple.com", "the domain in 'anna@exa_mple.com' cannot exist"),
    ("email", "anna@☃☃.example", "the domain in 'anna@☃☃.example' cannot exist"),
    ("email", "anna@example.c", "the domain in 'anna@example.c' cannot exist"),
    ("email", "a..b@example.com", "a dot in the wrong place before the @ in 'a..b@example.com'"),
    ("email", "a[b@example.com", "a character before the @ that no address has, in 'a[b@example.com'"),
    (
        "email",
        "a" * 65 + "@example.com",
        "longer than an address can be: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…'",
    ),
    (
        "email",
        ".".join(["abcdefghijklm"] * 5) + "@example.com",
        "longer than an address can be: 'abcdefghijklm.abcdefghijklm.abcdefghijk…'",
    ),
    (
        "email",
        "anna@" + "abcdefghi." * 24 + "example.com",
        "longer than an address can be: 'anna@abcdefghi.abcdefghi.abcdefghi.abcd…'",
    ),
    ("email", "n/a", "says 'n/a'"),
    ("email", "-", "says '-'"),
    ("email", "None", "says 'None'"),
    ("email", "#N/A", "says '#N/A'"),
    ("email", "\x00anna@example.com", "has a broken character in '�anna@example.com'"),
    pytest.param("name", "Anna \ud800", "has a broken character in 'Anna �'", id="half a character"),
    ("email", True, "holds TRUE, not text"),
    ("email", {"a": 1}, "holds a dict, not text"),
    ("email", 42, "no @ in '42'"),
    ("email", datetime.date(2026, 3, 4), "no @ in '2026-03-04'"),
    ("domain", "acme", "no dot in the domain of 'acme'"),
    (
        "domain",
        "anna@gmail.com",
        "gmail.com gives mailboxes to everybody, so 'anna@gmail.com' names no company",
    ),
    ("domain", "a.example.com b.example.com", "more than one domain in 'a.example.com b.example.com'"),
    ("company_linkedin", "acme.example", "no linkedin.com/company/ in 'acme.example'"),
    (
        "company_linkedin",
        "linkedin.com/in/anna",
        "a person's profile, not a company's page: 'linkedin.com/in/anna'",
    ),
    (
        "company_linkedin",
        "linkedin.com/company/",
        "no company's name after linkedin.com/company/ in 'linkedin.com/company/'",
    ),
    ("linkedin", "anna-stone", "no linkedin.com/in/ in 'anna-stone'"),
    (
        "linkedin",
        "linkedin.com.example.org/in/anna",
        "no linkedin.com/in/ in 'linkedin.com.example.org/in/anna'",
    ),
    ("linkedin", "notlinkedin.com/in/anna", "no linkedin.com/in/ in 'notlinkedin.com/in/anna'"),
    ("linkedin", "linkedin.com/feed", "no linkedin.com/in/ in 'linkedin.com/feed'"),
    ("linkedin", "linkedin.com/in/", "no linkedin.com/in/ in 'linkedin.com/in/'"),
    ("linkedin", "linkedin.com/in/%20", "no profile's name after linkedin.com/in/ in 'linkedin.com/in/%20'"),
    (
        "linkedin",
        "linkedin.com/company/acme",
        "a company's page, not a person's: 'linkedin.com/company/acme'",
    ),
    (
        "linkedin",
        "linkedin.com/sales/lead/AC,x",
        "an address from Sales Navigator or Recruiter, not a public profile: 'linkedin.com/sales/lead/AC,x'",
    ),
    ("linkedin", "lnkd.in/abc", "a shortened link: open 'lnkd.in/abc' and copy the profile's own address"),
    (
        "linkedin",
        "linkedin.com/in/a linkedin.com/in/b",
        "a blank inside 'linkedin.com/in/a linkedin.com/in/b'",
    ),
    ("lead_id", "c_1 c_2", "a blank inside 'c_1 c_2'"),
    ("lead_id", "c_1***", "masked: 'c_1***' has * in place of letters"),
    ("lead_id", "anna@example.com", "'anna@example.com' is an e-mail address, not an id"),
    ("lead_id", 1e20, "holds a number longer than the 15 digits that a spreadsheet keeps"),
    ("lead_id", float("inf"), "holds a number longer than the 15 digits that a spreadsheet keeps"),
    pytest.param("lead_id", 9**9999, "holds a number of thousands of digits", id="9**9999"),
    ("name", "anna@example.com", "'anna@example.com' is an e-mail address, not a name"),
    ("name", "12 34", "no letter in '12 34'"),
    ("name", "unknown", "says 'unknown'"),
    ("company", "---", "says '---'"),
    ("company", "info@example.com", "'info@example.com' is an e-mail address, not a company"),
    (
        "phone",
        "030 123456",
        "no country code in '030 123456': write it as +49…, or say which country the numbers are from",
    ),
    ("phone", "4.93E+11", "digits were lost before this file was saved: '4.93E+11'"),
    ("phone", "+49 30 123456 / +49 30 123457", "two numbers in '+49 30 123456 / +49 30 123457'"),
    ("phone", "+1 23", "'+1 23' is not a number that can be called"),
    ("phone", "+x", "no phone number in '+x'"),
]


@pytest.mark.parametrize(("kind", "cell", "reason"), UNUSABLE)
def test_an_unusable_cell_says_why_in_words(kind: str, cell: object, reason: str) -> None:
    with pytest.raises(keys.Unusable) as unusable:
        keys.key(kind, cell)
    assert unusable.value.reason == reason


@pytest.mark.parametrize("cell", ["", "  ", "\t\n", "\u00a0", "\u200b\ufeff ", None, np.nan, pd.NA, pd.NaT])
def test_blank_cells_are_neither_keys_nor_unusable(cell: object) -> None:
    assert keys.key("email", cell) is None
    read = keys.canonical("email", pd.Series([cell], dtype=object))
    assert (read.codes.tolist(), read.reasons, read.blank.tolist()) == ([-1], {}, [True])


def test_two_people_and_two_companies_keep_two_keys() -> None:
    pairs = [("anna@example.com", "ana@example.com"), ("a.nna@example.com", "anna@example.com")]
    pairs += [("anna+x@example.com", "anna@example.com"), ("anna@example.com", "anna@example.co")]
    for one, other in pairs:
        assert keys.email(one) != keys.email(other)
    for one, other in [("C++ Ltd", "C# Ltd"), ("कि", "का"), ("Acme East", "Acme West"), ("Eco Spa", "Eco")]:
        assert keys.company(one) != keys.company(other)


def test_a_phone_without_country_code_is_read_in_the_country_given() -> None:
    cells = pd.Series(["030 123456", "+44 20 7946 0018", "0049 30 123456"])
    assert keys.canonical("phone", cells, country="de").keys == ["+4930123456", "+442079460018"]


def test_an_unknown_kind_or_country_is_refused_by_name() -> None:
    with pytest.raises(
        InputError, match=r"^'mail' is no kind of key; the kinds are email, .*Nothing was sent\.$"
    ):
        keys.canonical("mail", pd.Series(["x"]))
    with pytest.raises(
        InputError, match=r"^'Germany' is not a country's two letters .* DE or US\. Nothing was sent\.$"
    ):
        keys.canonical("phone", pd.Series(["x"]), country="Germany")


def test_a_reason_shows_a_long_cell_shortened_and_on_one_line() -> None:
    with pytest.raises(keys.Unusable) as unusable:
        keys.email("word\n" * 100)
    assert unusable.value.reason == "no @ in 'word word word word word word word word…'"


# ------------------------------------------------------------------------------ a whole column

PIECES = [
    *"aAzZ09.-_+@ \t\n/:%*'\"<>(),;&ßİéǅΣσςﬁⅣ", "\u00a0", "\u200b", "\u0301", "\u0345", "\u212a", "\x00", "\ud800",
    "😀", "anna", "Stone", "example.com", "@example.com", "mailto:", "https://", "www.", "linkedin.com/in/", "/in/",
    "%20", "%C3%BC", "gmbh", "co. kg", "s.a.", " & ", "S P A", "c_", "n/a", "+49 30 123456", "bücher.example", "1e5",
    "xn--",
]  # fmt: skip
messy_text = st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.text(max_size=30)
any_cell = (
    messy_text
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.binary(max_size=3)
    | st.sampled_from(
        [pd.NA, pd.NaT, np.nan, np.float32(1.5), np.int8(3), np.bool_(True), np.datetime64("NaT"), "x"]
    )
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=2), st.integers(), max_size=1)
)
kinds = st.sampled_from(keys.KINDS)


def one_by_one(kind: str, cells: list[object]) -> list[tuple[str | None, str | None]]:
    """(key, reason) of each cell, read alone."""
    found: list[tuple[str | None, str | None]] = []
    for cell in cells:
        try:
            found.append((keys.key(kind, cell), None))
        except keys.Unusable as unusable:
            found.append((None, unusable.reason))
    return found


def by_column(kind: str, cells: pd.Series) -> list[tuple[str | None, str | None]]:
    read = keys.canonical(kind, cells)
    return [
        (read.keys[c] if c >= 0 else None, read.reasons.get(row)) for row, c in enumerate(read.codes.tolist())
    ]


@given(kinds, st.lists(any_cell, max_size=12))
@example("email", ["a\nb@example.com", "Anna@example.com ", "", "a" * 70 + "@example.com"])
@example("domain", ["WWW.example.com", "a" * 70 + ".com", "example.com"])
@example(
    "email", ["Anna <anna@example.com>", "anna@example.com", "ANNA <anna@example.com> ", "x@", "X@", 5, "x@"]
)
@example("name", ["Anna\nStone", "anna stone", "ANNA  STONE", "a\\nb", "a\nb", "\ud800"])
@example("email", ["\u03c2\u2065\u03a3@example.com", "\u03c2\u2065\u03c3@example.com"])
@example("name", ["\u1fbc\u0301\u0301 x", "\u1fbc\u0301\u0301 x".lower()])
@example("phone", [4930123456.0, "+49 30 123456", "+4930123456", True, "+49 30\n123456"])
def test_a_column_is_read_like_its_cells_one_by_one(kind: str, cells: list[object]) -> None:
    assert by_column(kind, pd.Series(cells, dtype=object)) == one_by_one(kind, cells)


@given(kinds, messy_text)
def test_a_key_is_its_own_key(kind: str, text: str) -> None:
    try:
        key = keys.key(kind, text)
    except keys.Unusable:
        return
    if key is not None:
        assert keys.key(kind, key) == key
        key.encode()  # every key can be stored


@given(st.from_regex(r"[a-z0-9._+-]{1,20}@[a-z0-9.-]{1,20}\.[a-z]{2,5}", fullmatch=True), st.data())
def test_case_and_surrounding_blanks_make_no_second_key(address: str, data: st.DataObject) -> None:
    spelled = "".join(data.draw(st.sampled_from([c.lower(), c.upper()])) for c in address)
    blanks = st.text("\u00a0\u200b \t", max_size=3)
    one, other = one_by_one("email", [address, data.draw(blanks) + spelled + data.draw(blanks)])
    assert one[0] == other[0]
    assert (one[1] is None) == (other[1] is None)


addresses = st.builds(
    "{}@{}.example.com".format, st.text(string.ascii_letters, min_size=1, max_size=2), st.sampled_from("ab")
)


@given(
    st.lists(addresses | st.sampled_from(["", "n/a", "x@", None]), max_size=30),
    st.randoms(use_true_random=False),
)
def test_another_order_of_rows_is_the_same_keys_in_that_order(
    cells: list[str | None], random: object
) -> None:
    order = list(range(len(cells)))
    random.shuffle(order)  # type: ignore[attr-defined]
    before = by_column("email", pd.Series(cells, dtype=object))
    after = by_column("email", pd.Series([cells[row] for row in order], dtype=object))
    assert after == [before[row] for row in order]


@given(st.lists(addresses | st.sampled_from(["", "n/a", None]), max_size=30))
@example(
    ["Anna <anna@a.example.com>", "b@a.example.com", "anna@a.example.com", "", "ANNA <anna@a.example.com>"]
)
def test_codes_first_and_reasons_account_for_every_row(cells: list[str | None]) -> None:
    read = keys.canonical("email", pd.Series(cells, dtype=object))
    assert len(set(read.keys)) == len(read.keys)
    assert read.codes.dtype == np.int32
    assert read.first.dtype == np.int64
    assert read.hashes is not None
    assert read.hashes.tolist() == [hash(key) for key in read.keys]
    seen: list[str] = []
    for row, code in enumerate(read.codes.tolist()):
        if code < 0:
            assert read.blank[row] != (row in read.reasons)
            continue
        assert row not in read.reasons
        assert read.duplicate[row] == (read.keys[code] in seen)
        if not read.duplicate[row]:
            seen.append(read.keys[code])
            assert read.first[code] == row
    assert seen == read.keys


@pytest.mark.parametrize("storage", STORAGES)
def test_both_storages_of_text_give_the_same_keys(storage: str) -> None:
    cells = ["Anna@example.com", "anna@example.com ", None, "", "n/a", "bert@bücher.example"]
    column = pd.Series(cells, dtype=pd.StringDtype(storage, na_value=np.nan))
    assert by_column("email", column) == one_by_one("email", list(cells))


@pytest.mark.parametrize(
    "cells",
    [
        pd.Series(["a@example.com", None, "A@example.com"], dtype="category"),
        pd.Series([1, 2, 2]),
        pd.Series([1.0, None, 0.5]),
        pd.Series([1, None], dtype="Int64"),
        pd.Series([True, False]),
        pd.Series([True, None], dtype="boolean"),
        pd.Series(pd.to_datetime(["2026-03-04", None])),
        pd.Series(pd.to_datetime(["2026-03-04"]).tz_localize("Europe/Berlin")),
        pd.Series(pd.to_timedelta(["1 day", None])),
        pd.Series(pd.period_range("2026-01", periods=2, freq="M")),
        pd.Series(pd.interval_range(0, 2)),
        pd.Series(pd.arrays.SparseArray([0.0, 1.0])),
        pd.Series([decimal.Decimal("1.0"), decimal.Decimal("NaN"), {"a": 1}, [1], (1,), b"x", object(), 1j]),
        pd.Series([], dtype="str"),
        pd.Series([], dtype=object),
    ],
    ids=lambda cells: str(cells.dtype),
)
def test_a_column_of_any_type_is_read_and_never_raises(cells: pd.Series) -> None:
    for kind in keys.KINDS:
        assert by_column(kind, cells) == one_by_one(kind, list(cells))


@given(st.lists(any_cell, max_size=20), st.integers(1, 5))
def test_where_a_column_is_cut_into_parts_makes_no_difference(cells: list[object], rows: int) -> None:
    whole = by_column("email", pd.Series(cells, dtype=object))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(column, "_CHUNK_ROWS", rows)
        patch.setattr(column, "_REMEMBERED_CELLS", 2)
        assert by_column("email", pd.Series(cells, dtype=object)) == whole


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        ("email", ["anna@example.com", " Anna.Stone@Example.COM\t", "a_b+c-d@my-shop.example.org", "", None]),
        ("domain", ["example.com", "Shop.Example.com ", None]),
        ("lead_id", ["c_7f3A", " c_0"]),
        ("name", ["anna stone", " Anna Maria STONE"]),
    ],
)
def test_usual_cells_are_read_by_the_thousand_and_not_one_by_one(
    kind: str, cells: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(text: str) -> str:
        raise AssertionError(f"{text!r} was read by itself")

    monkeypatch.setattr(column, "reader", lambda kind, country: read)
    found = by_column(kind, pd.Series(cells, dtype=object))
    monkeypatch.undo()
    assert found == one_by_one(kind, list(cells))


def test_two_texts_with_one_hash_stay_two_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbering, "hash", lambda line: 7, raising=False)
    monkeypatch.setattr(column, "_CHUNK_ROWS", 2)
    cells = pd.Series(["anna@example.com", "bert@example.com", "anna@example.com", "carl@example.com", ""])
    found = keys.canonical("email", cells)
    assert found.keys == ["anna@example.com", "bert@example.com", "carl@example.com"]
    assert (found.codes.tolist(), found.first.tolist()) == ([0, 1, 0, 2, -1], [0, 1, 3])


def test_the_index_plays_no_part_and_the_column_is_left_as_it_was() -> None:
    cells = pd.Series(["B@example.com", "a@example.com", "b@example.com"], index=["x", "x", "y"])
    before = cells.copy()
    assert keys.canonical("email", cells).codes.tolist() == [0, 1, 0]
    pd.testing.assert_series_equal(cells, before)


# ------------------------------------------------------------------------------ several columns

PARTS = ["name", "company", "domain"]
SOME = ["anna", "bert", '"', "a,b", ""]
EVERY_ROW = list(itertools.product(SOME, SOME, SOME))
columns_of_parts = st.lists(
    st.tuples(st.sampled_from(SOME), st.sampled_from(SOME), st.sampled_from(SOME)), max_size=15
)


def read_parts(rows: list[tuple[str, str, str]]) -> dict[str, keys.Canonical]:
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return {
        part: keys.canonical(
            "lead_id", pd.Series([f"{cell}1" if cell else None for cell in cells], dtype=object)
        )
        for part, cells in zip(PARTS, columns, strict=True)
    }


@given(columns_of_parts, st.sets(st.sampled_from(PARTS)))
@example(EVERY_ROW, {"company", "domain"})
@example(EVERY_ROW, set(PARTS))
def test_a_combined_key_holds_exactly_the_parts_of_its_row(
    rows: list[tuple[str, str, str]], optional: set[str]
) -> None:
    read = keys.combine(read_parts(rows), optional=optional)
    for row, cells in enumerate(rows):
        parts = {p: f"{c}1" for p, c in zip(PARTS, cells, strict=True) if c}
        complete = bool(parts) and set(PARTS) - optional <= set(parts)
        code = read.codes[row]
        assert (code >= 0) == complete
        if complete:
            assert keys.parts_of(read.keys[code]) == parts
        assert (row in read.reasons) == (not complete and bool(parts))
    assert len(set(read.keys)) == len(read.keys)
    assert read.codes[read.first].tolist() == list(range(len(read.keys)))


def test_a_combined_key_is_json_with_its_parts_in_alphabetical_order() -> None:
    parts = {
        "name": keys.canonical("name", pd.Series(["Anna Stone", "ANNA  Stone"])),
        "company": keys.canonical("company", pd.Series(["Acme GmbH", "ACME"])),
    }
    assert keys.combine(parts).keys == ['{"company":"acme","name":"anna stone"}']


def test_a_row_without_a_required_part_says_which_one() -> None:
    parts = {
        "last_name": keys.canonical("name", pd.Series(["Stone", "Stone", None, "x@example.com"])),
        "company": keys.canonical("company", pd.Series(["Acme", None, None, "Acme"])),
    }
    read = keys.combine(parts)
    assert read.reasons == {1: "no company", 3: "'x@example.com' is an e-mail address, not a name"}
    assert read.blank.tolist() == [False, False, True, False]


def test_the_first_choice_that_has_a_key_identifies_the_row() -> None:
    profiles = pd.Series(["linkedin.com/in/anna", None, "acme", None, "linkedin.com/in/anna"])
    emails = pd.Series(["anna@example.com", "bert@example.com", "c@example.com", None, None])
    read = keys.first_of(
        [
            keys.combine({"linkedin": keys.canonical("linkedin", profiles)}),
            keys.combine({"email": keys.canonical("email", emails)}),
        ]
    )
    assert [read.keys[code] if code >= 0 else "" for code in read.codes] == [
        '{"linkedin":"linkedin.com/in/anna"}',
        '{"email":"bert@example.com"}',
        '{"email":"c@example.com"}',
        "",
        '{"linkedin":"linkedin.com/in/anna"}',
    ]
    assert read.first.tolist() == [0, 1, 2]
    assert read.reasons == {}


def test_a_row_that_no_choice_identifies_gives_the_reason_of_the_first() -> None:
    profiles = keys.combine({"linkedin": keys.canonical("linkedin", pd.Series(["acme", None, None]))})
    emails = keys.combine({"email": keys.canonical("email", pd.Series(["x@", "y", None]))})
    read = keys.first_of([profiles, emails])
    assert read.reasons == {0: "no linkedin.com/in/ in 'acme'", 1: "no @ in 'y'"}
    assert read.blank.tolist() == [False, False, True]


def test_parts_of_different_length_are_refused() -> None:
    parts = {"a": keys.canonical("id", pd.Series(["1"])), "b": keys.canonical("id", pd.Series(["1", "2"]))}
    with pytest.raises(
        InputError, match=r"^the parts of a key need the same number of rows, not \[1, 2\]\. Nothing"
    ):
        keys.combine(parts)
    with pytest.raises(
        InputError, match=r"^the choices of a key need the same number of rows, not \[1, 2\]\. Nothing"
    ):
        keys.first_of(list(parts.values()))


def test_pairs_of_very_many_parts_stay_apart() -> None:
    n, k = 2**16 + 1, 2**16 - 1  # the first and the last pair are 2**32 apart when all pairs are numbered
    first = keys.Canonical(np.arange(n, dtype=np.int32), [f"a{i}" for i in range(n)])
    codes = np.arange(n, dtype=np.int32) % k
    codes[-1] = 0
    second = keys.Canonical(codes, [f"b{i}" for i in range(k)])
    assert len(keys.combine({"company": first, "name": second}).keys) == n
