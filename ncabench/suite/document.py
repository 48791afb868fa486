"""Loads a suite file: reads it, lays overlays on it, checks its structure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ncabench.errors import Problem, SuiteError
from ncabench.suite import file, files, sections, tuning
from ncabench.suite.components import parse_components, tables_of, train_problems
from ncabench.suite.grid import parse_axes
from ncabench.suite.overlay import merge, parse_sets
from ncabench.suite.references import range_problems, reference_problems
from ncabench.suite.suite import (
    FAMILIES,
    Axis,
    Claim,
    Deviation,
    Execution,
    Expect,
    Graft,
    Profile,
    ProfileAt,
    Suite,
)

KEYS = (
    *("title", "paper", "default_preset", "grid", "include", "exclude", *FAMILIES),
    *("train", "recipe", "execution", "profile", "profile_at", "preset"),
    *("table", "figure", "claim", "deviation", "expect", "graft", "tune"),
)
PAPER = "paper"  # the preset that overlays nothing
T = TypeVar("T")


def load(path: Path, *, preset: str | None = None, sets: Sequence[str] = ()) -> Suite:
    """Return the suite in ``path``.

    Args:
        path: the TOML file.
        preset: the preset to lay over it; without one, the file's ``default_preset``, or
            ``"paper"``.
        sets: ``key.path=value`` texts to lay over that.

    Raises:
        SuiteError: the file cannot be read, or says something wrong; every problem that
            shows without combining components is listed.
    """
    raw = file.read(path)
    presets, problems = tables_of(raw.get("preset", {}), where="preset")
    chosen = preset or raw.get("default_preset", PAPER)
    where = "--preset" if preset else "default_preset"
    if chosen not in presets and chosen != PAPER:
        what = f"there is no preset {chosen!r}"
        accepted = tuple({PAPER, *presets})
        problems.append(Problem(where=where, what=what, accepted=accepted, found=str(chosen)))
        chosen = PAPER
    overlay, wrong_sets = parse_sets(sets)
    document = merge(merge(raw, presets.get(chosen, {})), overlay)
    document, wrong_files = files.located(document, folder=path.parent)
    problems += wrong_sets + wrong_files + list(file.odd_values(document))
    for name, table in presets.items():
        accepted = tuple(key for key in KEYS if key not in ("preset", "default_preset"))
        problems += [
            sections.unknown(key, accepted, where=f"preset.{name}")
            for key in table
            if key not in accepted
        ]
    return _Reader(path, document, problems).suite(preset=chosen, sets=tuple(sets))


@dataclass
class _Reader:
    """Turns a document into a Suite, collecting problems on the way."""

    path: Path
    document: Mapping[str, Any]
    problems: list[Problem]
    defined: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)

    def suite(self, *, preset: str, sets: tuple[str, ...]) -> Suite:
        document = self.document
        self.problems += [
            sections.unknown(key, KEYS, where="") for key in document if key not in KEYS
        ]
        self.defined = self._take(parse_components(document))
        recipes = document.get("recipe", {})
        self.defined["recipe"] = self._take(tables_of(recipes, where="recipe"))
        grid, include, exclude = self._grids()
        given = [axes for axes in ({**grid, **one} for one in (*include, {})) if axes]
        train = self._train(alone=any("recipe" not in axes for axes in given))
        profile = self._section(Profile, "profile") if "profile" in document else None
        suite = Suite(
            name=self.path.stem,
            path=self.path,
            title=self._text("title", needed=True),
            paper=self._text("paper", needed=False),
            preset=preset,
            sets=sets,
            document=document,
            grid=grid,
            include=include,
            exclude=exclude,
            components={family: self.defined[family] for family in FAMILIES},
            train=train,
            recipes=self.defined["recipe"],
            execution=self._section(Execution, "execution") or Execution(),
            profile=profile,
            tables=self._take(sections.parse_tables(document.get("table", []))),
            figures=self._take(sections.parse_figures(document.get("figure", []))),
            claims=self._array(Claim, "claim"),
            deviations=self._array(Deviation, "deviation"),
            expects=self._array(Expect, "expect"),
            profiles_at=self._profiles_at(),
            grafts=self._array(Graft, "graft"),
            tune=self._take(tuning.parse(document["tune"])) if "tune" in document else None,
        )
        self.problems += reference_problems(suite, defined=self.defined)
        self.problems += range_problems(suite)
        if suite.tune is not None:
            self.problems += tuning.problems(suite.tune, document, problems_of=self._of_another)
        if self.problems:
            raise SuiteError(str(self.path), self._in_order())
        return suite

    def _of_another(self, document: Mapping[str, Any]) -> list[Problem]:
        try:
            _Reader(self.path, document, []).suite(preset="", sets=())
        except SuiteError as error:
            return list(error.problems)
        return []

    def _take(self, found: tuple[T, list[Problem]]) -> T:
        self.problems += found[1]
        return found[0]

    def _section(self, section: type[T], key: str) -> T | None:
        return self._take(sections.parse(section, self.document.get(key, {}), where=key))

    def _array(self, section: type[T], key: str) -> tuple[T, ...]:
        return self._take(sections.parse_all(section, self.document.get(key, []), where=key))

    def _profiles_at(self) -> tuple[ProfileAt, ...]:
        tables = self._list("profile_at")
        return self._take(sections.parse_profiles_at(tables, base=self.document.get("profile")))

    def _text(self, key: str, *, needed: bool) -> str:
        value = self.document.get(key, "")
        if not isinstance(value, str):
            self.problems.append(Problem(where=key, what=f"expected str, found {value!r}"))
        elif needed and not value:
            self.problems.append(Problem(where=key, what="it is needed, and not set"))
        return str(value)

    def _grids(
        self,
    ) -> tuple[dict[str, Axis], tuple[dict[str, Axis], ...], tuple[dict[str, Axis], ...]]:
        grid = self._take(
            parse_axes(self.document.get("grid", {}), where="grid", defined=self.defined)
        )
        if not self.document.get("grid") and not self.document.get("include"):
            what = "names no axis, so there is nothing to run"
            self.problems.append(Problem(where="grid", what=what))
        include, exclude = (
            tuple(
                self._take(parse_axes(one, where=f"{key}[{i}]", defined=self.defined))
                for i, one in enumerate(self._list(key))
            )
            for key in ("include", "exclude")
        )
        return grid, include, exclude

    def _list(self, key: str) -> list[Any]:
        value = self.document.get(key, [])
        if isinstance(value, list):
            return value
        what = f"expected an array of tables, [[{key}]], found {value!r}"
        self.problems.append(Problem(where=key, what=what))
        return []

    def _train(self, *, alone: bool) -> Mapping[str, Any]:
        if "profile" in self.document and not {"train", "recipe"} & set(self.document):
            return {}
        train = self.document.get("train", {})
        if not isinstance(train, Mapping):
            what = f"expected a table, found {train!r}"
            self.problems.append(Problem(where="train", what=what))
            return {}
        models, recipes = self.defined["model"], self.defined["recipe"]
        self.problems += train_problems(train, recipes, models=models, alone=alone)
        return train

    def _in_order(self) -> list[Problem]:
        """Problems once each, in the order in which the file has their sections."""
        order = {key: place for place, key in enumerate(self.document)}

        def place(problem: Problem) -> int:
            return order.get(problem.where.split(".")[0].split("[")[0], -1)

        return sorted(dict.fromkeys(self.problems), key=place)
