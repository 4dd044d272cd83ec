"""How much of a file is read before it is refused, and why each number is what it is.

Real workbooks stay far below all of these; files made to exhaust a machine do not.
"""

from __future__ import annotations

from typing import Final

#: Excel's own grid, https://support.microsoft.com/office/excel-specifications-and-limits
MAX_ROWS: Final = 1_048_576
MAX_COLUMNS: Final = 16_384
#: Characters in one cell, same page.
MAX_CELL_TEXT: Final = 32_767
#: Significant digits of a number in a cell, same page; what is beyond is already lost in the file.
MAX_DIGITS: Final = 15

#: The file as it lies on disk. It is read in place, but a browser's upload is held in memory.
MAX_FILE_BYTES: Final = 1_000_000_000

#: Members of the zip archive. The largest real workbook seen has some hundreds.
MAX_MEMBERS: Final = 20_000
#: Uncompressed bytes of one member, and of all members together.
MAX_MEMBER_BYTES: Final = 4_000_000_000
MAX_TOTAL_BYTES: Final = 8_000_000_000
#: Uncompressed : compressed. Deflate cannot do better than 1,032 : 1; a sheet of the same value in every cell
#: reaches 22 : 1, and without cell references 170 : 1. The stricter ratio is for members so large that
#: unpacking one in vain would take seconds.
MAX_RATIO: Final = 1_000
RATIO_MATTERS_ABOVE_BYTES: Final = 10_000_000
MAX_RATIO_OF_LARGE: Final = 150
LARGE_MEMBER_BYTES: Final = 100_000_000

#: XML parts that are read as a whole (workbook, relationships, styles, tables).
MAX_PART_BYTES: Final = 64_000_000
#: What comes before the cells of a sheet: views, column widths. Kilobytes, in any real sheet.
MAX_HEAD_BYTES: Final = 16_000_000
#: One row of a sheet, or one shared text, in XML. A full row of short texts has about 1 MB.
MAX_ROW_BYTES: Final = 32_000_000
#: Elements inside each other, outside of the rows. Excel's own files stay below 30.
MAX_DEPTH: Final = 256

#: Filled cells, and places in the frame (rows times columns) including blanks. Both are held in memory.
MAX_CELLS: Final = 25_000_000
MAX_FRAME_CELLS: Final = 60_000_000
#: Characters of all shared texts together, which are held in memory.
MAX_SHARED_TEXT: Final = 400_000_000


def most_cells(compressed_bytes: int) -> int:
    """Cells that a part of this size may hold. Real sheets have at most one for two compressed bytes."""
    return min(1_000_000 + 2 * compressed_bytes, MAX_CELLS)


def most_texts(compressed_bytes: int) -> int:
    """Shared texts that a part of this size may hold. Each differs from the others, so each takes some bytes."""
    return min(1_000_000 + compressed_bytes, MAX_CELLS)


#: A CSV file is held in memory as text; one field longer than this is a quote that was never closed.
MAX_CSV_BYTES: Final = 400_000_000
MAX_CSV_FIELD: Final = 1_000_000

#: Cells named in one note; the rest are counted.
MAX_NAMED: Final = 8

#: Memory that reading an .xls, .xlsb or .ods may take for each byte of the file, beside a fixed 300 MB.
OTHER_BYTES_PER_BYTE: Final = 60
