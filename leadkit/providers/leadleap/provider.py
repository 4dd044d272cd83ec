"""LeadLeap: e-mail validation, unlocking and enriching leads that came from its own search.

API: https://leadleap.net/docs/api, read 2026-02-26. Every price, limit and rule below is from that page
unless its ``source`` says otherwise. LeadLeap cannot look up a person by name; a row needs its lead id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from leadkit.clock import DAY_SECONDS
from leadkit.errors import NotThereError
from leadkit.money import Amount
from leadkit.providers.base import (
    Answer,
    Balance,
    Decoded,
    Operation,
    Price,
    Repeat,
    Request,
    Response,
    ResultColumn,
    Search,
    Value,
)
from leadkit.providers.filters import check_offered
from leadkit.providers.json_body import mapping, millicredits, reported, text
from leadkit.providers.leadleap.answers import (
    CONTACT_FIELDS,
    LIMIT,
    MASKABLE,
    MORE_FIELDS,
    PAGE,
    envelope,
    lead_columns,
    lead_value,
)
from leadkit.providers.leadleap.export import export_leads
from leadkit.providers.leadleap.search import search_people


class LeadLeap:
    """The provider; holds the one thing a customer can know better than the documents: a price."""

    name = "leadleap"
    title = "LeadLeap"
    key_name = "LEADLEAP_API_KEY"
    hosts: Mapping[str, str] = {"api": "https://api.leadleap.net/api/v1"}
    host_overrides: Mapping[str, str] = {"api": "LEADKIT_LEADLEAP_URL"}

    def __init__(self, *, validation_millicredits: int | None = None) -> None:
        """``validation_millicredits``: what one validation costs by the customer's own contract, if known."""
        self._validation_millicredits = validation_millicredits

    def headers(self, key: str, host: str) -> Mapping[str, str]:  # noqa: ARG002 - one host
        return {"Authorization": f"Bearer {key}"}

    def operation(self, step: str, wants: Sequence[str] = ()) -> Operation:
        """The operation behind a step: validate_emails, unlock, enrich or export."""
        makers: dict[str, Callable[[], Operation]] = {
            "validate_emails": self._validate_emails,
            "unlock": self._unlock,
            "enrich": self._enrich,
            "export": export_leads,
        }
        check_offered(self.title, step, makers, wants)
        return makers[step]()

    def search(self, step: str, wants: Sequence[str] = ()) -> Search:
        """The search behind a step: search_people."""
        check_offered(self.title, step, ["search_people"], wants)
        return search_people()

    def _validate_emails(self) -> Operation:
        if self._validation_millicredits is None:
            # The page states no cost. The only figure that any LeadLeap page gives is that of its other
            # product, so that is what gets reserved; nothing is shown as expected.
            price = Price(
                least=0,
                expected=None,
                most=1000,
                source="https://data.leadleap.net/docs/email-validate (another LeadLeap product): 1 credit",
                note=(
                    "LeadLeap states no price for a validation. Up to 1 credit for each address is set "
                    "aside, the price of its other product. If you know yours, set "
                    "LEADKIT_LEADLEAP_VALIDATION_CREDITS."
                ),
            )
        else:
            own = self._validation_millicredits
            price = Price(own, own, own, source="your setting LEADKIT_LEADLEAP_VALIDATION_CREDITS")
        return Operation(
            provider=self.name,
            step="validate_emails",
            title="validate e-mail addresses",
            takes="email",
            wants=(),
            batch_size=100,
            price=price,
            limit=LIMIT,
            repeat=Repeat(
                free=True,
                window_seconds=DAY_SECONDS,
                source=f"{PAGE}, POST /email/validate: results are cached for 24 hours",
            ),
            keeps_days=30,
            keeps_why="two or three in a hundred business addresses stop working in a month",
            miss_keeps_days=None,  # an address always gets a verdict
            columns=(
                ResultColumn(
                    "leadleap_email_verdict",
                    "verdict",
                    "valid, invalid, unknown, or not checked",
                    default="not checked",
                ),
                ResultColumn("leadleap_email_reason", "reason", "LeadLeap's reason, in its own words"),
            ),
            encode=_encode_validation,
            decode=self._decode_validation,
        )

    def _unlock(self) -> Operation:
        return Operation(
            provider=self.name,
            step="unlock",
            title="unlock contact data",
            takes="lead_id",
            wants=(),
            batch_size=1,
            price=Price(
                least=0,
                expected=1000,
                most=1000,
                source=f"{PAGE}, POST /leads/unlock: 1 credit, once unlocked free",
            ),
            limit=LIMIT,
            repeat=Repeat(free=True, source=f"{PAGE}, POST /leads/unlock: cached data at no charge"),
            keeps_days=None,
            keeps_why="an unlock is bought once and LeadLeap gives it again for nothing",
            miss_keeps_days=7,
            columns=lead_columns(CONTACT_FIELDS),
            encode=lambda keys: Request("POST", "/leads/unlock", json={"lead_id": keys[0]}),
            decode=lambda keys, response: self._decode_lead(keys, response, CONTACT_FIELDS, free=False),
        )

    def _enrich(self) -> Operation:
        return Operation(
            provider=self.name,
            step="enrich",
            title="enrich leads",
            takes="lead_id",
            wants=(),
            batch_size=1,
            price=Price(0, 0, 0, source=f"{PAGE}, POST /leads/enrich: does not consume credits"),
            limit=LIMIT,
            repeat=Repeat(free=True, source=f"{PAGE}, POST /leads/enrich: does not consume credits"),
            keeps_days=90,
            keeps_why="people change jobs; a quarter is how long a title or a phone is trusted",
            miss_keeps_days=7,
            columns=lead_columns(CONTACT_FIELDS + MORE_FIELDS),
            encode=lambda keys: Request("POST", "/leads/enrich", json={"lead_id": keys[0]}),
            decode=lambda keys, response: self._decode_lead(
                keys, response, CONTACT_FIELDS + MORE_FIELDS, free=True
            ),
        )

    def _decode_validation(self, keys: Sequence[str], response: Response) -> Decoded:
        data, meta, note = envelope(response)
        items = data if isinstance(data, list) else [data]
        answers: dict[str, Answer] = {}
        contradicted: set[str] = set()
        for item in map(mapping, items):
            address = text(item.get("email"))
            key = address.lower() if address else None
            valid = item.get("is_valid", _ABSENT)
            if key is None or not (valid is None or isinstance(valid, bool)):
                continue
            verdict = {True: "valid", False: "invalid", None: "unknown"}[valid]
            answer = Answer("found", {"verdict": verdict, "reason": text(item.get("reason"))})
            if key in answers and answers[key] != answer:
                contradicted.add(key)
            answers[key] = answer
        kept = {key: answers[key] for key in keys if key in answers and key not in contradicted}
        # No answer states its cost; with a price from the user's contract, what LeadLeap had cached was free.
        amount = None
        if (own := self._validation_millicredits) is not None and len(kept) == len(keys):
            fresh = sum(mapping(item).get("cached") is not True for item in items)
            amount = Amount(own * min(fresh, len(keys)), own * min(fresh, len(keys)))
        return Decoded(kept, amount, text(meta.get("request_id")), note=note)

    def _decode_lead(
        self, keys: Sequence[str], response: Response, fields: Sequence[tuple[str, str, str]], *, free: bool
    ) -> Decoded:
        try:
            data, meta, note = envelope(response)
        except NotThereError as error:
            why = (
                "LeadLeap deleted this lead"
                if response.status == 410
                else "LeadLeap has no lead with this id"
            )
            answer = Answer("not_found", note=why)
            return Decoded({keys[0]: answer}, Amount(), error.request_id, note=why)
        amount = Amount() if free else reported(meta.get("credits_used"))
        if not isinstance(data, dict) or text(data.get("id")) != keys[0]:
            # Paid or not, this is not the lead that was asked for, so its row gets nothing.
            return Decoded({}, amount, text(meta.get("request_id")), note="the answer is not about this lead")
        values: dict[str, Value] = {}
        odd: list[str] = [note] if note else []
        for source, field, _ in fields:
            raw = data.get(source)
            values[field] = lead_value(source, raw)
            if raw is not None and values[field] is None and raw != "":
                masked = source in MASKABLE and isinstance(raw, str) and "*" in raw
                odd.append(f"{source} came {'masked' if masked else 'in an unusable form'}")
        if not free and note:
            amount = None  # an answer that is data and error at once says nothing certain about its cost
        return Decoded(
            {keys[0]: Answer("found", values, "; ".join(odd))}, amount, text(meta.get("request_id"))
        )

    def use_account(self, send: Callable[[Request], Response]) -> None:
        """A key is one account's."""

    def balance_request(self) -> Request:
        return Request("GET", "/account/usage")

    def decode_balance(self, response: Response) -> Balance:
        data, _, _ = envelope(response)
        usage = mapping(mapping(data).get("usage"))
        return Balance(
            provider=self.name,
            account=text(mapping(mapping(data).get("account")).get("user_id")),
            remaining=millicredits(usage.get("leads_remaining")),
            used=millicredits(usage.get("leads_used")),
            limit=millicredits(usage.get("leads_limit")),
            period_end=text(mapping(mapping(data).get("period")).get("end")),
        )


_ABSENT = object()


def _encode_validation(keys: Sequence[str]) -> Request:
    return Request("POST", "/email/validate", json={"emails": list(keys)})
