"""The pieces that the apps' pages are made of, as plain HTML; ``notebooks/style.css`` gives them their looks.

Whatever is not a word of our own goes through :func:`leadkit.app.show.escaped`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import marimo as mo

from leadkit.app.jobs import Status
from leadkit.app.show import escaped
from leadkit.app.steps import Step
from leadkit.money import credits_text, credits_words
from leadkit.preview import Preview, duration_text
from leadkit.sheets import Book
from leadkit.wording import counted

Kind = Literal["info", "good", "warn", "bad"]


def masthead(title: str, lead: str, banner: str = "") -> mo.Html:
    """The top of a page, with the way to all apps; ``banner`` says when this is not the real thing."""
    strip = f'<p class="lk-banner" role="note">{escaped(banner)}</p>' if banner else ""
    return mo.Html(
        f'{strip}<header class="lk-masthead"><p class="lk-brand"><a href="../">leadkit</a></p>'
        f"<h1>{escaped(title)}</h1><p>{escaped(lead)}</p></header>"
    )


def heading(number: int, title: str, hint: str = "") -> mo.Html:
    """The heading of a numbered step, and one sentence about it."""
    said = f'<p class="lk-hint">{escaped(hint)}</p>' if hint else ""
    return mo.Html(
        f'<div class="lk-step"><h2><span class="lk-number">{number}</span>{escaped(title)}</h2>{said}</div>'
    )


def title(words: str, hint: str = "") -> mo.Html:
    """A heading without a number."""
    said = f'<p class="lk-hint">{escaped(hint)}</p>' if hint else ""
    return mo.Html(f'<div class="lk-step lk-plain"><h2>{escaped(words)}</h2>{said}</div>')


def note(kind: Kind, title: str, *sentences: object) -> mo.Html:
    """A box with a title and a sentence or more."""
    role = "alert" if kind == "bad" else "status"
    body = "".join(f"<p>{escaped(sentence)}</p>" for sentence in sentences if sentence)
    return mo.Html(
        f'<div class="lk-note lk-{kind}" role="{role}"><p class="lk-note-title">{escaped(title)}</p>{body}</div>'
    )


def links(kind: Kind, title: str, targets: Iterable[tuple[str, str]]) -> mo.Html:
    """A box with a title and a link a line: words and address, which is one of our own."""
    body = "".join(f'<p><a href="{escaped(href)}">{escaped(words)}</a></p>' for words, href in targets)
    return mo.Html(
        f'<div class="lk-note lk-{kind}"><p class="lk-note-title">{escaped(title)}</p>{body}</div>'
    )


def actions(targets: Iterable[tuple[str, str]]) -> mo.Html:
    """Links side by side, the first one the likeliest: words and address, which is one of our own."""
    body = "".join(f'<a href="{escaped(href)}">{escaped(words)}</a>' for words, href in targets)
    return mo.Html(f'<nav class="lk-actions" aria-label="What to do next">{body}</nav>')


def trouble(error: Exception, title: str = "This did not work") -> mo.Html:
    """An error for a person: its sentence, which says what to do next."""
    return note("bad", title, error)


def bullets(items: Iterable[object]) -> mo.Html:
    """Sentences as a list; nothing for none."""
    items = list(items)
    if not items:
        return mo.Html("")
    return mo.Html('<ul class="lk-list">' + "".join(f"<li>{escaped(item)}</li>" for item in items) + "</ul>")


def grid(elements: Iterable[object]) -> mo.Html:
    """Fields side by side, as many as there is room for."""
    body = "".join(f"<div>{element}</div>" for element in elements)
    return mo.Html(f'<div class="lk-grid">{body}</div>')


def cards(values: Sequence[tuple[str, str, str]]) -> mo.Html:
    """Label, value and a few words, side by side."""
    body = "".join(
        f'<div class="lk-card"><dt>{escaped(label)}</dt><dd>{escaped(value)}</dd>'
        f'<dd class="lk-small">{escaped(words)}</dd></div>'
        for label, value, words in values
    )
    return mo.Html(f'<dl class="lk-cards">{body}</dl>')


def cost(preview: Preview, provider_title: str) -> mo.Html:
    """What a plan costs: least, expected and most, calls and time."""
    expected = "not known" if preview.expected is None else credits_text(preview.expected)
    why = "the provider states no price" if preview.expected is None else "credits"
    return cards(
        [
            ("At least", credits_text(preview.least), "credits"),
            ("Expected", expected, why),
            ("At most", credits_text(preview.most), "credits, never more"),
            ("Requests", f"{preview.calls:,}", f"to {provider_title}"),
            ("Time", duration_text(preview.seconds), "at the allowed pace"),
        ]
    )


def progress(status: Status, step: Step) -> mo.Html:
    """How far a job is: a bar, what is done, what is spent of what was approved, and the time left."""
    share = status.keys_done / status.keys_total if status.keys_total else 0.0
    percent = round(100 * share)
    left = "being worked out" if status.seconds_left is None else duration_text(status.seconds_left)
    words = [
        (f"{status.keys_done:,} of {step.count(status.keys_total)}", "done"),
        (f"{status.charged} of {credits_words(status.approved)}", "spent of what was approved"),
        (left, "left at the allowed pace"),
    ]
    facts = "".join(
        f"<div><strong>{escaped(value)}</strong><span>{escaped(label)}</span></div>" for value, label in words
    )
    return mo.Html(
        f'<div class="lk-bar" role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent}">'
        f'<div style="width:{percent}%"></div></div><div class="lk-facts" aria-live="polite">{facts}</div>'
    )


def file_line(book: Book) -> mo.Html:
    """Which file was read, and how much is in it."""
    size = f"{counted(len(book.frame), 'row')}, {counted(len(book.frame.columns), 'column')}"
    sheet = f", sheet “{escaped(book.sheet)}”" if book.sheet else ""
    return mo.Html(f'<p class="lk-file"><strong>{escaped(book.name)}</strong>{sheet}: {size}</p>')


def lines(values: Iterable[tuple[str, str]]) -> mo.Html:
    """Label and value, line by line: a receipt."""
    body = "".join(f"<div><dt>{escaped(a)}</dt><dd>{escaped(b)}</dd></div>" for a, b in values)
    return mo.Html(f'<dl class="lk-lines">{body}</dl>')
