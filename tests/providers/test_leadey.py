"""Leadey tells who is in the workspace already: exactly, in every campaign, and without ever writing there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leadkit.errors import (
    BadAnswerError,
    BadRequestError,
    CreditsExhaustedError,
    InputError,
    KeyRefusedError,
    NotThereError,
    ProviderError,
    RateLimitedError,
    ScopeError,
)
from leadkit.money import Amount
from leadkit.providers.base import Response
from leadkit.providers.leadey import Leadey
from leadkit.providers.leadey.rows import COLLECTIONS

RECORDED = Path(__file__).parent / "leadey"
CASES = json.loads((Path(__file__).parent / "hostile.json").read_text())["cases"]
JSON = {"content-type": "application/json"}
KNOWN = Leadey().operation("known")
LEADS = Leadey().search("leads")


def recorded(name: str, status: int = 200) -> Response:
    return Response(status, JSON, (RECORDED / f"{name}.json").read_bytes())


def page(
    rows: list[Any], number: int = 1, size: int = 100, total: int | None = None, pages: int = 1
) -> Response:
    meta = {
        "page": number,
        "pageSize": size,
        "totalCount": len(rows) if total is None else total,
        "totalPages": pages,
    }
    return Response(200, JSON, json.dumps({"data": rows, "meta": meta}).encode())


def hostile(case_id: str) -> Response:
    http = next(case for case in CASES if case["id"] == case_id)["http"]
    if generated := http.get("body_gen"):
        rows = [
            {name: value.format(i=i) for name, value in generated["template"].items()}
            for i in range(generated["count"])
        ]
        return Response(
            http["status"], http["headers"], json.dumps({"data": rows, "meta": generated["meta"]}).encode()
        )
    return Response(http["status"], http["headers"], http["body"].encode())


def lead(lead_id: str, **fields: Any) -> dict[str, Any]:
    return {"id": lead_id, "name": "Ann Hill", "email": "ann@example.com", "company": "Acme Inc", **fields}


def key(**parts: str) -> str:
    return json.dumps(dict(sorted(parts.items())), separators=(",", ":"))


def looked_up(asked: str, response: Response) -> Any:
    return KNOWN.decode([asked], response).answers[asked]


# ---------------------------------------------------------------- who is known

ANN = key(email="ann@example.com")
ANN_AT_ACME = key(company="acme", full_name="ann hill")


def test_the_recorded_lead_is_known_with_campaign_and_status() -> None:
    asked = key(email="jordan@northwind.com")
    response = recorded("get_leads")
    body = json.loads(response.body)
    body["meta"] |= {"totalCount": 1, "totalPages": 1}
    found = looked_up(asked, Response(200, JSON, json.dumps(body).encode()))
    assert found.values == {
        "known": "known",
        "campaigns": "Q3 — Hiring surge",
        "statuses": "pending",
        "lead_ids": "lead_456",
        "since": "2026-06-12T14:22:00.000Z",
    }
    assert set(found.values) == {column.field for column in KNOWN.columns}


def test_a_person_in_three_campaigns_is_shown_with_all_three() -> None:
    rows = [
        lead(
            f"lead_{n}",
            campaignId=f"funnel_{n}",
            campaignName=f"Campaign {n}",
            status=status,
            createdAt=f"2026-0{n}-01",
        )
        for n, status in ((3, "pending"), (1, "replied"), (2, None))
    ]
    values = looked_up(ANN, page(rows)).values
    assert values["campaigns"] == "Campaign 1; Campaign 2; Campaign 3"
    assert values["statuses"] == "replied; ?; pending"
    assert values["lead_ids"] == "lead_1; lead_2; lead_3"
    assert values["since"] == "2026-01-01"


def test_trap_37_a_near_match_is_somebody_else() -> None:
    found = looked_up(ANN, page([lead("lead_1", email="joann@example.com"), lead("lead_2", email=None)]))
    assert found.status == "not_found"
    assert found.values["known"] == "not known"


def test_an_address_in_another_spelling_is_the_same_address() -> None:
    assert looked_up(ANN, page([lead("lead_1", email=" Ann@Example.COM ")])).values["known"] == "known"


def test_a_name_counts_only_with_the_company() -> None:
    assert looked_up(ANN_AT_ACME, page([lead("lead_1")])).values["known"] == "known"
    colleague = lead("lead_1", name="Bob Ann Hillary", firstName="Bob")
    assert looked_up(ANN_AT_ACME, page([colleague])).values["known"] == "not known"
    assert looked_up(ANN_AT_ACME, page([lead("lead_1", company="Zenith")])).values["known"] == "not known"


@pytest.mark.parametrize(
    ("asked", "company"),
    [(ANN_AT_ACME, ""), (key(full_name="ann hill"), "Zenith"), (key(first_name="ann", last_name="hill"), "")],
)
def test_a_namesake_who_cannot_be_told_apart_leaves_it_unknown_and_shows_nothing_of_theirs(
    asked: str, company: str
) -> None:
    found = looked_up(asked, page([lead("lead_1", company=company, campaignName="Spring")]))
    assert found.values == {"known": "unknown"}
    assert "1 of this name" in found.note


def test_a_name_with_a_domain_is_known_by_the_address_of_the_row() -> None:
    asked = key(domain="example.com", first_name="ann", last_name="hill")
    rows = [lead("lead_1", company=None, name=None, firstName="Ann", lastName="Hill")]
    assert looked_up(asked, page(rows)).values["known"] == "known"
    assert looked_up(asked, page([lead("lead_1", email="ann@example.org")])).values["known"] == "not known"


def test_nobody_is_not_known_only_when_every_near_match_was_seen() -> None:
    assert looked_up(ANN, recorded("get_leads_empty")).status == "not_found"
    rows = [lead(f"lead_{n}", email=f"x{n}@example.com") for n in range(100)]
    found = looked_up(ANN, page(rows, total=340, pages=4))
    assert (found.status, found.values["known"]) == ("found", "unknown")
    assert "at least 240 may be missing" in found.note


def test_a_search_asks_for_one_person_and_sends_nothing_that_leadey_ignores() -> None:
    assert KNOWN.encode([ANN]).query == (("search", "ann@example.com"), ("page", "1"), ("pageSize", "100"))
    assert dict(KNOWN.encode([ANN_AT_ACME]).query)["search"] == "ann hill"
    for vague in (
        key(linkedin="linkedin.com/in/ann"),
        key(company="acme"),
        key(first_name="ann", company="acme"),
    ):
        with pytest.raises(InputError, match="by an e-mail address, or by a name"):
            KNOWN.encode([vague])


def test_looking_up_is_free_and_says_where_that_is_written() -> None:
    assert (KNOWN.price.least, KNOWN.price.expected, KNOWN.price.most) == (0, 0, 0)
    assert KNOWN.decode([ANN], recorded("get_leads_empty")).amount == Amount()
    for rule in (KNOWN.price, KNOWN.limit, KNOWN.repeat):
        assert rule.source.startswith("https://")
    assert (KNOWN.limit.requests, KNOWN.limit.seconds) == (120, 60.0)


def test_trap_16_leadey_is_never_written_to_because_that_starts_outreach() -> None:
    requests = [KNOWN.encode([ANN]), Leadey().balance_request()]
    requests += [Leadey().search(name).encode({}, None, 5) for name in COLLECTIONS]
    assert {request.method for request in requests} == {"GET"}
    for step in ("push", "add_to_campaign", "unlock", "find_people"):
        with pytest.raises(InputError, match=f"Leadey does not offer {step}"):
            Leadey().operation(step)


# ---------------------------------------------------------------- reading the collections


@pytest.mark.parametrize(
    ("step", "name", "first"),
    [
        ("leads", "get_leads", {"lead_id": "lead_456", "campaign": "Q3 — Hiring surge", "score": 78}),
        ("search_people", "get_contacts", {"contact_id": "contact_123", "email_status": "verified"}),
        ("search_companies", "get_companies", {"company_id": "company_123", "employees": 120}),
        ("campaigns", "get_campaigns", {"campaign_id": "funnel_789", "status": "active"}),
    ],
)
def test_each_recorded_collection_becomes_rows_with_every_column(
    step: str, name: str, first: dict[str, Any]
) -> None:
    search = Leadey().search(step)
    found = search.decode(recorded(name))
    (row,) = found.rows
    assert set(row) == {column.name for column in search.columns}
    assert first.items() <= row.items()
    assert search.columns[0].name == next(iter(first)), "the first column is the row's id"
    assert found.amount == Amount()


def test_pages_go_on_in_one_size_up_to_the_last() -> None:
    found = LEADS.decode(recorded("get_leads"))
    assert (found.total, found.next) == (134, "2/5")
    assert LEADS.encode({}, found.next, 3).query == (("page", "2"), ("pageSize", "5"))
    assert LEADS.encode({}, None, 5_000).query == (("page", "1"), ("pageSize", "100"))
    assert LEADS.decode(page([lead("a")], number=27, size=5, pages=27)).next is None
    assert LEADS.decode(recorded("get_leads_empty")).next is None
    assert LEADS.decode(page([], number=2, size=5, total=134, pages=27)).next is None
    with pytest.raises(InputError, match="no page of Leadey's"):
        LEADS.encode({}, "dXNlcjpV", 5)


def test_trap_37_a_filter_that_leadey_ignores_is_refused() -> None:
    with pytest.raises(InputError, match="no filter 'source'"):
        LEADS.encode({"source": "Webhook"}, None, 5)
    with pytest.raises(InputError, match=r"Did you mean campaign_id\?"):
        LEADS.encode({"campaign": "funnel_789"}, None, 5)
    with pytest.raises(InputError, match="status takes a status, such as pending, not 7"):
        LEADS.encode({"status": 7}, None, 5)
    query = dict(LEADS.encode({"campaign_id": "funnel_789", "status": None}, None, 5).query)
    assert query["campaignId"] == "funnel_789"
    assert "status" not in query


def test_trap_21_a_row_that_shifted_while_it_was_read_is_one_and_the_gap_is_said() -> None:
    answer = looked_up(ANN, page([lead("a"), lead("a")], total=2))
    assert answer.values["lead_ids"] == "a"
    assert answer.note.startswith("1 of 2 rows were seen; at least 1 may be missing")


# ---------------------------------------------------------------- errors and balance


@pytest.mark.parametrize(
    ("name", "status", "kind"),
    [
        ("error_401_invalid_key", 401, KeyRefusedError),
        ("error_401_missing_key", 401, KeyRefusedError),
        ("error_402_insufficient_credits", 402, CreditsExhaustedError),
        ("error_404_lead_not_found", 404, NotThereError),
        ("error_429_rate_limited", 429, RateLimitedError),
        ("error_429_rate_limited", 400, BadRequestError),  # the words say one thing, the status another
        ("error_402_insufficient_credits", 403, ScopeError),
        ("error_404_lead_not_found", 500, BadAnswerError),
        ("error_401_invalid_key", 200, BadAnswerError),
    ],
)
def test_trap_38_the_status_decides_whatever_the_words(
    name: str, status: int, kind: type[ProviderError]
) -> None:
    with pytest.raises(ProviderError) as caught:
        LEADS.decode(recorded(name, status))
    assert type(caught.value) is kind
    assert ("Nothing was charged" in str(caught.value)) == (caught.value.charged == "no")


def test_the_recorded_workspace_has_a_balance() -> None:
    balance = Leadey().decode_balance(recorded("get_me"))
    assert (balance.account, balance.remaining, balance.used, balance.limit) == (
        "org_123",
        2_840_000,
        7_160_000,
        10_000_000,
    )


def test_every_cut_of_an_answer_is_a_bad_answer_and_nothing_else() -> None:
    body = (RECORDED / "get_leads.json").read_bytes().rstrip()
    for end in range(len(body)):
        with pytest.raises(BadAnswerError):
            KNOWN.decode([ANN], Response(200, JSON, body[:end]))


@pytest.mark.parametrize("data", [{}, "text", {"id": "lead_1"}])
def test_a_search_without_a_list_says_nothing_about_anybody(data: Any) -> None:
    with pytest.raises(BadAnswerError):
        KNOWN.decode([ANN], Response(200, JSON, json.dumps({"data": data}).encode()))


# ---------------------------------------------------------------- hostile answers


def test_hostile_ly01_a_balance_that_is_no_number_is_unknown() -> None:
    balance = Leadey().decode_balance(hostile("LY01"))
    assert (balance.remaining, balance.used, balance.limit) == (None, None, None)
    assert "did not say" in balance.note


def test_hostile_ly02_a_lead_that_comes_twice_is_one_and_the_gap_is_said() -> None:
    found = LEADS.decode(hostile("LY02"))
    assert len(found.rows) == 1
    assert "came twice" in found.note


def test_hostile_ly03_more_rows_than_were_asked_for_are_all_counted() -> None:
    found = LEADS.decode(hostile("LY03"))
    assert len(found.rows) == found.total == 5000
    assert found.next is None
    asked = key(email="p4321@x.com")
    assert looked_up(asked, hostile("LY03")).values["lead_ids"] == "lead_4321"


def test_hostile_ly04_turned_and_lookalike_letters_are_shown_and_bad_values_left_out() -> None:
    (row,) = LEADS.decode(hostile("LY04")).rows
    assert row["full_name"] == "\\u202egnp.exe"
    assert row["remark"] == "letters of two alphabets in the address: look twice"
    assert row["email"] != "jordan@northwind.com", "flagged, not corrected"
    assert row["score"] is None
    assert row["created"] is None
    asked = key(email="jordan@northwind.com")
    assert looked_up(asked, hostile("LY04")).values["known"] == "not known"
