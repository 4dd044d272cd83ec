"""How the parts of a workbook find each other: relationships and content types (ECMA-376-2)."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from urllib.parse import unquote

from leadkit.errors import SheetError
from leadkit.sheets.directory import Member
from leadkit.sheets.package import Package
from leadkit.sheets.xml_text import XmlPart, first_tag, read_part, tags

CONTENT_TYPES = "[Content_Types].xml"


@dataclass(frozen=True, slots=True)
class Relation:
    """One relationship. ``kind`` is the last word of its type, the same in transitional and strict files."""

    id: str
    kind: str
    target: str
    external: bool


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """A worksheet as the workbook lists it. ``part`` is the name of its part."""

    name: str
    part: str
    hidden: bool
    problem: str = ""


def rels_name(part: str) -> str:
    """``xl/workbook.xml`` → ``xl/_rels/workbook.xml.rels``."""
    folder, file = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{file}.rels")


class Parts:
    """The parts of one package, by the names that relationships give them.

    Raises
    ------
    SheetError
        No workbook in it, or it is one of another format.
    """

    def __init__(self, package: Package) -> None:
        self.package = package
        self._read: dict[str, XmlPart] = {}
        types = package.find(CONTENT_TYPES)
        if types is None:
            msg = f"{package.name} is a zip archive, but no workbook: it has no list of parts. Nothing was sent."
            raise SheetError(msg)
        self.types_member = types
        main = [r for r in self.relations("") if r.kind == "officeDocument" and not r.external]
        found = next((m for r in main if (m := package.find(r.target))), None)
        if found is None:
            msg = f"{package.name} is no workbook: nothing in it is named as its main part. Nothing was sent."
            raise SheetError(msg)
        self.workbook_member = found
        self.workbook = found.name.replace("\\", "/").lstrip("/")
        self.by_id = {r.id: r for r in self.relations(self.workbook)}

    def part(self, member: Member) -> XmlPart:
        if member.name not in self._read:
            self._read[member.name] = read_part(self.package.read(member), member.name)
        return self._read[member.name]

    def relations(self, part: str) -> list[Relation]:
        """The relationships of a part (``""`` for the package), targets as names of parts."""
        member = self.package.find(rels_name(part))
        if member is None:
            return []
        found = []
        for tag in tags(self.part(member).text, "Relationship"):
            a = tag.attributes
            external = a.get("TargetMode", "").lower() == "external"
            target = a.get("Target", "")
            if not external:
                path = target.replace("\\", "/").partition("#")[0]
                whole = posixpath.normpath(posixpath.join("/", posixpath.dirname(part), path)).lstrip("/")
                # A name with a space is percent-encoded in the target, and by some writers in the archive too.
                target = whole if self.package.find(whole) else unquote(whole)
            found.append(Relation(a.get("Id", ""), a.get("Type", "").rpartition("/")[2], target, external))
        return found

    def related(self, kind: str) -> Member | None:
        """The workbook's part of one kind: its styles, its shared texts."""
        targets = (r.target for r in self.by_id.values() if r.kind == kind and not r.external)
        return next((m for t in targets if (m := self.package.find(t))), None)

    def content_type(self, member: Member) -> str:
        """The declared type of a part, lower case."""
        name = "/" + member.key.lstrip("/")
        by_ending = ""
        for tag in tags(self.part(self.types_member).text, "Override", "Default"):
            a = tag.attributes
            if tag.name == "Override" and a.get("PartName", "").replace("\\", "/").lower() == name:
                return a.get("ContentType", "").lower()
            if tag.name == "Default" and name.endswith("." + a.get("Extension", "").lower()):
                by_ending = a.get("ContentType", "").lower()
        return by_ending

    @property
    def date1904(self) -> bool:
        """Whether the workbook counts its days from 1904 (ECMA-376-1, 18.2.28)."""
        found = first_tag(self.part(self.workbook_member).text, "workbookPr")
        return found is not None and found.attributes.get("date1904") in ("1", "true", "on")

    def sheets(self) -> list[SheetEntry]:
        """The worksheets in the workbook's order; chart sheets, dialogs and macro sheets have no rows."""
        found = []
        for tag in tags(self.part(self.workbook_member).text, "sheet"):
            relation = self.by_id.get(tag.local("id") or "")
            if relation is not None and relation.kind != "worksheet":
                continue
            problem = part = ""
            if relation is None:
                problem = "the workbook does not say where it is"
            elif relation.external:
                problem = "it is said to lie outside of this file, and nothing is fetched"
            elif (member := self.package.find(relation.target)) is None:
                problem = f"its part {relation.target!r} is missing"
            else:
                part = member.name
            hidden = tag.attributes.get("state", "visible") != "visible"
            found.append(SheetEntry(tag.attributes.get("name", ""), part, hidden, problem))
        return found
