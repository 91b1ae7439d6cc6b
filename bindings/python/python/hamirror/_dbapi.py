"""Exceptions, type objects and constructors of PEP 249, and what its values are bound as.

Import their names from `dbapi`.
"""

from __future__ import annotations

import builtins
import datetime
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final


class Warning(builtins.Warning):  # noqa: A001
    """An answer that lacks something, as that of an agent that could not be reached."""

    __module__ = "hamirror.dbapi"


class Error(Exception):
    """Whatever goes wrong; its `__cause__` is the exception that `hamirror` has for it."""

    __module__ = "hamirror.dbapi"


class InterfaceError(Error):
    """A configuration was refused, or something was used after its end."""

    __module__ = "hamirror.dbapi"


class DatabaseError(Error):
    """What goes wrong with agents and statements."""

    __module__ = "hamirror.dbapi"


class DataError(DatabaseError):
    """Never raised: a value that can't be bound is a `ProgrammingError`."""

    __module__ = "hamirror.dbapi"


class OperationalError(DatabaseError):
    """Agents could not be reached, or time ran out; the same statement may succeed later."""

    __module__ = "hamirror.dbapi"


class IntegrityError(DatabaseError):
    """Never raised: daemons have no relations between rows."""

    __module__ = "hamirror.dbapi"


class InternalError(DatabaseError):
    """The agents' answers do not fit together."""

    __module__ = "hamirror.dbapi"


class ProgrammingError(DatabaseError):
    """A statement, its parameters or a name in it was refused, here or by the agents."""

    __module__ = "hamirror.dbapi"


class NotSupportedError(DatabaseError):
    """Something of PEP 249 that daemons do not have, such as transactions."""

    __module__ = "hamirror.dbapi"


class TypeCode:
    """Type of a column in `Cursor.description`; equal to the type objects that it belongs to."""

    __module__ = "hamirror.dbapi"

    def __init__(self, name: str, *kinds: str) -> None:
        """Keeps the kinds of columns, as `Column.kind` has them, that are of this type."""
        self.name = name
        self.kinds = frozenset(kinds)

    def __eq__(self, other: object) -> bool:
        """True if the kinds of one are among those of the other."""
        if not isinstance(other, TypeCode):
            return NotImplemented
        return self.kinds <= other.kinds or other.kinds <= self.kinds

    # Equal ones may have different kinds: a hash that all share is the only one that is right.
    def __hash__(self) -> int:
        """A number that all types share."""
        return hash(TypeCode)

    def __repr__(self) -> str:
        """Name of the type."""
        return f"hamirror.dbapi.TypeCode({self.name!r})"


STRING: Final = TypeCode("STRING", "string", "json", "json_field", "factors_json")
BINARY: Final = TypeCode("BINARY", "factors")
NUMBER: Final = TypeCode(
    "NUMBER", "uint", "bool", "float", "double", "bigint", "uint64", "token_count"
)
DATETIME: Final = TypeCode("DATETIME", "timestamp")
"""Times are seconds since 1970, as SphinxQL has them."""
ROWID: Final = TypeCode("ROWID", "uint64")
"""Document ids, which are numbers, too."""

Date = datetime.date
Time = datetime.time
Timestamp = datetime.datetime
Binary = bytes


def DateFromTicks(ticks: float) -> datetime.date:  # noqa: N802
    """Date of a number of seconds since 1970, in local time."""
    return datetime.date.fromtimestamp(ticks)


def TimeFromTicks(ticks: float) -> datetime.time:  # noqa: N802
    """Time of the day of a number of seconds since 1970, in local time."""
    return datetime.datetime.fromtimestamp(ticks).time()


def TimestampFromTicks(ticks: float) -> datetime.datetime:  # noqa: N802
    """Date and time of a number of seconds since 1970, in local time."""
    return datetime.datetime.fromtimestamp(ticks)


def bound(
    parameters: Iterable[Any] | Mapping[str, Any] | None,
) -> list[Any] | dict[str, Any] | None:
    """Parameters as values that a statement takes."""
    if parameters is None:
        return None
    if isinstance(parameters, str):
        raise ProgrammingError("one text is no list of values")
    if isinstance(parameters, Mapping):
        return {name: _value(value) for name, value in parameters.items()}
    return [_value(value) for value in parameters]


def _value(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return int(value.timestamp())
    if isinstance(value, datetime.date):
        return int(datetime.datetime.combine(value, datetime.time()).timestamp())
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, (list, tuple)):
        return [_value(one) for one in value]
    if isinstance(value, (int, float, str)) or hasattr(value, "__index__"):
        return value
    raise ProgrammingError(
        f"{type(value).__name__} is no value of a statement: int, float, str, Decimal, date, "
        "datetime or a list of these"
    )


def _number(value: Decimal) -> int | float:
    """The int of a whole number, so that a long id keeps all of its digits; else a float."""
    if value.is_finite() and value.adjusted() < _DIGITS_MAX:
        if value == value.to_integral_value():
            return int(value)
        if Decimal(repr(float(value))) == value:
            return float(value)
    raise ProgrammingError(
        f"Decimal('{value}') is no value of a statement: no int of 64 bits, and a float does not "
        "hold all of its digits; round it, or bind a float"
    )


# Digits of the greatest int of 64 bits.
_DIGITS_MAX: Final = 20
