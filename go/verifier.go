package tokenmint

// #cgo noescape native_verify
// #cgo nocallback native_verify
// #include "native.h"
import "C"

import (
	"bytes"
	"encoding/json"
	"unsafe"
)

// Verifier verifies tokens: whose keys it trusts and what it expects. It never changes, and may be used by many
// goroutines at once.
type Verifier struct {
	handle
	host host
}

// NewVerifier is a verifier that trusts the tokens of the keys. It needs [FromIssuer] and [Audience], or [AnyIssuer] and
// [AnyAudience], which drop those checks by name.
//
// It fails with ErrPolicyInvalid.
func NewVerifier(keys *KeySet, opts ...VerifierOption) (*Verifier, error) {
	o := options{config: map[string]any{}}
	for _, option := range opts {
		option.forVerifier(&o)
	}
	config, err := o.json()
	if err != nil {
		return nil, err
	}
	return newVerifier(keys, config, o.host)
}

// NewVerifierFromJSON is a verifier whose expectations are a JSON object such as
// {"issuer":"https://api.example.com","audience":"app"}, with the fields that docs/operations.md lists. One that is not known
// is an error.
func NewVerifierFromJSON(keys *KeySet, config []byte, opts ...HostOption) (*Verifier, error) {
	return newVerifier(keys, config, hostOf(opts))
}

func newVerifier(keys *KeySet, config []byte, h host) (*Verifier, error) {
	set, err := keys.enter()
	if err != nil {
		return nil, err
	}
	defer keys.leave()
	var made *C.tokenmint_verifier
	var e C.tokenmint_error
	p, n := text(view(config))
	if C.tokenmint_verifier_new((*C.tokenmint_keys)(set), p, n, &made, &e) != 0 {
		return nil, failure(&e)
	}
	verifier := &Verifier{host: h}
	verifier.own(unsafe.Pointer(made), func(p unsafe.Pointer) { C.tokenmint_verifier_free((*C.tokenmint_verifier)(p)) })
	return verifier, nil
}

// Verify verifies a token, its form, algorithm, signature and then every claim, and reads its claims into a pointer to a
// struct or a map, as encoding/json does; into nothing where claims is nil. Numbers in a map are [json.Number], so that
// integers stay exact. Only a nil error means that the token is good; claims are left alone where it is not.
//
// It fails with the code of the first check that says no, such as ErrTokenExpired; ErrClaimsShape where the claims do
// not fit, or where a claim is that of a field but for the case of letters, which encoding/json would not see.
func (v *Verifier) Verify(token string, claims any) error {
	if shape := plain(claims); shape != nil {
		var room [1024]byte
		text, err := v.verify(token, room[:])
		if err != nil || shape.read(text, claims) {
			return err
		}
		return decode(bytes.Clone(text), claims)
	}
	text, err := v.VerifyJSON(token)
	if err != nil {
		return err
	}
	return decode(text, claims)
}

// VerifyJSON verifies a token as [Verifier.Verify] does. The claims are the JSON object that stands in it, byte for byte.
func (v *Verifier) VerifyJSON(token string) (json.RawMessage, error) {
	// The claims are one of three parts in base64url, so they fit.
	return v.verify(token, make([]byte, len(token)/4*3+1))
}

// verify verifies a token; the claims stand in the buffer, if there is room for them.
func (v *Verifier) verify(token string, buffer []byte) ([]byte, error) {
	var e C.tokenmint_error
	var result C.native_result
	p, n := text(token)
	now := C.int64_t(v.host.now().Unix())
	pointer, err := v.enter()
	if err != nil {
		return nil, err
	}
	defer v.leave()
	status := C.native_verify((*C.tokenmint_verifier)(pointer), p, n, now,
		(*C.char)(unsafe.Pointer(&buffer[0])), C.size_t(len(buffer)), &result, &e)
	if status != 0 {
		return nil, failure(&e)
	}
	if result.spilled != 0 {
		return spilled(&result), nil
	}
	return buffer[:result.length:result.length], nil
}

// VerifyJWS verifies the signature over a compact JWS whose payload is any bytes (RFC 7515), and gives those. Claims are
// not looked at, nor are times: do not take the payload for claims.
func (v *Verifier) VerifyJWS(token string) ([]byte, error) {
	pointer, err := v.enter()
	if err != nil {
		return nil, err
	}
	defer v.leave()
	var made C.tokenmint_bytes
	var e C.tokenmint_error
	p, n := text(token)
	return taken(C.tokenmint_verify_jws((*C.tokenmint_verifier)(pointer), p, n, &made, &e), &made, &e)
}

// Explanation is a verdict, check by check, without secrets.
type Explanation struct {
	Accepted bool `json:"accepted"`
	// Error is the name of the code, such as "token_expired"; empty where the token is accepted.
	Error  string  `json:"error"`
	Checks []Check `json:"checks"`
}

// Check is one check of an [Explanation].
type Check struct {
	// Name is what was checked, such as "signature" or "exp".
	Name string `json:"name"`
	// Outcome is "passed", "failed", "not_reached" or "not_asked".
	Outcome string `json:"outcome"`
	// Seen is what stands in the token.
	Seen string `json:"seen"`
	// Limit is what is demanded.
	Limit string `json:"limit"`
	// Error is why it failed.
	Error *struct {
		Code    string `json:"code"`
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"error"`
	// Hint is what to do about it.
	Hint string `json:"hint"`
}

// Explain explains the verdict of [Verifier.Verify]. It succeeds for a token that is refused.
func (v *Verifier) Explain(token string) (*Explanation, error) {
	var made C.tokenmint_bytes
	var e C.tokenmint_error
	p, n := text(token)
	now := C.int64_t(v.host.now().Unix())
	pointer, err := v.enter()
	if err != nil {
		return nil, err
	}
	defer v.leave()
	report, err := taken(C.tokenmint_explain((*C.tokenmint_verifier)(pointer), p, n, now, &made, &e), &made, &e)
	if err != nil {
		return nil, err
	}
	explanation := &Explanation{}
	return explanation, json.Unmarshal(report, explanation)
}

// DecodeUnverified is the header and the claims of a token that nobody has verified, as the JSON texts that stand in it:
// for logs, and to choose a key. Anyone can write any token; decide nothing by what stands here.
func DecodeUnverified(token string) (header, claims json.RawMessage, err error) {
	var head, body C.tokenmint_bytes
	var e C.tokenmint_error
	p, n := text(token)
	if C.tokenmint_decode_unverified(p, n, &head, &body, &e) != 0 {
		return nil, nil, failure(&e)
	}
	return take(&head), take(&body), nil
}
