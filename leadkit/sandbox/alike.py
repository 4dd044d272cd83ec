"""When two spellings mean the same: names, companies, domains, profile links and telephone numbers."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

from leadkit.sandbox.world import plain

_LEGAL_FORMS = re.compile(
    r" (inc|incorporated|llc|corp|corporation|ltd|limited|plc|llp|dac|gmbh( (co|und co) kg)?|ag|og|sarl|sas|sa|s a|"
    r"s l|sl|ab|aps|a s|sp z o o)$"
)


def folded(text: str) -> str:
    """Lower case, without accents, words with single blanks between them."""
    bare = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return " ".join(re.findall(r"[a-z0-9]+", bare.replace("'", "")))


def spellings(name: str) -> set[str]:
    """What a name can be found by: without accents, and as people write it without them (ü as ue)."""
    return {folded(name), folded(plain(name))}


def firm_name(name: str) -> str:
    """A company's name without its legal form."""
    return _LEGAL_FORMS.sub("", folded(name))


def domain_name(text: str) -> str:
    """``https://www.Example.com/about`` → ``example.com``"""
    return re.sub(r"^(https?://)?(www\.)?", "", text.strip().lower()).split("/")[0]


def profile_name(url: str) -> str:
    """``https://www.linkedin.com/in/Jane-Doe-1/?x=y`` → ``in/jane-doe-1``"""
    path = unquote(url).lower().split("?")[0].split("#")[0].rstrip("/")
    found = re.search(r"linkedin\.com/((?:in|company)/[^/]+)$", path)
    return found[1] if found else path


def digits(phone: str) -> str:
    return "".join(filter(str.isdigit, phone))
