"""Settings from the environment and the system's keyring, and secrets that do not print.

A ``.env`` file is not read. Nothing here can be set from a workbook or a notebook's widgets.
"""

from __future__ import annotations

import base64
import difflib
import ipaddress
import logging
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from leadkit.errors import ApprovalError, SettingsError
from leadkit.money import to_millicredits

#: The service name of leadkit's entries in the keyring: ``keyring set leadkit LEADLEAP_API_KEY``.
KEYRING_SERVICE = "leadkit"

#: Every ``LEADKIT_`` variable; any other is refused, so that a misspelt setting is not ignored in silence.
VARIABLES = (
    "LEADKIT_HOME",
    "LEADKIT_LEDGER",
    "LEADKIT_USER_DAY_CREDITS",
    "LEADKIT_ACCOUNT_DAY_CREDITS",
    "LEADKIT_LEADLEAP_VALIDATION_CREDITS",
    "LEADKIT_LEADLEAP_URL",
    "LEADKIT_LEADIQ_URL",
    "LEADKIT_PROSPECTOR_URL",
    "LEADKIT_LEADFEEDER_URL",
    "LEADKIT_LEADEY_URL",
)

#: Characters that no URL setting contains, and that URL parsers disagree about.
_ODD_IN_URL = re.compile(r"[^\x21-\x7e]|[\\@?#%]")


class Secret:
    """A value that is used and never shown. ``reveal()`` gives it; nothing else does.

    ``repr``, ``str`` and formatting show stars, copying gives the same object, and pickling is refused.
    """

    __slots__ = ("_reveal",)

    def __init__(self, value: str) -> None:
        # In a closure: what lists an object's attributes and their reprs finds a function there.
        self._reveal: Callable[[], str] = lambda: value

    def reveal(self) -> str:
        """The value itself. Use it at once; keep it in no variable that lives on."""
        return self._reveal()

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: Any) -> Secret:
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        msg = "a Secret cannot be pickled"
        raise TypeError(msg)


class Settings:
    """What the environment says. Make one with :meth:`from_environment`.

    Attributes
    ----------
    home
        The workspace's folder: ``LEADKIT_HOME``, or the system's place for a user's data.
    leadleap_validation_millicredits
        Price of validating one e-mail at LeadLeap by the user's own contract, from
        ``LEADKIT_LEADLEAP_VALIDATION_CREDITS`` (credits); None when it is not set.
    user_day_millicredits, account_day_millicredits
        The most that one user, and one account of a provider, may spend in a day (UTC) at one provider, from
        ``LEADKIT_USER_DAY_CREDITS`` and ``LEADKIT_ACCOUNT_DAY_CREDITS``; None for no such ceiling.
    """

    def __init__(self, environ: Mapping[str, str], *, keyring: bool) -> None:
        _refuse_unknown(environ)
        # In closures, like a Secret: the repr of a bound `environ.get` is the whole environment.
        self._look_up: Callable[[str], str | None] = lambda name: environ.get(name)
        self._names: Callable[[], list[str]] = lambda: list(environ)
        self._keyring = keyring
        self._known: dict[str, Secret] = {}
        self._kept: dict[str, Secret] = {}
        self.home = _home(environ.get("LEADKIT_HOME"))
        self.user_day_millicredits = _credits(environ, "LEADKIT_USER_DAY_CREDITS")
        self.account_day_millicredits = _credits(environ, "LEADKIT_ACCOUNT_DAY_CREDITS")
        self.leadleap_validation_millicredits = _credits(environ, "LEADKIT_LEADLEAP_VALIDATION_CREDITS")
        self._ledger = _ledger(environ.get("LEADKIT_LEDGER"))
        if self._ledger and (password := urlsplit(self._ledger.reveal()).password):
            self._known["LEADKIT_LEDGER"] = Secret(password)

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str] | None = None, *, keyring: bool | None = None
    ) -> Settings:
        """Read the settings.

        Parameters
        ----------
        environ
            Environment variables; None for those of this process.
        keyring
            Whether the keyring is asked for a key that the environment lacks. None: only for the
            environment of this process, so that a sandbox or a test never reaches for a real key.

        Raises
        ------
        SettingsError
            A setting is unknown, or has a value that cannot be used. Nothing was sent.
        """
        own = environ is None
        return cls(os.environ if environ is None else environ, keyring=own if keyring is None else keyring)

    def __repr__(self) -> str:
        return f"Settings(home={str(self.home)!r}, ledger={'PostgreSQL' if self._ledger else 'a file in home'!r})"

    @property
    def ledger_url(self) -> str | None:
        """The team's PostgreSQL ledger, as SQLAlchemy takes it; None for a file in ``home``. Holds a password."""
        return self._ledger.reveal() if self._ledger else None

    @property
    def leadfeeder_account_id(self) -> str | None:
        """``LEADFEEDER_ACCOUNT_ID``: which of the key's accounts to use; None when it is not set."""
        return (self._look_up("LEADFEEDER_ACCOUNT_ID") or "").strip() or None

    def key(self, name: str) -> Secret:
        """The API key of that name, from the environment or else the keyring.

        Raises
        ------
        SettingsError
            There is none, or it cannot be an API key. The message never holds the value. Nothing was sent.
        """
        found, refused = self._find(name)
        if found is None:
            raise SettingsError(self._no_key(name, refused))
        if wrong := _why_no_key(found):
            msg = f"{name} {wrong}. Copy the key again, without quotes around it. Nothing was sent."
            raise SettingsError(msg)
        self._known[name] = found
        return found

    def _find(self, name: str) -> tuple[Secret | None, str]:
        """What is set under the name, and why the keyring was of no use, if it was not."""
        value = self._look_up(name)
        if value is not None:
            return Secret(value.strip()), ""
        if not self._keyring or name in self._kept:
            return self._kept.get(name), ""
        value, refused = _from_keyring(name)
        if value is not None:
            self._kept[name] = Secret(value.strip())  # asked once: some keyrings ask their user each time
        return self._kept.get(name), refused

    def has_key(self, name: str) -> bool:
        """Whether :meth:`key` would find a usable key."""
        try:
            self.key(name)
        except SettingsError:
            return False
        return True

    def base_url(self, host: str, default: str, override: str) -> str:
        """The base URL of one of a provider's hosts, without a slash at its end.

        Parameters
        ----------
        host
            The provider's own name for this host, for the message.
        default
            The provider's address; https.
        override
            The environment variable that replaces it in tests; only an address of this machine is taken.

        Raises
        ------
        SettingsError
            The replacement is not on loopback, or the default is not https. Nothing was sent.
        """
        url = self._look_up(override) if override else None
        if url is not None:
            if not is_loopback_url(url):
                msg = (
                    f"{override} replaces the address of {host!r} in tests, and may only name this machine: "
                    "http://127.0.0.1:PORT, http://[::1]:PORT or http://localhost:PORT. "
                    "Unset it to use the real service. Nothing was sent."
                )
                raise SettingsError(msg)
            return url.rstrip("/")
        parts = urlsplit(default)
        if parts.scheme != "https" or not parts.hostname or _ODD_IN_URL.search(default):
            msg = f"The address of {host!r} is not a plain https URL. Nothing was sent."
            raise SettingsError(msg)
        return default.rstrip("/")

    def blank_secrets(self, text: str) -> str:
        """``text`` with every secret that was handed out so far replaced by stars."""
        for secret in list(self._known.values()):
            for spelling in _spellings(secret.reveal()):
                text = text.replace(spelling, "***")
        return text

    def _no_key(self, name: str, refused: str) -> str:
        near = difflib.get_close_matches(
            name, [n for n in self._names() if n != name and "KEY" in n], 1, 0.85
        )
        hint = f" {near[0]} is set: was {name} meant?" if near else ""
        return (
            f"{name} is not set.{hint}{refused} Set it with: export {name}=…  or: keyring set {KEYRING_SERVICE} "
            f"{name}  (`leadkit demo` works without a key.) Nothing was sent."
        )


def _spellings(value: str) -> list[str]:
    """A secret as it is, as Basic authorisation packs it, and unpacked if it came packed, as LeadIQ's keys do."""
    spellings = [value]
    spellings.append(base64.b64encode(value.encode()[: len(value) // 3 * 3]).decode())  # what follows varies
    with suppress(ValueError):
        spellings.append(base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode("ascii"))
    return [spelling for spelling in spellings if spelling]


class SecretFilter(logging.Filter):
    """Blanks known secrets in log records: a safety net, as nothing should put one there."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        blanked = self._settings.blank_secrets(text)
        if blanked != text:
            record.msg, record.args = blanked, None
        if record.exc_info:
            text = logging.Formatter().formatException(record.exc_info)
            blanked = self._settings.blank_secrets(text)
            if blanked != text:
                record.exc_info, record.exc_text = None, blanked
        return True


def is_loopback_url(url: str) -> bool:
    """Whether ``url`` is plain http or https on this machine, and every parser would say so."""
    if _ODD_IN_URL.search(url):
        return False
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or port == 0:
        return False
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    # Not IPv4 in IPv6 clothes, which newer Pythons call loopback; and in brackets only what is IPv6.
    mapped = getattr(address, "ipv4_mapped", None)
    return address.is_loopback and mapped is None and ("[" in parts.netloc) == (address.version == 6)


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    for name in environ:
        if name.upper().startswith("LEADKIT_") and name not in VARIABLES:
            near = difflib.get_close_matches(name.upper(), VARIABLES, 1, 0.0)
            msg = f"There is no setting {name}; did you mean {near[0]}? Nothing was sent."
            raise SettingsError(msg)


def _home(value: str | None) -> Path:
    if value is None:
        from platformdirs import user_data_path

        return user_data_path("leadkit", appauthor=False)
    if not value.strip() or "\0" in value:
        msg = "LEADKIT_HOME is empty. Set it to a folder, or unset it. Nothing was sent."
        raise SettingsError(msg)
    try:
        return Path(value.strip()).expanduser().absolute()
    except RuntimeError:
        msg = f"LEADKIT_HOME: there is no home folder for {value!r}. Give the whole path. Nothing was sent."
        raise SettingsError(msg) from None


def _ledger(value: str | None) -> Secret | None:
    if value is None:
        return None
    if not re.match(r"postgres(ql)?(\+\w+)?://", value.strip()):
        msg = (
            "LEADKIT_LEDGER is not a PostgreSQL URL, such as postgresql://user:password@server/leads. "
            "Unset it to keep the ledger in a file of your own. Nothing was sent."
        )
        raise SettingsError(msg)
    return Secret(value.strip())


def _credits(environ: Mapping[str, str], name: str) -> int | None:
    value = environ.get(name)
    if value is None:
        return None
    try:
        return to_millicredits(value)
    except ApprovalError as error:
        msg = f"{name}: {error}"
        raise SettingsError(msg) from None


def _why_no_key(found: Secret) -> str:
    value = found.reveal()
    if not value:
        return "is empty"
    if not value.isascii() or not value.isprintable() or " " in value:
        return "holds blanks, line breaks or characters that no API key has"
    return ""


def _from_keyring(name: str) -> tuple[str | None, str]:
    """The keyring's entry, and a sentence about why the keyring was not asked, if it was not."""
    import keyring  # 60 ms, and not needed when the key is in the environment
    from keyring.errors import KeyringError

    try:
        backend = keyring.get_keyring()
        for one in [backend, *getattr(backend, "backends", ())]:
            kind = f"{type(one).__module__}.{type(one).__qualname__}"
            if "Plaintext" in kind:
                return None, " The keyring of this system keeps keys in plain text and is not used."
            if kind.startswith(("keyring.backends.null.", "keyring.backends.fail.")):
                return None, ""
        return backend.get_password(KEYRING_SERVICE, name), ""
    except KeyringError as error:
        return None, f" The keyring could not be asked ({type(error).__name__})."
