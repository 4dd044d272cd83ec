"""What a query costs: prices of the data points that were selected and came, in the account's favour or not.

The guide's table: an e-mail costs 1 credit for each person, phones 10 for each person, company information 3 for
each company, and a profile 0.1. From LeadIQ's developer pages: the bigger ones replace the profile's price, and a
person is charged for what came, not for what was asked. From its help pages: what a team unlocked of a person is
free for a year, and company information is charged every time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from leadkit.sandbox.account import Account

UNLOCKED_SECONDS = 365 * 24 * 3600.0

#: Fields of a company that belong to the profile; any other is company information.
_NAMES_OF_A_COMPANY = frozenset({"id", "name", "__typename"})
_EMAIL_FIELDS = ("currentPositions.emails", "currentPositions.workEmail", "pastPositions.emails",
                 "pastPositions.workEmail", "personalEmails")  # fmt: skip
_PHONE_FIELDS = ("currentPositions.phones", "pastPositions.phones", "personalPhones")


@dataclass
class Bill:
    """What one query comes to, before it is paid. ``items`` are (operation, what, millicredits)."""

    account: Account
    prices: Mapping[str, int]
    now: float
    items: list[tuple[str, str, int]] = field(default_factory=list)
    unlocked: dict[str, float] = field(default_factory=dict)

    def add_person(self, record: Mapping[str, Any], selected: frozenset[str]) -> None:
        """A person of searchPeople. ``selected`` are paths below ``results``."""
        person_id = record["id"]
        points = [
            point
            for point, fields in (("email", _EMAIL_FIELDS), ("phone", _PHONE_FIELDS))
            if any(path in selected and _came(record, path) for path in fields)
        ]
        for point in points:
            if not self._is_unlocked(f"{point} {person_id}"):
                self._add(point, person_id)
                self.unlocked[f"{point} {person_id}"] = self.now
        for positions in ("currentPositions", "pastPositions"):
            if has_company_information(selected, f"{positions}.companyInfo."):
                for position in record[positions]:
                    if not callable(position["companyInfo"]):  # else it fails, and nothing comes
                        points.append("company")
                        self._add("company", position["companyInfo"]["id"])
        known = any(self._is_unlocked(f"{point} {person_id}") for point in ("email", "phone", "profile"))
        if selected and not points and not known:
            self._add("profile", person_id)
            self.unlocked[f"profile {person_id}"] = self.now

    def add_companies(self, ids: Iterable[str], *, with_information: bool) -> None:
        """Companies: each for company information, or for no more than its name."""
        for company_id in ids:
            self._add("company" if with_information else "profile", company_id)

    def add_rows(self, ids: Sequence[str]) -> None:
        """People of an advanced search: each is a profile, every time that it comes."""
        for person_id in ids:
            self._add("profile", person_id)

    def _add(self, operation: str, what: str) -> None:
        self.items.append((operation, what, self.prices[operation]))

    def _is_unlocked(self, name: str) -> bool:
        at = self.unlocked.get(name, self.account.unlocked.get(name, float("-inf")))
        return self.now - at < UNLOCKED_SECONDS


def has_company_information(selected: frozenset[str], prefix: str) -> bool:
    """Whether a field of a company is selected, below ``prefix``, that is more than its name."""
    below = (path.removeprefix(prefix) for path in selected if path.startswith(prefix))
    return any(path not in _NAMES_OF_A_COMPANY for path in below)


def _came(value: Any, path: str) -> bool:
    """Whether there is an e-mail or phone with a value below ``path``. A suppressed one has none."""
    name, _, rest = path.partition(".")
    entries = value[name] if isinstance(value[name], list) else [value[name]]
    if rest:
        return any(_came(entry, rest) for entry in entries)
    return any(entry and entry["value"] for entry in entries)
