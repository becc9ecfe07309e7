"""What goes in and out of claims: exactly, or not at all."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any
from uuid import UUID

import pytest
from tokenmint import (
    ConfigurationError,
    Issuer,
    Key,
    KeySet,
    LifetimeError,
    TokenError,
    TokenExpired,
    TokenmintError,
    Verifier,
    decode_unverified,
    parse_expires_in,
)
from tokenmint.errors import ClaimReserved, ClaimsNotJson, ClaimsNotObject, ClaimsShape, PolicyInvalid, TokenMalformed

NOW = 1_700_000_000
KEYS = KeySet(Key.hmac(b"a secret of at least thirty-two bytes", kid="k1"))
ISSUER = Issuer(KEYS, "https://api.example.com", audience="app")
VERIFIER = ISSUER.verifier()


def mint(claims: Any, expires_in: timedelta | str | int = "1h") -> str:
    return ISSUER.mint(claims, expires_in, now=NOW, seed=b"\1" * 32)


def back(value: Any) -> Any:
    return VERIFIER.verify(mint({"v": value}), now=NOW)["v"]


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        0,
        -1,
        1.5,
        -0.0,
        1e300,
        5e-324,
        "",
        'ü \U0001f600 \0 " \\ \u2028',
        [],
        {},
        [[1], {"a": None}],
        "x" * 5000,
    ]
    + [2**63 - 1, 2**63, 2**64 - 1, -(2**63), 2**53 + 1],
)
def test_comes_back_as_it_was(value: Any) -> None:
    assert repr(back(value)) == repr(value)


def test_order_is_kept() -> None:
    names = ["z", "a", "m", "aa"]
    assert [name for name in VERIFIER.verify(mint(dict.fromkeys(names, 1)), now=NOW) if name in names] == names


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, 10**40])
def test_an_int_beyond_64_bits_is_refused_by_name(value: int) -> None:
    with pytest.raises(ClaimsNotJson, match="at most 64 bits") as caught:
        mint({"a": {"b": [0, value]}})
    assert caught.value.field == "a.b[1]"


class Opaque:
    pass


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        -float("inf"),
        b"x",
        {1, 2},
        Opaque(),
        Decimal(1),
        UUID(int=1),
        1j,
        {1: 2},
        {None: 1},
        "\ud800",
    ]
    + [{"\udfff": 1}, datetime(2024, 1, 1, tzinfo=UTC), date(2024, 1, 1), timedelta(seconds=1), object, print],
)
def test_what_json_cannot_say_is_refused_by_name(value: Any) -> None:
    with pytest.raises(ClaimsNotJson) as caught:
        mint({"outer": [value]})
    assert (caught.value.field or "").startswith("outer[0]")
    assert caught.value.code == "claims_not_json"


def test_the_rule_for_times_is_said() -> None:
    with pytest.raises(ClaimsNotJson, match=r"int\(time\.timestamp\(\)\)"):
        mint({"since": datetime.now(UTC)})


def test_nothing_is_within_itself() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ClaimsNotJson, match="nested"):
        mint({"v": endless})
    deep: Any = 1
    for _ in range(40):
        deep = [deep]
    with pytest.raises(ClaimsNotJson, match="deeper than 32"):
        mint({"v": deep})


@pytest.mark.parametrize("grows", [True, False])
def test_a_dict_that_changes_while_it_is_written(grows: bool) -> None:
    @dataclass
    class Value:
        seats: int = 0

    claims: dict[str, Any] = {"v": Value(), "w": "x"}

    def change(_: Value) -> int:
        claims.update({"more": 1, "w": claims.pop("w")}) if grows else claims.pop("w")
        return 1

    setattr(Value, "seats", property(change))  # noqa: B010
    with pytest.raises(ClaimsNotJson, match="changed while it was written"):
        mint(claims)


class Level(IntEnum):
    HIGH = 3


class Color(StrEnum):
    RED = "red"


class Dict(dict[str, Any]):
    pass


@dataclass
class Widget:
    organization: str
    seats: int
    tags: tuple[str, ...] = ()


def test_subclasses_tuples_and_dataclasses() -> None:
    assert back([Level.HIGH, Color.RED, (1, 2), Dict(a=1), Widget("o", 2, ("t",))]) == [
        3,
        "red",
        [1, 2],
        {"a": 1},
        {"organization": "o", "seats": 2, "tags": ["t"]},
    ]
    assert VERIFIER.verify(mint(Widget("o", 2)), now=NOW)["organization"] == "o"
    with pytest.raises(ClaimsNotJson) as caught:
        mint(Widget("o", 2**70))
    assert caught.value.field == "seats"
    wrong: Any
    for wrong in (None, [], "{}", 1, Widget):
        with pytest.raises((ClaimsNotObject, TypeError)):
            mint(wrong)


@pytest.mark.parametrize("name", ["iss", "exp", "iat"])
def test_what_the_issuer_says_is_reserved(name: str) -> None:
    with pytest.raises(ClaimReserved) as caught:
        mint({name: 1})
    assert caught.value.field == name


def test_a_dict_gives_what_its_json_text_gives() -> None:
    claims = {"sub": "s", "aud": ["a", "b"], "nbf": NOW, "jti": "j", "x": {"y": [1, 2.5, None, True, "ü"]}}
    direct = mint(claims)
    by_text = ISSUER.mint_json(
        {name: claims[name] for name in ("sub", "aud", "nbf", "jti")}, json.dumps({"x": claims["x"]}), "1h", now=NOW
    )
    assert decode_unverified(direct) == decode_unverified(by_text)


def signed(payload: str) -> str:
    """A token that another program signed: any payload."""
    import base64
    import hashlib
    import hmac

    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    text = part(b'{"alg":"HS256","typ":"JWT","kid":"k1"}') + "." + part(payload.encode())
    return f"{text}.{part(hmac.digest(b'a secret of at least thirty-two bytes', text.encode(), hashlib.sha256))}"


def claims_of(value: str) -> Any:
    token = signed(f'{{"iss":"https://api.example.com","aud":"app","exp":{NOW + 1},"v":{value}}}')
    return VERIFIER.verify(token, now=NOW)["v"]


def test_large_integers_come_out_exactly() -> None:
    for value in (2**64, -(2**63) - 1, 10**60, -(10**60), 2**64 - 1, -(2**63)):
        assert repr(claims_of(str(value))) == repr(value)
    assert repr(claims_of(f"[{10**30}, 1e30, 1E2, 0.1]")) == repr([10**30, 1e30, 1e2, 0.1])


def test_what_python_cannot_hold_is_refused() -> None:
    for value in ("1e999", "-1e999", "9" * 5000, f"[{10**30},1e999]"):
        with pytest.raises((ClaimsShape, TokenError)):
            claims_of(value)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("1h", 3600),
        (60, 60),
        ("90", 90),
        (timedelta(minutes=1, microseconds=999_999), 60),
        (timedelta(days=2), 172_800),
        (2.0, 2),
    ],
)
def test_lifetimes(given: Any, seconds: int) -> None:
    assert parse_expires_in(given) == seconds


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (timedelta(0), "lifetime_not_positive"),
        (timedelta(seconds=-1), "lifetime_not_positive"),
        (timedelta(milliseconds=1), "lifetime_under_one_second"),
        (timedelta.max, "lifetime_overflow"),
        (0, "lifetime_not_positive"),
        (-5, "lifetime_not_positive"),
        (10**30, "lifetime_overflow"),
        (True, "lifetime_type"),
        (None, "lifetime_type"),
        (float("nan"), "lifetime_type"),
        ([], "lifetime_type"),
        (b"1h", "lifetime_type"),
        ("", "lifetime_empty"),
        ("\ud800", "lifetime_syntax"),
    ],
)
def test_lifetimes_that_are_none(given: Any, code: str) -> None:
    for call in (lambda: parse_expires_in(given), lambda: mint({}, given)):
        with pytest.raises(LifetimeError) as caught:
            call()
        assert caught.value.code == code


def test_times() -> None:
    moment = datetime.fromtimestamp(NOW, UTC)
    token = ISSUER.mint({"jti": "j"}, 60, now=moment, seed=b"\1" * 32)
    assert (
        token == ISSUER.mint({"jti": "j"}, 60, now=NOW, seed=b"\1" * 32) == ISSUER.mint({"jti": "j"}, 60, now=NOW + 0.5)
    )
    assert VERIFIER.verify(token, now=moment + timedelta(seconds=59, microseconds=999_999))
    with pytest.raises(TokenExpired):
        VERIFIER.verify(token, now=NOW + 60)
    wrong: Any
    for wrong in (-1, 2**70, float("nan"), float("inf"), -0.5):
        with pytest.raises(LifetimeError):
            VERIFIER.verify(token, now=wrong)
    with pytest.raises(ValueError, match="time zone"):
        VERIFIER.verify(token, now=datetime(2024, 1, 1))
    for nonsense in ("now", True, b""):
        with pytest.raises(TypeError):
            VERIFIER.verify(token, now=nonsense)  # type: ignore[arg-type]


def test_the_clock_and_the_randomness_are_the_systems() -> None:
    tokens = {ISSUER.mint({}, 60) for _ in range(50)}
    assert len(tokens) == 50
    assert VERIFIER.verify(tokens.pop())["exp"] - datetime.now(UTC).timestamp() <= 60
    for wrong in (b"", b"x" * 31, b"x" * 33):
        with pytest.raises(ValueError, match="32 bytes"):
            ISSUER.mint({}, 60, seed=wrong)


def test_misuse_of_arguments() -> None:
    with pytest.raises(TypeError):
        Verifier()  # type: ignore[call-arg]
    with pytest.raises(ConfigurationError):
        KeySet()
    with pytest.raises(TypeError):
        KeySet("k1")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Issuer(b"secret", "i")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        VERIFIER.verify(b"token")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Issuer(KEYS, "i", lifetme="1h")  # type: ignore[call-arg]
    with pytest.raises(PolicyInvalid, match="leeway: this field is not known; known are issuer, "):
        Verifier(KEYS, issuer="i", audience="a", leeway=1)  # type: ignore[call-arg]
    with pytest.raises(PolicyInvalid):
        Verifier(KEYS, issuer="i")
    with pytest.raises(PolicyInvalid):
        Verifier(KEYS, issuer="i", any_audience=True, algorithms=[])
    with pytest.raises(TokenMalformed):
        VERIFIER.verify("\ud800")
    for text in ("", ".", "..", "a.b.c", "Bearer x", "\0", "\ud800.\ud800.\ud800"):
        for call in (VERIFIER.verify, VERIFIER.verify_jws, decode_unverified):
            with pytest.raises(TokenError):
                call(text)
        assert not VERIFIER.explain(text).accepted


def test_errors_can_be_caught_by_family_and_read() -> None:
    token = mint({})
    with pytest.raises(TokenmintError) as caught:
        VERIFIER.verify(token, now=NOW + 3600)
    error = caught.value
    assert isinstance(error, TokenError) and isinstance(error, TokenExpired)
    assert (error.code, error.number, error.http_status, error.oauth_error) == (
        "token_expired",
        313,
        401,
        "invalid_token",
    )
    assert error.field == "exp" and str(error).startswith("exp: ")
