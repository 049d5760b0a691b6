"""What a failing act may tell Prefect: our own sentences, and no text of any other error."""

from __future__ import annotations

import traceback

import pytest

from pipelines.verdicts import ActFailed, WorldAway, impersonal
from village_credit.errors import MissingInput, NoRegister

CANARY = "659900190001011237"


@pytest.mark.parametrize(
    ("error", "told"),
    [(ValueError(CANARY), ActFailed), (KeyError(CANARY), ActFailed), (PermissionError(13, "no", CANARY), WorldAway)],
)
def test_the_text_of_a_foreign_error_stays_here(error: Exception, told: type[Exception]):
    with pytest.raises(told) as caught, impersonal():
        raise error
    shown = "".join(traceback.format_exception(caught.value))
    assert type(error).__name__ in shown
    assert CANARY not in shown


def refuse() -> None:
    try:
        int(CANARY + "x")
    except ValueError as error:
        raise NoRegister("county 659900: no usable register") from error


def test_our_own_sentence_is_told_without_what_led_to_it():
    with pytest.raises(NoRegister) as caught, impersonal():
        refuse()
    shown = "".join(traceback.format_exception(caught.value))
    assert "county 659900: no usable register" in shown
    assert CANARY not in shown


def test_nothing_happens_where_nothing_fails():
    with impersonal():
        found = MissingInput("unused")
    assert found.exit_code == 7
