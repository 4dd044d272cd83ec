"""What a cell becomes: the canonical identity of what is asked about.

Two spellings of one address must be one key, or it is paid for twice; two people must never share a key, or one
of them gets the other's data. Where both cannot be had the second wins: a typo is never corrected.

:func:`canonical` reads a whole column, :func:`key` one cell, with the same result. Nothing here knows a
provider, a file or the network.
"""

from leadkit.keys.cells import (
    KINDS,
    company,
    company_linkedin,
    domain,
    email,
    key,
    lead_id,
    linkedin,
    name,
    phone,
    same,
)
from leadkit.keys.column import Canonical, canonical, combine, first_of, name_of, parts_of
from leadkit.keys.spellings import spellings
from leadkit.keys.text import Unusable, text_of

__all__ = [
    "KINDS",
    "Canonical",
    "Unusable",
    "canonical",
    "combine",
    "company",
    "company_linkedin",
    "domain",
    "email",
    "first_of",
    "key",
    "lead_id",
    "linkedin",
    "name",
    "name_of",
    "parts_of",
    "phone",
    "same",
    "spellings",
    "text_of",
]
