"""A shell completes what the command's own grammar has, by the script that the command prints."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from village_credit.cli import main, parser

ASK = """
source /dev/stdin <<< "$SCRIPT"
COMP_WORDS=(village-credit {words}); COMP_CWORD={place}
{function}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(script: str, *words: str) -> set[str]:
    """Ask bash what it offers for the last word."""
    function = next(line.split(" -F ")[1].split()[0] for line in script.splitlines() if line.startswith("complete "))
    asked = ASK.format(words=" ".join(f"'{word}'" for word in words), place=len(words), function=function)
    done = subprocess.run(["bash", "-c", asked], env={"SCRIPT": script}, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def script() -> str:
    done = subprocess.run(
        [sys.executable, "-m", "village_credit.cli", "completion", "bash"], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_bash_completes_verbs_acts_and_options(script):
    assert completed(script, "pub") == {"publish"}
    assert completed(script, "") >= set(parser()._subparsers._group_actions[0].choices)
    assert completed(script, "keys", "ro") == {"rotate"}
    assert completed(script, "score", "--all") == {"--all-counties"}
    assert completed(script, "package", "v") == {"verify"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_is_told_every_verb(shell, capsys):
    assert main(["completion", shell, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["shell"] == shell
    assert all(verb in said["script"] for verb in parser()._subparsers._group_actions[0].choices)


def test_another_shell_is_refused():
    with pytest.raises(SystemExit) as refused:
        main(["completion", "csh"])
    assert refused.value.code == 2
