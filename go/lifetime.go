package tokenmint

// #include "native.h"
import "C"

import (
	"math"
	"strconv"
	"time"
)

// Lifetime is how long something lives: whole seconds, at least one. It reads and writes JSON, so a request's expiresIn
// can be a field of this type: a number is whole seconds; in a text, digits alone are seconds, and with a unit the
// grammar is that of npm's ms, such as "1h" or "90 minutes".
type Lifetime uint64

// ParseLifetime reads a lifetime's text. It fails with ErrLifetimeSyntax and its like, each naming what is wrong.
func ParseLifetime(s string) (Lifetime, error) {
	var seconds C.uint64_t
	var e C.tokenmint_error
	p, n := text(s)
	if C.tokenmint_lifetime_parse(p, n, &seconds, &e) != 0 {
		return 0, failure(&e)
	}
	return Lifetime(seconds), nil
}

// LifetimeOf is a duration in whole seconds, rounded down.
func LifetimeOf(d time.Duration) Lifetime {
	return Lifetime(max(d, 0) / time.Second)
}

// Duration is the lifetime as a duration: at most 292 years, which is what a duration can hold.
func (l Lifetime) Duration() time.Duration {
	return time.Duration(min(l, Lifetime(math.MaxInt64/time.Second))) * time.Second
}

// String is the shortest text: "90m" for 5400 seconds. What is no lifetime is written in seconds all the same.
func (l Lifetime) String() string {
	s, err := formatLifetime(l)
	if err != nil {
		return strconv.FormatUint(uint64(l), 10) + "s"
	}
	return s
}

func formatLifetime(l Lifetime) (string, error) {
	var made C.tokenmint_bytes
	var e C.tokenmint_error
	s, err := taken(C.tokenmint_lifetime_format(C.uint64_t(l), &made, &e), &made, &e)
	return string(s), err
}

// MarshalJSON writes whole seconds.
func (l Lifetime) MarshalJSON() ([]byte, error) {
	return strconv.AppendUint(nil, uint64(l), 10), nil
}

// UnmarshalJSON reads an expiresIn. It fails as [ParseLifetime] does.
func (l *Lifetime) UnmarshalJSON(json []byte) error {
	var seconds C.uint64_t
	var e C.tokenmint_error
	p, n := text(view(json))
	if C.tokenmint_lifetime_from_json(p, n, &seconds, &e) != 0 {
		return failure(&e)
	}
	*l = Lifetime(seconds)
	return nil
}

// NodeExpiry is the exp that node-jsonwebtoken 9 gives a token that is issued at iat, for the text of an expiresIn, in
// which digits alone are milliseconds: for those who come from there. It fails where that library refuses the text.
func NodeExpiry(expiresIn string, iat time.Time) (time.Time, error) {
	var exp C.int64_t
	var e C.tokenmint_error
	p, n := text(expiresIn)
	if C.tokenmint_lifetime_node_jsonwebtoken(p, n, C.int64_t(iat.Unix()), &exp, &e) != 0 {
		return time.Time{}, failure(&e)
	}
	return time.Unix(int64(exp), 0), nil
}

// appendLifetime writes a duration as the text that the library reads. What is no whole number of seconds goes as
// milliseconds, and the library rounds or refuses.
func appendLifetime(out []byte, d time.Duration) []byte {
	if d%time.Second == 0 {
		return strconv.AppendInt(out, int64(d/time.Second), 10)
	}
	out = strconv.AppendFloat(out, float64(d)/float64(time.Millisecond), 'f', -1, 64)
	return append(out, "ms"...)
}
