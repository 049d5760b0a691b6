"""Two sets of decisions, household by household: new, raised, lowered, removed, same.

Counts, sums, and what moved them.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from village_credit import catalogue, duckdb_session
from village_credit.decide.rules import RULES
from village_credit.duckdb_session import query_cursor
from village_credit.errors import MissingInput
from village_credit.ledger.branch_limits import branch_limits
from village_credit.ledger.holds import holds_in_force
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_query, quoted
from village_credit.ledger.publications import Publication
from village_credit.score.small_counts import hide_small
from village_credit.score.statistics import LEAST_GROUP
from village_credit.services.queries.told_rules import places_of, told_rules
from village_credit.services.queries.told_ways import hide_groups
from village_credit.services.queries.why import Why, why_published, why_runs
from village_credit.sql_files import sql
from village_credit.store.runs import require_unaltered
from village_credit.store.store import Store
from village_credit.tables.simulation_inputs import unpack_simulation_inputs

ATTRIBUTES = ("sex", "age", "land", "monitored")
GROUPS = {"village": "village_code", "band": "band", "reason": "reason"}
BY = (*GROUPS, "group")
TERMS = catalogue.binding_terms()
TABLES_READ = ("decisions", "waterfall", "relief_measures", "score_points")  # of a run, by whoever tells a difference
COLUMNS = ("household_key", "village_code", "product", "decision", "band", "limit_yuan", "binding_term", "reason_codes")
DECIDED = pa.schema(
    [
        (name, pa.int64() if name == "limit_yuan" else pa.list_(pa.string()) if name == "reason_codes" else pa.string())
        for name in COLUMNS
    ]
)
KEPT_MOVERS = 10

COMPARED = sql("services.queries", "diff_compared")
SUMS = (
    "count(*) AS households, CAST(sum(before_yuan) AS BIGINT) AS before_yuan, CAST(sum(after_yuan) "
    "AS BIGINT) AS after_yuan"
)
COUNTED = 'SELECT "group", change, households, before_yuan, after_yuan FROM counted ORDER BY "group", change'


@dataclass(frozen=True)
class Difference:
    """What changes between two sets of decisions; amounts in whole yuan.

    `changes`: change, households, before_yuan, after_yuan. `groups`: the same per group, small counts hidden (null).
    `movers`: the largest changes with what moved them, a term (with its figure before and after) or a reason.
    `measures`: how many households are offered a measure of relief, before and after. `causes`: why it changes, in
    yuan that add up (cause, households, raised_yuan, lowered_yuan, yuan); `villages` the same by village where that is
    asked, small counts hidden; `household` that of one household. `causes_yuan`: what causes come to where some are not
    told (`told_difference`). `why_not`: why that cannot be said, in a sentence;
    `why_joined`: why causes stay joined, where they were to be told apart.
    """

    against: str
    changes: list[dict[str, Any]]
    groups: list[dict[str, Any]]
    movers: list[dict[str, Any]]
    measures: list[dict[str, Any]]
    causes: list[dict[str, Any]] = field(default_factory=list)
    villages: list[dict[str, Any]] = field(default_factory=list)
    household: list[dict[str, Any]] | None = None
    causes_yuan: int | None = None
    why_not: str | None = None
    why_joined: str | None = None


@dataclass(frozen=True)
class Side:
    """One of the two runs: its decisions (a table, or SQL that gives one), their terms, its measures of relief."""

    decisions: pa.Table | str
    terms: list[Path]
    measures: list[Path] | pa.Table
    inputs: dict[str, pa.Table] = field(default_factory=dict)  # what the SQL reads
    knows_terms: bool = False  # the decisions have their terms beside them


def diff_runs(store: Store, run_id: str, against: str = "published", by: str | None = None) -> Difference:
    """Compare a sealed run with another run, or with what is published for its county.

    A batch of one product is compared with what is published of the households that it names, all their lines.
    """
    groups = groups_sealed(store, [run_id]) if by == "group" else None
    if against != "published":
        return difference(_of_runs(store, [run_id]), _of_runs(store, [against]), against, by, groups)
    manifest, ledger = store.manifest(run_id), Ledger.of(store)
    county, product = manifest["county_code"], manifest["product"]
    if product is not None and ledger.in_force_of(county):
        before, name = published_side(store, county)
        after = published_side(store, county, over=_as_published(run_id, manifest))[0]
        return difference(_named(after, store, run_id), _named(before, store, run_id), name, by, groups)
    before, name = published_side(store, county, _loaded_tables(store, run_id))
    return difference(_to_be(store, ledger, _as_published(run_id, manifest)), before, name, by, groups)


def diff_with_causes(
    store: Store,
    run_id: str,
    against: str = "published",
    by: str | None = None,
    household_key: str | None = None,
    apart: Path | None = None,
) -> tuple[Difference, Why]:
    """Compare as `diff_runs` does, and split every change among its causes.

    `household_key`: one household whose parts are told; raises MissingInput where neither side knows it. `apart`: the
    models' folder, where deliveries are to be read anew for causes that stored tables do not tell apart.
    """
    if household_key:
        _require_household(store, run_id, against, household_key)
    found = diff_runs(store, run_id, against, by)
    is_in_force = against == "published"
    why = why_published(store, run_id, apart) if is_in_force else why_runs(store, run_id, against, apart)
    keys = [mover["household_key"] for mover in found.movers]
    parts = why.of_households([*keys, *([household_key] if household_key else [])])
    movers = [{**mover, "causes": parts[mover["household_key"]]} for mover in found.movers]
    told = replace(
        found,
        movers=movers,
        causes=why.causes(),
        villages=why.by_village() if by == "village" else [],
        household=parts[household_key] if household_key else None,
        why_not=why.why_not,
        why_joined=why.why_joined,
    )
    return told, why


def _require_household(store: Store, run_id: str, against: str, household_key: str) -> None:
    """Raise MissingInput where neither side of a difference decided a household."""
    published = Ledger.of(store).in_force_of(store.manifest(run_id)["county_code"])
    others = [one.run_id for one in published] if against == "published" else [against]
    sides = [str(store.table(one, "decisions")) for one in (run_id, *others)]
    query = "SELECT count(*) FROM read_parquet($sides, hive_partitioning = false) WHERE household_key = $key"
    if query_cursor().execute(query, {"sides": sides, "key": household_key}).fetchall() == [(0,)]:
        raise MissingInput(
            f"household {household_key}: neither run {run_id} nor what it is compared with decided it; check the key"
        )


def _to_be(store: Store, ledger: Ledger, publication: Publication) -> Side:
    """Return what a county's run puts in force once it is published: who is held has nothing."""
    held = holds_in_force(ledger)
    query, inputs = lines_query(store, [publication], held=held, prefix="after_")
    side = _of_runs(store, [publication.run_id])
    return replace(side, decisions=f"SELECT {', '.join(COLUMNS)} FROM ({query})", inputs=inputs)


def _as_published(run_id: str, manifest: dict[str, Any]) -> Publication:
    """Return a run as it would lie over what is in force."""
    county, product, as_of = (manifest[name] for name in ("county_code", "product", "as_of"))
    return Publication("", run_id, county, product, as_of, "", sys.maxsize)


def _named(side: Side, store: Store, run_id: str) -> Side:
    """Keep the households that a batch names; what may be offered of relief it says nothing of."""
    named = quoted(str(store.table(run_id, "decisions")))
    only = f"household_key IN (SELECT household_key FROM read_parquet({named}, hive_partitioning = false))"
    return replace(side, decisions=f"SELECT * FROM ({side.decisions}) WHERE {only}", measures=[])


def diff_table(store: Store, county_code: str, tables: dict[str, pa.Table], by: str | None = None) -> Difference:
    """Compare a run in memory with what is published; nothing is written."""
    before, name = published_side(store, county_code, tables)
    return difference(Side(tables["decisions"].select(COLUMNS), [], tables["relief_measures"]), before, name, by)


def _loaded_tables(store: Store, run_id: str) -> dict[str, pa.Table]:
    """Read the tables of a run that tell of the lines that the bank had granted before."""
    folder = store.require_run(run_id)
    paths = {name: folder / f"{name}.parquet" for name in ("decisions", "lines_before")}
    return {name: pq.read_table(path, partitioning=None) for name, path in paths.items() if path.is_file()}


def published_side(
    store: Store, county_code: str, tables: dict[str, pa.Table] | None = None, over: Publication | None = None
) -> tuple[Side, str]:
    """Return what is in force for a county (with a publication over it), and the name of its last publication.

    Where nothing is published: the lines that the bank had granted before, as the run's `tables` have them.
    """
    ledger = Ledger.of(store)
    current = ledger.in_force_of(county_code)
    if not current:
        return Side(_loaded(tables or {}), [], []), "nothing published"
    found = [*current, *([over] if over else [])]
    prefix = "after_" if over else "before_"
    held = holds_in_force(ledger)
    query, inputs = lines_query(store, found, branch_limits(ledger).values(), held, prefix)
    lines = f"SELECT {', '.join(COLUMNS)} FROM ({query})"
    runs = list(dict.fromkeys(publication.run_id for publication in found))
    side = _of_runs(store, runs)
    decisions = lines if len(found) == 1 else one_each(lines)
    last = max(current, key=lambda publication: publication.number)
    return Side(decisions, side.terms, side.measures, inputs), last.publication_id


def one_each(decisions: str) -> str:
    """Write one row a household that has lines of two products: the larger tells, the sum counts."""
    return sql("services.queries", "one_each").format(decisions=decisions)


def _loaded(tables: dict[str, pa.Table]) -> pa.Table:
    """Return the bank's own lines as decisions: what a first publication keeps is not new."""
    if not {"lines_before", "decisions"} <= set(tables):
        return DECIDED.empty_table()
    connection = query_cursor()
    for name in ("lines_before", "decisions"):
        connection.register(name, tables[name])
    query = sql("services.queries", "bank_lines")
    return connection.sql(query).to_arrow_table().cast(DECIDED)


def _decisions_of(folders: list[Path]) -> str:
    paths = ", ".join(quoted(str(folder / "decisions.parquet")) for folder in folders)
    return f"SELECT {', '.join(COLUMNS)} FROM read_parquet([{paths}], hive_partitioning = false)"


def _of_runs(store: Store, run_ids: list[str]) -> Side:
    """Return runs as one side; raises VerificationFailed where a table that is compared is not what was sealed."""
    for run_id in run_ids:
        require_unaltered(store, run_id, TABLES_READ)
    folders = [store.require_run(run_id) for run_id in run_ids]
    measures = [folder / "relief_measures.parquet" for folder in folders]
    return Side(
        _decisions_of(folders),
        [folder / "waterfall.parquet" for folder in folders],
        [path for path in measures if path.is_file()],
    )


def groups_sealed(store: Store, run_ids: list[str]) -> pa.Table:
    """Return household_key, sex, age, land, monitored of runs' borrowers from the vault, in memory only."""
    connection = query_cursor()
    parts = []
    for run_id in run_ids:
        measured = unpack_simulation_inputs(store.open_simulation_inputs(run_id))
        connection.register("groups", measured.groups)
        connection.register("units", measured.units)
        parts.append(
            connection.sql(
                "SELECT household_key, groups.* EXCLUDE (unit_code) FROM groups JOIN units USING (unit_code)"
            ).to_arrow_table()
        )
    return pa.concat_tables(parts)


def order_of_rule(rule: str) -> tuple[int, str]:
    """Return a rule's place among those that decide; what is no rule of the limit comes last."""
    return RULES.index(rule) if rule in RULES else len(RULES), rule


def difference(after: Side, before: Side, name: str, by: str | None, groups: pa.Table | None = None) -> Difference:
    """Compare two sides; `groups`: household_key and its groups, for `by` group."""
    if by is not None and by not in BY:
        raise MissingInput(f"--by {by}: choose {', '.join(BY)}")
    comparison = Comparison(after, before, groups)
    changes = comparison.changes()
    hidden = [
        cell["change"] for cell in hide_small([{"group": "", **row} for row in changes]) if cell["households"] is None
    ]
    whole = [row["change"] for row in changes if row["change"] in hidden and row["households"] >= LEAST_GROUP]
    by_group = comparison.by(by, whole) if by else []
    return Difference(name, changes, by_group, comparison.movers(), comparison.measures())


class Comparison:
    """Two sides joined once, and asked as often as one likes."""

    def __init__(self, after: Side, before: Side, groups: pa.Table | None = None) -> None:
        """Join the sides by household; `groups`: household_key, sex, age, land, monitored."""
        self.after, self.before, self.groups = after, before, groups
        self.connection = duckdb_session.own_tables()
        for name, side in (("after", after), ("before", before)):
            for given, table in side.inputs.items():
                self.connection.register(given, table)
            if isinstance(side.decisions, str):
                self.connection.execute(f"CREATE VIEW {name} AS {side.decisions}")
            else:
                self.connection.register(name, side.decisions)
        if groups is not None:
            self.connection.register("groups_of", groups)
        self.connection.execute(COMPARED)

    def changes(self) -> list[dict[str, Any]]:
        """Return households and sums by change."""
        return self._rows(f"SELECT change, {SUMS} FROM compared GROUP BY change ORDER BY change")

    def by(self, what: str, whole: Collection[str] = (), untold: Collection[str] = ()) -> list[dict[str, Any]]:
        """Return the same by village, band, reason or group; counts below the least that is shown are null.

        `whole`: changes of which no more may be told than a table without them (`told_ways`). `untold`: groups of which
        nothing may be told (`told_rules`).
        """
        if what != "group":
            self.connection.execute(sql("services.queries", "diff_counts").format(group_column=GROUPS[what], sums=SUMS))
            cells = self._rows(COUNTED)
            return hide_groups(cells, whole, untold=places_of(cells, untold))
        if self.groups is None:
            return []
        names = ", ".join(ATTRIBUTES)
        sets = ", ".join(f"({name}, change)" for name in ATTRIBUTES)
        self.connection.execute(sql("services.queries", "diff_attributes").format(names=names, sums=SUMS, sets=sets))
        found = []
        for attribute in ATTRIBUTES:
            self.connection.execute(sql("services.queries", "diff_attribute").format(attribute=attribute))
            found += hide_groups(self._rows(COUNTED), whole)
        return found

    def movers(self) -> list[dict[str, Any]]:
        """Return the households that move most, with what moved them and that term's figure on either side."""
        movers = self._rows(f"""
            SELECT household_key, before_yuan, after_yuan, change_yuan, moved_by FROM compared WHERE change_yuan <> 0
            ORDER BY abs(change_yuan) DESC, household_key LIMIT {KEPT_MOVERS}""")
        keys = [mover["household_key"] for mover in movers]
        terms = [self._terms(side, keys) for side in (self.before, self.after)]
        for mover in movers:
            known = mover["moved_by"] in TERMS
            for word, found in zip(("term_before_yuan", "term_after_yuan"), terms, strict=True):
                mover[word] = found.get(mover["household_key"], {}).get(f"{mover['moved_by']}_yuan") if known else None
        return movers

    def _terms(self, side: Side, keys: list[str]) -> dict[str, dict[str, Any]]:
        """Return the terms of some households: from the side's own columns, else from its waterfalls.

        An older run lacks the terms that came later.
        """
        if side.knows_terms:
            source = "after" if side is self.after else "before"
        elif side.terms:
            paths = ", ".join(quoted(str(path)) for path in side.terms)
            source = f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"
        else:
            return {}
        there = self.connection.sql(f"FROM {source} LIMIT 0").columns
        columns = ", ".join(name for name in (f"{term}_yuan" for term in TERMS) if name in there)
        # a join with the few, so that no other household's terms are worked out
        few = "(SELECT unnest($keys) AS household_key)"
        query = f"SELECT household_key, {columns} FROM {source} SEMI JOIN {few} USING (household_key)"
        return {row["household_key"]: row for row in self._rows(query, keys=keys)}

    def moved(self) -> dict[str, Any]:
        """Return households, raised, lowered, raised_yuan, lowered_yuan and yuan of everybody who moves."""
        return self._rows(sql("services.queries", "moved"))[0]

    def rules(self) -> tuple[list[dict[str, Any]], set[str]]:
        """Return how many households each rule decides, given the rules before it: rule, before, after.

        In the order in which rules decide; what may not be told is null. A rule that decides nobody is not told. And
        the rules of which no table may tell how many they decide now (`told_rules`).
        """
        cells, untold = told_rules(self._rows(sql("services.queries", "simulated_rules")))
        found: dict[str, dict[str, Any]] = {}
        for cell in cells:
            rule = found.setdefault(cell["change"], {"rule": cell["change"], "before": 0, "after": 0})
            rule[cell["group"]] = cell["households"]
        return sorted(found.values(), key=lambda rule: order_of_rule(rule["rule"])), untold

    def flips(self) -> list[dict[str, Any]]:
        """Return how many households went from one rule to another, the most first; small counts are null.

        With their limits in all and the middle one, before and after. Who keeps a rule is no flip.
        """
        rows = self._rows(sql("services.queries", "simulated_flips"))
        stays = {place for place, cell in enumerate(rows) if cell["group"] == cell["change"]}
        flips = [cell for place, cell in enumerate(hide_small(rows, untold=stays)) if place not in stays]
        told = sorted(flips, key=lambda cell: -(cell["households"] or 0))
        return [{"from_rule": cell.pop("group"), "to_rule": cell.pop("change"), **cell} for cell in told]

    def measures(self) -> list[dict[str, Any]]:
        """Return the households that are offered each measure of relief, before and after."""
        counted: dict[str, list[int]] = {}
        for place, side in enumerate((self.before, self.after)):
            for row in self._offered(side.measures):
                counted.setdefault(row["measure"], [0, 0])[place] = row["households"]
        return [{"measure": name, "before": counted[name][0], "after": counted[name][1]} for name in sorted(counted)]

    def _offered(self, measures: list[Path] | pa.Table) -> list[dict[str, Any]]:
        """Return measure and households of one side, whose measures are sealed files or a table in memory."""
        if isinstance(measures, pa.Table):
            self.connection.register("offered", measures)
            return self._rows(sql("services.queries", "measures").format(offered="offered"))
        query = sql("services.queries", "measures").format(offered="read_parquet($paths, hive_partitioning = false)")
        return self._rows(query, paths=[str(path) for path in measures]) if measures else []

    def _rows(self, query: str, **values: object) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.connection.sql(query, params=values or None).to_arrow_table().to_pylist()
        return rows
