"""Evidence files: rows of what was observed or evaluated, each with its source."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from gainsmodel.errors import EvidenceError, ScenarioError
from gainsmodel.scenario.conditioned import sha256_of
from gainsmodel.scenario.distributions import Model
from gainsmodel.scenario.messages import KeyPath, dotted, problem, validate
from gainsmodel.scenario.quantities import Line, Name, Note, Sector, Short, Text
from gainsmodel.scenario.reader import load_standalone

SHIPPED = Path(__file__).parent / "shipped"
MOST_ROWS = 500
Counted = Literal["firms", "staff", "activity"]
Sizes = Literal["all", "0-9", "5+", "10+", "10-249", "250+"]
Design = Literal["trial", "quasi-experiment", "modelled", "self-report"]
Grade = Literal["published", "derived", "secondary", "judgement"]
Share = Annotated[float, Field(ge=0.0001, le=0.9999, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]


class _Row(Model):
    name: Short = Field(description="what the row is called")
    place: Short = Field("United Kingdom", description="area, group or wider area")
    source: Text = Field(description="who published or judged it, and when")
    evidence: Grade = Field(
        description="published by the source, derived from published figures, read from a "
        "secondary source that is named, or judgement"
    )
    note: Note = Field("", description="anything a reader should know")
    error_is: Grade = Field(
        "judgement", description="whether the standard error was published, derived or judged"
    )
    held_out: bool = Field(False, description="only compared with, not conditioned on")


class AdoptionObserved(_Row):
    """A share of firms, staff or activity that was seen to use a technology."""

    technology: Name
    year: Annotated[float, Field(ge=1990, le=2080, allow_inf_nan=False)] = Field(
        description="with its fraction, such as 2026.46 for mid-June 2026"
    )
    share: Share = Field(description="share that uses the technology, 0.0001 to 0.9999")
    error: Annotated[float, Field(gt=0, lt=0.5, allow_inf_nan=False)] = Field(
        description="standard error of the share, on the same scale"
    )
    counted: Counted = Field(description="what was counted")
    sizes: Sizes = Field("all", description="firms of how many staff were asked")
    to_activity: Annotated[float, Field(ge=-5, le=5, allow_inf_nan=False)] | None = Field(
        None, description="log odds of activity over those of what was counted"
    )
    mapping_error: Annotated[float, Field(ge=0, le=5, allow_inf_nan=False)] | None = Field(
        None, description="standard error of to_activity, common to rows counted alike"
    )


class EffectEvaluated(_Row):
    """What a technology or a lever was found to add to the output of those who took it up."""

    technology: Name | None = Field(None, description="instead of a lever")
    lever: Name | None = Field(None, description="instead of a technology")
    sector: Sector | Literal["all"] = Field("all", description="SIC 2007 letter, or all")
    effect: Annotated[float, Field(gt=-1, lt=10, allow_inf_nan=False)] = Field(
        description="lasting change of output of who took it up, as a share: 0.04 for 4%"
    )
    error: Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)] = Field(
        description="standard error of the effect, on the same scale"
    )
    design: Design = Field(description="how it was evaluated")
    discount: Fraction | None = Field(
        None, description="share of the effect taken off for its design"
    )
    transfer: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] | None = Field(
        None, description="standard error of carrying it over, as a share of the effect"
    )

    @model_validator(mode="after")
    def _one_subject(self) -> Self:
        if (self.technology is None) == (self.lever is None):
            stated = "has both" if self.technology else "needs"
            raise problem(
                (
                    (),
                    f"{stated} a technology {'and' if self.technology else 'or'} a lever"
                    + ("; keep one of them" if self.technology else ""),
                )
            )
        return self


Row = AdoptionObserved | EffectEvaluated


class Evidence(Model):
    """Rows of evidence, to condition a scenario on.

    Read one with `gainsmodel.load_evidence`, or build one with `from_dict`.
    """

    title: Annotated[Line, Field(max_length=200)] = Field(description="a few words")
    note: Note = ""
    adoption: Annotated[tuple[AdoptionObserved, ...], Field(strict=False, max_length=MOST_ROWS)] = (
        Field((), description="shares that were seen to use a technology")
    )
    effect: Annotated[tuple[EffectEvaluated, ...], Field(strict=False, max_length=MOST_ROWS)] = (
        Field((), description="what a technology or a lever was found to add")
    )
    _where: Callable[[KeyPath], str] | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _some_and_distinct(self) -> Self:
        if not (self.adoption or self.effect):
            raise problem(((), "has no row; state one under [[adoption]] or [[effect]]"))
        if all(row.held_out for row in (*self.adoption, *self.effect)):
            raise problem(((), "has no row to condition on: all are held out"))
        first: dict[str, str] = {}
        for path, row in self.rows():
            if row.name in first:
                raise problem(((*path, "name"), f"stands twice; {first[row.name]} has it too"))
            first[row.name] = dotted(path)
        return self

    def rows(self) -> Iterator[tuple[KeyPath, Row]]:
        """Go through all rows, each with its key path."""
        for n, row in enumerate(self.adoption):
            yield ("adoption", n), row
        for n, effect in enumerate(self.effect):
            yield ("effect", n), effect

    def place(self, path: KeyPath) -> str:
        """Say where a key path stands, such as ``x.toml, line 3: adoption[0].place:``."""
        where = "evidence: " if self._where is None else self._where(path)
        return f"{where}{dotted(path)}: "

    def to_dict(self) -> dict[str, Any]:
        """Give all of it as plain dicts, lists, text and numbers."""
        return self.model_dump(mode="json", exclude_none=True)

    @property
    def sha256(self) -> str:
        """Hash of all it states."""
        return sha256_of(self.to_dict())

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Build evidence from nested plain values.

        Raises
        ------
        EvidenceError
            If anything in it is missing, unknown or not allowed.
        """
        try:
            return validate(cls, data, lambda _: "evidence: ")
        except ScenarioError as error:
            raise EvidenceError(str(error)) from None


def shipped_evidence() -> dict[str, Path]:
    """Give the evidence files that come with gainsmodel, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}


def load_evidence(path_or_name: str | Path) -> Evidence:
    """Read an evidence file.

    Parameters
    ----------
    path_or_name : str or Path
        A file, or the bare name of a shipped one such as ``"bics_ai"``.

    Raises
    ------
    EvidenceError
        If it cannot be read or used; names the file, line, key and mend.
    """
    known = shipped_evidence()
    path = known.get(path_or_name) if isinstance(path_or_name, str) else path_or_name
    try:
        evidence, where = load_standalone(
            Evidence, Path(path_or_name) if path is None else path, "evidence", 'title = "…"'
        )
    except TypeError:
        raise EvidenceError(f"evidence is a file or a name; found {path_or_name!r}") from None
    except ScenarioError as error:
        hint = f"; shipped: {', '.join(known)}" if "no such file" in str(error) else ""
        raise EvidenceError(f"{error}{hint}") from None
    evidence._where = where
    return evidence
