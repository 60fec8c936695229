"""What all models of user input share: strictness, vectors, numbers with their source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, TypeVar
from unicodedata import category

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationInfo,
    model_serializer,
    model_validator,
)

Item = TypeVar("Item")


class Table(BaseModel):
    """A TOML table: unknown keys, texts for numbers, NaN and infinity are refused; frozen once read.

    Validation may be given ``context={"tables": {}}``; it is filled with id(input table) -> model, from
    which the error messages know the keys that a table may have.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    later: ClassVar[frozenset[str]] = frozenset()
    """Keys of the scene format that this version does not compute yet."""

    @model_validator(mode="before")
    @classmethod
    def _note_table(cls, data: Any, info: ValidationInfo) -> Any:
        if info.context is not None and isinstance(data, Mapping):
            info.context["tables"][id(data)] = cls
        return data


def _three_numbers(value: Any) -> Any:
    if not isinstance(value, (list, tuple)) or len(value) != 3:
        raise ValueError(f"must be three numbers [x, y, z], not {value!r}")
    return value


Coordinate = Annotated[float, Field(ge=-1e4, le=1e4)]
Vector = Annotated[tuple[Coordinate, Coordinate, Coordinate], Strict(False), BeforeValidator(_three_numbers)]
"""(x, y, z) in the unit that the key names."""

Many = Annotated[tuple[Item, ...], Strict(False)]
"""An array of TOML values."""

Length = Annotated[float, Field(gt=0, le=1e4)]
"""A length or width [mm]."""
Temperature = Annotated[float, Field(ge=-273.15, le=400)]
"""A temperature [°C]."""
Film = Annotated[float, Field(ge=0, le=1e6)]
"""A heat transfer coefficient [W/m²K]."""
Power = Annotated[float, Field(ge=0, le=1e4)]
"""A power [W]."""
Moment = Annotated[float, Field(ge=0, le=1e6)]
"""A time since the start [s]."""
Duration = Annotated[float, Field(gt=0, le=1e6)]
"""How long something lasts [s]."""


def _one_line(text: str) -> str:
    strange = next((sign for sign in text if category(sign) in ("Cc", "Cs", "Zl", "Zp")), None)
    if strange is not None:
        raise ValueError(f"must not hold the control character {strange!r}; remove it")
    return text


def _no_outer_blanks(text: str) -> str:
    if text != text.strip():
        raise ValueError(f'must not begin or end with a blank: "{text}"')
    return text


Line = Annotated[str, Field(max_length=1000), AfterValidator(_one_line)]
"""A text of one line."""
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_one_line), AfterValidator(_no_outer_blanks)]
"""A name of something in the scene or library."""
File = Annotated[str, Field(min_length=1), AfterValidator(_one_line)]
"""A file, relative to the scene."""


def _in_array(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Names = Annotated[
    tuple[Name, ...],
    Strict(False),
    Field(min_length=1),
    BeforeValidator(_in_array, json_schema_input_type=str | list[str]),
]
"""One name, or an array of them."""


class Quantity(Table):
    """A number with the place it comes from and the range it may lie in."""

    value: float
    """The value used."""
    source: Line = "scene"
    """Where it comes from; keys of references.bib in square brackets."""
    low: float | None = None
    """Lower end of the plausible range."""
    high: float | None = None
    """Upper end of the plausible range."""

    @model_validator(mode="after")
    def _value_in_range(self) -> Quantity:
        if self.low is not None and self.low > self.value:
            raise ValueError(f"value {self.value:g} lies below its own low end {self.low:g}")
        if self.high is not None and self.high < self.value:
            raise ValueError(f"value {self.value:g} lies above its own high end {self.high:g}")
        return self

    @model_serializer
    def _short_where_bare(self) -> float | dict[str, float | str]:
        if self.source == "scene" and self.low is None and self.high is None:
            return self.value
        parts: dict[str, float | str] = {"value": self.value, "source": self.source}
        parts.update({key: end for key, end in (("low", self.low), ("high", self.high)) if end is not None})
        return parts


def _bare_number(value: Any) -> Any:
    if isinstance(value, (Mapping, Quantity)):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"must be a number, or {{ value, source, low, high }}, not {value!r}")
    return {"value": value}


AnyQuantity = Annotated[Quantity, BeforeValidator(_bare_number, json_schema_input_type=float | Quantity)]
"""A number with its source; a bare number is the scene's own."""


def between(low: float, high: float) -> AfterValidator:
    """Demand that a quantity and its range lie from `low` to `high`."""

    def check(quantity: Quantity) -> Quantity:
        for value in (quantity.value, quantity.low, quantity.high):
            if value is not None and not low <= value <= high:
                raise ValueError(f"must lie between {low:g} and {high:g}, not {value:g}")
        return quantity

    return AfterValidator(check)


ShareQuantity = Annotated[AnyQuantity, between(0, 1)]


def quantities(table: Table) -> Iterator[tuple[str, Quantity]]:
    """Key and quantity of each number with a source that a table gives."""
    for key in type(table).model_fields:
        value = getattr(table, key)
        if isinstance(value, Quantity):
            yield key, value
