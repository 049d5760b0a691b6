"""The analysts' views: their SQL over the runs' Parquet files, and a comment with its unit for every column."""

from __future__ import annotations

from types import MappingProxyType

from village_credit.publish.referral_clocks import clocks_sql

# `{table}` is the union of that table's files over all runs; `publications`, `in_force`, `run_log`, `held`,
# `branch_limits` and `overrides` are lists of values from the ledger, `working_calendar` of days; `{decision_now}` and its
# like are what a branch's receipt makes of a column.
VIEWS: MappingProxyType[str, tuple[str, str]] = MappingProxyType(
    {
        "limits_current": (
            "A household with a published decision in force",
            """
            SELECT county_code, township_code, village_code, d.household_key, d.product, {decision_now}, band, default_probability, {limit_yuan_now},
                   term_months, valid_from, valid_to, review_due_on, rate_spread_bp, repayment_method, revolving, {binding_term_now}, {reason_codes_now}, screen,
                   d.run_id, p.publication_id, published_at
            FROM {decisions} AS d JOIN in_force AS p USING (run_id)
            LEFT JOIN branch_limits AS b ON b.publication_id = p.publication_id AND b.household_key = d.household_key AND b.product = d.product
            WHERE (p.product IS NULL AND NOT list_contains(p.other_products, d.product)) OR p.product = d.product""",
        ),
        "limits_history": (
            "A household and publication; append-only",
            """
            SELECT county_code, township_code, village_code, d.household_key, d.product, decision, band, default_probability, limit_yuan,
                   term_months, valid_from, valid_to, review_due_on, rate_spread_bp, repayment_method, revolving, binding_term, reason_codes, screen,
                   d.run_id, p.publication_id, published_at, superseded_at, b.branch_limit_yuan, b.branch_limit_on
            FROM {decisions} AS d JOIN publications AS p USING (run_id)
            LEFT JOIN branch_limits AS b ON b.publication_id = p.publication_id AND b.household_key = d.household_key AND b.product = d.product
            WHERE p.product IS NULL OR p.product = d.product""",
        ),
        "limit_waterfall": (
            "A household of a published run: every term of its limit",
            """
            SELECT w.*, b.branch_limit_yuan
            FROM {waterfall} AS w SEMI JOIN publications USING (run_id)
            LEFT JOIN (SELECT * FROM branch_limits WHERE is_last) AS b USING (run_id, household_key, product)""",
        ),
        "score_points": (
            "A household and feature of a published run",
            "SELECT * FROM {score_points} AS s SEMI JOIN publications USING (run_id)",
        ),
        "reconciliation": ("A physical line or row of a delivered file", "SELECT * FROM {reconciliation}"),
        "links": ("A delivered record and the household that it was linked to", "SELECT * FROM {links}"),
        "link_quality": (
            "A list and village: its records by what became of their links",
            "SELECT * FROM {link_quality}",
        ),
        "quarantine": (
            "A rule broken by a row",
            "SELECT * EXCLUDE (is_quarantine) FROM {quarantine} WHERE is_quarantine",
        ),
        "holds": (
            "A household that is stopped now; why stands in the ledger, for it may name people",
            "SELECT * FROM held ORDER BY county_code, household_key",
        ),
        "runs": ("A run of a county as of a day", "SELECT * FROM run_log"),
        "authority": (
            "A household of a published run whose limit is above a step of the authority ladder, and who signed it by itself",
            """
            SELECT a.* EXCLUDE (roles), s.signed_role, s.signed_by, s.signed_at
            FROM {authority} AS a SEMI JOIN publications USING (run_id) LEFT JOIN household_signatures AS s USING (run_id, household_key, product)""",
        ),
        "control_totals": ("A run, file and measure over accepted rows", "SELECT * FROM {control_totals}"),
        "deliveries": (
            "A table of the county's calendar, for the county or a township: what is owed, what came, what that cost",
            "SELECT * FROM {deliveries}",
        ),
        "extract_checks": (
            "A figure of a contract's delivery as a whole, and its bounds",
            "SELECT * FROM {extract_checks}",
        ),
        "corrections": (
            "A quarantined row, and the row that mends it; from when the same error is known",
            """SELECT c.*, min(r.as_of) OVER (PARTITION BY r.county_code, c.correction_number) AS first_seen_on
               FROM {corrections} AS c JOIN run_log AS r USING (run_id)""",
        ),
        "drift": (
            "A feature of a published run, or its score: how far the county is from the training and the last publication",
            "SELECT * FROM {drift} AS d SEMI JOIN publications USING (run_id)",
        ),
        "fairness": (
            "A group of a published run's borrowers: how often and how much it was granted, beside its attribute's best group",
            "SELECT * FROM {fairness} AS f SEMI JOIN publications USING (run_id)",
        ),
        "relief": (
            "A household of a published run and a declared window that has begun: what it excused",
            "SELECT r.* FROM {relief} AS r SEMI JOIN publications USING (run_id)",
        ),
        "relief_kept": (
            "A household whose limit a relief window keeps, and the decision and figure that it would have had",
            "SELECT r.* FROM {relief_kept} AS r SEMI JOIN publications USING (run_id)",
        ),
        "relief_measures": (
            "A measure that a branch may offer on an open loan of a household in a relief window",
            "SELECT r.* FROM {relief_measures} AS r SEMI JOIN publications USING (run_id)",
        ),
        "conditions": (
            "A document that a household may bring later, of a published run, and whether it came",
            "SELECT c.* FROM {conditions} AS c SEMI JOIN publications USING (run_id)",
        ),
        "referrals": (
            "A referred trader of a published run: when it was decided and first drew, on two clocks of working days",
            f"SELECT * FROM ({clocks_sql('{referrals}', '{draws}')}) SEMI JOIN publications USING (run_id)",
        ),
        "events": (
            "A household and what happened to it between the last publication and a run, or what of its line falls due",
            "SELECT * FROM {events}",
        ),
        "renewals_due": (
            "A line in force that is over and waits for a signed renewal",
            "SELECT r.* FROM {renewals_due} AS r SEMI JOIN in_force USING (run_id)",
        ),
        "follow_up": (
            "A large grower, family farm or cooperative with a decision in force, for a customer manager's visit",
            """
            SELECT f.* REPLACE (c.decision AS decision, c.limit_yuan AS limit_yuan, greatest(0, f.need_yuan - c.limit_yuan) AS shortfall_yuan), c.publication_id
            FROM {follow_up} AS f JOIN limits_current AS c USING (run_id, household_key, product)""",
        ),
        "gates": (
            "A gate of a run",
            "SELECT g.*, overridden_by FROM {gates} AS g LEFT JOIN overrides USING (run_id, gate)",
        ),
        "households": (
            "A registered household of a publication in force",
            "SELECT h.* FROM {households} AS h SEMI JOIN (SELECT run_id FROM in_force WHERE product IS NULL) USING (run_id)",
        ),
        "places": (
            "A village, township or county of a publication in force",
            "SELECT p.* FROM {places} AS p SEMI JOIN (SELECT run_id FROM in_force WHERE product IS NULL) USING (run_id)",
        ),
        "village_coverage": (
            "A village in force: how many households are credited, and since the year before",
            """
            WITH now AS (  -- a household with lines of two products is one household
                SELECT county_code, township_code, village_code, household_key, bool_or(decision = 'granted') AS is_credited,
                       coalesce(sum(limit_yuan) FILTER (decision = 'granted'), 0) AS limit_yuan
                FROM limits_current GROUP BY ALL),
            before AS (
                SELECT DISTINCT household_key, sum(coalesce(branch_limit_yuan, limit_yuan)) OVER (PARTITION BY household_key) AS limit_yuan
                FROM limits_history AS h JOIN year_before AS y ON h.publication_id = y.publication_id
                WHERE decision = 'granted' AND coalesce(branch_limit_yuan, limit_yuan) > 0),
            compared AS (SELECT DISTINCT county_code FROM year_before)
            SELECT now.county_code, township_code, village_code, count(*) AS households,
                   count(*) FILTER (is_credited) AS credited_households,
                   count(*) FILTER (is_credited)::DOUBLE / count(*) AS coverage,
                   CAST(sum(now.limit_yuan) AS BIGINT) AS sum_limit_yuan,
                   CASE WHEN any_value(compared.county_code) IS NOT NULL
                        THEN count(*) FILTER (is_credited AND before.household_key IS NULL) END AS new_households,
                   CASE WHEN any_value(compared.county_code) IS NOT NULL
                        THEN CAST(sum(now.limit_yuan) - coalesce(sum(before.limit_yuan), 0) AS BIGINT) END AS new_sum_yuan
            FROM now LEFT JOIN before USING (household_key) LEFT JOIN compared ON compared.county_code = now.county_code
            GROUP BY ALL ORDER BY ALL""",
        ),
    }
)

COMMENTS: MappingProxyType[str, str] = MappingProxyType(
    {
        "county_code": "County, 6 digits of GB/T 2260",
        "township_code": "Township, 9 digits",
        "village_code": "Village, 12 digits",
        "household_key": "Pseudonym of the household (h…) or lone trader (t…); stable over runs; null where no household was found",
        "product": "Credit product: farmer_line, poverty_micro_loan, follow_on_loan, trader_loan; null: all",
        "decision": "granted, declined or manual_review; in limits_current declined where the branch refused",
        "band": "Risk band A (best) to E; null where not scored",
        "default_probability": "Probability of default within the model's horizon, share 0–1",
        "default_probability_ppm": "Probability of default within the model's horizon, parts per million",
        "limit_yuan": "Published limit, whole yuan; in limits_current the branch's where its receipt set another, 0: it refused",
        "term_months": "Term, months (at most 36)",
        "valid_from": "First day of the line",
        "valid_to": "Last day of the line",
        "review_due_on": "Day by which the limit must be reviewed",
        "rate_spread_bp": "Spread over the reference rate, basis points a year",
        "repayment_method": "revolving (with a yearly clean-up) or instalments",
        "revolving": "Whether repaid amounts may be drawn again",
        "binding_term": "The smallest term of the limit: capacity, band, need, headroom, rise or budget; review where a person set less, branch where a branch did",
        "reason_codes": "Every reason of the decision; the first decides",
        "screen": "white: nothing stands against a grant; grey: a person looks; black: a reason that declines stands against it",
        "tags": "large_grower (by declared land), family_farm, cooperative or other_farm (by the bureau's list)",
        "declared_mu": "Crop land that the household declares for the latest year, mu",
        "managed_mu": "Land that the bureau's list says the farm works, mu; of several farms the largest",
        "shortfall_yuan": "Need less the limit in force, whole yuan; 0 where the limit covers it",
        "run_id": "The run that computed this row",
        "publication_id": "The publication that put it in force",
        "published_at": "When it was published, UTC",
        "superseded_at": "When a later publication replaced it, UTC; null while in force",
        "branch_limit_yuan": "Limit that the branch approved, whole yuan; null until it approved another figure",
        "branch_limit_on": "Day of the branch's receipt",
        "is_last": "Whether it is the last publication of its run",
        "published_on": "Day of publication in China",
        "referral_batch": "Batch as the county's office named it; a keyed hash where the label might name a person",
        "referred_on": "Day of the referral",
        "applied_yuan": "Amount applied for, yuan",
        "decided_on": "Day in China on which a decision on the referral was first published; null while it waits",
        "first_drawn_on": "Day of the first draw after the referral; null while there is none",
        "decision_days": "Working days that the policy gives to the decision; the target is the same day",
        "draw_days": "Working days that the policy gives to the first draw; the target is the same day",
        "decision_due_on": "Last day on which a decision is in time; null where the working days are not known",
        "draw_due_on": "Last day on which a first draw is in time; null likewise, and where nothing was granted",
        "decision_working_days": "Working days from referral to decision; null while open or not known",
        "draw_working_days": "Working days from referral to the first draw; null likewise",
        "decision_clock": "same_day, in_time, late, open, or not_known",
        "draw_clock": "The same of the first draw; none where nothing was granted",
        "clock_note": "Why a clock is not known",
        "day": "A day of the working calendar",
        "working_days": "Working days of mainland China up to this day",
        "document": "Reference of the declaration of relief",
        "cause": "epidemic or disaster",
        "starts_on": "First day of the declared window",
        "ends_on": "Last day of the declared window",
        "excused_loans": "Loans of the household whose arrears a window or a proof excuses",
        "excused_days": "Days overdue that do not count, summed over these loans",
        "lifted_entries": "Entries of the negative list that fell with the arrears they rested on",
        "event": "new_exposure, listing, objection, relief: since the last publication; review_due, line_ends, renewal_due: of its line",
        "happened": "How often it happened",
        "ended_on": "Last day of the line that is over",
        "kept_limit_yuan": "Limit that the window keeps, whole yuan",
        "would_decision": "Decision without the window",
        "would_limit_yuan": "Limit without the window, whole yuan",
        "would_binding_term": "Binding term without the window",
        "would_reason_codes": "Reasons of the decision without the window",
        "product_name": "Product of the loan as the bank writes it",
        "balance_yuan": "Balance of the loan, yuan",
        "due_on": "Day on which the loan, or the document, is due",
        "proposed_due_on": "Day until which the loan may be extended",
        "rate_cut_bp": "Cut of the rate that may be offered, basis points a year",
        "principal_from": "Day until which interest alone may be repaid",
        "item": "Document that may come later",
        "granted_on": "Day of the scoring that granted on condition",
        "feature": "Feature of the scorecard; in drift also `score`",
        "value": "The value: of the feature in the manifest's unit, of the measure in `unit`, of the gate",
        "bin": "Bin that the value falls into",
        "points": "Whole points given for the bin",
        "points_lost": "Points below the feature's best bin",
        "rank": "Place among the household's features by points lost, from 1",
        "office": "Office that delivered the file; empty where no contract recognised it",
        "contract": "Data contract of the table; empty where none recognised it",
        "file_name": "Path of the delivered file below the county's folder",
        "file_sha256": "SHA-256 of the delivered bytes",
        "sheet": "Workbook sheet or archive member; empty otherwise",
        "line_number": "Physical line, sheet row or dbf record, from 1",
        "outcome": "accepted, quarantined, duplicate, superseded or layout",
        "source_table": "Contract of the linked record",
        "stage": "Certainty of the link: 1 whole ID or code, 2 repaired ID, 3 name (provisional); null if unlinked",
        "pass": "Linkage rule that found it",
        "agreement": "What agreed between both sides",
        "score": "Score of a scored link, in bits; null for exact rules",
        "margin": "Lead over the next household or record, in bits; null for exact rules, and without a rival",
        "records": "Linkable records of the list in the village",
        "automatic": "Records linked by code or ID number",
        "confirmed": "Records linked by a person's word",
        "provisional": "Records linked by likeness, waiting for a person; they add nothing to a figure",
        "conflicting": "Records whose ID number and name belong to different households, or whose link a person refused",
        "unlinked": "Records that found no household",
        "status": "Links: automatic, provisional, confirmed, refused, unlinked. Runs: staged, approved, published, superseded",
        "rules_version": "Version of the linkage rules",
        "roster_file": "File of the land register's line on the other side of the link; of a refused link, the line in conflict",
        "roster_sheet": "Sheet or archive member of that line",
        "roster_line": "Physical line of that line, from 1",
        "office_key": "The office's own key of the row; a keyed hash where it names a person",
        "field": "Field that broke the rule; empty for a rule of the row or line",
        "rule": "The rule: a type's check, a row rule, or `line`, `id_status`, `settle`",
        "reason_code": "Reason code of data_contracts/reasons.py; in conditions the one that the document answers",
        "reason_zh": "Chinese sentence: what is wrong and expected of a row; why a feature costs points (null: it costs none)",
        "value_masked": "What the value looks like (digits 9, letters x, Han 汉); never the value",
        "as_of": "Day as of which the run sees the world",
        "versions": "Versions of policy, model, linkage rules and code, JSON",
        "counts": "Lines by outcome and households by decision, JSON",
        "gates": "Gates by verdict, JSON",
        "prepared_by": "Who scored the run",
        "approved_by": "Who signed it; null while staged",
        "minutes": "Reference of the minutes of the committee's meeting; null where one signer signed",
        "above_yuan": "Step of the authority ladder, whole yuan: the limit is above it",
        "role": "Who must sign at least, as the policy of the run's day names the role",
        "reference": "Where the step comes from",
        "signed_role": "The role in which it was signed: that of the step or a higher one",
        "signed_by": "Who signed the household",
        "signed_at": "When, UTC",
        "staged_at": "When it was staged, UTC",
        "approved_at": "When it was signed, UTC",
        "sum_limit_yuan": "Sum of granted limits, whole yuan",
        "measure": "What is summed: rows, or the field of the contract. Relief: what may be offered: extension, rate_cut, changed_repayment, renewal_without_principal, new_for_old",
        "unit": "Unit of `value`: rows, mu, yuan",
        "rows": "Accepted rows",
        "state": "Deliveries: complete, partial, stale, missing, rejected. Corrections: open, retried (returned and still wrong), corrected. Conditions: open, supplied, lapsed",
        "is_needed": "Whether the county's calendar needs it: then missing, stale or refused fails the gate",
        "owed": "Year or day that the newest rows must reach; null where the table is not dated",
        "newest": "Latest year or day delivered, none after the run's day",
        "current_rows": "Rows that reach what is owed",
        "households_without": "Households without a current row of it; of a list of the county: all, where it is lacking",
        "granted_without": "Of these, granted",
        "manual_review_without": "Of these, to be looked at by a person",
        "declined_without": "Of these, declined",
        "review_reasons_without": "First reasons of those reviews",
        "minimum": "Below it the check fails; null: no minimum",
        "maximum": "Above it the check warns; null: no maximum",
        "correction_number": "Names the delivered row by its bytes and line; a returned row bears the number of the row it mends",
        "corrected_by_file": "File of the row that mends it; null while open",
        "corrected_by_sheet": "Its sheet or archive member",
        "corrected_by_line": "Its first line",
        "basis": "What ties them: correction_number, or the key by which rows of the contract supersede each other",
        "first_seen_on": "Day of the county's first run with this error",
        "since": "When it was stopped, UTC",
        "held_by": "Who stopped it",
        "gate": "Gate of the run",
        "threshold": "What the gate asks",
        "verdict": "pass, warn or fail",
        "explanation": "What the gate looks at and what to do",
        "overridden_by": "Who overrode a failed gate; null otherwise",
        "persons": "Living resident members of the register, or the book's figure where larger, persons",
        "children": "Members under 14, persons",
        "area_mu": "Land that counts for the limit, mu",
        "main_crop": "Crop with most land in the latest year declared",
        "labourers": "Labourers in the latest book, persons",
        "income_yuan": "Recognised yearly income by norm, whole yuan",
        "sources": "Contracts in which the household has a row",
        "level": "village, township or county",
        "place_code": "Code of the place",
        "place_name": "Name of the place by the land register",
        "within_code": "Code of the place above",
        "branch_code": "Branch that serves it",
        "branch_name": "Name of that branch",
        "households": "Registered households; in fairness households of the group with a borrower, null where hidden",
        "credited_households": "Households with a granted limit",
        "coverage": "Credited households over registered ones, share 0–1",
        "new_households": "Credited now and not a year before; null where nothing was published then",
        "psi_training": "Population stability index against the training's rows, by the scorecard's bins; 0: no change, above 0.25: much",
        "psi_published": "The same against the county's last whole publication before; null where there is none, or it did not know the feature",
        "missing_share": "Households without a value, share 0–1; null for the score",
        "missing_share_training": "The same of the training's rows",
        "missing_share_published": "The same of the last publication's households; null likewise",
        "attribute": "What the groups differ in: sex, age (the borrower's), land (registered), monitored",
        "group_name": "The group: female or male; whole years; mu; yes or no",
        "granted": "Of these, granted; null where hidden",
        "approval_share": "Granted households over the group's, share 0–1; null where hidden",
        "approval_ratio": "Approval share over the best of the attribute's groups that are not hidden; null where hidden",
        "approval_low": "Lower end of the 95% interval of the approval share (Wilson)",
        "approval_high": "Its upper end",
        "mean_limit_yuan": "Mean limit of the granted, whole yuan; null where fewer than 30 are granted",
        "limit_ratio": "Mean limit over the highest of the attribute's groups; null likewise",
        "is_flagged": "Whether the approval ratio is below four fifths; null where hidden",
        "is_hidden": "Whether its figures are not told: fewer than 30 households, or the smallest group beside one such, which would follow by subtraction",
        "other_products": "Products that a later publication of their own replaced",
        "new_sum_yuan": "Growth of the sum of limits over the year before, whole yuan; null likewise",
    }
)


def comment_of(column: str) -> str:
    """Return a column's comment; a waterfall's term is told by its name and unit suffix."""
    known = COMMENTS.get(column)
    if known:
        return known
    words = column.replace("_", " ")
    for suffix, unit in (
        ("_yuan", "yuan"),
        ("_mu", "mu"),
        ("_permille", "per mille"),
        ("_bp", "basis points"),
        ("_months", "months"),
    ):
        if column.endswith(suffix):
            return f"Term of the limit's waterfall: {words.removesuffix(suffix[1:]).strip()}, {unit}"
    return f"Term of the limit's waterfall: {words}"
