"""What names a county, a run, a household or a scorecard.

Each matches its pattern whole, here and nowhere else, before a folder is looked for or an act is written by it: a
shell's completion (`659900/`), a dot or a path is another name for the same folder, and would be another county.
"""

from __future__ import annotations

import re

from village_credit.errors import MissingInput, UsageError, VillageCreditError

COUNTY_CODE = re.compile("[0-9]{6}")
REGION_FOLDER = re.compile("[0-9]{2}0000/")
RUN_ID = re.compile("r[0-9a-f]{24}")
HOUSEHOLD_KEY = re.compile("[ht][a-z2-7]{26}")
MODEL_ID = re.compile("[a-z0-9][a-z0-9.-]{2,40}")


def _whole(pattern: re.Pattern[str], text: str, refusal: VillageCreditError) -> str:
    """Return a name that matches its pattern from end to end, else raise; what was given is not repeated."""
    if not pattern.fullmatch(text):
        raise refusal
    return text


def require_county_code(text: str) -> str:
    """Return a county's code as given; raises UsageError where it is not six digits."""
    told = "a county is named by its code, six digits and nothing after them, such as 659900"
    return _whole(COUNTY_CODE, text, UsageError(told))


def region_of(county_code: str) -> str:
    """Return the code of a county's region, which names the folder of what is delivered once for all its counties."""
    return f"{county_code[:2]}0000"


def is_of_region(file_name: str) -> bool:
    """Tell a file of the region's folder by its name, which begins with that folder's."""
    return REGION_FOLDER.match(file_name) is not None


def is_run_id(text: str) -> bool:
    """Tell whether a text can name a run."""
    return RUN_ID.fullmatch(text) is not None


def require_run_id(text: str) -> str:
    """Return a run's id as given; raises MissingInput where it can be none."""
    told = (
        "that is no run's id (r and 24 digits or small letters a to f, nothing before and nothing after them); "
        "`village-credit status` lists the runs of this store"
    )
    return _whole(RUN_ID, text, MissingInput(told))


def require_household_key(text: str) -> str:
    """Return a household's pseudonym as given; raises UsageError where it can be none."""
    told = (
        "a household is named by its household_key (h or t and 26 letters or digits), or by - and the number on "
        "standard input"
    )
    return _whole(HOUSEHOLD_KEY, text, UsageError(told))


def require_model_id(text: str) -> str:
    """Return a scorecard's id as given; raises UsageError where it can be none."""
    told = "a scorecard is named by its id, small letters, digits, dots and hyphens: its file without .scorecard.json"
    return _whole(MODEL_ID, text, UsageError(told))
