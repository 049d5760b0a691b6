"""A candidate's evidence is gathered from its histories: figures as JSON, and a page that a committee reads."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from village_credit import duckdb_session
from village_credit.decide.decide import decide
from village_credit.errors import MissingInput, ModelRefused
from village_credit.features.catalogue import FEATURES
from village_credit.ledger.lines_in_force import BEFORE
from village_credit.policy.model import PolicyInForce
from village_credit.policy.sections import BANDS
from village_credit.report.labels import ATTRIBUTES_ZH, GROUPS_ZH
from village_credit.report.model_page import assessment_page
from village_credit.score.apply import score, score_columns
from village_credit.score.scorecard import PPM, Scorecard
from village_credit.score.statistics import Bools, Floats
from village_credit.services.modelling.came_back import CameBack, joined, learnt_from, observe_published
from village_credit.services.modelling.observations import (
    Observation,
    day_of,
    feature_facts,
    feature_matrix,
    name_shapes,
    observe_all,
    of_last_day,
    to_history,
)
from village_credit.services.modelling.reach import reach
from village_credit.services.modelling.sign import read_candidate
from village_credit.services.rules import read_policy
from village_credit.sql_files import sql
from village_credit.store.store import Store
from village_credit.store.whole_files import json_of, write_whole
from village_credit.training import assess, fairness
from village_credit.training.train import History, fit

GROUPS = sql("services.modelling", "groups")
ATTRIBUTES = ("sex", "age", "land", "monitored", "name_shape")
LOWEST = BANDS[-1]
CHANCE = 0.5  # AUC of who knows nothing
MUCH_MOVED = 0.25  # stability index, by custom


@dataclass(frozen=True)
class Assessed:
    """Where the evidence is, what fails, and its headline figures."""

    model_id: str
    page: str
    figures: str
    concerns: list[str]
    headline: dict[str, float]


def assess_model(
    folder: Path,
    policy_file: Path,
    histories: list[Path] | None = None,
    challenger: Path | None = None,
    counties: Sequence[str] | None = None,
    open_store: Callable[[], Store] | None = None,
) -> Assessed:
    """Judge the candidate of a folder on its histories (or on others), and write its page and figures beside it.

    Bands and margins are the first county's; each county's households are decided by its own figures. A challenger's
    verdicts are compared on the same households and written nowhere else. `open_store`: of a candidate that learnt from
    published runs, whose. Raises MissingInput where a history is gone, ModelRefused where the candidate was altered.
    """
    card = read_candidate(folder)
    told = _training(folder)
    asked = counties or told.get("counties") or [told["county_code"]]  # which earlier code wrote, of the only one
    places = sorted(histories or [Path(text) for text in told["history"]], key=day_of)
    for place in places:
        if not place.is_dir():
            raise MissingInput(
                f"history {place.name} is gone from where {card.model_id} was trained: name its folders with --history"
            )
    came_back = _came_back(told, asked, open_store) if histories is None else None
    observations = joined(observe_all(places, asked) if places else [], came_back)
    policy = read_policy(policy_file)[0].in_force(card.valid_from, asked[0])
    evidence = gather(card, observations, policy) | _returned(observations, came_back)
    if challenger is not None:
        evidence["challenger_card"] = challenger_gap(card, read_candidate(challenger), observations, policy)
    page, figures = folder / f"{card.model_id}.assessment.html", folder / f"{card.model_id}.assessment.json"
    write_whole(page, assessment_page(card, evidence).encode("utf-8"))
    write_whole(figures, _json(evidence).encode("utf-8"))
    headline = {row["figure"]: row["value"] for row in evidence["out_of_village"]}
    return Assessed(card.model_id, str(page), str(figures), [english for english, _ in evidence["concerns"]], headline)


def _returned(observations: list[Observation], came_back: CameBack | None) -> dict[str, Any]:
    """Return how the sample of published runs was selected, and where the loans come from that taught."""
    if came_back is None:
        return {"came_back": [], "learnt_from": []}
    return {"came_back": came_back.selection, "learnt_from": learnt_from(observations, came_back)}


def _came_back(
    told: dict[str, Any], counties: Sequence[str], open_store: Callable[[], Store] | None
) -> CameBack | None:
    """Observe again the published runs that a candidate learnt from; raises MissingInput where one is gone."""
    runs = told.get("published")
    if not runs or open_store is None:
        return None
    found = observe_published(open_store(), counties, runs)
    if gone := [run_id for run_id in runs if run_id not in found.runs]:
        raise MissingInput(
            f"{told['model_id']} learnt from run {gone[0]}, which cannot be observed again: "
            f"{found.left_out.get(gone[0], 'it is not among the published ones of this store')}"
        )
    return found


def _training(folder: Path) -> dict[str, Any]:
    path = folder / "training.json"
    if not path.is_file():
        raise MissingInput(
            f"{folder.name}/ has no training.json, which `train` writes beside a candidate; name its history "
            f"with --history and --county"
        )
    return json_of(path.read_bytes(), f"{folder.name}/training.json")


def gather(card: Scorecard, observations: list[Observation], policy: PolicyInForce) -> dict[str, Any]:
    """Compute every figure of the page; names are looked at in memory for their shape only."""
    features, history = feature_facts(), to_history(observations)
    held, later = (
        assess.out_of_village_predictions(history, features),
        assess.out_of_time_predictions(history, features),
    )
    labels, villages = history.is_bad[held.rows], history.villages[held.rows]
    last = of_last_day(observations)
    known = pa.concat_tables([_groups(one) for one in last])
    evidence: dict[str, Any] = {
        "model_id": card.model_id,
        "content_sha256": card.content_sha256,
        "is_synthetic": card.training.is_synthetic,
        "outcomes": history.outcomes,
        "out_of_village": assess.discrimination(labels, held.probability, villages),
        "by_fold": assess.by_fold(history.is_bad, held),
        "price": assess.readability_gap(history.is_bad, held, history.villages),
        "directions": assess.direction_gap(
            history.is_bad, held, assess.without_directions(history, features), history.villages
        ),
        "flips": assess.flipped_bins(card, history, features),
        "calibration": assess.calibration(labels, held.probability),
        "bands": [
            row | _earned(row, policy) for row in assess.bands(labels, held.probability, policy.band_edges(), LOWEST)
        ],
        "lift": assess.lift(labels, held.probability),
        "roc": assess.roc_points(labels, held.probability),
        "roc_challenger": assess.roc_points(labels, held.challenger),
        "out_of_time": [],
        "sensitivity": [],
        "stability": [],
        **_groups_compared(card, last, known, policy, history, held, observations),
    }
    if later is not None:
        evidence["out_of_time"] = assess.discrimination(
            history.is_bad[later.rows], later.probability, history.villages[later.rows]
        )
        evidence["out_of_time_bands"] = assess.bands(
            history.is_bad[later.rows], later.probability, policy.band_edges(), LOWEST
        )
    model = fit(history, features)
    scores = model.score_points(history.values).astype(np.float64)
    evidence |= {
        "score_shares": assess.score_shares(history.is_bad, scores),
        "sensitivity": assess.sensitivity(model, history, features),
        "stability": assess.stability_rows(model, history, features),
        **reach(observations, history, held, scores, policy, is_synthetic=card.training.is_synthetic),
    }
    evidence["concerns"] = _concerns(evidence)
    return evidence


def _earned(row: dict[str, Any], policy: PolicyInForce) -> dict[str, float]:
    """Reckon what a hundred yuan lent to a band for a year leave: the margin of who repays, less what is lost."""
    margin = float(policy.figure("margin_bp", product="farmer_line")) / 10_000
    lost = float(policy.figure("loss_given_default"))
    shares = {name: row[name] for name in ("expected", "observed", "high")}
    return {f"earned_{name}": 100 * (margin * (1 - share) - lost * share) for name, share in shares.items()}


def _groups(observation: Observation) -> pa.Table:
    """Return unit_code and one word per attribute, of every registered household.

    Name shape lives in this table only.
    """
    connection = duckdb_session.connect()
    for name, table in {
        "features": observation.features,
        "households": observation.intake.facts["households"],
        "members": observation.intake.facts["members"],
        "monitored": observation.intake.facts["monitored"],
        "shapes": name_shapes(observation.intake),
    }.items():
        connection.register(name, table)
    return connection.sql(GROUPS, params={"day": observation.day}).to_arrow_table()


def _words(table: pa.Table, attribute: str) -> Any:
    return np.array([word or "" for word in table.column(attribute).to_pylist()], dtype=np.str_)


def _named(words: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return the groups; who is in none that is known is in one too."""
    return np.where(words == "", "unknown", words)


def _groups_compared(
    card: Scorecard,
    last: list[Observation],
    known: pa.Table,
    policy: PolicyInForce,
    history: History,
    held: assess.HeldOut,
    observations: list[Observation],
) -> dict[str, Any]:
    """Compare groups: by what would be decided on the last day, by what came true, and by what would change it."""
    granted, limits = (
        np.concatenate(parts) for parts in zip(*(_decided(card, one, policy) for one in last), strict=True)
    )
    words = {attribute: _words(known, attribute) for attribute in ATTRIBUTES}
    places = _words(known, "village_code")
    every = [
        row
        for name, group in words.items()
        for row in fairness.group_rows(name, _named(group), granted, limits, places)
    ]
    labelled = {
        name: np.concatenate([_labelled_words(one, name) for one in observations])[held.rows] for name in ATTRIBUTES
    }
    came_true = [
        row
        for name, group in labelled.items()
        for row in fairness.default_rows(
            name, _named(group), history.is_bad[held.rows], held.probability, history.villages[held.rows]
        )
    ]
    matrix = feature_matrix(last)
    edge = policy.band_edges()[-1][1] / PPM
    is_known = words["name_shape"] != ""
    return {
        "groups": every,
        "group_defaults": came_true,
        "proxies": fairness.proxy_rows(matrix[is_known], feature_facts(), words["name_shape"][is_known] == "long"),
        "alternatives": fairness.alternatives(history, feature_facts(), matrix, words, edge),
    }


def _labelled_words(observation: Observation, attribute: str) -> Any:
    """Return an attribute of the households whose outcome teaches, in the order of `labelled`."""
    connection = duckdb_session.connect()
    connection.register("groups", _groups(observation))
    connection.register("outcomes", observation.outcomes)
    query = (
        f"SELECT {attribute} FROM groups JOIN outcomes USING (unit_code) WHERE is_bad IS NOT NULL ORDER BY unit_code"
    )
    return _words(connection.sql(query).to_arrow_table(), attribute)


def _decided(card: Scorecard, observation: Observation, policy: PolicyInForce) -> tuple[Bools, Floats]:
    """Decide every household of a day by the candidate and its county's figures.

    Gives who is granted and how much, by unit_code.
    """
    policy = policy.policy.in_force(policy.as_of, observation.county_code)
    facts = {
        **observation.intake.facts,
        "in_force": BEFORE.empty_table().rename_columns(["unit_code", *BEFORE.names[1:]]),
    }

    def scorer(given: dict[str, pa.Table]) -> pa.Table:
        from village_credit.features.build import build_features  # noqa: PLC0415

        return score(build_features(given, observation.day, policy.policy.counted_methods), card).scores

    decisions = decide(facts, scorer, policy, observation.day).decisions
    connection = duckdb_session.connect()
    connection.register("decisions", decisions)
    connection.register("features", observation.features)
    query = sql("services.modelling", "decided")
    found = connection.sql(query).to_arrow_table()
    return found.column("granted").to_numpy().astype(np.bool_), found.column("limit_yuan").to_numpy()


def challenger_gap(
    card: Scorecard, other: Scorecard, observations: list[Observation], policy: PolicyInForce
) -> dict[str, Any]:
    """Score the same households with a second model: not authoritative, and in no package."""
    history = to_history(observations)
    names = [f.name for f in FEATURES]
    foretold = []
    for one in (card, other):
        unknown = sorted({f.name for f in one.features} - set(names))
        if unknown:
            raise ModelRefused(f"scorecard {one.model_id} needs features that are not built: {', '.join(unknown)}")
        columns = [pa.array(history.values[:, names.index(f.name)]) for f in one.features]
        foretold.append(score_columns(columns, one).ppm / PPM)
    labels = history.is_bad
    lowest = policy.band_edges()[-1][1] / PPM
    approved = [p < lowest for p in foretold]
    return {
        "note": "not authoritative: the challenger's verdicts are compared here and reach no package",
        "model_id": other.model_id,
        "rows": len(labels),
        "figures": {
            name: assess.discrimination(labels, p, history.villages)
            for name, p in zip(("authoritative", "challenger"), foretold, strict=True)
        },
        "approved": {
            "both": int((approved[0] & approved[1]).sum()),
            "only_authoritative": int((approved[0] & ~approved[1]).sum()),
            "only_challenger": int((~approved[0] & approved[1]).sum()),
            "neither": int((~approved[0] & ~approved[1]).sum()),
        },
    }


def _concerns(evidence: dict[str, Any]) -> list[tuple[str, str]]:
    """Say, in English and in Chinese, what a committee must look at."""
    counties = [row for row in evidence["places"] if row["kind"] == "county" and not row["is_hidden"]]
    return [
        *(
            _chance_concern(sample, row)
            for sample in ("out_of_village", "out_of_time")
            for row in evidence[sample]
            if row["figure"] == "auc" and not row["low"] > CHANCE
        ),
        *(_band_concern(row) for row in evidence["bands"] if not row["holds"]),
        *(_group_concern(row) for row in evidence["groups"] if row.get("is_flagged")),
        *(_proxy_concern(row) for row in evidence["proxies"] if row["verdict"] != "pass"),
        *(_alternative_concern(row) for row in evidence["alternatives"] if row.get("is_alternative")),
        *(_place_concern(row) for row in counties if not row["holds"]),
        *(_moved_place_concern(row) for row in counties if row["psi_over_time"] > MUCH_MOVED),
        *(_stability_concern(row) for row in evidence["stability"] if row["psi"] > MUCH_MOVED),
        *([_flip_concern(evidence["flips"])] if evidence["flips"] else []),
    ]


def _chance_concern(sample: str, row: dict[str, Any]) -> tuple[str, str]:
    seen = f"{row['value']:.3f} ({row['low']:.3f} - {row['high']:.3f})"
    name = {"out_of_village": "留出村", "out_of_time": "跨期"}[sample]
    return (
        (
            f"{sample.replace('_', ' ')}: AUC {seen} may be {CHANCE}, what chance gives: nothing shows that the card "
            f"tells bads from goods"
        ),
        f"{name} AUC {seen} 的区间包含 {CHANCE}（随机水平）：没有证据表明本评分卡能区分违约",
    )


def _band_concern(row: dict[str, Any]) -> tuple[str, str]:
    return _off(row, f"band {row['band']}", f"{row['band']} 档")


def _place_concern(row: dict[str, Any]) -> tuple[str, str]:
    return _off(row, f"county {row['place']}", row["place"])


def _off(row: dict[str, Any], whose: str, whose_zh: str) -> tuple[str, str]:
    """Say of a band or a county that its defaults are not those expected."""
    seen = f"{row['observed']:.2%} ({row['low']:.2%} - {row['high']:.2%})"
    return (
        f"{whose}: expected {row['expected']:.2%} of {row['loans']:,} loans to default, observed {seen}",
        f"{whose_zh}：{row['loans']:,} 笔贷款预期违约率 {row['expected']:.2%}，实际 {seen}",
    )


def _moved_place_concern(row: dict[str, Any]) -> tuple[str, str]:
    moved = f"{row['psi_over_time']:.2f}"
    return (
        f"county {row['place']}: scores moved between the first and the last observation day: stability index {moved}",
        f"{row['place']}：末日与首日之间分数变化明显：稳定性指数 {moved}",
    )


def _group_concern(row: dict[str, Any]) -> tuple[str, str]:
    what, who = ATTRIBUTES_ZH[row["attribute"]].split("（")[0], GROUPS_ZH.get(row["group"], row["group"])
    ratio = f"{row['approval_ratio']:.2f}"
    return (
        f"{row['attribute']} {row['group']}: approved {ratio} times as often as the best group, below four fifths",
        f"{what}·{who}：授信占比为最高组的 {ratio}，低于五分之四",
    )


def _proxy_concern(row: dict[str, Any]) -> tuple[str, str]:
    is_proxy = row["verdict"] == "fail"
    return (
        (
            f"{row['feature']} foretells name shape with AUC {row['auc']:.2f}: "
            f"{'a proxy; take it out' if is_proxy else 'look at it'}"
        ),
        f"{row['feature']} 能以 AUC {row['auc']:.2f} 猜出姓名形态：{'属代理特征，应去掉' if is_proxy else '请留意'}",
    )


def _alternative_concern(row: dict[str, Any]) -> tuple[str, str]:
    lost, gained = f"{row['auc_lost']:z.4f}", f"{row['ratio_gained']:z.3f}"
    return (
        (
            f"without {row['without']} AUC falls by {lost} and the worst approval ratio rises by {gained}: a "
            f"less discriminatory alternative"
        ),
        f"去掉 {row['without']}：AUC 减少 {lost}，最低占比之比上升 {gained}，可作为歧视更少的替代",
    )


def _stability_concern(row: dict[str, Any]) -> tuple[str, str]:
    return (
        f"{row['feature']} moved between {row['against']} and {row['day']}: stability index {row['psi']:.2f}",
        f"{row['feature']} 在 {row['against']} 与 {row['day']} 之间变化明显：稳定性指数 {row['psi']:.2f}",
    )


def _flip_concern(rows: list[dict[str, Any]]) -> tuple[str, str]:
    names = sorted({row["feature"] for row in rows})
    return (
        f"in a year or township {len(rows)} bins of {', '.join(names)} had defaults against the sign of their points",
        f"{'、'.join(names)} 共有 {len(rows)} 处分箱在某一年或某一乡镇的实际违约与得分方向相反",
    )


def _json(evidence: dict[str, Any]) -> str:
    """Write figures with as many digits as mean something; what is not a number is null."""
    return json.dumps(_plain(evidence), ensure_ascii=False, indent=1) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, float | np.floating):
        return round(float(value), 6) if math.isfinite(value) else None
    return str(value) if isinstance(value, date) else value
