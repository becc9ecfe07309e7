"""Values that many calls take."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

Lifetime: TypeAlias = timedelta | str | int
"""A timedelta, a text such as "1h", or whole seconds."""

Now: TypeAlias = datetime | float | None
"""A point in time; None for the system's clock."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """A rate limit: `events` for each `per` on average, and at most `burst` at once."""

    events: int
    per: Lifetime
    burst: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Integration:
    """What a link can connect to."""

    slug: str
    name: str
    categories: Sequence[str]
