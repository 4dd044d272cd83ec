"""What answers on the paths around the apps: the list of apps, signing in and out."""

from __future__ import annotations

import contextlib
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from leadkit.app.home import home_page, sign_in_page, style, trouble_page
from leadkit.app.job_page import finished_words, job_words
from leadkit.app.session import Session, session
from leadkit.app.sign_in import SIGNED_IN_SECONDS, SignIn, ThrottledError
from leadkit.app.visitor import META, Visitor
from leadkit.errors import LeadkitError, RunNotFoundError

#: How many unfinished jobs the list of apps names, and how many finished ones.
NEWEST_JOBS = 5


def routes(sign_in: SignIn, *, secure: bool) -> list[Route]:
    """The pages; ``secure`` keeps the cookie to TLS."""

    def home(request: Request) -> Response:
        try:
            here = session(Visitor(**request.scope["meta"][META]))
            return HTMLResponse(home_page(here, *_jobs(here)))
        except LeadkitError as error:
            return HTMLResponse(trouble_page(error), 500)

    def form(request: Request, trouble: str = "", status: int = 200) -> HTMLResponse:
        there = _local(request.query_params.get("next", "/"))
        return HTMLResponse(
            sign_in_page(with_names=bool(sign_in.users.all()), next_=there, trouble=trouble), status
        )

    def come_in(request: Request) -> Response:
        if code := request.query_params.get("once"):
            cookie = sign_in.follow(code)
            return (
                welcome(cookie, "/")
                if cookie
                else form(request, "This link was used before, or is too old.", 403)
            )
        return form(request)

    async def enter(request: Request) -> Response:
        try:
            body = await request.body()
        except ClientDisconnect:  # cut off, because it was longer than any name and password
            return form(request, "This is too long.", 413)
        said = {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()}
        try:
            cookie = await run_in_threadpool(sign_in.enter, said.get("name", ""), said.get("secret", ""))
        except ThrottledError as error:
            answer = form(request, str(error), 429)
            answer.headers["retry-after"] = f"{error.retry_after:.0f}"
            return answer
        return welcome(cookie, said.get("next", "/")) if cookie else form(request, "This does not fit.", 403)

    def welcome(cookie: str, there: str) -> Response:
        answer = RedirectResponse(_local(there), 303)
        answer.set_cookie(
            sign_in.cookie, cookie, SIGNED_IN_SECONDS, httponly=True, samesite="strict", secure=secure
        )
        return answer

    def leave(request: Request) -> Response:
        sign_in.leave(request.cookies.get(sign_in.cookie, ""))
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(sign_in.cookie, httponly=True, samesite="strict", secure=secure)
        return answer

    return [
        Route("/", home),
        Route("/sign-in", come_in),
        Route("/sign-in", enter, methods=["POST"]),
        Route("/sign-out", leave, methods=["POST"]),
        Route("/style.css", lambda _: Response(style(), media_type="text/css")),
    ]


def _jobs(here: Session) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The newest jobs that are unfinished, and the newest with a workbook to download: words and address of each."""
    unfinished: list[tuple[str, str]] = []
    finished: list[tuple[str, str]] = []
    for job, status in here.jobs.newest(here.visitor.name):
        with contextlib.suppress(RunNotFoundError):  # removed at this very moment
            address = f"/{job.order.app}/?job={job.id}"
            if not status.finished and len(unfinished) < NEWEST_JOBS:
                unfinished.append((job_words(job, status), address))
            elif status.finished and len(finished) < NEWEST_JOBS and job.receipt:
                finished.append((finished_words(job), address))
    return unfinished, finished


def _local(there: str) -> str:
    """A path of this server; anything else becomes the list of apps."""
    plain = there.startswith("/") and not there.startswith("//") and "\\" not in there and there.isprintable()
    return there if plain else "/"
