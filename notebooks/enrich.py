# /// script
# requires-python = ">=3.11"
# dependencies = ["leadkit"]
#
# [tool.marimo.display]
# theme = "system"
# ///
"""Enrich a spreadsheet: the price first, one approval, the same workbook back.

Run it with ``leadkit app``, or ``marimo run`` and this file. Opening, reloading and looking cost nothing.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Enrich a spreadsheet", css_file="style.css")

with app.setup:
    import marimo as mo

    from leadkit.app import approval, charts, choices, job_page, mapping, panels
    from leadkit.app.draft import LAST_HEADER_ROW, make_draft, row_table
    from leadkit.app.order import Task
    from leadkit.app.session import session
    from leadkit.app.show import show
    from leadkit.app.source import FIRST_ROWS, Source
    from leadkit.app.steps import STEPS
    from leadkit.errors import LeadkitError
    from leadkit.schemas import check_intake


@app.cell(hide_code=True)
def _():
    try:
        here = session()
        _page = panels.masthead(
            "Enrich a spreadsheet",
            "Upload a workbook, see the price, approve an amount, and get the same workbook back with new columns.",
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
    # The cell whose button resumes a job is to run again, too.
    get_ended, set_ended = mo.state("", allow_self_loops=True)
    return get_ended, params, set_ended


@app.cell(hide_code=True)
def _(here, params):
    job, _page = job_page.attach(here, params)
    _page
    return (job,)


@app.cell(hide_code=True)
def _(here, job, params):
    mo.stop(job is not None)
    given, upload, _page = job_page.beginning(here, params)
    _page
    return given, upload


@app.cell(hide_code=True)
def _(given, upload):
    mo.stop(given is None and not upload.value)
    source = given or Source(upload.name(), upload.contents())
    try:
        found_book = source.open()
        sheet = choices.sheet_field(found_book)
        _page = sheet if len(found_book.sheets) > 1 else None
    except LeadkitError as _error:
        found_book = sheet = None
        _page = panels.trouble(_error, "This file cannot be read")
    _page
    return found_book, sheet, source


@app.cell(hide_code=True)
def _(found_book, sheet, source):
    mo.stop(found_book is None)
    try:
        sheet_book = found_book if sheet.value == found_book.sheet else source.open(sheet.value)
        header_row = mo.ui.number(
            start=0,
            stop=max(LAST_HEADER_ROW, sheet_book.header_row),
            step=1,
            value=sheet_book.header_row,
            label="Row with the column names (0: there are none)",
        )
        hidden_rows = mo.ui.checkbox(
            source.hidden_rows, label="Also take rows that are hidden or filtered away"
        )
        _parts = [panels.file_line(sheet_book), header_row]
        if sheet_book.hidden_rows:
            _parts.append(hidden_rows)
        _page = mo.vstack(_parts)
    except LeadkitError as _error:
        sheet_book = header_row = hidden_rows = None
        _page = panels.trouble(_error, "This sheet cannot be read")
    _page
    return header_row, hidden_rows, sheet_book


@app.cell(hide_code=True)
def _(header_row, hidden_rows, sheet_book, source):
    mo.stop(sheet_book is None)
    try:
        _same = (header_row.value, hidden_rows.value) == (sheet_book.header_row, source.hidden_rows)
        book = (
            sheet_book
            if _same
            else source.open(sheet_book.sheet, header_row.value, hidden_rows=hidden_rows.value)
        )
        _parts = [panels.bullets(book.notes), show(book.frame.head(FIRST_ROWS))]
        if book.frame.empty:
            book = None
            _parts = [
                panels.note(
                    "warn", "No rows here", "Choose another sheet, or another row for the column names."
                )
            ]
    except LeadkitError as _error:
        book = None
        _parts = [panels.trouble(_error, "The rows cannot be read")]
    mo.vstack(_parts)
    return (book,)


@app.cell(hide_code=True)
def _(book, here, source):
    mo.stop(book is None)
    step_field = choices.step_field(here.workspace, source.task)
    which, write = choices.which_field(), choices.write_field(source.task)
    mo.vstack(
        [
            panels.heading(2, "What to do", "One step at a time; the result can go on to another one."),
            step_field,
        ]
    )
    return step_field, which, write


@app.cell(hide_code=True)
def _(book, here, source, step_field):
    mo.stop(book is None)
    step = STEPS[step_field.value]
    provider = choices.provider_field(here.workspace, step.name, source.task)
    _parts = [panels.bullets([step.about]), provider]
    if step.risk:
        _parts.append(panels.note("warn", "Know the risk", step.risk))
    mo.vstack(_parts)
    return provider, step


@app.cell(hide_code=True)
def _(book, here, provider, source, step):
    wants = choices.wants_field(here.workspace, step.name, provider.value, source.task)
    columns_found = mapping.column_choices(
        book.frame,
        here.workspace.provider(provider.value).operation(step.name),
        source.task.columns if source.task and source.task.step == step.name else None,
    )
    columns = mapping.pickers(book.frame, columns_found)
    _parts = (
        [panels.title("What to buy", "Each is charged by itself."), *wants.elements.values()]
        if wants.elements
        else []
    )
    _parts += [
        panels.heading(3, "The columns", choices.columns_hint(here.workspace, step.name, provider.value)),
        panels.grid(columns.elements.values()),
    ]
    mo.vstack(_parts)
    return columns, columns_found, wants


@app.cell(hide_code=True)
def _(book, columns, columns_found, step):
    mapped = mapping.mapped(columns.value)
    report = check_intake(book.frame, step.name, mapped)
    mo.vstack(
        [
            panels.bullets(mapping.mapping_words(book.frame, columns_found, columns.value)),
            mapping.check_panel(report, chosen=bool(mapped)),
        ]
    )
    return mapped, report


@app.cell(hide_code=True)
def _(report, which, write):
    mo.stop(not report.ok)
    pilot = choices.pilot_field(which.value)
    _parts = [panels.heading(4, "Which rows, and where the answers go"), which]
    if which.value != choices.ALL:
        _parts.append(pilot)
    mo.vstack([*_parts, write])
    return (pilot,)


@app.cell(hide_code=True)
def _(book, here, hidden_rows, mapped, pilot, provider, report, source, step, wants, which, write):
    mo.stop(not report.ok)
    try:
        _sample, _rows = choices.pilot_of(which.value, pilot.value)
        draft = make_draft(
            book,
            source,
            Task(
                step.name,
                provider.value,
                mapped,
                choices.picked_wants(wants.value),
                sample=_sample,
                rows=_rows,
                write=write.value,
            ),
            here.workspace,
            hidden_rows=hidden_rows.value,
        )
        _page = mo.vstack(
            [
                panels.heading(
                    5,
                    "What happens to the rows",
                    "Nothing has been sent. Each different entry is paid for once.",
                ),
                charts.rows_chart(draft.plan.preview.rows),
                panels.bullets(draft.plan.preview.notes),
                mo.accordion({"What happens to each row": mo.lazy(lambda: show(row_table(draft)))}),
            ]
        )
    except LeadkitError as _error:
        draft = None
        _page = panels.trouble(_error)
    _page
    return (draft,)


@app.cell(hide_code=True)
def _(draft):
    mo.stop(draft is None)
    amount = approval.amount(draft)
    return (amount,)


@app.cell(hide_code=True)
def _(amount, draft, here):
    asked = approval.ask(here, draft, amount.value)
    press = approval.button(asked)
    mo.vstack(
        [
            panels.heading(6, "Approve and run", "This is the only button that spends credits."),
            approval.panel(asked, amount, press),
        ]
    )
    return asked, press


@app.cell(hide_code=True)
def _(asked, params, press):
    mo.stop(not press.value)
    approval.start(asked, params)
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
def _(buttons, ended, job):
    mo.stop(ended != job.id)
    job_page.outcome(job, buttons)
    return


if __name__ == "__main__":
    app.run()
