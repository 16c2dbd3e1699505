"""What would have to be true for the prize or a target, for the screens that ask it."""

from functools import partial
from typing import Any

from app import jobs
from app.choice import Choice
from app.components import answer, blocks
from gainsmodel import WouldHaveToBeTrue, would_have_to_be_true
from gainsmodel.present.pages.would_have_to_be_true import would_have_to_be_true as page


def on_request(choice: Choice, target_gbp_m: float | None = None) -> None:
    """The answer, on request: for the prize, or for what the plan is to add in the area shown."""
    shown = answer.on_request(
        "true",
        (
            *("true", target_gbp_m, choice.draws, choice.scenario),
            *("uk" if target_gbp_m is None else choice.unit, *jobs.run_key(choice)),
        ),
        partial(_work_out, choice, target_gbp_m),
        button="Work it out",
        doing="Trying values of each assumption",
    )
    if shown is not None:
        # The page's own heading stands above the button.
        _, *rest = page(shown)
        blocks.write(rest)


def _work_out(choice: Choice, target_gbp_m: float | None, on_progress: Any) -> WouldHaveToBeTrue:
    return would_have_to_be_true(
        choice.scenario,
        "uk" if target_gbp_m is None else choice.unit,
        target_gbp_m,
        draws=choice.draws,
        seed=choice.seed,
        sampler=choice.sampler,
        dataset=choice.data,
        on_progress=on_progress,
    )
