"""What a shell completes, asked as each shell's own script asks."""

from __future__ import annotations

import os
import subprocess

import pytest

from program import ENVIRONMENT, PROGRAM, answered

ASKED = {
    "bash": lambda words: {"COMP_WORDS": words, "COMP_CWORD": str(count(words))},
    "zsh": lambda words: {"_TYPER_COMPLETE_ARGS": words},
    "fish": lambda words: {
        "_TYPER_COMPLETE_ARGS": words,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    },
}
AREA = "gainsmodel run skills_first --area "


def count(words: str) -> int:
    """Place of the last word; one with an escaped space is one."""
    return words.replace("\\ ", "_").count(" ")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("gainsmodel appr", "appraise"),
        ("gainsmodel run skills", "skills_first"),
        ("gainsmodel voi skills", "skills_first"),
        ("gainsmodel compare reference late", "late_start"),
        ("gainsmodel batch every", "every_area_in_turn"),
        ("gainsmodel run --sampler ran", "random"),
        (f"{AREA}Greater\\ Manch", "Greater Manchester"),
        (f"{AREA}greater\\ manch", "Greater Manchester"),
        (f"{AREA}Manches", "Manchester"),
        (f"{AREA}Atlan", ""),
    ],
)
@pytest.mark.parametrize("shell", ASKED)
def test_names_are_completed(shell: str, words: str, offered: str) -> None:
    told = answered(_GAINSMODEL_COMPLETE=f"complete_{shell}", **ASKED[shell](words))
    if shell == "bash":
        # Bash puts it into the line as it is.
        assert told.split("\n")[:-1] == [offered.replace(" ", "\\ ")]
    elif shell == "zsh" and not offered:
        assert told.strip() == "_files"
    else:
        assert offered in told
        assert offered or not told.strip()


def test_bash_takes_the_script_that_is_shown() -> None:
    script = (
        f'eval "$({PROGRAM} --show-completion bash)"; '
        "COMP_WORDS=(gainsmodel run skil); COMP_CWORD=2; "
        f"$(complete -p gainsmodel | sed 's/.*-F \\([^ ]*\\).*/\\1/') {PROGRAM}; "
        'echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        env=ENVIRONMENT | {"PATH": os.defpath},
        check=False,
    )
    assert (done.stdout, done.stderr) == ("skills_first\n", "")
