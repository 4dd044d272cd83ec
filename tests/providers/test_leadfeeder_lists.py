"""Leadfeeder's accounts, lists and usage, over real sockets: what goes out, and how pages end."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import pytest

from leadkit.errors import InputError, KeyRefusedError, PriceError, SettingsError
from leadkit.providers.base import Request, Response
from leadkit.providers.leadfeeder import Leadfeeder
from leadkit.providers.leadfeeder.accounts import Account, choose_account, decode_accounts
from leadkit.providers.leadfeeder.lists import add_to_list, create_list, list_items, lists, usage
from leadkit.settings import Settings
from leadkit.transport import Transport
from tests.conftest import FakeClock

RECORDED = Path(__file__).parent / "leadfeeder"
CASES = json.loads((Path(__file__).parent / "hostile.json").read_text())["cases"]
JSON = {"content-type": "application/json"}
KEY = "leadfeeder-key-of-a-test"


def recorded(name: str, status: int = 200) -> Response:
    return Response(status, JSON, (RECORDED / f"{name}.json").read_bytes())


def page(data: Any, charged: int = 0, **pagination: Any) -> Response:
    body = {"data": data, "meta": {"credits": {"charged": charged}, "pagination": pagination}}
    return Response(200, JSON, json.dumps(body).encode())


class Service:
    """Gives the listed answers one after the other, and keeps what it was asked."""

    def __init__(self, *answers: Response) -> None:
        self.answers = list(answers)
        self.sent: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.sent.append(request)
        return self.answers.pop(0)


# ---------------------------------------------------------------- accounts


def test_the_recorded_accounts_are_listed() -> None:
    found = decode_accounts(recorded("get_accounts_list"))
    assert found == (Account("123456", "Account 1"), Account("789012", "Account 2"))


def test_among_several_accounts_none_is_guessed_and_all_are_listed() -> None:
    several = decode_accounts(recorded("get_accounts_list"))
    with pytest.raises(
        SettingsError, match=r"123456 \(Account 1\), 789012 \(Account 2\).*LEADFEEDER_ACCOUNT_ID"
    ):
        choose_account(several)
    with pytest.raises(SettingsError, match="no account"):
        choose_account(())


def test_the_only_account_is_used_without_asking() -> None:
    provider = Leadfeeder()
    service = Service(recorded("get_accounts_one_with_credits"))
    assert provider.use_account(service) == "123456"
    assert provider.use_account(service) == "123456", "asked for once"
    assert len(service.sent) == 1
    assert ("account_id", "123456") in provider.operation("unlock").encode(["1"]).query


def test_trap_32_the_balance_is_read_from_a_list_of_one_account() -> None:
    provider = Leadfeeder("123456")
    assert provider.balance_request().query == (("account_id", "123456"),)
    balance = provider.decode_balance(recorded("get_accounts_one_with_credits"))
    assert (balance.account, balance.remaining, balance.used, balance.limit) == (
        "123456",
        800_000,
        200_000,
        1_000_000,
    )
    assert balance.period_end == "2026-10-01"


def test_a_balance_that_is_not_said_is_unknown_and_never_zero() -> None:
    balance = Leadfeeder("5").decode_balance(recorded("get_accounts_one_with_credits"))
    assert balance.remaining is None
    assert "did not say" in balance.note
    with pytest.raises(SettingsError, match="2 accounts"):
        Leadfeeder().decode_balance(recorded("get_accounts_list"))


# ---------------------------------------------------------------- lists


def test_trap_17_lists_come_by_page_number_and_items_by_cursor() -> None:
    one, two = (
        {"type": "list", "id": n, "attributes": {"name": f"List {n}", "scope": "company"}} for n in "12"
    )
    service = Service(page([one], page_count=2), page([one, two], page_count=2))
    assert [found.name for found in lists(service, "123456", "company")] == ["List 1", "List 2"]
    asked = [dict(request.query) for request in service.sent]
    assert [query["page[num]"] for query in asked] == ["1", "2"]
    assert all("page[cursor]" not in query and query["filter[scope]"] == "company" for query in asked)

    items = Service(page([{"id": "7"}], next_cursor="abc"), page([], next_cursor="def"), page([{"id": "8"}]))
    assert list_items(items, "123456", "1") == ["7", "8"], "an empty page with a cursor is not the end"
    assert [dict(request.query).get("page[cursor]") for request in items.sent] == [None, "abc", "def"]
    assert all("page[num]" not in dict(request.query) for request in items.sent)


def test_hostile_lf06_a_cursor_that_leads_in_a_circle_ends_the_pages() -> None:
    case = next(case for case in CASES if case["id"] == "LF06")
    response = Response(200, JSON, case["http"]["body"].encode())
    service = Service(*[response] * 5)
    assert list_items(service, "123456", "1") == ["159001425"]
    cursors = [dict(request.query).get("page[cursor]") for request in service.sent]
    assert cursors == [None, case["asked"]["cursor"]]


def test_a_list_is_made_and_filled_with_one_call_for_each_record() -> None:
    made = {"data": {"type": "list", "id": "55", "attributes": {"name": "Fair", "scope": "contact"}}}
    service = Service(
        Response(201, JSON, json.dumps(made).encode()), Response(204, {}, b""), page({"id": "8"})
    )
    found = create_list(service, "123456", " Fair ", "contact")
    for contact in ("7", "8"):
        add_to_list(service, "123456", found.id, "contact", contact)
    create, *adds = service.sent
    assert create.json == {"data": {"type": "list", "attributes": {"name": "Fair", "scope": "contact"}}}
    assert [request.path for request in adds] == ["/contacts/7/lists", "/contacts/8/lists"]
    assert adds[0].json == {"data": [{"type": "list", "id": "55"}]}


def test_an_add_that_is_refused_is_an_error() -> None:
    service = Service(recorded("error_403_invalid_api_key_flat", 403))
    with pytest.raises(KeyRefusedError):
        add_to_list(service, "123456", "55", "company", "7")


def test_nothing_is_sent_for_what_cannot_be_meant() -> None:
    service = Service()
    attempts: list[Callable[[], object]] = [
        lambda: create_list(service, "1", " ", "company"),
        lambda: create_list(service, "1", "Fair", "people"),  # type: ignore[arg-type]
        lambda: lists(service, "1", "people"),  # type: ignore[arg-type]
        lambda: add_to_list(service, "1", "55", "company", "8,9"),
        lambda: list_items(service, "1", "../users"),
        lambda: usage(service, "1", "2026-13", "2026-13"),
        lambda: usage(service, "1", "2026-05", "2026-04"),
    ]
    for attempt in attempts:
        with pytest.raises(InputError, match="Nothing was sent"):
            attempt()
    assert not service.sent


def test_trap_14_a_list_that_was_charged_stops_at_once() -> None:
    service = Service(page([], charged=1, page_count=9))
    with pytest.raises(PriceError, match="charged 1 credit for a call that its documents call free"):
        lists(service, "123456", "company")


def test_usage_gives_every_plain_field_of_each_month() -> None:
    row = {"id": "x", "attributes": {"period": "2026-04", "requests": 12, "nested": {"a": 1}}}
    service = Service(page([row]))
    assert usage(service, "123456", "2026-04", "2026-05") == [{"period": "2026-04", "requests": "12"}]
    assert ("start_period", "2026-04") in service.sent[0].query


# ---------------------------------------------------------------- over the wire


class Seen(BaseHTTPRequestHandler):
    """Answers with an empty list, and keeps the request line, the headers and the body."""

    requests: ClassVar[list[tuple[str, dict[str, str], bytes]]] = []

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        content = b'{"data": [], "meta": {"credits": {"charged": 0}}}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _answer

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def transport() -> Iterator[Transport]:
    Seen.requests = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Seen)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environ = {
        "LEADFEEDER_API_KEY": KEY,
        "LEADKIT_LEADFEEDER_URL": f"http://127.0.0.1:{server.server_port}/v1",
    }
    transport = Transport(Leadfeeder("123456"), Settings.from_environment(environ), clock=FakeClock())
    yield transport
    transport.close()
    server.shutdown()
    server.server_close()


def test_trap_17_the_wire_carries_encoded_brackets_the_key_and_the_account(transport: Transport) -> None:
    provider = Leadfeeder("123456")
    search = provider.search("search_companies")
    search.decode(transport.send(search.encode({"search_terms": "acme"}, "a+b/c==", 10)))
    provider.operation("unlock").decode(
        ["1", "2"], transport.send(provider.operation("unlock").encode(["1", "2"]))
    )
    for path, headers, _ in Seen.requests:
        assert path.startswith("/v1/")
        assert headers["x-api-key"] == KEY
        assert ("account_id", "123456") in parse_qsl(urlsplit(path).query)
    searched, _, body = Seen.requests[0]
    assert "page%5Bcursor%5D=a%2Bb%2Fc%3D%3D" in searched
    assert "[" not in searched
    assert json.loads(body) == {"search_terms": ["acme"]}
    assert KEY not in " ".join(path for path, _, _ in Seen.requests)
