"""What LeadIQ answers: data and errors of its GraphQL API, bodies of its REST API (Prospector).

Errors of the GraphQL API come with the HTTP status that fits them, or with 200 and the status inside
``errors[].extensions.response.status``, or with a code or nothing but words there. All of these are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leadkit.errors import (
    BadAnswerError,
    BadRequestError,
    CreditsExhaustedError,
    KeyRefusedError,
    NotThereError,
    ProviderError,
    RateLimitedError,
    ScopeError,
)
from leadkit.providers.base import Response
from leadkit.providers.json_body import array, mapping, read_json, text
from leadkit.providers.leadiq.terms import NAME

#: What a path, or a call of it, that the service does not have is answered with.
NO_SUCH_CALL = (404, 405)

#: An error message is LeadIQ's own words; long ones quote the query.
WORDS_CAP = 200

_BY_STATUS: Mapping[int, type[ProviderError]] = {
    400: BadRequestError,
    401: KeyRefusedError,
    402: CreditsExhaustedError,
    403: ScopeError,
    413: BadRequestError,
    422: BadRequestError,
    429: RateLimitedError,
}
#: Codes as ``extensions.code`` may give them, without case and underscores.
_STATUS_BY_CODE = {
    "missingquerystring": 400,
    "graphqlparsefailed": 400,
    "graphqlvalidationfailed": 400,
    "baduserinput": 400,
    "badrequest": 400,
    "invalidparameters": 400,
    "unauthenticated": 401,
    "unauthorized": 401,
    "insufficientcredits": 402,
    "paymentrequired": 402,
    "forbidden": 403,
    "ratelimited": 429,
    "toomanyrequests": 429,
    "internalservererror": 500,
}
#: A query that is refused like this was not begun: GraphQL parses and validates all of it before it carries out any.
_UNFIT_STATUSES = (400, 413, 422)
_UNFIT_CODES = ("missingquerystring", "graphqlparsefailed", "graphqlvalidationfailed")
_UNFIT_WORDS = re.compile(
    r"complexity|too complex|(?:query|maximum|max) depth|too many aliases|cannot query field|"
    r"unknown (?:argument|field|type)|syntax error|validation error"
)
#: The last resort: no text is documented, so only phrases that leave no doubt.
_STATUS_BY_WORDS = (
    (re.compile(r"insufficient credits|(?:out of|not enough) credits"), 402),
    (re.compile(r"too many requests|rate limit"), 429),
    (re.compile(r"unauthorized|unauthenticated|invalid api key"), 401),
    (_UNFIT_WORDS, 400),
)
_ADVICE: Mapping[int, str] = {
    401: (
        "Set LEADIQ_API_KEY to the Secret Base64 that LeadIQ shows under Settings, API, exactly as it is there: "
        "api.leadiq.com takes it as issued and prospector.leadiq.com takes it base64-decoded, and leadkit does "
        "both. A key that somebody has decoded, or encoded once more, is refused like a wrong one."
    ),
    402: "Buy credits or wait for the next billing period, then resume the run.",
    403: "Ask LeadIQ whether the account's plan includes this.",
}


@dataclass(frozen=True, slots=True)
class GraphqlError:
    """One of the errors in an answer. ``field`` is the part of the query that it is about; None: all of it."""

    words: str
    status: int | None
    field: str | None
    whole: bool  # the field gave nothing at all, not only something below it
    where: str  # what is below the field, without positions: currentPositions.phones
    unfit: bool = False  # the query as a whole was refused before any of it was carried out

    def __str__(self) -> str:
        return f"{self.where}: {self.words}" if self.where else self.words


def read_graphql(
    response: Response, fields: Sequence[str] = ()
) -> tuple[Mapping[str, Any], list[GraphqlError]]:
    """The data and the errors of an answer that has some data.

    Parameters
    ----------
    fields
        The names under which the answer's parts come, one for each key that was asked; empty for whatever came.

    Raises
    ------
    ProviderError
        None of the parts came. ``charged`` is "no" when the query was refused before any of it was carried out, or
        each part was in a way that costs nothing. When one of several was refused while they were carried out, what
        the others cost before the whole answer was dropped is unknown.
    """
    try:
        body = read_json(response, "LeadIQ")
    except BadAnswerError:
        if response.status in _BY_STATUS:  # a gateway's own page: turned away before any work
            raise _refusal(response.status, f"HTTP {response.status}", certain=True) from None
        raise
    data, errors = mapping(body.get("data")), _errors(body.get("errors"))
    came = any(data.get(field) is not None for field in fields or data)
    if came and response.status < 300:
        return data, errors
    status = response.status
    if status < 300:
        if not errors:
            msg = "LeadIQ: an answer without data and without an error. It may have been charged."
            raise BadAnswerError(msg, provider=NAME)
        status = next((error.status for error in errors if error.status is not None), 200)
    named = {error.field for error in errors}
    about_all = None in named or not errors or named >= set(fields)
    costless = all(error.whole and (error.status is None or error.status in _BY_STATUS) for error in errors)
    begun = response.status not in _UNFIT_STATUSES and not any(error.unfit for error in errors)
    words = next((error.words for error in errors if error.words), f"HTTP {response.status}")
    certain = not came and (not begun or (about_all and costless))
    others = ""
    if len(fields) > 1 and not about_all:
        together = f"{len(named)} of the {len(fields)} asked for together"
        others = f": this is about {together}, and what the others cost is not said"
    raise _refusal(status, words, certain=certain, others=others)


def _errors(value: Any) -> list[GraphqlError]:
    """The errors, in whatever shape they come; an empty one of any shape is none."""
    if not value:
        return []
    return [_error(item) for item in (value if isinstance(value, list) else [value])]


def _error(item: Any) -> GraphqlError:
    error = mapping(item)
    words = (text(error.get("message")) or text(item) or "an error without words")[:WORDS_CAP]
    extensions = mapping(error.get("extensions"))
    code = re.sub(r"[^a-z]", "", (text(extensions.get("code")) or "").lower())
    low = words.lower()
    status = _status(mapping(extensions.get("response")).get("status"))
    if status is None:
        status = _STATUS_BY_CODE.get(code)
    if status is None:
        status = next((status for phrase, status in _STATUS_BY_WORDS if phrase.search(low)), None)
    names = [name for name in array(error.get("path")) if isinstance(name, str)]
    return GraphqlError(
        words,
        status,
        field=names[0] if names else None,
        whole=not names[1:],
        where=".".join(name for name in names[1:] if name != "results"),
        unfit=code in _UNFIT_CODES or (status == 400 and _UNFIT_WORDS.search(low) is not None),
    )


def _status(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) == 3:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 100 <= value < 600 else None


def read_rest(response: Response) -> Mapping[str, Any]:
    """The object that Prospector answered with.

    Raises
    ------
    ProviderError
        It refused or failed; NotThereError for a 404 or 405, whatever the body is.
    """
    if response.status >= 300:
        raise rest_error(response)
    return read_json(response, "LeadIQ")


def rest_error(response: Response) -> ProviderError:
    """The error that a status of 300 or more means; the body is ``{code, message, details}`` or anything."""
    try:
        body = read_json(response, "LeadIQ")
    except BadAnswerError:
        body = {}
    parts = (text(body.get("code")), text(body.get("message")))
    words = ": ".join(filter(None, parts))[:WORDS_CAP] or f"HTTP {response.status}"
    if response.status in NO_SUCH_CALL:
        msg = f"LeadIQ: {words} ({response.status}). Nothing was charged."
        return NotThereError(msg, provider=NAME)
    # 409: something stands in the way (a list of this name, a prospect without address); nothing was done.
    status = 400 if response.status == 409 else response.status
    return _refusal(status, words, certain=True)


def _refusal(status: int, words: str, *, certain: bool, others: str = "") -> ProviderError:
    kind = _BY_STATUS.get(status, BadAnswerError)
    uncharged = certain and kind.charged == "no"
    money = "Nothing was charged." if uncharged else f"It may have been charged{others}."
    shown = f" ({status})" if status >= 300 else ""
    error = kind(
        f"LeadIQ: {words.rstrip('.')}{shown}. {money} {_ADVICE.get(status, '')}".rstrip(), provider=NAME
    )
    error.charged = "no" if uncharged else "unknown"
    return error
