"""A key as files may spell it: for finding, in files and raw answers, whoever is to be forgotten."""

from __future__ import annotations

import contextlib
from urllib.parse import quote

import idna


def spellings(kind: str, key: str) -> set[str]:
    """The key, and how sheets and providers commonly write it.

    An address with its domain in its own script, a profile in percent-encoding, a phone with blanks or hyphens, with
    00, and as it is dialled within its country. Capitals make no difference to a search.
    """
    if kind == "email":
        local, _, host = key.rpartition("@")
        with contextlib.suppress(idna.IDNAError):
            return {key, f"{local}@{idna.decode(host)}"}
    if kind == "linkedin":
        return {key, quote(key)}
    if kind == "phone":
        return _phone(key)
    return {key}


def _phone(key: str) -> set[str]:
    import phonenumbers  # 18 ms to import, and only this needs it

    number, formats = phonenumbers.parse(key), phonenumbers.PhoneNumberFormat
    spaced = phonenumbers.format_number(number, formats.INTERNATIONAL)
    abroad = {key, spaced, spaced.replace(" ", "-"), spaced.replace("-", " ")}
    at_home = phonenumbers.format_number(number, formats.NATIONAL)
    return {*abroad, *(f"00{one[1:]}" for one in abroad), at_home}
