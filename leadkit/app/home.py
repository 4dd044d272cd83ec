"""The pages around the apps, as plain HTML: the list of apps, and the form to sign in with."""

from __future__ import annotations

import ast
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from leadkit.app.places import notebooks_folder
from leadkit.app.session import Session
from leadkit.app.show import escaped
from leadkit.app.visitor import Visitor
from leadkit.errors import SettingsError

_ROLES = {"look": "may look", "spend": "may spend", "approve": "may spend and approve"}


@dataclass(frozen=True, slots=True)
class App:
    """One notebook: its path on the server, its title, and a sentence about it."""

    name: str
    path: Path
    title: str
    about: str


@functools.cache
def apps() -> tuple[App, ...]:
    """The notebooks, by title. Raises SettingsError when this installation has none."""
    found = [_app(path) for path in sorted(notebooks_folder().glob("[a-z]*.py"))]
    if not found:
        msg = f"There is no app in {notebooks_folder()}. Install leadkit again."
        raise SettingsError(msg)
    return tuple(found)


def _app(path: Path) -> App:
    """What a notebook says of itself: ``"Title: the sentence."`` at its head, and its title in its own words."""
    tree = ast.parse(path.read_text("utf-8"))
    keywords = (node for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "app_title")
    titles = [ast.literal_eval(node.value) for node in keywords]
    first = (ast.get_docstring(tree) or "").partition("\n")[0]
    head, _, about = first.rpartition(": ")
    title = titles[0] if titles else head or path.stem.replace("_", " ").capitalize()
    return App(path.stem, path, title, about[:1].upper() + about[1:])


def home_page(
    here: Session, unfinished: Sequence[tuple[str, str]], finished: Sequence[tuple[str, str]]
) -> str:
    """All apps; what the visitor left unfinished, and what is there to download: words and address of each job."""
    listed = "".join(
        f'<li><a class="lk-card" href="/{app.name}/"><strong>{escaped(app.title)}</strong>'
        f"<span>{escaped(app.about)}</span></a></li>"
        for app in apps()
    )
    begun = _links("You have unfinished work", unfinished)
    ended = _links("Your newest workbooks", finished)
    return _page(
        "leadkit",
        f'{_banner(here.banner)}<header class="lk-masthead"><p class="lk-brand">leadkit</p>'
        "<h1>What would you like to do?</h1><p>Looking is free. Nothing is bought before you approve an amount.</p>"
        f'</header>{begun}<ul class="lk-apps">{listed}</ul>{ended}{_who(here.visitor)}',
    )


def _links(title: str, jobs: Sequence[tuple[str, str]]) -> str:
    if not jobs:
        return ""
    links = "".join(f'<p><a href="{escaped(href)}">{escaped(words)}</a></p>' for words, href in jobs)
    return f'<div class="lk-note lk-info"><p class="lk-note-title">{title}</p>{links}</div>'


def sign_in_page(*, with_names: bool, next_: str, trouble: str = "") -> str:
    """The form to sign in with: a name and its password, or the owner's token alone."""
    note = ""
    if trouble:
        note = (
            f'<div class="lk-note lk-bad" role="alert"><p class="lk-note-title">{escaped(trouble)}</p></div>'
        )
    name, secret = "", "Token"
    hint = "The terminal that leadkit was started in says where its token is."
    if with_names:
        secret, hint = "Password", "Whoever runs leadkit leaves the name empty and gives the token."
        name = (
            '<label>Name<input name="name" autocomplete="username" autocapitalize="none" autofocus></label>'
        )
    return _page(
        "Sign in to leadkit",
        '<header class="lk-masthead"><p class="lk-brand">leadkit</p><h1>Sign in</h1></header>'
        f'{note}<form class="lk-form" method="post" action="/sign-in">{name}<label>{secret}'
        '<input name="secret" type="password" autocomplete="current-password" required></label>'
        f'<input type="hidden" name="next" value="{escaped(next_)}"><button>Sign in</button></form>'
        f'<p class="lk-hint">{hint}</p>',
    )


def trouble_page(why: object) -> str:
    """Why there is nothing to see, in a sentence, and the way to the list of apps."""
    return _page(
        "leadkit",
        '<header class="lk-masthead"><p class="lk-brand">leadkit</p></header>'
        f'<div class="lk-note lk-bad" role="alert"><p>{escaped(why)}</p></div>'
        '<nav class="lk-actions"><a href="/">All apps</a></nav>',
    )


def _who(visitor: Visitor) -> str:
    return (
        f'<footer class="lk-who"><span>Signed in as {escaped(visitor.name)}, who {_ROLES[visitor.role]}.</span>'
        '<form method="post" action="/sign-out"><button>Sign out</button></form></footer>'
    )


def _banner(words: str) -> str:
    return f'<p class="lk-banner" role="note">{escaped(words)}</p>' if words else ""


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f'<title>{escaped(title)}</title><link rel="icon" href="data:,">'
        '<link rel="stylesheet" href="/style.css"></head>'
        f'<body class="lk-page"><main>{body}</main></body></html>'
    )


def style() -> str:
    """The looks of the apps, and of these pages."""
    return (notebooks_folder() / "style.css").read_text("utf-8") + _STYLE


# Here there is no marimo to give colours and to say whether it is dark.
_STYLE = """
.lk-page { margin: 0; background: #fff; color: #1c2024; font: 1rem/1.5 system-ui, sans-serif; }
.lk-page main { max-width: 46rem; margin: 0 auto; padding: 2rem 1.25rem 3rem; }
.lk-page :is(.lk-note, .lk-actions) { margin-top: 1.25rem; }
.lk-page .lk-hint { margin-left: 0; }
.lk-apps { display: grid; gap: 0.75rem; margin: 1.5rem 0; padding: 0; list-style: none; }
.lk-apps a { display: block; color: inherit; text-decoration: none; }
.lk-apps a:hover, .lk-apps a:focus-visible { border-color: var(--lk-accent); }
.lk-apps strong { display: block; color: var(--lk-accent); font-size: 1.1rem; }
.lk-apps span { color: var(--lk-soft); }
.lk-form { display: grid; gap: 0.9rem; max-width: 22rem; margin-top: 1.5rem; }
.lk-form label { display: grid; gap: 0.25rem; font-size: 0.925rem; }
.lk-form input { padding: 0.55rem 0.7rem; border: 1px solid var(--lk-line); border-radius: 0.4rem; background: none;
  color: inherit; font: inherit; }
.lk-page button { min-height: 2.5rem; padding: 0.4rem 1rem; border: 1px solid var(--lk-accent); border-radius: 0.4rem;
  background: none; color: var(--lk-accent); font: inherit; cursor: pointer; }
.lk-who { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0.75rem;
  margin-top: 2rem; color: var(--lk-soft); font-size: 0.925rem; }
@media (prefers-color-scheme: dark) {
  .lk-page { --lk-accent: #91a7ff; --lk-warn: #ffb454; --lk-bad: #ff8787; background: #181c1a; color: #eee; }
}
"""
