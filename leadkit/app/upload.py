"""From an uploaded file to a book; every way in which that fails is a sentence."""

from __future__ import annotations

from leadkit.app.places import data_folder
from leadkit.errors import SettingsError, SheetError
from leadkit.sheets import Book, open_book

#: The browser is told this too, but only the server can make it hold.
LIMIT_BYTES = 50_000_000
#: A workbook of invented people, whom the sandbox knows.
EXAMPLE = "leadleap_prospects.xlsx"
#: What the file dialog offers.
ENDINGS = (".xlsx", ".xlsm", ".csv", ".xls", ".xlsb", ".ods")


def open_upload(
    name: str,
    contents: bytes,
    *,
    sheet: str | None = None,
    header_row: int | None = None,
    hidden_rows: bool = True,
) -> Book:
    """Read an uploaded workbook.

    Raises
    ------
    SheetError
        Too large, empty, or not a spreadsheet that can be read. Nothing was sent.
    """
    if len(contents) > LIMIT_BYTES:
        msg = (
            f"{name} has {len(contents) / 1e6:,.0f} MB; at most {LIMIT_BYTES / 1e6:,.0f} MB can be uploaded. "
            "Nothing was sent. Split it, or use the command line, which reads the file in place."
        )
        raise SheetError(msg)
    if not contents:
        msg = f"{name} is empty. Nothing was sent. Choose another file."
        raise SheetError(msg)
    return open_book(contents, sheet=sheet, header_row=header_row, name=name, hidden_rows=hidden_rows)


def example() -> tuple[str, bytes] | None:
    """Name and contents of the example workbook; None when this installation has none."""
    try:
        path = data_folder() / EXAMPLE
        return (path.name, path.read_bytes()) if path.exists() else None
    except SettingsError:
        return None
