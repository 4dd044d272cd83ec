# /// script
# requires-python = ">=3.11"
# dependencies = ["leadkit"]
#
# [tool.marimo.display]
# theme = "system"
# ///
"""What was spent: balances, days, runs with their receipts, what is in doubt; and forgetting a person.

Run it with ``leadkit app``, or ``marimo run`` and this file. Nothing here buys anything.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Spending", css_file="style.css")

with app.setup:
    import marimo as mo

    from leadkit.app import doubts, forgetting, panels, spending
    from leadkit.app.session import session
    from leadkit.app.show import show
    from leadkit.app.visitor import visitor
    from leadkit.errors import LeadkitError


@app.cell(hide_code=True)
def _():
    try:
        here = session()
        _page = panels.masthead(
            "Spending",
            "What every account has left, what was spent and on what, and what is still in doubt. "
            "Looking costs nothing.",
            here.banner,
        )
    except LeadkitError as _error:
        here = None
        _page = panels.trouble(_error, "The app cannot start")
    _page
    return (here,)


@app.cell(hide_code=True)
def _(here):
    mo.stop(here is None)
    whose = spending.seen_by(here.visitor)
    settings = here.workspace.settings
    get_settled, set_settled = mo.state(None)
    get_forgotten, set_forgotten = mo.state(None)
    look_again = mo.ui.run_button(label="Look again")
    return (
        get_forgotten,
        get_settled,
        look_again,
        set_forgotten,
        set_settled,
        settings,
        whose,
    )


@app.cell(hide_code=True)
def _(here, look_again, settings):
    look_again.value
    try:
        _found = here.balances()
        _page = mo.vstack(
            [
                panels.cards(spending.balance_cards(_found, settings)),
                panels.bullets(spending.balance_notes(_found, settings)),
            ]
        )
    except LeadkitError as _error:
        _page = panels.trouble(_error, "No balance can be asked for")
    mo.vstack(
        [
            panels.title(
                "Balances",
                "What the providers say that the accounts have left. Asked for at most once a minute; it is free.",
            ),
            _page,
            look_again,
        ]
    )
    return


@app.cell(hide_code=True)
def _(get_forgotten, get_settled, here, look_again, whose):
    look_again.value
    get_settled(), get_forgotten()
    try:
        open_calls = doubts.doubts(here.workspace.ledger, whose)
        spent = spending.days(here.workspace.ledger, None)
        runs = here.workspace.ledger.runs(whose)
        _page = None
    except LeadkitError as _error:
        open_calls, spent, runs = None, None, None
        _page = panels.trouble(_error, "The ledger cannot be read")
    _page
    return open_calls, runs, spent


@app.cell(hide_code=True)
def _(open_calls):
    mo.stop(not open_calls)
    may_be_settled = doubts.choices(open_calls)
    pick_call = mo.ui.dropdown(
        may_be_settled.keys(), value=next(iter(may_be_settled)), label="What to settle", full_width=True
    )
    return may_be_settled, pick_call


@app.cell(hide_code=True)
def _(may_be_settled, pick_call):
    mo.stop(pick_call.value is None)
    doubt = may_be_settled[pick_call.value]
    decision = mo.ui.radio(
        {choice.title: name for name, choice in doubts.CHOICES.items()}, label="What became of it?"
    )
    return decision, doubt


@app.cell(hide_code=True)
def _(decision, doubt):
    mo.stop(decision.value is None)
    sure = mo.ui.checkbox(label="I have looked at the provider's own account, and this is my decision")
    return (sure,)


@app.cell(hide_code=True)
def _(decision, doubt, sure):
    settle = mo.ui.run_button(
        label=doubts.filled(doubts.CHOICES[decision.value].button, doubt),
        kind="warn",
        disabled=not sure.value,
    )
    return (settle,)


@app.cell(hide_code=True)
def _(get_settled, here, open_calls, settings):
    mo.stop(open_calls is None)
    _parts = [
        panels.title(
            "In doubt",
            "Calls that were sent and never answered: nobody can tell whether they were charged. "
            "Their credits stay set aside until somebody decides.",
        )
    ]
    if get_settled() is not None:
        _parts.append(panels.note(*get_settled()))
    if not open_calls:
        _parts.append(panels.note("good", "Nothing is in doubt", "Every call was answered or settled."))
    else:
        _parts.append(show(doubts.table(open_calls, settings)))
    if open_calls and not here.visitor.may_approve:
        _parts.append(
            panels.note("info", "Somebody else decides", "You may look. Ask whoever may settle it to do so.")
        )
    mo.vstack(_parts)
    return


@app.cell(hide_code=True)
def _(decision, doubt, here, pick_call, settings):
    mo.stop(not here.visitor.may_approve)
    mo.vstack([pick_call, panels.lines(doubts.lines(doubt, settings)), decision])
    return


@app.cell(hide_code=True)
def _(decision, doubt, here, settle, sure):
    mo.stop(not here.visitor.may_approve)
    _follows = doubts.filled(doubts.CHOICES[decision.value].follows, doubt)
    mo.vstack([panels.note("warn", "What follows from it", _follows), sure, settle])
    return


@app.cell(hide_code=True)
def _(decision, doubt, here, set_settled, settle):
    mo.stop(not settle.value)
    try:
        _done = doubts.settle(here.workspace.ledger, doubt, decision.value, by=visitor())
        set_settled(("good", "Settled", _done))
    except LeadkitError as _error:
        set_settled(("warn", "Nothing was settled", str(_error)))
    return


@app.cell(hide_code=True)
def _(here, settings, spent, whose):
    mo.stop(spent is None)
    _mine = [one for one in spent if whose in (None, one.user)]
    _today = here.workspace.clock.now().date()
    _parts = [
        panels.title(
            "Day by day",
            "Credits of each provider by themselves: they are different currencies. Days are those of UTC.",
        )
    ]
    _charts = spending.day_charts(_mine, _today, settings)
    _parts += _charts
    if not _charts:
        _parts.append(panels.note("info", "Nothing was spent in the last 30 days"))
    if _mine:
        _parts.append(
            mo.accordion({"The same as a table": mo.lazy(lambda: show(spending.day_table(_mine, settings)))})
        )
    mo.vstack(_parts)
    return


@app.cell(hide_code=True)
def _(here, runs, settings):
    mo.stop(runs is None)
    _parts = [
        panels.title(
            "Runs",
            "What each was expected to cost, in credits of its provider, beside what it cost. "
            "No run is ever charged more than was approved.",
        )
    ]
    if runs:
        _parts.append(show(spending.run_table(here.workspace.ledger, runs, settings)))
    else:
        _parts.append(
            panels.note("info", "No run yet", "Runs of the apps and of the command line show here.")
        )
    mo.vstack(_parts)
    return


@app.cell(hide_code=True)
def _(here, runs, settings, whose):
    mo.stop(not runs)
    _hits = spending.hit_table(here.workspace.ledger, whose, settings)
    mo.stop(_hits.empty)
    mo.vstack(
        [
            panels.title("What was found", "How often each step found something, and what a find cost."),
            show(_hits),
        ]
    )
    return


@app.cell(hide_code=True)
def _(here, settings, spent):
    mo.stop(spent is None)
    mo.vstack(
        [
            panels.title("Ceilings", "No run spends beyond them, whatever was approved."),
            panels.lines(
                spending.cap_lines(
                    here.workspace.ledger.caps,
                    spent,
                    user=here.visitor.name,
                    today=here.workspace.clock.now().date(),
                    settings=settings,
                )
            ),
        ]
    )
    return


@app.cell(hide_code=True)
def _(get_forgotten, here):
    mo.stop(here is None or not here.visitor.may_approve)
    get_forgotten()  # whom to forget is not kept in the page once it is done
    kind = mo.ui.dropdown(forgetting.KINDS, value="E-mail address", label="Named by")
    typed = mo.ui.text(label="Whom to forget", full_width=True)
    return kind, typed


@app.cell(hide_code=True)
def _(get_forgotten, kind, typed):
    _parts = [
        panels.title(
            "Forget a person",
            "Takes somebody out of every answer, raw answer, run and workbook that leadkit keeps here. "
            "It cannot be undone.",
        )
    ]
    if get_forgotten() is not None:
        _parts.append(get_forgotten())
    mo.vstack([*_parts, kind, typed])
    return


@app.cell(hide_code=True)
def _(here, kind, typed):
    mo.stop(not typed.value)
    try:
        person = forgetting.recognised(kind.value, typed.value)
        kept = forgetting.kept_about(here.workspace, kind.value, typed.value, by=visitor())
        _page = None
    except LeadkitError as _error:
        person = kept = None
        _page = panels.note("warn", "Nobody can be meant by that", _error)
    _page
    return kept, person


@app.cell(hide_code=True)
def _(person):
    mo.stop(person is None)
    suppress = mo.ui.checkbox(value=True, label="And never ask any provider about this person again")
    sure_to_forget = mo.ui.checkbox(label="Yes, take this person out of everything")
    return suppress, sure_to_forget


@app.cell(hide_code=True)
def _(sure_to_forget):
    forget = mo.ui.run_button(label="Forget this person", kind="danger", disabled=not sure_to_forget.value)
    return (forget,)


@app.cell(hide_code=True)
def _(forget, kept, person, suppress, sure_to_forget):
    mo.vstack(
        [
            panels.note(
                "warn",
                "This will be taken out",
                f"{person}, with whatever the answers about it name as further addresses, phones and profiles "
                "of the same person. What was paid stays recorded, without whom it was for.",
                kept,
            ),
            suppress,
            sure_to_forget,
            forget,
        ]
    )
    return


@app.cell(hide_code=True)
def _(forget, here, kind, set_forgotten, suppress, typed):
    mo.stop(not forget.value)
    try:
        _receipt = forgetting.forget_person(
            here.workspace, kind.value, typed.value, suppress=suppress.value, by=visitor()
        )
        set_forgotten(
            mo.vstack(
                [
                    panels.note(*forgetting.receipt_note(_receipt)),
                    panels.lines(forgetting.receipt_lines(_receipt)),
                    mo.download(
                        data=str(_receipt).encode(),
                        filename=f"forgotten {_receipt.id}.txt",
                        mimetype="text/plain",
                        label="Download this receipt",
                    ),
                ]
            )
        )
    except LeadkitError as _error:
        set_forgotten(panels.trouble(_error, "Forgetting did not finish"))
    return


if __name__ == "__main__":
    app.run()
