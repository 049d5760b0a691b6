"""`python -m tests.fuzz --files N --seed S`: hostile files of every kind, a table of what became of them.

Exit 1 where a file crashed the reading, took too long, lost a line, was refused without a reason, or where local damage
cost an untouched row; the line says the file's place, and `--only KIND/INDEX` makes it again. And where a small county
with a damaged list of debts or listings grants somebody more, and no gate fails.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial

from tests.fuzz.check import Verdict, check_file
from tests.fuzz.county import Raised, damaged_county
from tests.fuzz.damage import hostile_file
from tests.fuzz.whole import KINDS

SECONDS_A_FILE = 10.0
BATCH = 40  # files a worker takes at a time


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    places = _places(options)
    verdicts = list(_verdicts(options.seed, places, options.processes))
    _print_table(verdicts)
    wrong = [verdict for verdict in verdicts if verdict.violations]
    for verdict in wrong:
        print(f"{verdict.kind}/{verdict.index} ({verdict.how}): {'; '.join(verdict.violations)}")
    print(f"{len(verdicts)} hostile files, {len(wrong)} in which something that must hold does not")
    raised = list(_raised(options.seed, options.counties, options.processes))
    unnamed = [one for one in raised if one.households and not one.is_named]
    for one in unnamed:
        print(f"county {one.index} ({one.how}): {len(one.households)} households are granted more, and no gate fails")
    named = sum(bool(one.households) for one in raised) - len(unnamed)
    print(
        f"{len(raised)} counties with a damaged list: {named} grant somebody more and fail a gate that says so, "
        f"{len(unnamed)} without"
    )
    return 1 if wrong or unnamed or len(verdicts) < len(places) or len(raised) < options.counties else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--files", type=int, default=2000, help="how many, shared among the kinds")
    parser.add_argument("--counties", type=int, default=0, help="how many small counties with a damaged list")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="KIND or KIND/INDEX")
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args(arguments)


def _places(options: argparse.Namespace) -> list[tuple[str, int]]:
    kind, _, index = options.only.partition("/")
    if index:
        return [(kind, int(index))]
    kinds = [kind] if kind else list(KINDS)
    return [(kinds[number % len(kinds)], number // len(kinds)) for number in range(options.files)]


def _verdicts(seed: int, places: list[tuple[str, int]], processes: int) -> Iterator[Verdict]:
    """Judge in processes of their own: a reader that dies takes its batch along, and that is a violation too."""
    batches = [places[at : at + BATCH] for at in range(0, len(places), BATCH)]
    with ProcessPoolExecutor(max_workers=processes) as pool:
        futures = [pool.submit(judge_batch, seed, batch) for batch in batches]
        for batch, future in zip(batches, futures, strict=True):
            try:
                yield from future.result(timeout=SECONDS_A_FILE * BATCH)
            except (BrokenProcessPool, TimeoutError) as death:
                yield from _deaths(batch, death)


def judge_batch(seed: int, batch: Iterable[tuple[str, int]]) -> list[Verdict]:
    """Make and judge the files of some places."""
    return list(map(partial(_judge, seed), batch))


def _judge(seed: int, place: tuple[str, int]) -> Verdict:
    kind, index = place
    verdict = check_file(hostile_file(seed, kind, index))
    verdict.kind, verdict.index = kind, index
    if verdict.seconds > SECONDS_A_FILE:
        verdict.violations.append(f"took {verdict.seconds:.0f} s")
    return verdict


def _raised(seed: int, counties: int, processes: int) -> Iterator[Raised]:
    with ProcessPoolExecutor(max_workers=processes) as pool:
        yield from pool.map(partial(damaged_county, seed), range(counties))


def _deaths(batch: Iterable[tuple[str, int]], death: Exception) -> Iterator[Verdict]:
    for kind, index in batch:
        yield Verdict(kind, index, "one of its batch", [f"the process ended: {type(death).__name__}"])


def _print_table(verdicts: list[Verdict]) -> None:
    """One row a kind, then why tables were refused."""
    print(
        f"{'kind':<12}{'files':>7}{'read':>7}{'refused':>9}{'lines':>10}{'untouched':>11}{'accepted':>10}{'slowest s':>11}"  # noqa: E501
    )
    for kind in KINDS:
        own = [verdict for verdict in verdicts if verdict.kind == kind]
        if own:
            untouched = sum(verdict.untouched for verdict in own)
            share = sum(verdict.untouched_accepted for verdict in own) / untouched if untouched else 1.0
            print(
                f"{kind:<12}{len(own):>7}{sum(v.tables_read for v in own):>7}{sum(sum(v.reasons.values()) for v in own):>9}"  # noqa: E501
                f"{sum(v.lines for v in own):>10}{untouched:>11}{share:>10.2%}{max(v.seconds for v in own):>11.2f}"
            )
    reasons: Counter[str] = Counter()
    for verdict in verdicts:
        reasons.update(verdict.reasons)
    print("refused: " + ", ".join(f"{code} {count}" for code, count in reasons.most_common()))


if __name__ == "__main__":
    sys.exit(main())
