"""What a mail server would say of an address: people of the world by their mailbox, anybody else by a hash.

No provider publishes its words for why an address is bad; the one printed anywhere is ``invalid_format``. The
others here are of the kind that such services use, and vary on purpose.
"""

from __future__ import annotations

import re
import zlib

from leadkit.sandbox.world import World

#: local part, @, at least two labels. Stricter than RFC 5321, as mail checkers are.
_ADDRESS = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]"
)
_LONGEST_ADDRESS = 254
_LONGEST_LOCAL_PART = 64

#: Of 1,000 strangers, how many have each fault; the rest can be written to.
_STRANGERS = (
    ("mailbox_not_found", 70),
    ("domain_not_found", 30),
    ("mailbox_full", 10),
    ("no_mx_record", 10),
    ("disposable_domain", 10),
    ("role_account", 10),
    ("smtp_timeout", 10),
)


def reason_against(address: str, world: World) -> str | None:
    """Why mail to ``address`` would not arrive, in one word; None when it would. Always the same answer."""
    address = address.lower()
    if len(address) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(address):
        return "invalid_format"
    local_part, domain = address.split("@")
    if len(local_part) > _LONGEST_LOCAL_PART:
        return "invalid_format"
    if domain.endswith(".invalid"):  # RFC 2606 keeps this one out of use for ever
        return "domain_not_found"
    person = world.by_email(address)
    if person is not None:
        return None if person.mailbox == "ok" else person.mailbox
    if world.by_old_email(address) is not None:
        return "mailbox_not_found"  # its owner has moved to another company
    rest = zlib.crc32(address.encode()) % 1000
    for reason, share in _STRANGERS:
        rest -= share
        if rest < 0:
            return reason
    return None
