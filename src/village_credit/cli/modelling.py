"""The verbs of the scorecard workshop: train, assess, sign."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from village_credit.cli.common import Verbs, day, show, store_of

if TYPE_CHECKING:
    from village_credit.settings import Settings


def add_train(verbs: Verbs) -> None:
    trained = verbs.add(
        "train",
        "Fit a candidate scorecard on history.",
        "train --history build/history/2023-11-01 build/history/2024-11-01 --county 659900 --out build/candidate",
    )
    trained.add_argument(
        "--history",
        required=True,
        action="extend",
        nargs="+",
        type=Path,
        help="folders YYYY-MM-DD with inbox/ as of that day, outcome/, the conduct a year later, and relief/, declarations of the time",
    )
    trained.add_argument("--county", default="659900")
    trained.add_argument("--model-id", default="candidate")
    trained.add_argument("--valid-from", type=day)
    trained.add_argument("--out", required=True, type=Path)
    trained.add_argument(
        "--impact-assessment",
        metavar="REF",
        help="reference of the impact assessment; without it the candidate is marked as trained on synthetic history",
    )
    trained.set_defaults(handle=do_train)


def do_train(args: argparse.Namespace, _paths: Settings) -> int:
    """Fit a candidate scorecard."""
    from village_credit.services.modelling import train

    card, path = train.train_candidate(
        args.history,
        args.county,
        args.model_id,
        args.valid_from,
        args.out,
        args.impact_assessment,
    )
    figures = card.training.figures
    return show(
        args,
        card.model_dump(mode="json"),
        lambda: (
            f"{path}: {card.training.rows:,} loans, {card.training.bads:,} defaults; out of village AUC {figures.get('auc_out_of_village')}, out of time {figures.get('auc_out_of_time')}; next: village-credit assess-model {args.out}, then model sign by three people"
        ),
    )


def add_assess_model(verbs: Verbs) -> None:
    judged = verbs.add(
        "assess-model",
        "A candidate's evidence, as figures and as a page: discrimination, calibration, stability, fairness, alternatives.",
        "assess-model build/candidate --challenger build/other",
    )
    judged.add_argument("folder", type=Path, help="the candidate's folder, as `train` wrote it")
    judged.add_argument(
        "--history",
        action="extend",
        nargs="+",
        type=Path,
        help="default: the histories that it was trained on",
    )
    judged.add_argument(
        "--challenger",
        type=Path,
        help="a second candidate, judged on the same households; never authoritative",
    )
    judged.add_argument("--county", help="default: the county that it was trained on")
    judged.add_argument("--policy", type=Path, help="whose bands and limits the groups are compared by")
    judged.set_defaults(handle=do_assess_model)


def do_assess_model(args: argparse.Namespace, paths: Settings) -> int:
    """Write a candidate's evidence."""
    from village_credit.services.modelling import assess

    policy = args.policy or paths.models / "limit_policy.toml"
    found = assess.assess_model(args.folder, policy, args.history, args.challenger, args.county)
    text = [
        f"scorecard {found.model_id}: out of village "
        + ", ".join(f"{name} {value:.4f}" for name, value in found.headline.items())
    ]
    text += [f"  look at: {concern}" for concern in found.concerns] or ["  nothing that a committee must look at"]
    text += [f"  page      {found.page}", f"  figures   {found.figures}"]
    return show(args, found, lambda: "\n".join(text))


def add_model(verbs: Verbs) -> None:
    vouched = verbs.add(
        "model",
        "Sign a candidate scorecard; developer, validator and approver are three people.",
        "model sign build/candidate --role validator --by 3003",
    )
    vouched.add_argument("act", choices=("sign",))
    vouched.add_argument("folder", type=Path, help="the folder that holds the scorecard")
    vouched.add_argument("--role", required=True, choices=("developer", "validator", "approver"))
    vouched.add_argument("--by", required=True)
    vouched.set_defaults(handle=do_model)


def do_model(args: argparse.Namespace, paths: Settings) -> int:
    """Sign a candidate scorecard."""
    from village_credit.services.modelling import sign as models

    card = models.sign_model(args.folder, args.role, args.by, store_of(paths, may_begin=True).keys)
    signed = {signature.role: signature.by for signature in card.signatures}
    lacking = [role for role in ("developer", "validator", "approver") if role not in signed]
    return show(
        args,
        {"model_id": card.model_id, "content_sha256": card.content_sha256, "signatures": signed, "lacking": lacking},
        lambda: (
            f"scorecard {card.model_id}: signed by {', '.join(f'{role} {by}' for role, by in signed.items())}; {'lacking: ' + ', '.join(lacking) if lacking else 'it may decide now'}"
        ),
    )


VERBS = (
    add_train,
    add_assess_model,
    add_model,
)
