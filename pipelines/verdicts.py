"""What a failing act may tell the server: our own sentences, and of any other error only its kind and place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from village_credit.errors import VillageCreditError


class ActFailed(Exception):
    """An act failed in a way that is not one of our verdicts; says where, never with what value."""


class WorldAway(ActFailed):
    """A disk or a share did not answer: worth another try."""


@contextmanager
def impersonal() -> Iterator[None]:
    """Let our own verdicts through and hide the text of every other error: it may quote a cell or a file name."""
    verdict: Exception
    try:
        yield
    except (VillageCreditError, ActFailed) as error:
        verdict = error
    except OSError as error:
        verdict = WorldAway(_place(error))
    except Exception as error:  # noqa: BLE001  # whatever it is, its text must not reach the server
        verdict = ActFailed(_place(error))
    else:
        return
    raise verdict from None  # a traceback would print the text of what came before


def _place(error: BaseException) -> str:
    """Name an error by its kind and the innermost line of ours that it passed."""
    lines, trace = [""], error.__traceback__
    while trace:
        file = trace.tb_frame.f_code.co_filename
        lines += [f" at {Path(file).name}:{trace.tb_lineno}"] if "village_credit" in file else []
        trace = trace.tb_next
    return f"{type(error).__name__}{lines[-1]}: the same act on the command line shows it in full"
