"""Taking a person out of everything, as a page asks for it: who is meant, said back, before anything happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from leadkit.app.visitor import Visitor
from leadkit.errors import InputError
from leadkit.forgetting import LOOK_FIRST, ForgetReceipt, Kept, forget, identifiers, kept
from leadkit.workspace import Workspace

#: What a person can be named by: words → kind.
KINDS: Mapping[str, str] = {
    "E-mail address": "email",
    "Phone, with its country code": "phone",
    "LinkedIn profile": "linkedin",
    "Lead id of a provider": "lead_id",
}


def recognised(kind: str, typed: str) -> str:
    """What was typed, as leadkit knows it: the form in which it is looked for.

    Raises
    ------
    InputError
        It is no such identifier. Nothing was changed.
    """
    if not typed.strip():
        msg = "Nothing is typed. Nothing was changed. Type whom to forget."
        raise InputError(msg)
    ((_, canonical),) = identifiers({kind: typed})
    return canonical


def kept_about(workspace: Workspace, kind: str, typed: str, *, by: Visitor) -> Kept:
    """How much would be taken out; see :func:`leadkit.forgetting.kept`.

    Raises
    ------
    ApprovalError
        The visitor may not decide this.
    InputError
        It is no such identifier.
    """
    by.check_may_approve()
    return kept(identifiers({kind: typed}), workspace)


def forget_person(
    workspace: Workspace, kind: str, typed: str, *, suppress: bool, by: Visitor
) -> ForgetReceipt:
    """Take a person out of everything that the workspace keeps; see :func:`leadkit.forgetting.forget`.

    Raises
    ------
    ApprovalError
        The visitor may not decide this: it takes out what others bought, too. Nothing was changed.
    InputError
        It is no such identifier. Nothing was changed.
    LeadkitError
        A run is under way. Nothing was changed.
    """
    by.check_may_approve()
    recognised(kind, typed)
    return forget(**{kind: typed}, suppress=suppress, workspace=workspace)


def receipt_note(receipt: ForgetReceipt) -> tuple[Literal["good", "warn"], str, str]:
    """Kind, title and sentence of the box above the receipt."""
    if receipt.left:
        return (
            "warn",
            "Forgotten, but not everywhere",
            f"No answer in the ledger is about the person any more. The files below still name them. {LOOK_FIRST}",
        )
    if receipt.facts + receipt.bodies + receipt.runs + receipt.jobs == 0:
        return ("good", "Nothing was kept about this person", "Every file was searched, and nothing is left.")
    return (
        "good",
        "Forgotten",
        "It was taken out of everything below, and every file was searched afterwards.",
    )


def receipt_lines(receipt: ForgetReceipt) -> list[tuple[str, str]]:
    """What was found and taken out, line by line, without saying who."""
    searched = f"{receipt.searched_files:,} files, byte by byte, for {receipt.identifiers:,} identifiers"
    lines = [
        ("Receipt", receipt.id),
        ("Answers taken out", f"{receipt.facts:,}"),
        ("Raw answers taken out", f"{receipt.bodies:,}"),
        ("Runs that named the person", f"{receipt.runs:,}; what they cost stays recorded"),
        ("Jobs removed, with their workbooks", f"{receipt.jobs:,}"),
        ("Searched afterwards", searched),
        ("Still found in", ", ".join(receipt.left) or "none of them"),
        ("Asked about again", "never" if receipt.suppressed else "yes, if somebody asks"),
    ]
    if receipt.elsewhere:
        lines.append(("Not searched", receipt.elsewhere))
    if receipt.outputs:
        lines.append(("To delete by hand, and wherever they were sent", ", ".join(receipt.outputs)))
    return lines
