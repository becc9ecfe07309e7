package tokenmint

import (
	"strings"
	"time"
)

// Error is why the library refused: for programs the code, for people the field and the message. It never holds a
// token, a secret or a key.
type Error struct {
	// Code is what went wrong; errors.Is(err, ErrTokenExpired) compares it.
	Code Code
	// Field is the field, claim or argument at fault; empty where the whole input is.
	Field string
	// Message is what was found and what is needed.
	Message string
	// RetryAfter is when a retry can succeed, where that is known.
	RetryAfter time.Duration

	cause error
}

// Error is the field and the message.
func (e *Error) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

// Is reports whether target is the error's code.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}

// Unwrap is the error behind it: that of a [Store], of a host's key or of encoding/json.
func (e *Error) Unwrap() error {
	return e.cause
}

// Code is what went wrong. Numbers and names never change their meaning; new ones may come. A code is an error too, for
// errors.Is.
type Code int32

// Error is the default text.
func (c Code) Error() string {
	return "tokenmint: " + c.row().text
}

// Name is the stable name, such as "token_expired".
func (c Code) Name() string {
	return c.row().name
}

// HTTPStatus is the status that fits best where a service does not say otherwise, such as 401.
func (c Code) HTTPStatus() int {
	return c.row().status
}

// OAuthError is the error value of OAuth 2.0 (RFC 6749 section 5.2, RFC 6750 section 3.1), such as "invalid_token".
func (c Code) OAuthError() string {
	return c.row().oauth
}

type codeRow struct {
	name   string
	status int
	oauth  string
	text   string
}

func (c Code) row() codeRow {
	if row, known := codes[c]; known {
		return row
	}
	return codeRow{"unknown", 500, "server_error", "an unknown error"}
}

// refused is an error of this package in the library's own words, which come from the same table.
func refused(code Code, field string, cause error) error {
	text := strings.TrimPrefix(code.Error(), "tokenmint: ")
	if cause != nil {
		text += ": " + strings.TrimPrefix(cause.Error(), "json: ")
	}
	return &Error{Code: code, Field: field, Message: text, cause: cause}
}
