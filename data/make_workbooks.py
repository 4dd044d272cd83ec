"""Makes the example files of this folder: ``python data/make_workbooks.py [FOLDER]``.

Every person in them is invented and lives in the sandbox's world (``leadkit.sandbox.world``), so a run against
the sandbox finds them. The files are messy on purpose, in the ways of files that sales people send each other:

trade_fair_leads.xlsx
    The list of a badge scanner. Two title lines stand above the header in row 4 (row 3 is blank); a blank row
    and a totals row are inside the table. Addresses come in capitals, with blanks and no-break blanks around
    them, as ``mailto:`` links, in pointed brackets, two in one cell, with a full stop behind, with ``(at)``,
    or not at all; several people were scanned twice. Telephone numbers are numbers shown with leading zeros by
    a number format, or text, or ``+44…``; postcodes are numbers with a number format. "Full name" and
    "Next step" are formulas with the values that a spreadsheet program last worked out. Around the data:
    frozen panes, an autofilter, a hidden column, a hidden row, a link, a cell comment, a drop-down list, a
    conditional format, a text that begins with "=", and a second sheet with notes and a chart.

crm_export.xlsx
    A German-speaking CRM's export. Headers in two rows, the upper one merged over groups of columns; the
    second sheet is hidden. Contact ids have 20 digits (text, or they would be rounded; in one row they were).
    People are called "None", "Null" and "NA"; Namibia's country code is NA. Dates are dates in one column and
    German text in another; amounts have a German number format; one lookup formula came out as #N/A.

leadleap_prospects.xlsx
    What somebody kept of a LeadLeap search: lead ids, and addresses as far as they are known. Some addresses
    are still masked (``sa***@…``), some missing, broken or repeated. Among the ids are repeats, one with blanks
    around it, one of a deleted lead (LeadLeap says 410), one that never existed (404), and two gaps.

newsletter.csv
    Semicolons, Windows-1252, CRLF, and quoted fields with line breaks, quotes and semicolons inside. Postcodes
    and telephone numbers have leading zeros that a careless reader drops.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from makers import crm, newsletter, prospects, trade_fair

from leadkit.sandbox.world import Person, World


def _writable(person: Person) -> bool:
    try:
        (person.full_name + (person.email or "")).encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def make(folder: Path) -> None:
    """Write the four files into ``folder``."""
    core = World().core
    folder.mkdir(parents=True, exist_ok=True)
    trade_fair.make(folder / "trade_fair_leads.xlsx", core[:42])
    crm.make(folder / "crm_export.xlsx", core[38:80])  # a few were at the fair as well
    prospects.make(folder / "leadleap_prospects.xlsx", _one_deleted(core[80:130])[:40])
    newsletter.make(folder / "newsletter.csv", [*core[4:9], *filter(_writable, core[130:160])])


def _one_deleted(people: Sequence[Person]) -> list[Person]:
    """Those who are still there, and of the deleted the first."""
    deleted = [person for person in people if person.deleted]
    return [person for person in people if person not in deleted[1:]]


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
