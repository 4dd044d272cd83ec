"""What was spent, as tables and sentences: by day, by run, by step. Everything here only reads.

``whose`` is the user whose runs are told of; None for everybody's. :func:`seen_by` says which a visitor may see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import altair as alt
import pandas as pd

from leadkit.app.charts import INK, dressed
from leadkit.app.steps import STEPS
from leadkit.app.visitor import Visitor
from leadkit.ledger import Ledger
from leadkit.ledger.budget import Caps
from leadkit.ledger.history import RunRecord
from leadkit.ledger.totals import DaySpend, hit_rates, spend_by_day
from leadkit.money import MILLICREDITS_PER_CREDIT, Amount, credits_text, credits_words
from leadkit.providers import make_provider, provider_names
from leadkit.providers.base import Balance
from leadkit.settings import Settings
from leadkit.steps import DEFAULT_PROVIDER

#: How far back the chart looks.
CHART_DAYS = 30
#: A call's money: what it is → its colour, with enough contrast on white and on black.
_CHARGED, _HELD = "charged", "set aside, not settled yet"
_COLOURS = {_CHARGED: "#4c6ef5", _HELD: "#d9730d"}
_STATES = {"running": "under way", "stopped": "stopped early", "cancelled": "stopped by its user"}


def seen_by(visitor: Visitor) -> str | None:
    """Whose runs the visitor sees: their own, or everybody's (None) for whoever decides about money."""
    return None if visitor.may_approve else visitor.name


def provider_title(name: str, settings: Settings) -> str:
    """The provider's name as it writes it itself."""
    return make_provider(name, settings).title


def step_title(step: str) -> str:
    """What a step does, in the words of the apps."""
    return STEPS[step].title if step in STEPS else step.replace("_", " ").capitalize()


def moment(seconds: int | None) -> str:
    """A moment (seconds since 1970) as it is shown everywhere: ``2026-03-02 09:00``, UTC."""
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


# -- balances -----------------------------------------------------------------------------------------------


def balance_cards(balances: Sequence[Balance], settings: Settings) -> list[tuple[str, str, str]]:
    """Provider, credits left, and what else is known in figures, for each account."""
    return [(provider_title(one.provider, settings), _left(one), ", ".join(_about(one))) for one in balances]


def _left(balance: Balance) -> str:
    return "not known" if balance.remaining is None else credits_text(balance.remaining)


def _about(balance: Balance) -> Iterator[str]:
    if balance.remaining is not None:
        yield "credits left" + ("" if balance.limit is None else f" of {credits_text(balance.limit)}")
    if balance.used is not None:
        yield f"{credits_text(balance.used)} used"
    if balance.period_end:
        # A date is not to be broken at the end of a line.
        yield f"until {balance.period_end[:10]}".replace("-", "\N{NON-BREAKING HYPHEN}")


def balance_notes(balances: Sequence[Balance], settings: Settings) -> list[str]:
    """What the figures do not say: why one is not known, and for which provider no key is set."""
    told = [
        # An error names its provider itself.
        one.note if one.refused else f"{provider_title(one.provider, settings)}: {one.note}"
        for one in balances
        if one.note
    ]
    asked = {one.provider for one in balances}
    others = [make_provider(name, settings) for name in provider_names() if name not in asked]
    return [
        *told,
        *(f"{one.title}: no API key is set. The setting {one.key_name} takes it." for one in others),
    ]


# -- by day -------------------------------------------------------------------------------------------------


def days(ledger: Ledger, whose: str | None) -> list[DaySpend]:
    """Spend by day, provider, account and user."""
    with ledger.reading() as connection:
        return spend_by_day(connection, whose)


def day_table(spent: Sequence[DaySpend], settings: Settings) -> pd.DataFrame:
    """A row for each day and provider, the newest day first; amounts in credits of that provider."""
    sums: dict[tuple[date, str], tuple[Amount, int]] = {}
    for one in spent:
        charged, held = sums.get((one.day, one.provider), (Amount(), 0))
        sums[one.day, one.provider] = (charged + one.charged, held + one.held)
    return pd.DataFrame(
        [
            (day.isoformat(), provider_title(provider, settings), str(charged), credits_text(held))
            for (day, provider), (charged, held) in sorted(sums.items(), reverse=True)
        ],
        columns=["Day (UTC)", "Provider", "Credits charged", "Credits set aside"],
    )


def day_charts(spent: Sequence[DaySpend], today: date, settings: Settings) -> list[alt.Chart]:
    """A chart of the last 30 days for each provider. Credits of two providers share no axis."""
    first = today - timedelta(days=CHART_DAYS - 1)
    recent = [one for one in spent if one.day >= first and (one.charged.most or one.held)]
    providers = dict.fromkeys(one.provider for one in recent)
    return [
        _day_chart(
            provider_title(name, settings), [one for one in recent if one.provider == name], first, today
        )
        for name in providers
    ]


def _day_chart(title: str, spent: Sequence[DaySpend], first: date, today: date) -> alt.Chart:
    shown = [first + timedelta(days=n) for n in range((today - first).days + 1)]
    frame = pd.DataFrame(
        [
            (_day_label(one.day), what, millicredits / MILLICREDITS_PER_CREDIT)
            for one in spent
            for what, millicredits in ((_CHARGED, one.charged.most), (_HELD, one.held))
            if millicredits
        ],
        columns=["day", "what", "credits"],
    )
    kinds = list(dict.fromkeys(frame["what"]))
    legend = alt.Legend(title=None, orient="top", labelColor=INK, labelLimit=240, labelFontSize=12)
    chart = (
        alt.Chart(frame)
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X(
                "day:O",
                title=None,
                scale=alt.Scale(domain=[_day_label(day) for day in shown]),
                axis=alt.Axis(values=[_day_label(day) for day in shown[::-7]], labelAngle=0),
            ),
            y=alt.Y(
                "sum(credits):Q", title="credits", axis=alt.Axis(tickCount=4, grid=True, gridOpacity=0.25)
            ),
            color=alt.Color(
                "what:N",
                scale=alt.Scale(domain=kinds, range=[_COLOURS[kind] for kind in kinds]),
                legend=legend if kinds != [_CHARGED] else None,
            ),
            tooltip=[
                alt.Tooltip("day:O", title="day (UTC)"),
                alt.Tooltip("what:N", title="what"),
                alt.Tooltip("sum(credits):Q", title="credits", format=",.3~f"),
            ],
        )
        .properties(
            width="container",
            height=150,
            title=alt.TitleParams(title, anchor="start", color=INK, fontSize=14, offset=8),
            description=f"{title}: credits of each of the last 30 days. The table below has the same figures.",
        )
    )
    return dressed(chart)


def _day_label(day: date) -> str:
    return f"{day.day} {day:%b}"


# -- by run -------------------------------------------------------------------------------------------------


def run_table(ledger: Ledger, runs: Sequence[RunRecord], settings: Settings) -> pd.DataFrame:
    """A run in each row: its preview beside its receipt, in credits of its provider."""
    return pd.DataFrame(
        [
            {
                "Started (UTC)": moment(run.started_at),
                "What": f"{step_title(run.step)}{_wants(run)}",
                "Provider": provider_title(run.provider, settings),
                "State": _state(ledger, run),
                "At least": _previewed(run, "least"),
                "Expected": _previewed(run, "expected"),
                "At most": _previewed(run, "most"),
                "Approved": credits_text(run.approved),
                "Charged": str(run.charged),
                "Set aside": credits_text(run.held) if run.held else "0",
                "Calls": f"{run.calls:,}",
                "By": run.approved_by,
                "Run": run.id,
            }
            for run in runs
        ]
    )


def _wants(run: RunRecord) -> str:
    return f" ({', '.join(run.wants)})" if run.wants else ""


def _previewed(run: RunRecord, which: str) -> str:
    millicredits = run.preview.get(f"{which}_millicredits")
    return "not known" if millicredits is None else credits_text(millicredits)


def _state(ledger: Ledger, run: RunRecord) -> str:
    if run.state == "running" and not ledger.owners.alive(run.owner):
        return "interrupted"
    return _STATES.get(run.state, run.state)


# -- by step ------------------------------------------------------------------------------------------------


def hit_table(ledger: Ledger, whose: str | None, settings: Settings) -> pd.DataFrame:
    """How often each step found something, and what a find cost. Searches find rows, not keys: left out."""
    with ledger.reading() as connection:
        rates = [rate for rate in hit_rates(connection, whose) if rate.step in DEFAULT_PROVIDER]
    return pd.DataFrame(
        [
            {
                "What": step_title(rate.step),
                "Provider": provider_title(rate.provider, settings),
                "Asked": f"{rate.found + rate.not_found + rate.in_doubt:,}",
                "Found": f"{rate.found:,}",
                "Not found": f"{rate.not_found:,}",
                "In doubt": f"{rate.in_doubt:,}",
                "Hit rate": _percent(rate.found, rate.found + rate.not_found),
                "Credits charged": str(rate.charged),
                "Credits a find, at most": _each(rate.charged, rate.found),
            }
            for rate in rates
        ]
    )


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else ""


def _each(charged: Amount, found: int) -> str:
    return credits_text(round(charged.most / found)) if found else ""


# -- ceilings -----------------------------------------------------------------------------------------------


def cap_lines(
    caps: Caps, spent: Sequence[DaySpend], *, user: str, today: date, settings: Settings
) -> list[tuple[str, str]]:
    """Each ceiling of a day, and what of it today's spend has used up, provider by provider.

    ``spent`` is everybody's: a ceiling of an account counts what colleagues spend.
    """
    of_today = [one for one in spent if one.day == today]
    lines = []
    for name, label, ceiling, mine in (
        (
            "LEADKIT_USER_DAY_CREDITS",
            f"A day for {user}, at each provider",
            caps.of_user(user),
            [one for one in of_today if one.user == user],
        ),
        ("LEADKIT_ACCOUNT_DAY_CREDITS", "A day for each account, by everybody", caps.account_day, of_today),
    ):
        if ceiling is None:
            lines.append((label, f"No ceiling. The setting {name} makes one."))
        else:
            used = _used(mine, settings) or "nothing used today"
            lines.append((label, f"{credits_words(ceiling)}, by the setting {name}; {used}"))
    return lines


def _used(spent: Sequence[DaySpend], settings: Settings) -> str:
    sums: dict[tuple[str, str], int] = {}
    for one in spent:
        of = (one.provider, one.account)
        sums[of] = sums.get(of, 0) + one.charged.most + one.held
    words = (
        f"{credits_text(used)} used at {provider_title(provider, settings)}"
        for (provider, _), used in sums.items()
        if used
    )
    return ", ".join(words)
