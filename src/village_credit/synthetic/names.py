"""People get names, each in two spellings: of the newer standard and of the older registers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from village_credit.synthetic import name_lists
from village_credit.synthetic.chance import Bools, Ints, Texts, stream, texts

HAN, UYGHUR, KAZAKH = 0, 1, 2
DRIFT_SHARE = 0.35  # of people; with the parts that have one spelling only, about a quarter of names differ
MALE = {UYGHUR: name_lists.UYGHUR_MALE, KAZAKH: name_lists.KAZAKH_MALE}
FEMALE = {UYGHUR: name_lists.UYGHUR_FEMALE, KAZAKH: name_lists.KAZAKH_FEMALE}


@dataclass(frozen=True)
class Names:
    """Full names with the standard interpunct, one per person."""

    newer: Texts
    older: Texts


def build_names(seed: int, kind: Ints, is_male: Bools, father_of: Ints) -> Names:
    """Name everyone; `father_of` is the row of the person whose name a child carries, -1 for others."""
    rng = stream(seed, "names")
    size = kind.size
    given = rng.integers(0, 10**6, size)
    family = rng.integers(0, 10**6, size)
    known = father_of >= 0
    inherited = np.where(kind == HAN, family[father_of], given[father_of])
    family = np.where(known, inherited, family)
    third = np.where(rng.random(size) < 0.02, rng.integers(0, 10**6, size), -1)
    drifts = rng.random(size) < DRIFT_SHARE
    parts = list(zip(kind.tolist(), is_male.tolist(), given.tolist(), family.tolist(), third.tolist(), strict=True))
    newer = texts([_full_name(*part, spelling=0) for part in parts])
    older = texts(
        [
            _full_name(*part, spelling=1) if drift else name
            for part, drift, name in zip(parts, drifts.tolist(), newer.tolist(), strict=True)
        ]
    )
    return Names(newer, older)


def _full_name(kind: int, male: bool, given: int, family: int, third: int, spelling: int) -> str:
    if kind == HAN:
        return _han_name(male, given, family)
    men = MALE[kind]
    own = men if male else FEMALE[kind]
    name = f"{own[given % len(own)][spelling]}·{men[family % len(men)][spelling]}"
    return name if third < 0 else f"{name}·{men[third % len(men)][spelling]}"


def _han_name(male: bool, given: int, family: int) -> str:
    letters = name_lists.HAN_MALE if male else name_lists.HAN_FEMALE
    surname = name_lists.HAN_SURNAMES[family % len(name_lists.HAN_SURNAMES)]
    first = letters[given % len(letters)]
    if given % 7 == 0:
        return surname + first
    return surname + first + letters[given // 100 % len(letters)]


def with_dot(names: Texts, dot: str) -> Texts:
    """The same names with an office's own interpunct."""
    return texts([name.replace("·", dot) for name in names.tolist()])
