# /// script
# requires-python = ">=3.11"
# dependencies = ["leadkit"]
#
# [tool.marimo.display]
# theme = "system"
# ///
"""Find people: look them up, say who is meant where names do not agree, and unlock only those.

Run it with ``leadkit app``, or ``marimo run`` and this file. Opening, reloading and looking cost nothing.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Find people", css_file="style.css")

with app.setup:
    import marimo as mo

    from leadkit.app import approval, charts, choices, job_page, mapping, panels, review_queue
    from leadkit.app.draft import make_draft, row_table
    from leadkit.app.order import Task
    from leadkit.app.session import session
    from leadkit.app.show import show
    from leadkit.app.source import FIRST_ROWS, Source
    from leadkit.errors import LeadkitError
    from leadkit.schemas import check_intake

    APP = "find_people"


@app.cell(hide_code=True)
def _():
    try:
        here = session()
        _page = panels.masthead(
            "Find people",
            "Upload a workbook with names, addresses or profiles. Who fits a row is found; where it is not certain, "
            "you decide; contact data is unlocked for those alone.",
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
    get_said, set_said = mo.state(0)
    return get_ended, get_said, params, set_ended, set_said


@app.cell(hide_code=True)
def _(here, params):
    job, _page = job_page.attach(here, params, APP)
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
        book = found_book if sheet.value == found_book.sheet else source.open(sheet.value)
        _parts = [panels.file_line(book), panels.bullets(book.notes), show(book.frame.head(FIRST_ROWS))]
        if book.frame.empty:
            book = None
            _parts = [panels.note("warn", "No rows here", "Choose another sheet or another workbook.")]
    except LeadkitError as _error:
        book = None
        _parts = [panels.trouble(_error, "This sheet cannot be read")]
    mo.vstack(_parts)
    return (book,)


@app.cell(hide_code=True)
def _(book, here, source):
    mo.stop(book is None)
    step, before = review_queue.step_after(here, source)
    provider = choices.provider_field(here.workspace, step, before)
    _parts = [panels.heading(2, *review_queue.STEP_WORDS[step])]
    if step == "find_people":
        _parts.append(provider)
    mo.vstack(_parts)
    return before, provider, step


@app.cell(hide_code=True)
def _(before, book, here, provider, step):
    wants = choices.wants_field(here.workspace, step, provider.value, before)
    columns_found = mapping.column_choices(
        book.frame,
        here.workspace.provider(provider.value).operation(step),
        before.columns or None,
    )
    columns = mapping.pickers(book.frame, columns_found)
    _parts = [panels.title("What to buy", review_queue.WANT_WORDS[step]), *wants.elements.values()]
    _parts = _parts if wants.elements else []
    preview = choices.preview_field(here.workspace, step, provider.value)
    if preview is not None:
        _parts.append(preview)
    _parts += [
        panels.heading(3, "The columns", choices.columns_hint(here.workspace, step, provider.value)),
        panels.grid(columns.elements.values()),
    ]
    mo.vstack(_parts)
    return columns, columns_found, preview, wants


@app.cell(hide_code=True)
def _(book, columns, columns_found, step):
    mapped = mapping.mapped(columns.value)
    report = check_intake(book.frame, step, mapped)
    mo.vstack(
        [
            panels.bullets(mapping.mapping_words(book.frame, columns_found, columns.value)),
            mapping.check_panel(report, chosen=bool(mapped)),
        ]
    )
    return mapped, report


@app.cell(hide_code=True)
def _(book, get_ended, get_said, here, job, mapped, preview, provider, report, source, step, wants):
    mo.stop(job is not None or not report.ok)
    get_ended(), get_said()  # what a job bought, and what a person said, is known from then on
    try:
        _options = {"preview_first": True} if preview is not None and preview.value else {}
        _task = Task(step, provider.value, mapped, choices.picked_wants(wants.value), options=_options)
        draft = make_draft(book, source, _task, here.workspace, hidden_rows=source.hidden_rows, app=APP)
        _page = mo.vstack(
            [
                panels.heading(
                    4, "What happens to the rows", "Nothing has been sent. Each person is paid for once."
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
            panels.heading(5, "Approve and run", "This is the only button that spends credits."),
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
def _(ended, get_said, here, job):
    mo.stop(ended != job.id or job.order.task.step != "find_people" or not job.receipt)
    get_said()
    try:
        queue = review_queue.open_queue(here, job)
        _page = None
    except LeadkitError as _error:
        queue = None
        _page = panels.trouble(_error, "Who was found cannot be shown")
    _page
    return (queue,)


@app.cell(hide_code=True)
def _(here, queue):
    mo.stop(queue is None)
    which = review_queue.filter_field(queue)
    write = review_queue.write_button(here)
    mo.vstack(
        [
            panels.title(
                "Who is meant?", "Your row and whoever was found for it, side by side. Nothing is sent."
            ),
            review_queue.summary(queue),
            which,
        ]
    )
    return which, write


@app.cell(hide_code=True)
def _(queue, which):
    page = review_queue.page_field(queue, which.value)
    page if len(queue.those(which.value)) > review_queue.PAGE else None
    return (page,)


@app.cell(hide_code=True)
def _(here, page, queue, which, write):
    shown = review_queue.shown(queue, which.value, page.value)
    fields = review_queue.verdict_fields(shown)
    keep = review_queue.keep_button(here)
    _buttons = [keep] if shown else []
    if queue.those(review_queue.JUDGED):
        _buttons.append(write)
    mo.vstack(
        [
            review_queue.panel(queue, shown, fields),
            mo.hstack(_buttons, justify="start", wrap=True),
        ]
    )
    return fields, keep, shown


@app.cell(hide_code=True)
def _(fields, get_said, keep, queue, set_said, shown):
    mo.stop(not keep.value)
    _page = review_queue.keep(queue, shown, fields.value)
    if _page is None:
        set_said(get_said() + 1)
    _page
    return


@app.cell(hide_code=True)
def _(here, job, params, write):
    mo.stop(not write.value)
    review_queue.write(here, job, params)
    return


@app.cell(hide_code=True)
def _(buttons, ended, job):
    mo.stop(ended != job.id)
    job_page.outcome(job, buttons, review_queue.next_steps)
    return


if __name__ == "__main__":
    app.run()
