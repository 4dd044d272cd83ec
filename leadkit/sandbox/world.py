"""The invented people and companies that every provider of the sandbox knows some of.

One world, seen through providers with different coverage. The first :data:`CORE_COMPANIES` companies and
:data:`CORE_PEOPLE` people are the same for every seed, because the example workbooks are about them; the
crowd around them follows from the seed.
"""

from __future__ import annotations

import hashlib
import random
import unicodedata
import zlib
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Literal, TypeVar

from leadkit.sandbox import names

CORE_SEED = "the people of the example workbooks"
CORE_COMPANIES = 60
CORE_PEOPLE = 240
CROWD_COMPANIES = 340
CROWD_PEOPLE = 2760

#: People who have the first and last name of a colleague. Namesakes at other companies come by themselves.
NAMESAKES = 12

#: How many of 100 people came from another company, were promoted, or have a second job beside theirs.
MOVED, PROMOTED, WITH_SECOND_JOB = 6, 4, 4

#: How many of 100 people each provider knows.
COVERAGE = {"leadleap": 92, "leadiq": 75, "leadfeeder": 70, "leadey": 15}

#: What became of a mailbox; ``ok`` is the only one that takes mail.
Mailbox = Literal["ok", "mailbox_not_found", "mailbox_full", "domain_not_found"]
_MAILBOXES: tuple[Mailbox, ...] = ("ok", "mailbox_not_found", "mailbox_full", "domain_not_found")
_MAILBOX_WEIGHTS = (86, 9, 2, 3)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Company:
    """An invented company."""

    id: str
    name: str
    domain: str
    sector: str
    industry: str
    size: str
    employee_count: int
    revenue_range: str
    year_founded: int
    country: names.Country
    city: str
    state: str | None
    phone: str

    @property
    def linkedin_url(self) -> str:
        return f"https://linkedin.com/company/{self.domain.split('.', 1)[0]}-{self.id[-4:]}"

    @property
    def description(self) -> str:
        return f"{self.name} is an invented company in {self.city} that works in {self.industry.lower()}."


@dataclass(frozen=True, slots=True)
class Job:
    """A job that somebody has or had. ``email`` is the address that came with it."""

    company: Company
    title: str
    level: str
    department: str
    email: str | None
    started: date
    ended: date | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person. ``company`` is None for a consumer; ``deleted`` people were known once.

    ``previous_job`` is at the same company for somebody who was promoted, and at another for somebody who
    moved; ``second_job`` is held beside the first.
    """

    id: str  # 16 hex digits; a provider puts its own prefix in front
    first_name: str
    middle_name: str | None
    last_name: str
    email: str | None
    second_email: str | None
    phone: str | None
    title: str
    level: str
    department: str
    company: Company | None
    country: names.Country
    city: str
    state: str | None
    score: int
    mailbox: Mailbox
    deleted: bool
    known_to: frozenset[str]
    previous_job: Job | None = None
    second_job: Job | None = None

    @property
    def job(self) -> Job | None:
        """The present job; None for a consumer."""
        if self.company is None:
            return None
        started = self.previous_job and self.previous_job.ended
        return Job(
            self.company, self.title, self.level, self.department, self.email, started or past_day(self.id)
        )

    @property
    def moved(self) -> bool:
        """Whether the previous job was at another company."""
        return self.previous_job is not None and self.previous_job.company is not self.company

    @property
    def lead_id(self) -> str:
        """The id that LeadLeap has for this person."""
        return f"c_{self.id}"

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def linkedin_url(self) -> str:
        return f"https://linkedin.com/in/{plain(self.first_name)}-{plain(self.last_name)}-{self.id[:6]}"


class World:
    """The people and companies of one seed, in a fixed order."""

    def __init__(self, seed: int = 1) -> None:
        self.seed = seed
        self._emails: dict[str, Person] = {}
        self.companies: list[Company] = []
        self.people: list[Person] = []
        self._grow(_Dice(CORE_SEED), CORE_COMPANIES, CORE_PEOPLE, everyone_known=True)
        self._grow(_Dice(f"crowd {seed}"), CROWD_COMPANIES, CROWD_PEOPLE, everyone_known=False)
        self._old_emails: dict[str, Person] = {}
        self._give_careers()
        self._add_namesakes(_Dice(f"namesakes {seed}"))
        self._by_id = {person.id: person for person in self.people}

    @property
    def core(self) -> Sequence[Person]:
        """The people who are there for every seed."""
        return self.people[:CORE_PEOPLE]

    def person(self, id: str) -> Person | None:  # noqa: A002 (it is the person's id)
        return self._by_id.get(id)

    def by_email(self, email: str) -> Person | None:
        """The person with this address, first or second, in any case."""
        return self._emails.get(email.lower())

    def by_old_email(self, email: str) -> Person | None:
        """The person who had this address in a previous job; it takes no mail any more."""
        return self._old_emails.get(email.lower())

    def known_to(self, provider: str) -> list[Person]:
        return [person for person in self.people if provider in person.known_to]

    def _grow(self, dice: _Dice, companies: int, people: int, *, everyone_known: bool) -> None:
        domains = {company.domain for company in self.companies}
        new = [_company(dice, domains) for _ in range(companies)]
        self.companies += new
        for _ in range(people):
            self._add(_person(dice, dice.pick(new), self._emails, everyone_known=everyone_known))

    def _add(self, person: Person) -> None:
        self.people.append(person)
        self._note_addresses(person)

    def _note_addresses(self, person: Person) -> None:
        for address in (person.email, person.second_email):
            if address:
                self._emails[address] = person

    def _give_careers(self) -> None:
        """Former and second jobs. They follow from each person's id, so that no dice is thrown for them."""
        taken = set(self._emails)
        for index, person in enumerate(self.people):
            in_core = index < CORE_PEOPLE
            companies = self.companies[:CORE_COMPANIES] if in_core else self.companies[CORE_COMPANIES:]
            with_career = _with_career(person, companies, taken)
            if with_career is not person:
                self.people[index] = with_career
                self._note_addresses(with_career)
                old = with_career.previous_job and with_career.previous_job.email
                if old and with_career.moved:
                    self._old_emails[old] = with_career
                    taken.add(old)

    def _add_namesakes(self, dice: _Dice) -> None:
        taken = {**self._emails, **self._old_emails}
        for number in range(NAMESAKES):
            people = self.core if number % 2 else self.people
            person = dice.pick([p for p in people if p.company])
            self._add(_namesake(dice, person, taken))


class _Dice:
    """Seeded choices made from ``random()`` alone, the one sequence that Python promises never to change."""

    def __init__(self, seed: str) -> None:
        start = int.from_bytes(hashlib.sha256(seed.encode()).digest(), "big")
        self._random = random.Random(start).random  # noqa: S311 (made-up people, not secrets)

    def below(self, stop: int) -> int:
        return int(self._random() * stop)

    def pick(self, items: Sequence[_T]) -> _T:
        return items[self.below(len(items))]

    def weighted(self, items: Sequence[_T], weights: Sequence[int]) -> _T:
        rest = self.below(sum(weights))
        for item, weight in zip(items, weights, strict=True):
            rest -= weight
            if rest < 0:
                return item
        raise AssertionError("weights are positive")

    def chance(self, percent: int) -> bool:
        return self.below(100) < percent

    def hex(self, digits: int) -> str:
        return "".join("0123456789abcdef"[self.below(16)] for _ in range(digits))

    def number(self, pattern: str) -> str:
        return "".join(str(self.below(10)) if char == "#" else char for char in pattern)


@lru_cache(maxsize=4096)  # few names make many people
def plain(text: str) -> str:
    """``Jürgen Weiß`` → ``juergen-weiss``: what people make of their names in addresses."""
    spelled = text.lower().translate(_SPELLINGS)
    ascii_text = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    words = "".join(char if char.isalnum() else "-" if char in " -" else "" for char in ascii_text)
    return "-".join(filter(None, words.split("-")))


_SPELLINGS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "æ": "ae", "å": "aa", "ł": "l"}
)


def _company(dice: _Dice, domains: set[str]) -> Company:
    sector = dice.pick(names.SECTORS)
    while True:
        short_name = f"{dice.pick(names.COMPANY_FIRST_WORDS)} {dice.pick(sector.company_words)}"
        domain = plain(short_name) + (".example" if dice.chance(75) else ".example.com")
        if domain not in domains:
            break
    domains.add(domain)
    country = dice.weighted(names.COUNTRIES, names.COUNTRY_WEIGHTS)
    city, state = dice.pick(country.places)
    size = dice.weighted(names.COMPANY_SIZES, names.COMPANY_SIZE_WEIGHTS)
    bracket, fewest, most = size
    return Company(
        id=dice.hex(12),
        name=f"{short_name} {dice.pick(country.legal_forms)}",
        domain=domain,
        sector=sector.name,
        industry=dice.pick(sector.industries),
        size=bracket,
        employee_count=fewest + dice.below(most - fewest + 1),
        revenue_range=names.REVENUE_RANGES[names.COMPANY_SIZES.index(size)],
        year_founded=1893 + dice.below(131),
        country=country,
        city=city,
        state=state,
        phone=dice.number(country.landline),
    )


def _person(dice: _Dice, company: Company, taken: dict[str, Person], *, everyone_known: bool) -> Person:
    country = company.country
    first_name = dice.pick(country.first_names)
    middle_name = dice.pick(country.first_names) if dice.chance(12) else None
    last_name = (
        dice.pick(country.last_names).replace("von-", "von ").replace("Ó-", "Ó ").replace("Ní-", "Ní ")
    )
    department = dice.pick(tuple(names.JOB_TITLES))
    level = dice.weighted(names.JOB_LEVELS, names.JOB_LEVEL_WEIGHTS)
    consumer = not everyone_known and dice.chance(3)
    domain = "mail.example.net" if consumer else company.domain
    email = _address(dice, first_name, last_name, domain, taken)
    known_to = frozenset(name for name, percent in COVERAGE.items() if dice.chance(percent))
    return Person(
        id=dice.hex(16),
        first_name=first_name,
        middle_name=middle_name if middle_name != first_name else None,
        last_name=last_name,
        email=email if everyone_known or not dice.chance(4) else None,
        second_email=_address(dice, first_name, last_name, "post.example.org", taken)
        if dice.chance(20)
        else None,
        phone=dice.number(country.mobile) if dice.chance(80) else None,
        title=names.JOB_TITLES[department][names.JOB_LEVELS.index(level)],
        level=level,
        department=department,
        company=None if consumer else company,
        country=country,
        city=company.city,
        state=company.state,
        score=35 + dice.below(65),
        mailbox=dice.weighted(_MAILBOXES, _MAILBOX_WEIGHTS),
        deleted=dice.chance(2),
        known_to=known_to | {"leadleap"} if everyone_known else known_to,
    )


def _with_career(person: Person, companies: Sequence[Company], taken: Container[str]) -> Person:
    """The person, with a previous or a second job for some. Addresses of others are never reused."""
    kind = share(person.id, "career")
    if person.company is None or kind >= MOVED + PROMOTED + WITH_SECOND_JOB:
        return person
    other = companies[share(person.id, "company", len(companies))]
    until = past_day(person.id)
    since = until.replace(year=until.year - 2)
    old_address = f"{plain(person.first_name)}.{plain(person.last_name)}@{other.domain}"
    level = names.JOB_LEVELS[min(names.JOB_LEVELS.index(person.level) + 1, len(names.JOB_LEVELS) - 1)]
    title = names.JOB_TITLES[person.department][names.JOB_LEVELS.index(level)]
    if kind < MOVED:
        if other is person.company or old_address in taken:
            return person
        was = Job(other, title, level, person.department, old_address, since, until)
        return replace(person, previous_job=was)
    if kind < MOVED + PROMOTED:
        was = Job(person.company, title, level, person.department, person.email, since, until)
        return replace(person, previous_job=was) if title != person.title else person
    beside = Job(other, "Advisor", "Senior", person.department, None, until)
    return replace(person, second_job=beside) if other is not person.company else person


def share(id: str, what: str, of: int = 100) -> int:  # noqa: A002 (it is somebody's id)
    """A number below ``of`` that follows from the id: the same one in every process, for each use of its own."""
    return zlib.crc32(f"{what} {id}".encode()) % of


def past_day(id: str) -> date:  # noqa: A002
    """The first of a month of 2022 to 2025, which follows from the id."""
    month = share(id, "day", 48)
    return date(2022 + month // 12, 1 + month % 12, 1)


def _namesake(dice: _Dice, person: Person, taken: dict[str, Person]) -> Person:
    """A colleague of the same name, known to the same providers."""
    company = person.company
    assert company is not None
    other = _person(dice, company, taken, everyone_known=True)
    first_name, last_name = person.first_name, person.last_name
    namesake = replace(
        other,
        first_name=first_name,
        middle_name=None,
        last_name=last_name,
        email=_address(dice, first_name, last_name, company.domain, taken),
        second_email=None,
        deleted=False,
        known_to=person.known_to,
    )
    taken[str(namesake.email)] = namesake
    return namesake


def _address(dice: _Dice, first_name: str, last_name: str, domain: str, taken: dict[str, Person]) -> str:
    first, last = plain(first_name), plain(last_name)
    local = dice.pick(
        (f"{first}.{last}", f"{first}.{last}", f"{first[0]}.{last}", f"{first[0]}{last}", first)
    )
    address, number = f"{local}@{domain}", 2
    while address in taken:
        address, number = f"{local}{number}@{domain}", number + 1
    return address
