"""Forgetting a person: out of the ledger, its free pages, the apps' jobs, and then a search of the bytes as proof."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from leadkit.byte_search import files, holds, search
from leadkit.errors import InputError, LeadkitError
from leadkit.keys import Unusable, key
from leadkit.ledger.database import IN_POSTGRES
from leadkit.ledger.suppression import PERSONAL_KINDS
from leadkit.sheets.save import left_beside
from leadkit.wording import counted
from leadkit.workspace import Workspace, current_workspace

#: What is said of files that still hold one of the identifiers.
LOOK_FIRST = (
    "Look at each: it may be a longer address or number of somebody else, or a file that cannot be read. Delete by "
    "hand what is the person's. Never delete the ledger, which knows what was paid for, nor its -wal: while that is "
    "named here, another program reads the ledger. End that program and forget the person again."
)
#: What is said of a ledger that is no file of the workspace.
IN_POSTGRES_TOO = (
    "The ledger is in PostgreSQL, whose own files were not searched: its tables were written anew without them, "
    "and its log, replicas and backups hold the person until they are replaced. The folders of colleagues' machines "
    "were not searched either: forget the person there, too."
)


@dataclass(frozen=True, repr=False)
class ForgetReceipt:
    """What was taken out, without saying who. ``left`` names files that still hold one of the identifiers.

    ``elsewhere`` says where it may also be that no search reaches; empty when the ledger is a file of the workspace.
    """

    id: str
    facts: int
    bodies: int
    runs: int
    jobs: int
    identifiers: int
    suppressed: int
    searched_files: int
    left: tuple[str, ...] = ()
    #: Workbooks that runs wrote and that hold this person, or did; what was sent on to others cannot be taken back.
    outputs: tuple[str, ...] = ()
    elsewhere: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        lines = [
            f"Forget {self.id}: facts {self.facts}, raw answers {self.bodies}, runs {self.runs}, jobs {self.jobs} "
            "held the person and hold them no more.",
            f"Files of the workspace searched byte by byte: {self.searched_files:,}. "
            f"Identifiers of the person looked for: {self.identifiers:,}. "
            + (f"Still there in {', '.join(self.left)}. {LOOK_FIRST}" if self.left else "None is left."),
        ]
        if self.elsewhere:
            lines.append(self.elsewhere)
        if self.suppressed:
            lines.append("The person is on the list of people who are not asked about again.")
        else:
            lines.append(
                "The person is not on the list of people who are not asked about again: a sheet that still holds "
                "them buys them anew, also where an earlier answer never came."
            )
        if self.outputs:
            lines.append(
                f"Delete these workbooks yourself, and copies sent to others: {', '.join(self.outputs)}."
            )
        return "\n".join(lines)


@dataclass(frozen=True)
class Kept:
    """How much of what a workspace keeps :func:`forget` would take out: answers, raw answers, jobs of the apps."""

    facts: int
    bodies: int
    jobs: int

    def __str__(self) -> str:
        if self.facts + self.bodies + self.jobs == 0:
            return "Nothing that is kept here names this person."
        answers, raw = counted(self.facts, "answer"), counted(self.bodies, "raw answer")
        jobs = counted(self.jobs, "job")
        return f"Named in {answers}, {raw} and {jobs} of the apps; a job goes with its workbooks."


def identifiers(given: Mapping[str, str | None]) -> set[tuple[str, str]]:
    """(kind, canonical form) of what a person typed.

    Raises
    ------
    InputError
        None given, or one that is no such identifier. Nothing was changed.
    """
    found: set[tuple[str, str]] = set()
    for kind, text in given.items():
        if text is None:
            continue
        try:
            canonical = key(kind, text)
        except Unusable as unusable:
            msg = f"{kind}: {unusable}. Nothing was changed."
            raise InputError(msg) from None
        if canonical:
            found.add((kind, canonical))
    if not found:
        msg = f"Say who is meant, by one of {', '.join(PERSONAL_KINDS)}. Nothing was changed."
        raise InputError(msg)
    return found


def kept(identified: set[tuple[str, str]], workspace: Workspace) -> Kept:
    """How much is kept about whoever has one of these :func:`identifiers`. Changes nothing."""
    found = workspace.ledger.would_forget(identified)
    folder = workspace.home / "jobs"
    jobs = {*_jobs_holding(folder, found.texts), *_jobs_of(folder, found.outputs)}
    return Kept(found.facts, found.bodies, len(jobs))


def forget(
    *,
    email: str | None = None,
    phone: str | None = None,
    linkedin: str | None = None,
    lead_id: str | None = None,
    suppress: bool = True,
    workspace: Workspace | None = None,
) -> ForgetReceipt:
    """Take a person out of everything that the workspace keeps.

    Whatever the stored answers name as further addresses, phones and profiles of the same person goes too. What
    was paid stays recorded without whom it was for.

    Parameters
    ----------
    email, phone, linkedin, lead_id
        At least one. A phone with its country code.
    suppress
        Also keep the person from being asked about again, by a keyed hash of each identifier.

    Raises
    ------
    InputError
        No identifier, or one that cannot be read. Nothing was changed.
    LeadkitError
        A run of this workspace is under way; wait for its end. Or the person was taken out, and the files could not
        be searched.
    """
    workspace = workspace or current_workspace()
    given = identifiers({"email": email, "phone": phone, "linkedin": linkedin, "lead_id": lead_id})
    ledger = workspace.ledger
    if busy := [run.id for run in ledger.runs() if run.state == "running" and ledger.owners.alive(run.owner)]:
        msg = f"Run {busy[0]} is under way. Nothing was changed. Forget after its end."
        raise LeadkitError(msg)
    written = {run.context["output"] for run in ledger.runs() if "output" in run.context}
    written |= {str(left) for path in written for left in left_beside(Path(path))}
    # The ledger goes last: it alone knows what else names the person, should this end early and be asked for again.
    texts = ledger.would_forget(given).texts
    # A run that knew the person from earlier on bought nothing of theirs, and wrote them all the same.
    holding = {path for path in written if os.path.isfile(path) and holds(Path(path), texts, unreadable=True)}
    folder = workspace.home / "jobs"
    jobs = _remove(list(_jobs_holding(folder, texts)))
    erased = ledger.forget(given, suppress=suppress)
    # However the sheet of a run that asked about the person spells them.
    jobs += _remove(_jobs_of(folder, erased.outputs))
    by_hand = {path for path in (*erased.outputs, *holding) if Path(path).parent.parent != folder}
    try:
        searched, left = search(workspace.home, texts)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        msg = f"The person was taken out, but the files could not be searched for what may be left: {error}"
        raise LeadkitError(msg) from error
    return ForgetReceipt(
        id=secrets.token_hex(4),
        facts=erased.facts,
        bodies=erased.bodies,
        runs=erased.runs,
        jobs=jobs,
        identifiers=len(erased.identifiers),
        suppressed=len(erased.identifiers) if suppress else 0,
        searched_files=searched,
        left=left,
        outputs=tuple(sorted(by_hand)),
        elsewhere=IN_POSTGRES_TOO if ledger.where == IN_POSTGRES else "",
    )


def _remove(jobs: Collection[Path]) -> int:
    """A job holds a copy of its workbook, which cannot be changed in place; a job with the person in it goes."""
    for job in jobs:
        shutil.rmtree(job, ignore_errors=True)  # the search tells what is left
    return len(jobs)


def _jobs_holding(folder: Path, texts: set[str]) -> Iterator[Path]:
    """The folders of the jobs with one of the texts in any of their files."""
    for job in folder.iterdir() if folder.is_dir() else ():
        if job.is_dir() and any(holds(path, texts) for path in files(job)):
            yield job


def _jobs_of(folder: Path, outputs: Iterable[str]) -> set[Path]:
    """The folders of the jobs that write these workbooks."""
    return {job for output in outputs if (job := Path(output).parent).parent == folder and job.is_dir()}
