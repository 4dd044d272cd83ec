"""One cell, one key: a function for each kind of key. Each takes text and raises :class:`Unusable`.

Every function gives its own results back unchanged: ``email(email(x)) == email(x)``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote

import idna

from leadkit.errors import InputError
from leadkit.keys.text import Unusable, clean, one_blank, refuse, shown, text_of

#: RFC 5321, 4.5.3.1: bytes before the @, and (erratum 1690 to RFC 3696) bytes in all.
LOCAL_BYTES = 64
ADDRESS_BYTES = 254

_LOCAL_WORD = r"[a-z0-9_+-]{1,15}+"
_WORD = r"[a-z0-9]{1,30}+"
_HOST = rf"{_WORD}(?:-{_WORD})?+(?:\.{_WORD}(?:-{_WORD})?+){{1,3}}+(?<=[a-z][a-z])"

#: Shapes that are keys as they stand, so that a column of them needs no look at single cells: ``column.py`` runs
#: them over thousands of lines at once. Narrower than the rules below, so that no limit of length can be
#: exceeded, and possessive, so that no text makes them slow.
PLAIN = {
    "email": rf"{_LOCAL_WORD}(?:\.{_LOCAL_WORD}){{0,3}}+@{_HOST}",
    "domain": rf"(?!www\.){_HOST}",
    "lead_id": r"c_[A-Za-z0-9_-]++",
    "name": r"[a-z]++(?: [a-z]++)++",  # two words: no word that says nothing is among them
}
_PLAIN_EMAIL = re.compile(PLAIN["email"])

_WRAPPED = " \t<>()[]{}\"'`“”„‘’‚«».,;:"
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_IN_ANGLES = re.compile(r"[^<>@]*<\s*([^<>]*)>\W*")
_LOCAL = re.compile(r"[^\s\"(),:;<>@\[\\\]]+")


def email(text: str) -> str:
    """``" Anna.Stone@Example.COM "`` → ``anna.stone@example.com``.

    The whole address is lower-cased. Before the @ the standard lets capitals differ, but no mailbox provider
    tells them apart, and a sheet that spells one address in two ways would pay twice. Dots and ``+tags`` stay:
    only some mailbox providers ignore them. An international domain becomes its ASCII form.
    """
    low = _composed(text.lower())
    if _PLAIN_EMAIL.fullmatch(low):
        return low
    refuse(low, text)
    if inner := _IN_ANGLES.fullmatch(low):  # Anna Stone <anna@example.com>
        low = inner[1]
    address = low.strip(_WRAPPED).removeprefix("mailto:").split("?subject=")[0].strip(_WRAPPED)
    local, at, host = address.rpartition("@")
    if not at:
        raise Unusable(f"no @ in {shown(text)}")
    if "@" in local:
        several = len(re.findall(r"[^\s,;/|<>]+@[^\s,;/|<>@]+", address)) > 1
        raise Unusable(f"{'two addresses' if several else 'two @'} in {shown(text)}")
    if re.search(r"\s", address):
        raise Unusable(f"a blank inside {shown(text)}")
    if not local:
        raise Unusable(f"nothing before the @ in {shown(text)}")
    if not _LOCAL.fullmatch(local):
        raise Unusable(f"a character before the @ that no address has, in {shown(text)}")
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise Unusable(f"a dot in the wrong place before the @ in {shown(text)}")
    address = f"{local}@{_host(host, text)}"
    if len(local.encode()) > LOCAL_BYTES or len(address.encode()) > ADDRESS_BYTES:
        raise Unusable(f"longer than an address can be: {shown(text)}")
    return address


def _host(host: str, text: str) -> str:
    """The host name in ASCII and lower case; ``text`` is the cell, for the reason."""
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            raise Unusable(f"the domain in {shown(text)} cannot exist") from None
    host = host.rstrip(".").lower()
    labels = host.split(".")
    if len(labels) < 2:
        raise Unusable(f"no dot in the domain of {shown(text)}")
    if labels[-1].isdigit():
        raise Unusable(f"a number in place of a domain in {shown(text)}")
    if len(labels[-1]) < 2 or len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise Unusable(f"the domain in {shown(text)} cannot exist")
    return host


#: Domains that hand out mailboxes: an address there does not say for whom a person works.
_MAILBOXES = frozenset(
    "gmail.com googlemail.com outlook.com hotmail.com hotmail.co.uk hotmail.fr live.com msn.com yahoo.com "  # noqa: SIM905
    "yahoo.co.uk yahoo.fr yahoo.de ymail.com icloud.com me.com mac.com aol.com gmx.de gmx.net gmx.at gmx.ch gmx.com "
    "web.de t-online.de freenet.de mail.ru yandex.ru proton.me protonmail.com orange.fr wanadoo.fr free.fr "
    "laposte.net libero.it virgilio.it mail.com zoho.com qq.com 163.com 126.com bluewin.ch fastmail.com".split()
)
_SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]*+:)?+//|mailto:", re.IGNORECASE)
_AFTER_HOST = re.compile(r"[/?#\\].*", re.DOTALL)
_PORT = re.compile(r":\d*$")


def domain(text: str) -> str:
    """``https://www.Example.com/about`` → ``example.com``; also from an e-mail address or a bare host.

    An address at a service that gives mailboxes to everybody (gmail.com) is unusable: it names no company.
    """
    low = _composed(text.lower())
    refuse(low, text)
    bare = _SCHEME.sub("", low.strip(_WRAPPED), count=1)
    user, at, host = _AFTER_HOST.sub("", bare).rpartition("@")
    if re.search(r"\s", host) or "@" in user:
        raise Unusable(f"more than one domain in {shown(text)}")
    host = _host(_PORT.sub("", host), text)
    while host.startswith("www.") and host.count(".") > 1:
        host = host[4:]
    if at and host in _MAILBOXES:
        raise Unusable(f"{host} gives mailboxes to everybody, so {shown(text)} names no company")
    return host


_PROFILE_PATH = re.compile(r"/(?:mwlite/|comm/|m/)?in/([^/]+)(?:/.*)?", re.DOTALL | re.IGNORECASE)
_COMPANY_PATH = re.compile(
    r"/(?:mwlite/|comm/)?(company|school|showcase|organization)(?:/([^/]+))?(?:/.*)?",
    re.DOTALL | re.IGNORECASE,
)
_SALES_PATH = re.compile(r"/(?:sales|talent|recruiter)(?:/.*)?", re.DOTALL | re.IGNORECASE)
#: The ids that LinkedIn gives to members instead of a name. Here capitals count.
_MEMBER_ID = re.compile(r"AC[A-Za-z0-9]AA[A-Za-z0-9_-]{20,}")
_NOT_IN_SLUG = re.compile(r"[\s\0-\x1f\x7f-\x9f\ufffd%/?#<>\"'\\|@,;*]")


def linkedin(text: str) -> str:
    """``https://de.linkedin.com/in/Anna-Stone/?trk=x`` → ``linkedin.com/in/anna-stone``: a person's profile.

    The name at the end is decoded from percent-encoding, so that both spellings are one key.
    """
    path = _linkedin_path(text, "in")
    if _COMPANY_PATH.fullmatch(path):
        raise Unusable(f"a company's page, not a person's: {shown(text)}")
    profile = _PROFILE_PATH.fullmatch(path)
    if not profile:
        raise Unusable(f"no linkedin.com/in/ in {shown(text)}")
    slug = _slug(profile[1])
    if not slug:
        raise Unusable(f"no profile's name after linkedin.com/in/ in {shown(text)}")
    return f"linkedin.com/in/{slug}"


def company_linkedin(text: str) -> str:
    """``https://www.linkedin.com/company/Acme/about/`` → ``linkedin.com/company/acme``: a company's page.

    Pages of schools, showcases and organizations keep that word. A number in place of the name stays a number, so
    that a company's page by name and by number are two keys: only LinkedIn knows that they are one.
    """
    path = _linkedin_path(text, "company")
    if _PROFILE_PATH.fullmatch(path):
        raise Unusable(f"a person's profile, not a company's page: {shown(text)}")
    page = _COMPANY_PATH.fullmatch(path)
    if not page:
        raise Unusable(f"no linkedin.com/company/ in {shown(text)}")
    kind, slug = page[1].lower(), _slug(page[2] or "")
    if not slug:
        raise Unusable(f"no company's name after linkedin.com/{kind}/ in {shown(text)}")
    return f"linkedin.com/{kind}/{slug}"


def _linkedin_path(text: str, kind: str) -> str:
    """What follows linkedin.com in an address; ``kind`` is how it begins in exports that leave the host out."""
    cell = clean(text)
    refuse(cell, text)
    url = _SCHEME.sub("", cell.strip(_WRAPPED), count=1).lstrip("/")
    if re.search(r"\s", url):
        raise Unusable(f"a blank inside {shown(text)}")
    host, _, path = re.sub(r"[?#].*", "", url).partition("/")
    host, path = host.lower(), f"/{path}"
    if host == kind:  # in/anna-stone
        return f"/{kind}{path}"
    if host == "lnkd.in":
        raise Unusable(f"a shortened link: open {shown(text)} and copy the profile's own address")
    if host != "linkedin.com" and not host.endswith(".linkedin.com"):
        raise Unusable(f"no linkedin.com/{kind}/ in {shown(text)}")
    if _SALES_PATH.fullmatch(path):
        raise Unusable(f"an address from Sales Navigator or Recruiter, not a public profile: {shown(text)}")
    return path


def _slug(quoted: str) -> str:
    """The name at the end of an address; empty when it is none."""
    slug = _composed(unquote(quoted)).strip(_WRAPPED)
    if not _MEMBER_ID.fullmatch(slug):
        slug = _composed(slug.lower()).strip(_WRAPPED)
    return "" if _NOT_IN_SLUG.search(slug) or not any(map(str.isalnum, slug)) else slug


def lead_id(text: str) -> str:
    """An id that a provider gave: trimmed, and otherwise as it stands, capitals included."""
    text = clean(text)
    refuse(text, text)
    if re.search(r"\s", text):
        raise Unusable(f"a blank inside {shown(text)}")
    if "@" in text:
        raise Unusable(f"{shown(text)} is an e-mail address, not an id")
    return text


def name(text: str) -> str:
    """``" Anna  STONE "`` → ``anna stone``: a person's name, whole, first or last."""
    folded = _folded(text)
    refuse(folded, text, may_be_a_name=True)
    if "@" in folded:
        raise Unusable(f"{shown(text)} is an e-mail address, not a name")
    if not any(map(str.isalpha, folded)):
        raise Unusable(f"no letter in {shown(text)}")
    return folded


#: What follows a company's name to say what it is in law. Group and Holding are names; Spa may be one.
_LEGAL_FORMS = frozenset(
    "gmbh ggmbh mbh ag kg kgaa ohg gbr ug haftungsbeschränkt se inc incorporated corp corporation co llc "  # noqa: SIM905
    "llp lp ltd limited plc pllc sa sas sasu sarl eurl sl slu srl srls bv nv vof bvba sprl ab as asa aps oy oyj kft "
    "zrt nyrt sro doo spzoo uab pty pte pvt lda ltda sdn bhd tbk ooo oao pao jsc pjsc ojsc".split()
)
#: The same, but only where written in single letters: S.p.A. is a legal form, Day Spa is a name.
_LEGAL_IF_DOTTED = _LEGAL_FORMS | {"spa", "ev", "eg", "eu", "ad", "sc", "sca", "kk", "gk", "pc", "pt", "snc"}
_LEGAL_PAIRS = frozenset({("sp", "zoo"), ("de", "cv"), ("private", "limited")})
_DROPPED = str.maketrans("", "", "'`´’ʼ™®©℠")  # the marks before folding makes letters of them
_SINGLE_LETTERS = re.compile(r"(?<!\S)[^\W\d] (?:[^\W\d] )*[^\W\d](?!\S)")


def company(text: str) -> str:
    """``"ACME, S.A."`` → ``acme``: without punctuation and without the legal form at the end.

    Firms that differ in nothing but the legal form share a key.
    """
    folded = _folded(text.translate(_DROPPED))
    refuse(folded, text, may_be_a_name=True)
    if "@" in folded and "." in folded.rpartition("@")[2]:
        raise Unusable(f"{shown(text)} is an e-mail address, not a company")
    words = one_blank("".join(c if _in_company(c) else " " for c in folded.replace("&", " and ")))
    dotted: set[str] = set()

    def join(letters: re.Match[str]) -> str:  # "s a" of "S.A." → "sa", "i b m" → "ibm"
        dotted.add(word := letters[0].replace(" ", ""))
        return word

    return _folded(" ".join(_without_legal_form(_SINGLE_LETTERS.sub(join, words).split(), dotted)))


def _in_company(character: str) -> bool:
    """Whether a character tells companies apart: C++ from C#, and the vowel signs of Indian scripts."""
    return character.isalnum() or character in "+#" or unicodedata.category(character)[0] == "M"


def _without_legal_form(words: list[str], dotted: set[str]) -> list[str]:
    """The words up to the legal form; the first word always stays."""
    while len(words) > 1:
        last = words[-1]
        if tuple(words[-2:]) in _LEGAL_PAIRS and len(words) > 2:
            words = words[:-2]
        elif last in _LEGAL_FORMS or last == "and" or (last in dotted and last in _LEGAL_IF_DOTTED):
            words = words[:-1]
        else:
            break
    return words


_DIGITS_LOST = re.compile(r"\d(?:[.,]\d+)?e\+?\d+", re.IGNORECASE)


def phone(text: str, country: str | None = None) -> str:
    """``"030 123456"`` in ``"DE"`` → ``+4930123456`` (E.164). ``country`` is ISO 3166, two letters.

    Without a country only international numbers can be told: a leading ``+`` or ``00``.
    """
    import phonenumbers  # 18 ms to import, and only this needs it

    text = clean(unicodedata.normalize("NFKC", clean(text)))
    refuse(text, text)
    if _DIGITS_LOST.fullmatch(text):
        raise Unusable(f"digits were lost before this file was saved: {shown(text)}")
    number = text.lower().removeprefix("tel:").strip()
    if country is None and number.startswith("00"):
        number = "+" + number[2:]
    if country is None and not number.lstrip("(").startswith("+"):
        raise Unusable(
            f"no country code in {shown(text)}: write it as +49…, or say which country the numbers are from"
        )
    if number.count("+") > 1 or re.search(r"[;/|,]\s*\+?\(?\d{4}", number):
        raise Unusable(f"two numbers in {shown(text)}")
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        raise Unusable(f"no phone number in {shown(text)}") from None
    if not phonenumbers.is_valid_number(parsed):
        raise Unusable(
            f"{shown(text)} is not a number that can be called" + (f" in {country}" if country else "")
        )
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def check_country(country: str | None) -> str | None:
    """The country in capitals, or InputError when phonenumbers knows no such country."""
    if country is None:
        return None
    import phonenumbers

    if country.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise InputError(
            f"{country!r} is not a country's two letters (ISO 3166), such as DE or US. Nothing was sent."
        )
    return country.upper()


def _composed(text: str) -> str:
    return text.strip() if text.isascii() else clean(unicodedata.normalize("NFC", clean(text)))


def _folded(text: str) -> str:
    """Without differences of case, width and blanks (Unicode's NFKC and casefold)."""
    if text.isascii():
        return one_blank(text).lower()
    for _ in range(2):  # composing can bring new capitals, as of the small ᴬ; the second turn folds these
        text = one_blank(clean(unicodedata.normalize("NFKC", text.casefold())))
    return text


_READERS: dict[str, Callable[[str], str]] = {
    "email": email,
    "lead_id": lead_id,
    "linkedin": linkedin,
    "company_linkedin": company_linkedin,
    "domain": domain,
    "phone": phone,
    "name": name,
    "company": company,
    "id": lead_id,
}

#: The kinds of key that a cell can be. "lead_id" and "id" are ids given by a provider.
KINDS = tuple(_READERS)


def reader(kind: str, country: str | None = None) -> Callable[[str], str]:
    """The function that makes a key of this kind from text."""
    if kind not in _READERS:
        raise InputError(f"{kind!r} is no kind of key; the kinds are {', '.join(KINDS)}. Nothing was sent.")
    if kind == "phone":
        known = check_country(country)
        return lambda text: phone(text, known)
    return _READERS[kind]


def key(kind: str, cell: object, *, country: str | None = None) -> str | None:
    """The key of one cell of any type; None when the cell is blank.

    Raises
    ------
    Unusable
        The cell is filled and is no key of this kind.
    InputError
        No such kind, or no such country.
    """
    read = reader(kind, country)
    text = text_of(cell)
    return None if text is None else read(text)


def same(kind: str, cell: object, known: str) -> bool:
    """Whether a cell is this key, in the spelling that all keys of its kind have."""
    try:
        return key(kind, cell) == known
    except Unusable:
        return False
