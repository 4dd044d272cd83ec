"""LeadIQ's saved lists of prospects (Prospector): make one, fill it, read it, export it. Free.

Adding is never repeated by itself: LeadIQ does not recognise a prospect that it has already, so a request that was
sent twice leaves two. What became of a request whose answer was lost is found out by reading the list.
``send`` sends one request and returns its answer; keeping to the rate limit is its work.

API: https://prospector.leadiq.com/openapi.json, read 2026-08-13. The public guide prints the same paths without
``/v1``; they are tried when ``/v1`` answers the first call with 404.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal

from leadkit.errors import BadAnswerError, BadRequestError, InputError, NotThereError, ProviderError
from leadkit.keys import Unusable
from leadkit.providers.base import Request, Response, Value
from leadkit.providers.json_body import mapping, text
from leadkit.providers.leadiq.answers import NO_SUCH_CALL, read_rest, rest_error
from leadkit.providers.leadiq.prospect import (
    CSV_COLUMNS,
    check_names,
    contradict,
    harmless,
    identities,
    prospect_input,
    prospect_row,
)
from leadkit.providers.leadiq.terms import NAME

Send = Callable[[Request], Response]

PREFIXES = ("/v1", "")
#: The most that one request may add, and one page may hold.
BATCH = 100
PAGE_SIZE = 100
NAME_LENGTH = 200
#: A list of so many pages is none: the cursors go round.
MOST_PAGES = 10_000

_CURSOR = re.compile(r"[0-9a-zA-Z_-]{1,200}")


@dataclass(frozen=True, slots=True)
class ProspectList:
    """A list at LeadIQ, and under which paths it was found there (``/v1``, or none)."""

    id: str
    name: str
    prefix: str = PREFIXES[0]
    created: bool = False


@dataclass(slots=True)
class Added:
    """What became of each prospect, by its place in what was given; each place is in one of these.

    ``in_doubt`` were sent and the answer never came: :func:`missing` tells which of them to add again.
    ``not_sent`` is what was left when ``stopped`` ended the work.
    """

    added: dict[int, str] = field(default_factory=dict)  # place → LeadIQ's id of the prospect
    failed: dict[int, str] = field(default_factory=dict)
    in_doubt: dict[int, str] = field(default_factory=dict)
    not_sent: list[int] = field(default_factory=list)
    notes: dict[int, str] = field(default_factory=dict)
    stopped: ProviderError | None = None


# ---------------------------------------------------------------- the list itself


def open_list(send: Send, name: str) -> ProspectList:
    """The list of that name, made if there is none.

    Raises
    ------
    InputError
        The name is empty or longer than 200 characters. Nothing was sent.
    ProviderError
        LeadIQ refused or failed.
    """
    name = name.strip()
    if not 1 <= len(name) <= NAME_LENGTH:
        msg = f"A list's name has 1 to {NAME_LENGTH} characters; this has {len(name)}. Nothing was sent."
        raise InputError(msg)
    prefix, found = _find_list(send, name)
    if found is not None:
        return found
    for tried in PREFIXES if prefix is None else (prefix,):
        response = send(Request("POST", f"{tried}/lists", json={"name": name}, host="prospector"))
        if response.status == 409:  # somebody made it in the meantime
            found = _find_list(send, name)[1]
            if found is None:
                raise rest_error(response)
            return found
        if response.status not in NO_SUCH_CALL or tried == PREFIXES[-1] or prefix is not None:
            made = read_rest(response)
            return ProspectList(_id(made), text(made.get("name")) or name, tried, created=True)
    raise AssertionError("the last prefix returns or raises")


def lists(send: Send) -> list[ProspectList]:
    """All lists of the account.

    Raises
    ------
    ProviderError
        LeadIQ refused or failed.
    """
    for prefix in PREFIXES[:-1]:
        with suppress(NotThereError):
            return _lists(send, prefix)
    return _lists(send, PREFIXES[-1])


def _lists(send: Send, prefix: str) -> list[ProspectList]:
    return [
        ProspectList(_id(item), text(item.get("name")) or "", prefix)
        for item in _pages(send, f"{prefix}/lists")
    ]


def _find_list(send: Send, name: str) -> tuple[str | None, ProspectList | None]:
    """Under which prefix lists can be read (None: under neither), and the list of that name, if any."""
    for prefix in PREFIXES:
        try:
            for item in _pages(send, f"{prefix}/lists"):
                if text(item.get("name")) == name:
                    return prefix, ProspectList(_id(item), name, prefix)
        except NotThereError:
            continue
        return prefix, None
    return None, None


def _id(item: Mapping[str, Any]) -> str:
    found = text(item.get("id"))
    if found is None or not _CURSOR.fullmatch(found):
        msg = "LeadIQ: a list without a usable id. Look in LeadIQ whether it was made before trying again."
        raise BadAnswerError(msg, provider=NAME)
    return found


# ---------------------------------------------------------------- adding


def add_prospects(send: Send, to: ProspectList, people: Sequence[Mapping[str, Value]]) -> Added:
    """Add people to a list, 100 to a request, each request sent once.

    Parameters
    ----------
    people
        Values as :func:`leadkit.providers.leadiq.prospect.prospect_input` takes them. Who cannot be added, such as
        somebody without a last name, is set aside before anything is sent.

    Raises
    ------
    InputError
        A value has a name that is not known. Nothing was sent.
    """
    check_names(people)
    result = Added()
    waiting: _Chunk = []
    for place, person in enumerate(people):
        try:
            waiting.append((place, prospect_input(person)))
        except Unusable as unusable:
            result.failed[place] = unusable.reason
    work = [waiting[start : start + BATCH] for start in range(0, len(waiting), BATCH)]
    one_by_one = False
    while work and result.stopped is None:
        chunk = work.pop(0)
        try:
            if one_by_one:
                _add_one(send, to, chunk[0], result)
            else:
                _add_many(send, to, chunk, result)
        except BadRequestError as error:  # nothing of it was made
            work[:0] = _smaller(chunk, error, result)
        except NotThereError as error:
            if one_by_one:
                result.stopped = error
            # The guide has no call for many. A 404 made nothing, so asking one by one repeats nothing.
            one_by_one = True
            work = [[entry] for entry in chain(chunk, *work)]
        except ProviderError as error:
            result.stopped = error
            if error.charged == "unknown":
                result.in_doubt.update((place, str(error)) for place, _ in chunk)
            else:
                work.insert(0, chunk)
    result.not_sent += [place for chunk in work for place, _ in chunk]
    return result


_Entry = tuple[int, dict[str, Any]]
_Chunk = list[_Entry]


def _smaller(chunk: _Chunk, error: BadRequestError, result: Added) -> list[_Chunk]:
    """What is left to try of a chunk that LeadIQ refused because of some entry in it."""
    if len(chunk) > 1:
        middle = len(chunk) // 2
        return [chunk[:middle], chunk[middle:]]
    place, body = chunk[0]
    if "phone" not in body:
        result.failed[place] = str(error)
        return []
    # Vendor samples and schema do not agree on the phone's name; the rest of a prospect is worth saving.
    result.notes[place] = "saved without its phone, which LeadIQ refused"
    return [[(place, {name: value for name, value in body.items() if name != "phone"})]]


def _add_one(send: Send, to: ProspectList, entry: _Entry, result: Added) -> None:
    place, body = entry
    path = f"{to.prefix}/lists/{to.id}/prospects"
    saved = read_rest(send(Request("POST", path, json=body, host="prospector")))
    if prospect := text(saved.get("id")):
        result.added[place] = prospect
    else:
        result.in_doubt[place] = "LeadIQ's answer does not say what became of this one"


def _add_many(send: Send, to: ProspectList, chunk: _Chunk, result: Added) -> None:
    path = f"{to.prefix}/lists/{to.id}/prospects/batch"
    bodies = [body for _, body in chunk]
    _note_answer(read_rest(send(Request("POST", path, json=bodies, host="prospector"))), chunk, result)


def _note_answer(answer: Mapping[str, Any], chunk: _Chunk, result: Added) -> None:
    """``failed`` names places in the request; ``succeeded`` has the others in the order of the request."""
    made, refused = answer.get("succeeded"), answer.get("failed")
    if not isinstance(made, list) or not isinstance(refused, list):
        msg = "LeadIQ: an answer that does not say what was added."
        raise BadAnswerError(msg, provider=NAME)
    reasons = {
        item["index"]: text(item.get("reason")) or "no reason given"
        for item in map(mapping, refused)
        if isinstance(item.get("index"), int) and 0 <= item["index"] < len(chunk)
    }
    others = [entry for index, entry in enumerate(chunk) if index not in reasons]
    result.failed.update({chunk[index][0]: reason for index, reason in reasons.items()})
    # Matched by order only when the numbers agree, and never against what LeadIQ says of the person.
    in_order = len(others) == len(made)
    for number, (place, body) in enumerate(others):
        saved = mapping(made[number]) if in_order else {}
        if (prospect := text(saved.get("id"))) and not contradict(body, saved):
            result.added[place] = prospect
        else:
            result.in_doubt[place] = "LeadIQ's answer does not say what became of this one"


def missing(send: Send, of: ProspectList, people: Sequence[Mapping[str, Value]]) -> list[int]:
    """Places in ``people`` that the list does not have, by person id or e-mail, else by name: safe to add (again).

    Who could not be added at all is not among them.
    """
    there = {identity for item in members(send, of) for identity in identities(item)}
    places = []
    for place, person in enumerate(people):
        try:
            own = identities(prospect_input(person))
        except Unusable:
            continue
        if there.isdisjoint(own[:-1] or own):
            places.append(place)
    return places


# ---------------------------------------------------------------- reading


def members(send: Send, of: ProspectList) -> Iterator[Mapping[str, Any]]:
    """Each prospect of a list, as LeadIQ gives it, page by page."""
    return _pages(send, f"{of.prefix}/lists/{of.id}/prospects")


def _pages(send: Send, path: str) -> Iterator[Mapping[str, Any]]:
    """The items of all pages. Only the missing cursor ends it: a page without items may be in the middle."""
    cursor: str | None = None
    seen: set[str] = set()
    while True:
        query = [("limit", str(PAGE_SIZE)), *([("cursor", cursor)] if cursor else [])]
        page = read_rest(send(Request("GET", path, query=tuple(query), host="prospector")))
        items, cursor = page.get("items"), text(page.get("nextCursor"))
        if not isinstance(items, list) or (cursor and not _CURSOR.fullmatch(cursor)):
            msg = "LeadIQ: a page without items, or with a cursor that is none."
            raise BadAnswerError(msg, provider=NAME)
        yield from (item for item in items if isinstance(item, dict))
        if cursor is None:
            return
        if cursor in seen or len(seen) >= MOST_PAGES:
            msg = "LeadIQ: the pages of this list go round in a circle."
            raise BadAnswerError(msg, provider=NAME)
        seen.add(cursor)


def export_csv(send: Send, of: ProspectList) -> str:
    """The list as CSV: LeadIQ's own export where it has one, else made from its prospects.

    The guide documents ``…/export``; the schema of the service does not have it. No cell can start a formula.
    """
    response = send(Request("GET", f"{of.prefix}/lists/{of.id}/export", host="prospector"))
    kind = response.headers.get("content-type", "")
    if response.status == 200 and ("csv" in kind or "octet-stream" in kind):
        told = io.StringIO(response.body.decode("utf-8-sig", errors="replace"), newline="")
        return _csv(csv.reader(told), csv.QUOTE_MINIMAL)
    # A 2xx of another type is something else than a file.
    if response.status >= 300 and response.status not in NO_SUCH_CALL:
        raise rest_error(response)
    return _csv(chain([CSV_COLUMNS], map(prospect_row, members(send, of))), csv.QUOTE_ALL)


def _csv(rows: Iterable[Iterable[str | None]], quoting: Literal[0, 1]) -> str:
    file = io.StringIO(newline="")
    csv.writer(file, quoting=quoting).writerows([harmless(cell or "") for cell in row] for row in rows)
    return file.getvalue()
