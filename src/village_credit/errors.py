"""Every way in which the system refuses, each with the exit code that a shell sees.

VillageCreditError
├── UsageError              2  the command was called wrongly
├── NoRegister              3  no usable land register among the extracts
├── GateRefused             4  a gate refuses `approve` or `publish`
├── RunConflict             5  another run or signature stands in the way
├── VerificationFailed      6  bytes, hashes or counts are not what they were
│   └── ContractsDisagree   6  a row is judged in two ways: a fault of the program, and nothing is stored
├── MissingInput            7  model, policy, key or store is missing or unusable
│   ├── PolicyRefused       7  the policy file is unsound
│   └── ModelRefused        7  the scorecard is altered, expired or unsound
├── ReaderFailed            8  a file could not be read for a cause that is not the file's
└── ExtractRejected         0  one extract as a whole breaks its contract: the run goes on and says so
"""

from __future__ import annotations

import re
import unicodedata

# A resident's number of eighteen or fifteen digits, or a mobile telephone's, also in groups.
_NUMBER_OF_PERSON = re.compile(
    r"(?<![0-9])(?:[1-9][0-9]{5}[-_ ]?(?:(?:18|19|20)[0-9]{2}|[0-9]{2})[-_ ]?(?:0[1-9]|1[0-2])[-_ ]?"
    r"(?:0[1-9]|[12][0-9]|3[01])[-_ ]?[0-9]{3}[0-9Xx]?|1[3-9][0-9][-_ ]?[0-9]{4}[-_ ]?[0-9]{4})(?![0-9])"
)


def holds_number_of_person(text: str) -> bool:
    """Tell whether a name or a sentence holds what may be a person's number."""
    return bool(_NUMBER_OF_PERSON.search(unicodedata.normalize("NFKC", text)))


def why_unread(error: Exception) -> str:
    """Say in words why bytes were not had: what the system says of a file, or that they are no such text.

    Never the error's own text, which may quote a path or a cell.
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    return "it is not text in UTF-8" if isinstance(error, UnicodeDecodeError) else "it is damaged"


class VillageCreditError(Exception):
    """The root: says what, where and what to do, and never holds personal data."""

    exit_code = 1

    def __str__(self) -> str:
        """Return what it says; a person's number, such as a file may be called by, is left out."""
        said = super().__str__()
        if not holds_number_of_person(said):
            return said
        return _NUMBER_OF_PERSON.sub("***", unicodedata.normalize("NFKC", said))


class UsageError(VillageCreditError):
    """The command was called wrongly."""

    exit_code = 2


class NoRegister(VillageCreditError):
    """No usable land register among the extracts: nobody can be scored."""

    exit_code = 3


class GateRefused(VillageCreditError):
    """A gate refuses to approve or publish the run."""

    exit_code = 4


class RunConflict(VillageCreditError):
    """Another run, publication or signature stands in the way."""

    exit_code = 5


class VerificationFailed(VillageCreditError):
    """Bytes, hashes or counts are not what they were."""

    exit_code = 6


class ContractsDisagree(VerificationFailed):
    """A row that its columns found sound is judged otherwise as a row: a fault of the program."""


class MissingInput(VillageCreditError):
    """A model, policy, key or store is missing or unusable."""

    exit_code = 7


class PolicyRefused(MissingInput):
    """The policy file is unsound: every fault with its place."""


class ModelRefused(MissingInput):
    """The scorecard is altered, expired or unsound."""


class ReaderFailed(VillageCreditError):
    """The process that opens workbooks failed by itself, by time or by memory: nothing is said of the file."""

    exit_code = 8


class ExtractRejected(VillageCreditError):
    """One extract as a whole breaks its contract; the county's other extracts go on."""

    exit_code = 0

    def __init__(self, code: str, message: str) -> None:
        """Keep the reason's code beside the sentence."""
        super().__init__(message)
        self.code = code
