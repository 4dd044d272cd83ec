"""Spreadsheet files in and out: a pandas frame of exact text, and the same file back with new cells in it.

Every part of a workbook that did not have to be touched stays byte for byte as it was.
"""

from leadkit.sheets.book import Book, SaveReport, open_book
from leadkit.sheets.header import HeaderGuess
from leadkit.sheets.new_workbook import new_workbook_bytes
from leadkit.sheets.xlsx_file import SheetInfo

__all__ = ["Book", "HeaderGuess", "SaveReport", "SheetInfo", "new_workbook_bytes", "open_book"]
