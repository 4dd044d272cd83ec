"""How each provider spells what it knows: most names as they are, some in the ways that registers differ.

Which ones differ follows from the id and the provider, so that two providers rarely differ alike. LeadLeap is the
one that spells everything as the world does.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from leadkit.sandbox.world import Company, Job, Person, share

#: Providers that are slow to notice that somebody has moved: half of the moved people are still at the old place.
SLOW_PROVIDERS = frozenset({"leadfeeder", "leadey"})

#: Of 100 people or companies at a provider, how many are spelled in another way; in each of the ways below.
_DIFFERENT = 8

_UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ø": "o", "Ø": "O"}
)
_BARE = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "æ": "ae"})
_LEGAL_FORMS: Mapping[str, str] = {
    "Inc.": "Incorporated",
    "Corp": "Corporation",
    "Ltd": "Limited",
    "GmbH & Co. KG": "GmbH und Co. KG",
    "Sp. z o.o.": "sp. z o. o.",
    "S.A.": "SA",
    "S.L.": "SL",
}
_SHORT_TITLES: Mapping[str, str] = {
    "Chief Technology Officer": "CTO",
    "Chief Financial Officer": "CFO",
    "Chief Marketing Officer": "CMO",
    "Chief Operating Officer": "COO",
    "Chief Information Officer": "CIO",
}


def names(provider: str, person: Person) -> tuple[str, str]:
    """First and last name."""
    first, last = person.first_name, person.last_name
    way = share(person.id, f"{provider} name") // _DIFFERENT
    if provider == "leadleap" or way > 2:
        return first, last
    if way == 0:
        return _without_accents(first), _without_accents(last)
    if way == 1:
        return first.translate(_UMLAUTS), last.translate(_UMLAUTS)
    return (f"{first} {person.middle_name[0]}." if person.middle_name else first), last


def company_name(provider: str, company: Company) -> str:
    name = company.name
    way = share(company.id, f"{provider} name") // _DIFFERENT
    if provider == "leadleap" or way > 2:
        return name
    form = next((form for form in company.country.legal_forms if name.endswith(f" {form}")), "")
    short = name.removesuffix(f" {form}")
    return (short, name.upper(), f"{short} {_LEGAL_FORMS.get(form, form)}")[way]


def title(provider: str, person: Person, job: Job) -> str:
    way = share(person.id, f"{provider} title") // _DIFFERENT
    if provider == "leadleap" or way > 1:
        return job.title
    if way == 0:
        return _SHORT_TITLES.get(job.title, job.title.replace("VP ", "Vice President, "))
    return job.title.replace("Senior ", "Sr. ").replace("Director of ", "Head of ")


def job(provider: str, person: Person) -> Job | None:
    """The job that the provider takes for the present one."""
    was = person.previous_job
    if was and person.moved and provider in SLOW_PROVIDERS and share(person.id, f"{provider} slow", 2):
        return was
    return person.job


def _without_accents(text: str) -> str:
    return unicodedata.normalize("NFKD", text.translate(_BARE)).encode("ascii", "ignore").decode()
