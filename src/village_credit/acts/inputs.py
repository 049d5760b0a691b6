"""What a scoring depends on besides the deliveries: policy, scorecard, code, and the limits in force."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from data_contracts.county_terms import CountyTerms, TermsRefused, read_terms
from village_credit.acts.models import scorecard_path, trusted_keys
from village_credit.decide.policy import Policy, load_policy
from village_credit.duck import looking
from village_credit.errors import MissingInput
from village_credit.publish.branch_limits import branch_limits, limits_table
from village_credit.publish.gates import Outcome, outcome_of
from village_credit.publish.ledger import Entry, Publication, publications, read_ledger
from village_credit.publish.measured import Measured, unpack_measured
from village_credit.publish.store import Store, sha256_of
from village_credit.publish.usage import drawn_before
from village_credit.relief.conditions import CONDITIONS
from village_credit.score.scorecard import Scorecard, load_scorecard

IN_FORCE = pa.schema(
    [
        ("household_key", pa.string()),
        ("product", pa.string()),
        ("limit_yuan", pa.int64()),
        ("term_months", pa.int64()),
        ("valid_from", pa.date32()),
        ("valid_to", pa.date32()),
        ("drawn_yuan", pa.decimal128(18, 2)),
    ]
)


@dataclass(frozen=True)
class Request:
    """What is asked: a county as of a day, under which rules, by whom; `counties` none: the terms of the package."""

    county_code: str
    as_of: date
    by: str
    models: Path
    policy_file: Path | None = None
    model_id: str | None = None
    product: str | None = None
    counties: Path | None = None


@dataclass(frozen=True)
class Rules:
    """The policy, the scorecard and the county's terms of a run, and what each was read from.

    `texts`: the bytes of each by their hash, to be kept with the deliveries.
    """

    policy: Policy
    policy_name: str
    policy_sha256: str
    scorecard: Scorecard
    scorecard_sha256: str
    terms: CountyTerms
    terms_sha256: str
    texts: dict[str, bytes]


def load_rules(request: Request, own_key: bytes) -> Rules:
    """Read policy, scorecard and county terms; raises MissingInput and its kin where they are absent or unsound.

    `own_key`: the store's public key, whose signatures on a scorecard count beside those of the models' folder.
    """
    policy_path = request.policy_file or request.models / "limit_policy.toml"
    policy = _read(policy_path, "policy")
    card = _read(scorecard_path(request.models, request.model_id), "scorecard")
    terms = _terms_text(request.counties, request.county_code)
    return rules_of(policy_path.name, (policy, card, terms), request, own_key)


def rules_of(policy_name: str, texts: tuple[str, str, str], request: Request, own_key: bytes) -> Rules:
    """Make rules of the texts of a policy, a scorecard and a county's terms, as `load_rules` reads them."""
    policy, card, terms = texts
    scorecard = load_scorecard(card, request.as_of, trusted_keys(request.models, own_key))
    kept = {sha256_of(content): content for content in (text.encode("utf-8") for text in texts)}
    policy_sha256, card_sha256, terms_sha256 = (sha256_of(text.encode("utf-8")) for text in texts)
    terms_read = _terms_of(terms, request.county_code)
    return Rules(load_policy(policy), policy_name, policy_sha256, scorecard, card_sha256, terms_read, terms_sha256, kept)  # fmt: skip


def read_policy(path: Path) -> tuple[Policy, str]:
    """Read a policy file, and its hash; raises MissingInput where there is none, PolicyRefused where it is unsound."""
    text = _read(path, "policy")
    return load_policy(text), sha256_of(text.encode("utf-8"))


def default_counties() -> Path:
    """The terms that come with the contracts."""
    return Path(str(resources.files("data_contracts"))) / "counties"


def load_terms(folder: Path | None, county_code: str) -> tuple[CountyTerms, str]:
    """Read what is agreed with a county's offices, and its hash; raises MissingInput where it is unsound.

    The default terms come first; a county without a file of its own has them alone.
    """
    text = _terms_text(folder, county_code)
    return _terms_of(text, county_code), sha256_of(text.encode("utf-8"))


def _terms_text(folder: Path | None, county_code: str) -> str:
    """Join the files of a county's terms, each after its name."""
    folder = folder or default_counties()
    names = [name for name in ("default.toml", f"{county_code}.toml") if (folder / name).is_file()]
    if not names:
        raise MissingInput(
            f"no terms for county {county_code} in {folder.name}/: it needs default.toml or {county_code}.toml"
        )
    return "\0".join(f"{name}\0{_read(folder / name, 'terms')}" for name in names)


def _terms_of(text: str, county_code: str) -> CountyTerms:
    parts = text.split("\0")
    try:
        return read_terms(dict(zip(parts[::2], parts[1::2], strict=True)))
    except TermsRefused as refusal:
        raise MissingInput(f"terms of county {county_code}: {refusal}") from None


def _read(path: Path, what: str) -> str:
    if not path.is_file():
        raise MissingInput(
            f"{what} file {path.name} is missing from {path.parent.name or '.'}/: give another with an option, or train one"
        )
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise MissingInput(f"{what} file {path.name} is not UTF-8 (byte {error.start + 1:,}): save it as UTF-8 and try again") from None  # fmt: skip


@cache
def code_sha256() -> str:
    """Hash the program itself: another version of the code is another run."""
    digest = hashlib.sha256()
    for package in ("data_contracts", "village_credit"):
        for path, content in sorted(_code_files(resources.files(package), package)):
            digest.update(path.encode("utf-8") + b"\0" + content + b"\0")
    return digest.hexdigest()


def _code_files(folder: Traversable, name: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for item in folder.iterdir():
        if item.is_dir() and item.name not in {"__pycache__", "_models", "published", "counties"}:
            found.extend(_code_files(item, f"{name}/{item.name}"))
        elif item.name.endswith((".py", ".sql", ".csv", ".toml")):
            found.append((f"{name}/{item.name}", item.read_bytes()))
    return found


def publication_before(entries: list[Entry], county_code: str, as_of: date) -> list[Publication]:
    """Give the publications that were in force for a county on the day before `as_of`: its last whole one, and later products."""
    earlier = [
        p for p in publications(entries) if p.county_code == county_code and p.as_of < as_of.isoformat()
    ]
    whole = [p for p in earlier if p.product is None]
    last = [whole[-1]] if whole else []
    since = last[0].number if last else 0
    by_product = {p.product: p for p in earlier if p.product is not None and p.number > since}
    return last + [by_product[name] for name in sorted(by_product, key=str)]


def limits_in_force(store: Store, before: list[Publication], as_of: date) -> pa.Table:
    """Give the lines of the day before `as_of`, one that it starts on that day too, by household_key; the limit of a stopped one is 0.

    A limit that a branch set stands in place of the published one from its receipt's day on; `drawn_yuan` is what the
    core system said was drawn and not repaid by then, null where it said nothing.
    """
    if not before:
        return IN_FORCE.empty_table()
    entries = read_ledger(store.root / "ledger")
    connection = looking()
    said = branch_limits(entries, as_of - timedelta(days=1))
    connection.register("branch_limits", limits_table(said.values()))
    connection.register("drawn", drawn_before(store, entries, as_of))
    parts = []
    for index, publication in enumerate(before):
        connection.register(
            f"d{index}",
            connection.sql(
                "SELECT *, $publication AS publication_id FROM read_parquet($path)",
                params={
                    "path": str(store.require_run(publication.run_id) / "decisions.parquet"),
                    "publication": publication.publication_id,
                },
            ).to_arrow_table(),
        )
        replaced = [p.product for p in before if p.product is not None] if publication.product is None else []
        connection.register(f"gone{index}", pa.table({"product": pa.array(replaced, pa.string())}))
        parts.append(f"SELECT * FROM d{index} ANTI JOIN gone{index} USING (product)")
    union = " UNION ALL BY NAME ".join(parts)
    query = f"""
        SELECT household_key, product, coalesce(branch_limit_yuan, limit_yuan) AS limit_yuan, term_months, valid_from, valid_to, drawn_yuan
        FROM ({union}) LEFT JOIN branch_limits USING (publication_id, household_key, product) LEFT JOIN drawn USING (household_key, product)
        WHERE valid_from <= $as_of AND valid_to >= $as_of::DATE - 1 ORDER BY household_key, product"""
    return connection.sql(query, params={"as_of": as_of}).to_arrow_table().cast(IN_FORCE)


def decided_before(store: Store, before: list[Publication]) -> pa.Table:
    """Give the household_key of everyone whom the publications in force on the day before decided, granted or not."""
    paths = [str(store.require_run(publication.run_id) / "decisions.parquet") for publication in before]
    if not paths:
        return pa.table({"household_key": pa.array([], pa.string())})
    query = "SELECT DISTINCT household_key FROM read_parquet($paths) ORDER BY household_key"
    return looking().sql(query, params={"paths": paths}).to_arrow_table()


def last_whole_run(before: list[Publication]) -> str | None:
    """Name the run of the county's last whole publication; None: nothing to compare with."""
    return next((publication.run_id for publication in before if publication.product is None), None)


def rows_before(store: Store, run_id: str | None) -> dict[str, int]:
    """Give the standing rows per contract of a run; of none, none."""
    if run_id is None:
        return {}
    path = store.require_run(run_id) / "control_totals.parquet"
    query = "SELECT contract, CAST(sum(rows) AS BIGINT) FROM read_parquet($path) WHERE measure = 'rows' GROUP BY contract ORDER BY contract"
    return dict(looking().execute(query, {"path": str(path)}).fetchall())


def outcome_before(store: Store, run_id: str | None) -> Outcome | None:
    """Give what a run came to; None of none."""
    if run_id is None:
        return None
    path = store.require_run(run_id) / "decisions.parquet"
    query = "SELECT decision, limit_yuan FROM read_parquet($path)"
    return outcome_of(looking().sql(query, params={"path": str(path)}).to_arrow_table())


def points_before(store: Store, run_id: str | None) -> pa.Table | None:
    """Give unit_code, feature and value of every household that a run decided; None of none.

    A sealed run knows no unit_code: here it is the pseudonym.
    """
    if run_id is None:
        return None
    path = store.require_run(run_id) / "score_points.parquet"
    query = "SELECT household_key AS unit_code, feature, value FROM read_parquet($path)"
    return looking().sql(query, params={"path": str(path)}).to_arrow_table()


def conditions_before(store: Store, run_id: str | None) -> pa.Table:
    """Give the documents that households were waiting to bring as a run left them, by household_key; of none, none."""
    schema = pa.schema(
        [("household_key", pa.string()), *((f.name, f.type) for f in CONDITIONS if f.name != "unit_code")]
    )
    path = None if run_id is None else store.require_run(run_id) / "conditions.parquet"
    if path is None or not path.is_file():
        return schema.empty_table()
    return pq.read_table(path, columns=schema.names).cast(schema)


def knows_before(store: Store, run_id: str | None) -> bool:
    """Tell whether the vault holds what a run measured."""
    return run_id is not None and store.has_identities(f"{run_id}.measured")


def measured_before(store: Store, run_id: str | None) -> Measured | None:
    """Give what a run measured of its households; None of none, or where the vault no longer has it."""
    if run_id is None or not knows_before(store, run_id):
        return None
    return unpack_measured(store.open_measured(run_id))


def dates_before(store: Store, run_id: str | None) -> pa.Table:
    """Give household_key, valid_to and review_due_on of the lines that a run granted; of none, none."""
    schema = pa.schema(
        [("household_key", pa.string()), ("valid_to", pa.date32()), ("review_due_on", pa.date32())]
    )
    if run_id is None:
        return schema.empty_table()
    return pq.read_table(store.require_run(run_id) / "decisions.parquet", columns=schema.names).cast(schema)
