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

    from leadkit.app import charts, draft, panels
    from leadkit.app.job_page import job_head, job_result, left_to_spend, unfinished_links
    from leadkit.app.session import session
    from leadkit.app.show import labels, show
    from leadkit.app.steps import STEPS
    from leadkit.app.upload import ENDINGS, LIMIT_BYTES, example, open_upload
    from leadkit.errors import LeadkitError
    from leadkit.money import credits_text
    from leadkit.schemas import check_intake
    from leadkit.steps import DEFAULT_PROVIDER


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
def _():
    params = mo.query_params()
    get_ended, set_ended = mo.state("")
    return get_ended, params, set_ended


@app.cell(hide_code=True)
def _(here, params):
    mo.stop(here is None)
    user = here.workspace.user
    job = None
    _page = None
    if params.get("job"):
        try:
            job = here.jobs.find(str(params.get("job")), user)
        except LeadkitError as _error:
            _page = panels.note("warn", "No such job", _error)
    _page
    return job, user


@app.cell(hide_code=True)
def _(here, job, user):
    mo.stop(job is not None)
    _links = unfinished_links(here.jobs, user)
    panels.links("info", "You have unfinished work", _links) if _links else None
    return


@app.cell(hide_code=True)
def _(here):
    mo.stop(here is None)
    upload = mo.ui.file(
        filetypes=list(ENDINGS),
        kind="area",
        max_size=LIMIT_BYTES,
        label="Drop a workbook here, or click to choose",
    )
    try_example = mo.ui.run_button(label="Try it with an example workbook")
    get_example, set_example = mo.state(None)
    return get_example, set_example, try_example, upload


@app.cell(hide_code=True)
def _(set_example, try_example, upload):
    # The newer of the two wins: an upload replaces the example, the button replaces an upload.
    if try_example.value:
        set_example(example())
    elif upload.value:
        set_example(None)
    return


@app.cell(hide_code=True)
def _(get_example, here, job, try_example, upload):
    mo.stop(job is not None)
    _parts = [
        panels.heading(
            1,
            "Your workbook",
            "Excel or CSV. Nothing of it leaves this machine before you approve an amount.",
        ),
        upload,
    ]
    if here.banner and example() and not upload.value and not get_example():
        _parts.append(try_example)
    mo.vstack(_parts)
    return


@app.cell(hide_code=True)
def _(get_example, upload):
    _chosen = get_example() or ((upload.name(), upload.contents()) if upload.value else None)
    mo.stop(_chosen is None)
    name, source = _chosen
    try:
        found_book = open_upload(name, source)
        _page = None
    except LeadkitError as _error:
        found_book = None
        _page = panels.trouble(_error, "This file cannot be read")
    _page
    return found_book, name, source


@app.cell(hide_code=True)
def _(found_book):
    mo.stop(found_book is None)
    _names = [sheet.name for sheet in found_book.sheets]
    sheet = mo.ui.dropdown(
        labels(_names), value=draft.label_of(labels(_names), found_book.sheet), label="Sheet"
    )
    return (sheet,)


@app.cell(hide_code=True)
def _(found_book, sheet, source):
    try:
        sheet_book = draft.reopen(found_book, source, sheet=sheet.value)
        sheet_trouble = None
    except LeadkitError as _error:
        sheet_book = None
        sheet_trouble = panels.trouble(_error, "This sheet cannot be read")
    return sheet_book, sheet_trouble


@app.cell(hide_code=True)
def _(found_book, job, sheet, sheet_book, sheet_trouble):
    mo.stop(job is not None)
    _parts = [panels.file_line(sheet_book or found_book)]
    if len(found_book.sheets) > 1:
        _parts.append(sheet)
    if sheet_trouble is not None:
        _parts.append(sheet_trouble)
    mo.vstack(_parts)
    return


@app.cell(hide_code=True)
def _(sheet_book):
    mo.stop(sheet_book is None)
    header_row = mo.ui.number(
        start=0,
        stop=max(draft.LAST_HEADER_ROW, sheet_book.header_row),
        step=1,
        value=sheet_book.header_row,
        label="Row with the column names (0: there are none)",
    )
    return (header_row,)


@app.cell(hide_code=True)
def _(header_row, sheet_book, source):
    try:
        book = draft.reopen(sheet_book, source, header_row=header_row.value)
        book_trouble = None
    except LeadkitError as _error:
        book = None
        book_trouble = panels.trouble(_error, "The rows cannot be read")
    return book, book_trouble


@app.cell(hide_code=True)
def _(book, book_trouble, header_row, job):
    mo.stop(job is not None)
    _parts = [header_row]
    if book is None:
        _parts.append(book_trouble)
    elif book.frame.empty:
        _parts.append(
            panels.note("warn", "No rows here", "Choose another sheet, or another row for the column names.")
        )
    else:
        _parts += [panels.bullets(book.notes), show(book.frame.head(draft.FIRST_ROWS))]
    mo.vstack(_parts)
    return


@app.cell(hide_code=True)
def _(found_book):
    mo.stop(found_book is None)
    pick_step = mo.ui.radio(
        {step.title: step.name for step in STEPS.values()}, value=STEPS["validate_emails"].title
    )
    return (pick_step,)


@app.cell(hide_code=True)
def _(pick_step):
    step = STEPS[pick_step.value]
    return (step,)


@app.cell(hide_code=True)
def _(book, job, pick_step, step):
    mo.stop(job is not None or book is None or book.frame.empty)
    mo.vstack([panels.heading(2, "What to do", step.about), pick_step])
    return


@app.cell(hide_code=True)
def _(book, step):
    mo.stop(book is None or book.frame.empty)
    choice = draft.column_choice(book.frame, step)
    column = mo.ui.dropdown(choice.options, value=choice.guessed, label=step.column_title, searchable=True)
    return choice, column


@app.cell(hide_code=True)
def _(book, choice, column, job):
    mo.stop(job is not None)
    mo.vstack(
        [
            panels.heading(3, "The column", "Other columns are never sent anywhere."),
            column,
            panels.bullets(choice.words(book.frame, column.value)),
        ]
    )
    return


@app.cell(hide_code=True)
def _(book, column, job, step):
    mo.stop(job is not None or column.value is None)
    report = check_intake(book.frame, step.name, {step.takes: column.value})
    _parts = [panels.heading(4, "Check of the sheet", "Row numbers are those that Excel shows.")]
    if report.errors:
        _parts.append(
            panels.note(
                "bad",
                "This has to be put right first",
                *[problem.sentence for problem in report.errors],
                "Nothing was sent. Choose another column, or correct the workbook and upload it again.",
            )
        )
    elif report.warnings:
        _parts.append(
            panels.note(
                "warn",
                "You can go on",
                "Nothing here costs anything: rows that cannot be used are left as they are.",
                *draft.summaries(report),
            )
        )
    else:
        _parts.append(panels.note("good", "Nothing to complain about", "Every row can be used."))
    _rows = draft.row_problems(report)
    if len(_rows):
        _parts.append(show(_rows))
    mo.vstack(_parts)
    return (report,)


@app.cell(hide_code=True)
def _(book, column, get_ended, here, job, report, source, step):
    mo.stop(job is not None or not report.ok)
    get_ended()  # what a job bought is known from then on
    try:
        balance = here.balance(DEFAULT_PROVIDER[step.name])
        plan_draft = draft.make_draft(book, source, step, column.value, here.workspace)
        _page = None
    except LeadkitError as _error:
        plan_draft, balance = None, None
        _page = panels.trouble(_error)
    _page
    return balance, plan_draft


@app.cell(hide_code=True)
def _(balance, plan_draft):
    mo.stop(plan_draft is None)
    preview = plan_draft.plan.preview
    mo.vstack(
        [
            panels.heading(
                5, "What it costs", "Nothing has been sent. You pay for each different entry once."
            ),
            panels.cost(preview, plan_draft.provider_title),
            charts.rows_chart(preview.rows),
            panels.bullets([*preview.notes, *draft.balance_words(preview, balance)]),
            mo.accordion({"What happens to each row": mo.lazy(lambda: show(draft.row_table(plan_draft)))}),
        ]
    )
    return (preview,)


@app.cell(hide_code=True)
def _(preview):
    amount = mo.ui.number(
        start=0,
        stop=preview.most / 1000,
        value=preview.most / 1000,
        label="Credits that may be spent, at most",
    )
    return (amount,)


@app.cell(hide_code=True)
def _(amount, here, plan_draft, user):
    try:
        at_most = plan_draft.approve(amount.value)
        order = plan_draft.order(at_most, user)
        job_id = here.jobs.approval_id(order, plan_draft.source)
        approval_trouble = None
    except LeadkitError as _error:
        at_most, order, job_id = None, None, None
        approval_trouble = panels.trouble(_error, "Please type an amount")
    go = mo.ui.run_button(
        label="Run" if order is None else plan_draft.button(at_most), kind="success", disabled=order is None
    )
    return approval_trouble, at_most, go, job_id, order


@app.cell(hide_code=True)
def _(amount, approval_trouble, at_most, go, plan_draft, preview):
    _parts = [panels.heading(6, "Approve and run", "This is the only button that spends credits.")]
    if preview.most:
        _parts.append(amount)
    if approval_trouble is not None:
        _parts.append(approval_trouble)
    elif _reach := plan_draft.reach(at_most):
        _parts.append(panels.bullets([_reach]))
    mo.vstack([*_parts, go])
    return


@app.cell(hide_code=True)
def _(go, here, job_id, order, params, plan_draft):
    mo.stop(not go.value)
    try:
        # The id was made with the price: a second click, tab or reload comes back to the same job.
        params["job"] = here.jobs.start(job_id, order, plan_draft.source).id
        _page = None
    except LeadkitError as _error:
        _page = panels.trouble(_error, "The job could not be started")
    _page
    return


@app.cell(hide_code=True)
def _(get_ended, job):
    mo.stop(job is None)
    ticker = mo.ui.refresh(default_interval="1s") if get_ended() != job.id else None
    return (ticker,)


@app.cell(hide_code=True)
def _(get_ended, here, job, params, set_ended, user):
    mo.stop(job is None)
    get_ended()

    def _resume(_):
        here.jobs.resume(job.id, user)
        set_ended("")

    def _leave(_):
        params.remove("job")

    def _remove(_):
        job.remove()
        params.remove("job")

    try:
        _left = left_to_spend(here.jobs.status(job))
    except LeadkitError:
        _left = 0
    stop = mo.ui.button(label="Stop", kind="danger", on_click=lambda _: here.jobs.cancel(job.id, user))
    resume = mo.ui.button(
        label=f"Resume, for at most {credits_text(_left)} credits", kind="success", on_click=_resume
    )
    leave = mo.ui.button(label="Back", on_click=_leave)
    remove = mo.ui.button(label="Delete these files from this machine", on_click=_remove)
    return leave, remove, resume, stop


@app.cell(hide_code=True)
def _(get_ended, here, job, leave, resume, set_ended, stop, ticker):
    # The ticker asks for this cell every second, and is not to be seen.
    _ticker = [] if ticker is None else [mo.Html(f'<div class="lk-hidden">{ticker}</div>')]
    try:
        _status = here.jobs.status(job)
        _parts = [job_head(job, _status)]
        if not _status.over:
            _parts.append(stop)
        elif _status.can_resume:
            _parts.append(resume)
        elif _status.state == "refused":
            _parts.append(leave)
        if _status.over and get_ended() != job.id:
            here.spent()
            set_ended(job.id)
    except LeadkitError as _error:
        _parts = [panels.trouble(_error)]
    mo.vstack([*_parts, *_ticker])
    return


@app.cell(hide_code=True)
def _(get_ended, job, leave, remove):
    mo.stop(job is None or get_ended() != job.id or not job.receipt)
    try:
        _rows = show(job.result_frame())
    except LeadkitError as _error:
        _rows = panels.trouble(_error, "The rows cannot be shown here")
    mo.vstack(
        [
            mo.hstack(
                [
                    mo.download(
                        data=job.result,
                        filename=job.receipt["name"],
                        mimetype="application/octet-stream",
                        label="Download the workbook",
                    )
                ],
                justify="start",
            ),
            job_result(job),
            panels.title("The rows", "As they stand in the workbook to download, the new columns first."),
            _rows,
            mo.hstack(
                [mo.md("[Start with another workbook](?)"), remove],
                justify="start",
                gap=2,
                align="center",
                wrap=True,
            ),
        ]
    )
    return


if __name__ == "__main__":
    app.run()
