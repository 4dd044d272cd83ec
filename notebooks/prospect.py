# /// script
# requires-python = ">=3.11"
# dependencies = ["leadkit"]
#
# [tool.marimo.display]
# theme = "system"
# ///
"""Find new people and companies by filter; unlock those that are worth it, or put them on a list.

Run it with ``leadkit app``, or ``marimo run`` and this file. Opening, reloading and looking cost nothing.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Find prospects", css_file="style.css")

with app.setup:
    from functools import partial

    import marimo as mo

    from leadkit.app import (
        approval,
        choices,
        filters,
        job_page,
        panels,
        prospect_lists,
        prospect_page,
        prospects,
    )
    from leadkit.app.session import session
    from leadkit.app.show import choose
    from leadkit.app.visitor import visitor
    from leadkit.errors import LeadkitError

    APP = "prospect"


@app.cell(hide_code=True)
def _():
    try:
        here = session()
        _page = panels.masthead(
            "Find prospects",
            "Search for people or companies by filter, look at what came, and unlock only those that are worth it.",
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
    params = mo.query_params()
    get_ended, set_ended = mo.state("", allow_self_loops=True)
    return get_ended, params, set_ended


@app.cell(hide_code=True)
def _(here, params):
    job, _page = job_page.attach(here, params, APP)
    if job is None and params.get("again"):
        _back = [("Open it in “Enrich a spreadsheet”", f"../enrich/?again={params.get('again')}")]
        _page = panels.links("info", "The price of this work", _back)
    _page
    return (job,)


@app.cell(hide_code=True)
def _(here, job, params):
    mo.stop(job is not None)
    run, query, _page = prospect_page.attach(here, params)
    _page
    return query, run


@app.cell(hide_code=True)
def _(here, query):
    _options = prospects.providers(here.workspace)
    provider = mo.ui.dropdown(
        _options,
        value=choices.label_of(_options, query and query.via),
        label="Where to search",
        full_width=True,
    )
    return (provider,)


@app.cell(hide_code=True)
def _(here, provider, query):
    mo.stop(provider.value is None)
    _options = prospects.kinds(here.workspace, provider.value)
    kind = mo.ui.dropdown(
        _options, value=choices.label_of(_options, query and query.step), label="For whom", full_width=True
    )
    mo.vstack(
        [
            panels.heading(
                1, "Where to search, and for whom", "What a search shows has no addresses and no phones yet."
            ),
            panels.grid([provider, kind]),
        ]
    )
    return (kind,)


@app.cell(hide_code=True)
def _(here, kind, provider, query):
    mo.stop(kind.value is None)
    search = here.workspace.provider(provider.value).search(kind.value)
    first_fields, other_fields = filters.fields(search)
    _same = query is not None and (query.via, query.step) == (provider.value, kind.value)
    _values = query.filters if _same else {}
    first_form = filters.form(first_fields, _values)
    other_form = filters.form(other_fields, _values)
    most_rows = mo.ui.number(
        start=1,
        stop=prospects.MOST_ROWS,
        step=1,
        value=query.most_rows if _same else search.page_size,
        label="Rows, at most",
    )
    return (
        first_fields,
        first_form,
        most_rows,
        other_fields,
        other_form,
        search,
    )


@app.cell(hide_code=True)
def _(first_fields, first_form, most_rows, other_fields, other_form):
    _parts = [
        panels.heading(2, "Filters", "Several values for one filter: put a semicolon between them."),
        filters.panel(first_fields, first_form),
    ]
    if other_fields:
        _more = f"{len(other_fields)} more filters"
        _parts.append(mo.accordion({_more: filters.panel(other_fields, other_form)}))
    mo.vstack([*_parts, most_rows])
    return


@app.cell(hide_code=True)
def _(
    first_fields,
    first_form,
    here,
    kind,
    most_rows,
    other_fields,
    other_form,
    provider,
    search,
):
    try:
        _filters = {
            **filters.read(first_fields, first_form.value),
            **filters.read(other_fields, other_form.value),
        }
        asked = prospect_page.ask(
            here, prospects.Query(search.provider, search.step, _filters, most_rows.value or 1)
        )
        press = prospect_page.button(asked)
        _page = prospect_page.panel(asked, press)
    except LeadkitError as _error:
        asked = press = None
        _page = panels.note("warn", "This cannot be searched for yet", _error)
    mo.vstack([panels.heading(3, "Search"), _page])
    return asked, press


@app.cell(hide_code=True)
def _(asked, params, press):
    mo.stop(press is None or not press.value)
    prospect_page.start(asked, params)
    return


@app.cell(hide_code=True)
def _(here, run):
    mo.stop(run is None)
    look_again = mo.ui.refresh(default_interval="2s") if prospects.under_way(here, run) else None
    return (look_again,)


@app.cell(hide_code=True)
def _(here, look_again, query, run):
    if look_again is not None:
        look_again.value
    try:
        _came = prospect_page.results(here, query, run.id)
        found = _came.rows
        _parts = [panels.heading(4, "What was found"), prospect_page.standing(_came)]
        if look_again is not None and _came.under_way:
            _parts.append(mo.Html(f'<div class="lk-hidden">{look_again}</div>'))
        _page = mo.vstack(_parts)
    except LeadkitError as _error:
        found = None
        _page = panels.trouble(_error, "The results cannot be shown")
    _page
    return (found,)


@app.cell(hide_code=True)
def _(found, here, query):
    mo.stop(found is None or found.empty)
    picker = choose(prospects.table(query, found, here.workspace), label="Tick the rows that you want")
    return (picker,)


@app.cell(hide_code=True)
def _(found, here, picker, query):
    chosen = found.iloc[list(picker.value.index)]
    _all = mo.download(
        data=lambda: prospects.workbook(query, chosen if len(chosen) else found),
        filename=prospects.file_name(query, here.workspace),
        mimetype="application/octet-stream",
        label=f"Download {f'the {len(chosen):,} ticked' if len(chosen) else f'all {len(found):,}'} as a workbook",
    )
    mo.vstack([picker, mo.hstack([_all], justify="start")])
    return (chosen,)


@app.cell(hide_code=True)
def _(chosen, here, query):
    mo.stop(prospects.step_behind(query) is None)
    wants = choices.wants_field(here.workspace, prospects.step_behind(query), query.via, None)
    _parts = [panels.heading(5, *prospects.words_behind(query))]
    if chosen.empty:
        _parts.append(
            panels.note("info", "No row is ticked", "Tick the rows that you want to see the price.")
        )
    elif wants.elements:
        _parts += [panels.bullets(["Each of these is charged by itself."]), *wants.elements.values()]
    mo.vstack(_parts)
    return (wants,)


@app.cell(hide_code=True)
def _(chosen, here, query, wants):
    mo.stop(chosen.empty)
    try:
        draft = prospects.unlock_draft(query, chosen, choices.picked_wants(wants.value), here.workspace)
        _page = None
    except LeadkitError as _error:
        draft = None
        _page = panels.trouble(_error, "There is no price for this")
    _page
    return (draft,)


@app.cell(hide_code=True)
def _(draft):
    mo.stop(draft is None)
    amount = approval.amount(draft)
    return (amount,)


@app.cell(hide_code=True)
def _(amount, draft, here):
    approval_asked = approval.ask(here, draft, amount.value)
    unlock = approval.button(approval_asked)
    approval.panel(approval_asked, amount, unlock)
    return approval_asked, unlock


@app.cell(hide_code=True)
def _(approval_asked, params, unlock):
    mo.stop(not unlock.value)
    approval.start(approval_asked, params)
    return


@app.cell(hide_code=True)
def _(found, here, query):
    mo.stop(found is None or found.empty)
    _targets = prospect_lists.targets(here, query)
    mo.stop(not _targets)
    target = mo.ui.dropdown(_targets, value=next(iter(_targets)), label="At", full_width=True)
    list_name = mo.ui.text(label="Name of the list", placeholder="made if there is none", full_width=True)
    return list_name, target


@app.cell(hide_code=True)
def _(chosen, here, list_name, query, target):
    _parts = [
        panels.title(
            "Put them on a list",
            "For colleagues who work in the provider's own app. It costs no credits, and changes the account there.",
        )
    ]
    rehearsed = None
    if not here.visitor.may_spend:
        _parts.append(panels.note("info", "You may look, but not add", "Ask somebody who may."))
    elif chosen.empty:
        _parts.append(panels.note("info", "No row is ticked", "Tick the rows that belong on the list."))
    else:
        _parts.append(panels.grid([target, list_name]))
        if list_name.value.strip():
            try:
                rehearsed = prospect_lists.rehearse(here, query, chosen, list_name.value, target.value)
                _parts.append(
                    panels.bullets([prospect_lists.counts(rehearsed), *prospect_lists.reasons(rehearsed)])
                )
            except LeadkitError as _error:
                _parts.append(panels.note("warn", "They cannot be added", _error))
    mo.vstack(_parts)
    return (rehearsed,)


@app.cell(hide_code=True)
def _(rehearsed, target):
    mo.stop(rehearsed is None)
    sure = mo.ui.checkbox(label=f"Yes, change the list at {target.selected_key}")
    return (sure,)


@app.cell(hide_code=True)
def _(chosen, list_name, sure):
    add = mo.ui.run_button(label=f"Add {len(chosen):,} to the list", kind="success", disabled=not sure.value)
    mo.vstack([sure, add])
    return (add,)


@app.cell(hide_code=True)
def _(add, chosen, here, list_name, query, target):
    mo.stop(not add.value)
    try:
        _told = prospect_lists.add(here, query, chosen, list_name.value, target.value, by=visitor())
        _good = bool(_told["list_status"].isin(["added", "there already"]).all())
        _page = panels.note(
            "good" if _good else "warn",
            "Done" if _good else "Done, with some left over",
            f"{prospect_lists.counts(_told)}.",
            *prospect_lists.reasons(_told),
        )
    except LeadkitError as _error:
        _page = panels.trouble(_error, "They were not added")
    _page
    return


@app.cell(hide_code=True)
def _(get_ended, here, job, params, set_ended):
    mo.stop(job is None)
    # As it is when these buttons are made: what is shown with others is replaced at once, and a press on it is lost.
    ended = get_ended()
    tick = job_page.ticker(job, ended)
    buttons = job_page.controls(here, job, params, set_ended)
    return buttons, ended, tick


@app.cell(hide_code=True)
def _(buttons, ended, here, job, set_ended, tick):
    job_page.watch(here, job, buttons, tick, ended, set_ended)
    return


@app.cell(hide_code=True)
def _(buttons, ended, job, params):
    mo.stop(ended != job.id)
    job_page.outcome(job, buttons, partial(prospects.next_steps, search=str(params.get("search") or "")))
    return


if __name__ == "__main__":
    app.run()
