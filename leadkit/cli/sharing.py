"""Serving the apps, to oneself or to colleagues, and the list of those colleagues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from leadkit.errors import InputError

if TYPE_CHECKING:
    from leadkit.app.users import User

users = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Who may use the apps besides yourself, and what they may spend there.",
)

NameArgument = Annotated[
    str, typer.Argument(help="The name to sign in with, or the one a trusted proxy gives.")
]
RoleOption = Annotated[
    str | None,
    typer.Option(
        help="look: prices and one's own results; spend: also buy, within the cap; approve: also decide what is in "
        "doubt, and see what everybody spent."
    ),
]
CapOption = Annotated[
    str | None, typer.Option("--cap", help="The most credits in a day (UTC) at one provider, or none.")
]
ConfirmOption = Annotated[
    str | None,
    typer.Option(help="Credits above which an approval needs the password once more, or none; 100 at first."),
]


def serve_app(
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 2718,
    host: Annotated[
        str, typer.Option(help="An address of this machine; with another than loopback, name --address.")
    ] = "127.0.0.1",
    address: Annotated[
        str | None,
        typer.Option(help="What people type: https://leads.example.com, a proxy with TLS in front of this."),
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(help="Address of a server that signs people in itself and names them in a header."),
    ] = None,
    user_header: Annotated[str, typer.Option(help="That header.")] = "X-Remote-User",
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the browser, signed in.")
    ] = True,
) -> None:
    """Serve the apps to this machine's browser, or to colleagues; see `leadkit app-user` and DEPLOY.md."""
    from leadkit.app import serve

    serve(
        host=host,
        port=port,
        address=address,
        trusted_proxies=trusted_proxy or (),
        user_header=user_header,
        open_browser=open_browser and address is None,
    )


@users.command("list")
def list_users() -> None:
    """Show everybody, with role and caps; never a password."""
    from leadkit.app.server import users_file
    from leadkit.money import credits_words

    def shown(amount: int | None) -> str:
        return "none" if amount is None else credits_words(amount)

    for name, user in sorted(users_file().all().items()):
        password = "" if user.password else "; no password"
        print(
            f"{name}: {user.role}; cap a day: {shown(user.daily_cap)}; "
            f"confirms above: {shown(user.confirm_above)}{password}"
        )


@users.command()
def add(
    name: NameArgument,
    role: RoleOption = "look",
    cap: CapOption = None,
    confirm_above: ConfirmOption = None,
    ask_password: Annotated[
        bool, typer.Option("--password/--no-password", help="Without one, only a trusted proxy lets them in.")
    ] = True,
) -> None:
    """Add somebody; asks for their password."""
    from leadkit.app.server import users_file
    from leadkit.app.users import User, checked_name

    file = users_file()
    if file.find(checked_name(name)) is not None:
        msg = f"There is a user {name!r} already. Nothing was changed. Use: leadkit app-user change {name}"
        raise InputError(msg)
    changes = _changes(role, cap, confirm_above, ask_password)
    user = User(name, **changes)
    file.put(user)
    print(f"{name} was added to {file.path}.")
    _mention_no_cap(user)


@users.command()
def change(
    name: NameArgument,
    role: RoleOption = None,
    cap: CapOption = None,
    confirm_above: ConfirmOption = None,
    ask_password: Annotated[bool, typer.Option("--password", help="Ask for a new password.")] = False,
) -> None:
    """Change what is named, from the next request on; a new password signs them out everywhere."""
    from leadkit.app.server import users_file

    user = users_file().change(name, **_changes(role, cap, confirm_above, ask_password))
    print(f"{name} was changed.")
    _mention_no_cap(user)


@users.command()
def remove(name: NameArgument) -> None:
    """Take somebody off the list; they are signed out at once. Their jobs and what they bought are kept."""
    from leadkit.app.server import users_file

    users_file().remove(name)
    print(f"{name} was removed.")


def _mention_no_cap(user: User) -> None:
    """Whoever may spend as much as the account has is to be so on purpose."""
    if user.visitor.may_spend and user.daily_cap is None:
        print(
            f"{user.name} may spend without a daily ceiling of their own. To set one, of 50 credits say, type: "
            f"leadkit app-user change {user.name} --cap 50"
        )


def _changes(
    role: str | None, cap: str | None, confirm_above: str | None, ask_password: bool
) -> dict[str, Any]:
    from leadkit.app.users import hashed
    from leadkit.app.visitor import ROLES
    from leadkit.money import to_millicredits

    changes: dict[str, Any] = {}
    if role is not None:
        if role not in ROLES:
            msg = f"A role is one of {', '.join(ROLES)}, not {role!r}. Nothing was changed."
            raise InputError(msg)
        changes["role"] = role
    for key, typed in (("daily_cap", cap), ("confirm_above", confirm_above)):
        if typed is not None:
            changes[key] = None if typed == "none" else to_millicredits(typed)
    if ask_password:
        changes["password"] = hashed(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return changes
