"""What a manager asks of a county, answered from the analysts' views: a marimo notebook, which is plain Python."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="整村授信：经理问数")


@app.cell
def _():
    import marimo as mo

    import village_credit

    views = village_credit.open_warehouse()  # the store that VILLAGE_CREDIT_STORE names; reads, and needs no key
    return mo, views


@app.cell
def _(mo):
    mo.md("""
    # 整村授信：经理问数

    Every figure is of the analysts' views, counted exactly, for people of the house; no person is in any of them.
    Choose a county: whatever hangs on it is reckoned anew. Columns are explained in `docs/reference/views.md`.
    """)


@app.cell
def _(mo, views):
    counties = [
        row[0]
        for row in views.execute("""
        SELECT DISTINCT place_code FROM statistics WHERE level = 'county' ORDER BY place_code
    """).fetchall()
    ]
    county = mo.ui.dropdown(counties, value=counties[0] if counties else None, label="County")
    county
    return (county,)


@app.cell
def _(county, views):
    months = views.execute(
        """
        SELECT month, villages_covered, villages, credited_households, coverage, in_force_yuan, growth_share,
            drawn_yuan, drawn_share
        FROM statistics WHERE level = 'county' AND product = 'all' AND place_code = $county ORDER BY month
    """,
        {"county": county.value},
    ).df()
    return (months,)


@app.cell
def _(mo, months):
    now = months.iloc[-1] if len(months) else None
    said = (
        "Nothing of this county was published yet."
        if now is None
        else (
            f"At the end of **{now.month}**: {now.villages_covered} of {now.villages} villages covered, "
            f"{now.credited_households:,} households credited ({now.coverage:.1%}), {now.in_force_yuan:,} yuan "
            f"in force, {now.drawn_yuan:,.0f} of them drawn ({now.drawn_share:.1%})."
        )
    )
    mo.vstack([mo.md("## How far are we, and how did it grow?"), mo.md(said), mo.ui.table(months, selection=None)])


@app.cell
def _(county, mo, views):
    stages = views.execute(
        """
        SELECT stage_number, stage, CAST(sum(households) AS BIGINT) AS households
        FROM funnel WHERE county_code = $county GROUP BY ALL ORDER BY stage_number
    """,
        {"county": county.value},
    ).df()
    mo.vstack([mo.md("## Where do households stop on the way to a draw?"), mo.ui.table(stages, selection=None)])
    return (stages,)


@app.cell
def _(county, mo, views):
    season = views.execute(
        """
        SELECT campaign, starts_on, purpose, planned_yuan, drawn_to_date_yuan, drawn_share,
            year_before_to_date_yuan
        FROM campaigns WHERE county_code = $county
        QUALIFY day = max(day) OVER (PARTITION BY campaign, starts_on) ORDER BY starts_on, campaign, purpose
    """,
        {"county": county.value},
    ).df()
    mo.vstack([mo.md("## Do the season's draws keep to the plan?"), mo.ui.table(season, selection=None)])
    return (season,)


@app.cell
def _(county, mo, views):
    behind = views.execute(
        """
        SELECT branch_code, branch_name, lines_told, answers_open, answers_overdue, open_days
        FROM branches WHERE county_code = $county AND answers_open > 0 ORDER BY open_days DESC, branch_code
    """,
        {"county": county.value},
    ).df()
    mo.vstack([mo.md("## Which branches owe answers?"), mo.ui.table(behind, selection=None)])
    return (behind,)


@app.cell
def _(county, mo, views):
    warned = views.execute(
        """
        SELECT branch_code, warning, count(*) AS lines, sum(amount_yuan) AS amount_yuan, max(days) AS longest_days
        FROM early_warnings WHERE county_code = $county GROUP BY ALL ORDER BY lines DESC, branch_code, warning
    """,
        {"county": county.value},
    ).df()
    mo.vstack([mo.md("## What should somebody look into?"), mo.ui.table(warned, selection=None)])
    return (warned,)


if __name__ == "__main__":
    app.run()
