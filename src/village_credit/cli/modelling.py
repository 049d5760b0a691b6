"""The verbs of the scorecard workshop: train, assess, sign."""

from __future__ import annotations

import argparse

from village_credit.cli.common import Verbs, county_code, day, path, policy_of, show, store_of

TYPE_CHECKING = False  # not typing's: --help must not pay for it
if TYPE_CHECKING:
    from pathlib import Path

    from village_credit.score.scorecard import Role, Scorecard
    from village_credit.services.modelling.assess import Assessed
    from village_credit.settings import Settings

ROLES = ("developer", "validator", "approver")  # the scorecard's own, whose module --help must not pay for


def add_train(verbs: Verbs) -> None:
    trained = verbs.add(
        "train",
        "Fit a candidate scorecard on history.",
        "train --history build/history/2023-11-01 build/history/2024-11-01 --county 659900 --out build/candidate",
        do_train,
    )
    trained.add_argument(
        "--history",
        action="extend",
        nargs="+",
        default=[],
        type=path,
        help=(
            "folders YYYY-MM-DD with inbox/ as of that day, outcome/, the conduct a year later, and relief/, "
            "declarations of the time"
        ),
    )
    trained.add_argument(
        "--published",
        action="store_true",
        help="learn from the store's published runs too, whose year has passed, and from what came back of them",
    )
    trained.add_argument(
        "--county",
        action="append",
        type=county_code,
        help="the county (default: 659900); give it once for each county to train on",
    )
    trained.add_argument("--model-id", default="candidate", help="what it is called (default: candidate)")
    trained.add_argument(
        "--valid-from", type=day, help="its first day (default: a year after the last observation day)"
    )
    trained.policy("which says from how many defaults a scorecard may be fitted")
    trained.out("the folder of the candidate", required=True)
    trained.add_argument(
        "--impact-assessment",
        metavar="REF",
        help="reference of the impact assessment; without it the candidate is marked as trained on synthetic history",
    )


def do_train(args: argparse.Namespace, paths: Settings) -> int:
    """Fit a candidate scorecard."""
    from village_credit.services.modelling import train

    card, path = train.train_candidate(
        args.history,
        args.county or ["659900"],
        args.model_id,
        args.valid_from,
        args.out,
        policy_of(args, paths),
        args.impact_assessment,
        store_of(paths) if args.published else None,
    )
    return show(args, card.model_dump(mode="json"), lambda: _trained_text(card, path, args.out))


def _trained_text(card: Scorecard, path: Path, folder: Path) -> str:
    figures = card.training.figures
    return (
        f"{path}: {card.training.rows:,} loans, {card.training.bads:,} defaults; out of village AUC "
        f"{figures.get('auc_out_of_village')}, out of time {figures.get('auc_out_of_time')}; next: "
        f"village-credit assess-model {folder}, then model sign by three people"
    )


def add_assess_model(verbs: Verbs) -> None:
    judged = verbs.add(
        "assess-model",
        (
            "A candidate's evidence, as figures and as a page: discrimination, calibration, stability, "
            "fairness, alternatives."
        ),
        "assess-model build/candidate --challenger build/other",
        do_assess_model,
    )
    judged.folder("the candidate's folder, as `train` wrote it")
    judged.add_argument(
        "--history",
        action="extend",
        nargs="+",
        type=path,
        help="the histories to judge it on (default: those that it was trained on)",
    )
    judged.add_argument(
        "--challenger", type=path, help="a second candidate, judged on the same households; never authoritative"
    )
    judged.add_argument(
        "--county", action="append", type=county_code, help="the counties (default: those that it was trained on)"
    )
    judged.policy("whose bands and limits the groups are compared by")


def do_assess_model(args: argparse.Namespace, paths: Settings) -> int:
    """Write a candidate's evidence."""
    from village_credit.services.modelling import assess

    known = policy_of(args, paths), args.history, args.challenger, args.county
    found = assess.assess_model(args.folder, *known, open_store=lambda: store_of(paths))
    return show(args, found, lambda: "\n".join(_assessed_text(found)))


def _assessed_text(found: Assessed) -> list[str]:
    headline = ", ".join(f"{name} {value:.4f}" for name, value in found.headline.items())
    concerns = [f"  look at: {concern}" for concern in found.concerns]
    return [
        f"scorecard {found.model_id}: out of village {headline}",
        *(concerns or ["  nothing that a committee must look at"]),
        f"  page      {found.page}",
        f"  figures   {found.figures}",
    ]


def add_model(verbs: Verbs) -> None:
    vouched = verbs.add(
        "model",
        "Sign a candidate scorecard; developer, validator and approver are three people.",
        "model sign build/candidate --role validator --by 3003",
        do_model,
    )
    vouched.add_argument("act", choices=("sign",), help="vouch for its content")
    vouched.folder("the folder that holds the scorecard")
    vouched.add_argument("--role", required=True, choices=ROLES, help="as whom; three people, one a role")
    vouched.signed_by()


def do_model(args: argparse.Namespace, paths: Settings) -> int:
    """Sign a candidate scorecard."""
    from village_credit.services.modelling import sign as models

    card = models.sign_model(args.folder, args.role, args.by, store_of(paths, may_begin=True).keys)
    signed = {signature.role: signature.by for signature in card.signatures}
    lacking = [role for role in ROLES if role not in signed]
    told = {"model_id": card.model_id, "content_sha256": card.content_sha256, "signatures": signed, "lacking": lacking}
    return show(args, told, lambda: _vouched_text(card.model_id, signed, lacking))


def _vouched_text(model_id: str, signed: dict[Role, str], lacking: list[str]) -> str:
    signers = ", ".join(f"{role} {by}" for role, by in signed.items())
    return (
        f"scorecard {model_id}: signed by {signers}; "
        f"{'lacking: ' + ', '.join(lacking) if lacking else 'it may decide now'}"
    )


VERBS = (add_train, add_assess_model, add_model)
