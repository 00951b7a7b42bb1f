"""The blocks of a pipeline that ask no model; each does what InstructLab's block of the same name does."""

import operator
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from espalier.errors import EspalierError
from espalier.synthesis.pipelines.rows import Calls, Row, Table, failed, shown
from espalier.synthesis.sample import Check

OPERATIONS: Mapping[str, tuple[Callable[[Any, Any], Any], str]] = {
    "eq": (operator.eq, "equal to"),
    "ne": (operator.ne, "other than"),
    "gt": (operator.gt, "more than"),
    "ge": (operator.ge, "at least"),
    "lt": (operator.lt, "less than"),
    "le": (operator.le, "at most"),
    "contains": (operator.contains, "a text that contains"),
}
LONGEST_EXPLANATION = 600  # letters of a judge's words in a reason
_TYPES: Mapping[str, tuple[Callable[[Any], Any], Any]] = {"int": (int, 0), "float": (float, 0.0), "bool": (bool, False)}


@dataclass(frozen=True)
class FilterByValueBlock:
    """Keeps rows whose column stands in a relation to one of some values.

    Attributes:
        convert_dtype: float, int or bool; "" leaves values as they are. Text that is no such thing counts as
            ``default_value``, and as 0 or False without one.
        explained_by: columns in which a judge explained the filtered one.
        is_last: whether nothing is asked or judged after it, so that its threshold can be moved later.
    """

    name: str
    filter_column: str
    filter_value: Any
    operation: str
    convert_dtype: str = ""
    default_value: Any = None
    explained_by: Sequence[str] = ()
    is_last: bool = False

    def run(self, rows: Sequence[Row], calls: Calls) -> Table:
        """Return the rows that stand in the relation, their column converted."""
        table = Table()
        values = self.filter_value if isinstance(self.filter_value, list) else [self.filter_value]
        wanted = [self._converted(value) for value in values]
        for row in rows:
            told = _column(row, self.filter_column, self.name)
            value = self._converted(told)
            passed = self._holds(value, wanted)
            check = self._check(passed, told, value, wanted)
            if (
                not passed
                and (words := " ".join(str(row.columns.get(name) or "") for name in self.explained_by)).strip()
            ):
                check = replace(check, reason=f"{check.reason} The judge: {shown(words, LONGEST_EXPLANATION)}")
            judged = row.with_columns({self.filter_column: value}).judged(check)
            (table.rows if passed else table.removed).append(judged)
        return table

    def _holds(self, value: Any, wanted: Sequence[Any]) -> bool:
        try:
            return any(OPERATIONS[self.operation][0](value, one) for one in wanted)
        except TypeError:  # such as None ≥ 2.0
            return False

    def _converted(self, value: Any) -> Any:
        if not self.convert_dtype:
            return value
        convert, default = _TYPES[self.convert_dtype]
        try:
            return convert(value)
        except (TypeError, ValueError, OverflowError):
            return default if self.default_value is None else convert(self.default_value)

    def _check(self, passed: bool, told: Any, value: Any, wanted: Sequence[Any]) -> Check:
        relation = f"{OPERATIONS[self.operation][1]} {' or '.join(f'“{shown(one)}”' for one in wanted)}"
        reason = f"“{self.filter_column}” is “{shown(told)}”; wanted is {relation}."
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        is_least = self.is_last and self.operation == "ge" and len(wanted) == 1 and isinstance(wanted[0], int | float)
        score = float(value) if is_number else None
        return Check(self.name, passed, reason, score, float(wanted[0]) if is_least and is_number else None)


@dataclass(frozen=True)
class CombineColumnsBlock:
    """Joins the texts of some columns."""

    name: str
    columns: Sequence[str]
    output_col: str
    separator: str = "\n\n"

    def run(self, rows: Sequence[Row], calls: Calls) -> Table:
        """Return the rows with the joined text."""
        return Table(
            [
                row.with_columns(
                    {self.output_col: self.separator.join(str(_column(row, name, self.name)) for name in self.columns)}
                )
                for row in rows
            ]
        )


@dataclass(frozen=True)
class FlattenColumnsBlock:
    """Makes one row per column of several, as ``pandas.melt`` does: all rows of the first column come first."""

    name: str
    var_cols: Sequence[str]
    value_name: str
    var_name: str

    def run(self, rows: Sequence[Row], calls: Calls) -> Table:
        """Return the longer table."""
        return Table(
            [
                row.without(self.var_cols).with_columns(
                    {self.var_name: column, self.value_name: _column(row, column, self.name)}
                )
                for column in self.var_cols
                for row in rows
            ]
        )


@dataclass(frozen=True)
class DuplicateColumnsBlock:
    """Copies columns; ``columns_map`` gives the new name of each."""

    name: str
    columns_map: Mapping[str, str]

    def run(self, rows: Sequence[Row], calls: Calls) -> Table:
        """Return the rows with the copies."""
        return Table(
            [
                row.with_columns({new: _column(row, old, self.name) for old, new in self.columns_map.items()})
                for row in rows
            ]
        )


@dataclass(frozen=True)
class RenameColumnsBlock:
    """Gives columns other names, all at once, so that two may change places."""

    name: str
    columns_map: Mapping[str, str]

    def run(self, rows: Sequence[Row], calls: Calls) -> Table:
        """Return the rows with the new names."""
        renamed = []
        for row in rows:
            new = {self.columns_map[old]: _column(row, old, self.name) for old in self.columns_map}
            renamed.append(row.without(self.columns_map).with_columns(new))
        return Table(renamed)


@dataclass(frozen=True)
class SetToMajorityValueBlock:
    """Sets a column of every row to its most frequent value, the least of several that are as frequent."""

    name: str
    col_name: str

    def run(self, rows: Sequence[Row], calls: Calls) -> Table:
        """Return the rows with the value."""
        counts = Counter(value for row in rows if (value := _column(row, self.col_name, self.name)) is not None)
        most = max(counts.values(), default=0)
        value = min((value for value, count in counts.items() if count == most), default=None)
        return Table([row.with_columns({self.col_name: value}) for row in rows])


@dataclass(frozen=True)
class SelectorBlock:
    """Fills a column from another one, which the value of a third chooses."""

    name: str
    choice_map: Mapping[str, str]
    choice_col: str
    output_col: str

    def run(self, rows: Sequence[Row], calls: Calls) -> Table:
        """Return the rows with the column filled; those that make no known choice are removed."""
        table = Table()
        for row in rows:
            choice = _column(row, self.choice_col, self.name)
            if choice in self.choice_map:
                value = _column(row, self.choice_map[choice], self.name)
                table.rows.append(row.with_columns({self.output_col: value}))
            else:
                table.removed.append(row.judged(_no_choice(self.name, self.choice_col, choice, self.choice_map)))
        return table


@dataclass(frozen=True)
class SamplePopulatorBlock:
    """Adds the values of one of several files, which a column names."""

    name: str
    configs: Mapping[str, Mapping[str, Any]]
    column_name: str

    def run(self, rows: Sequence[Row], calls: Calls) -> Table:
        """Return the rows with the values; those that name no known file are removed."""
        table = Table()
        for row in rows:
            choice = _column(row, self.column_name, self.name)
            if choice in self.configs:
                table.rows.append(row.with_columns(self.configs[choice]))
            else:
                table.removed.append(row.judged(_no_choice(self.name, self.column_name, choice, self.configs)))
        return table


def _no_choice(block: str, column: str, choice: Any, known: Mapping[str, Any]) -> Check:
    return failed(block, f"“{column}” is “{shown(choice)}”; the block knows {', '.join(map(str, known))}.")


def _column(row: Row, name: str, block: str) -> Any:
    if name not in row.columns:
        has = ", ".join(sorted(row.columns))
        raise EspalierError(
            f"The block {block} wants a column “{name}”, which the rows do not have. They have: {has}. "
            "Correct the name in the pipeline, or keep the column in the blocks before."
        )
    return row.columns[name]
