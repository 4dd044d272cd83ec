"""What every provider is made of: operations as data, and two pure functions for each.

An :class:`Operation` says what is sold: batch size, price, rate limit and repeat rule, each with its source.
``encode`` turns keys into a :class:`Request`, ``decode`` turns the :class:`Response` into a :class:`Decoded`.
Neither touches the network, a clock or the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from leadkit.money import Amount, credits_words

#: A verdict or a fact about one key, as plain values that fit a cell.
Value = str | int | float | bool | None

#: What is known of a key after a call. ``not_found`` needs positive evidence: a well-formed, empty answer.
#: ``suppressed``: the provider says that this person must not be contacted; no contact data may come along.
AnswerStatus = Literal["found", "not_found", "suppressed"]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, without host and without key; the transport adds both at the last moment."""

    method: Literal["GET", "POST", "DELETE"]
    path: str
    query: tuple[tuple[str, str], ...] = ()
    json: Any = None
    #: Which of the provider's hosts answers; most have one.
    host: str = "api"


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer. Header names are lower case; the body is decoded from gzip and capped."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Price:
    """Millicredits for one key. ``expected`` is None when the provider states no price.

    ``most`` is always a number, because it is what gets reserved; ``note`` says where it comes from
    when the price itself is not documented.
    """

    least: int
    expected: int | None
    most: int
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """``requests`` in any ``seconds``, for one key of the provider."""

    requests: int
    seconds: float
    source: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """Whether asking again for the same thing is documented as free, and for how long.

    ``window_seconds`` None means for good.
    """

    free: bool
    source: str
    window_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column that an operation adds. ``field`` is its name in an answer's values."""

    name: str
    field: str
    description: str
    dtype: Literal["text", "integer", "number", "boolean"] = "text"
    #: What a row holds that got no answer; None leaves the cell empty.
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one key. ``note`` says in words what is odd about it, if anything is.

    ``values`` go into cells and are plain; only a page of a search holds its rows here.
    """

    status: AnswerStatus
    values: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A whole answer. A key that was asked and is missing from ``answers`` is in doubt.

    ``amount`` is what the provider says the call cost; None when it does not say.
    """

    answers: Mapping[str, Answer]
    amount: Amount | None = None
    request_id: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that one provider sells."""

    provider: str
    step: str  # the accessor's method: validate_emails
    title: str  # "validate e-mail addresses"
    #: Which kind of key: one of leadkit.keys.KINDS, or "person" or "company" for a key of several parts as
    #: leadkit.keys.combine makes it, read with leadkit.keys.parts_of.
    takes: str
    wants: tuple[str, ...]  # the data points bought; part of the fact's identity
    batch_size: int
    price: Price
    limit: RateLimit
    repeat: Repeat
    keeps_days: int | None  # how long an answer stays fresh; None for good
    keeps_why: str
    miss_keeps_days: int | None  # how long "not found" stays fresh
    columns: tuple[ResultColumn, ...]
    encode: Callable[[Sequence[str]], Request]
    decode: Callable[[Sequence[str], Response], Decoded]
    #: Which columns name a row, by role (leadkit.schemas.ROLE_KINDS), best first; empty: those of the step.
    identities: tuple[tuple[str, ...], ...] = ()
    #: Whether the balance is asked for before each paid call for several keys. For where others spend from the same
    #: credits, and asking is free and takes little of the rate.
    balance_first: bool = False
    #: A free operation on the same keys. What it does not find is not worth paying for; its answer's note says why.
    free_preview: Operation | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search or a list. ``next`` is what the following page is asked with; None at the end."""

    rows: tuple[Mapping[str, Value], ...]
    next: str | None = None
    total: int | None = None
    amount: Amount | None = None
    request_id: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """A search by filter, or the reading of a list: pages of new rows, one call each.

    ``price`` is for one row (``priced_by`` "row") or for one page, in millicredits. ``encode`` gets the checked
    filters, the ``next`` of the page before (None for the first) and the number of rows wanted: where each row is
    charged, it asks for no more. It raises InputError for a filter or a value that the provider does not document.
    """

    provider: str
    step: str  # search_people, search_companies, …
    title: str
    filters: Mapping[str, str]  # name → what it takes, for the documentation
    page_size: int
    most_rows: int | None  # how deep the provider lets anybody page
    price: Price
    priced_by: Literal["row", "page"]
    limit: RateLimit
    repeat: Repeat
    columns: tuple[ResultColumn, ...]
    encode: Callable[[Mapping[str, Any], str | None, int], Request]
    decode: Callable[[Response], Page]
    wants: tuple[str, ...] = ()  # the data points bought; part of a page's identity
    #: For this error the pages may not be trusted (a filter that is silently ignored); checked on each page.
    check: Callable[[Mapping[str, Any], Page], None] | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Balance:
    """What a provider's account has, in millicredits; None where the provider does not say.

    ``refused``: it would not say, or could not be reached, and ``note`` is why.
    """

    provider: str
    account: str | None
    remaining: int | None
    used: int | None
    limit: int | None = None
    period_end: str | None = None
    note: str = ""
    refused: bool = False

    def __repr__(self) -> str:
        return f"<Balance {self}>"

    def __str__(self) -> str:
        if self.refused:
            return self.note  # an error, which names its provider itself
        amounts = ((self.remaining, "left"), (self.used, "used"), (self.limit, "in all"))
        said = [f"{credits_words(amount)} {what}" for amount, what in amounts if amount is not None]
        until = [f"the period ends {self.period_end[:10]}"] if self.period_end else []
        note = [self.note] if self.note else []
        return f"{self.provider}: {'; '.join([*said, *until, *note])}"


class Provider(Protocol):
    """A service. One module each; registered in ``leadkit.providers`` or by the entry-point group."""

    name: str
    title: str
    #: Environment variable and keyring entry of the API key.
    key_name: str
    #: Host name → base URL. For tests an environment variable may replace one, on loopback only.
    hosts: Mapping[str, str]
    #: Host name → environment variable that replaces its base URL.
    host_overrides: Mapping[str, str]

    def headers(self, key: str, host: str) -> Mapping[str, str]:
        """The headers that carry the key; made at the moment of sending."""

    def operation(self, step: str, wants: Sequence[str] = ()) -> Operation:
        """The operation behind a step. Raises InputError when the provider does not offer it."""

    def search(self, step: str, wants: Sequence[str] = ()) -> Search:
        """The search behind a step. Raises InputError when the provider does not offer it, or sells no such part."""

    def use_account(self, send: Callable[[Request], Response]) -> str | None:
        """The account that calls are for, where a key may see several: chosen by settings, or the only one.

        Called before the first call of a run; may send a free request. None where a key is one account's.
        Raises SettingsError, with the list, when there are several and none was chosen.
        """

    def balance_request(self) -> Request: ...

    def decode_balance(self, response: Response) -> Balance: ...


@runtime_checkable
class HasPriceList(Protocol):
    """A provider whose accounts may have prices of their own, which a free request reads."""

    def prices_request(self) -> Request: ...

    def decode_prices(self, response: Response) -> Mapping[str, Any]:
        """The list, in the provider's own words, as JSON can keep it."""

    def use_prices(self, prices: Mapping[str, Any], day: str) -> None:
        """Sell at these, as they were read on ``day`` (ISO 8601); what they leave out is sold as documented."""
