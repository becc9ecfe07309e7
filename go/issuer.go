package tokenmint

// #cgo noescape native_mint
// #cgo nocallback native_mint
// #cgo noescape native_take
// #cgo nocallback native_take
// #include "native.h"
import "C"

import (
	"context"
	"encoding/json"
	"time"
	"unsafe"
)

// Issuer mints tokens and runs the flows. It never changes, and may be used by many goroutines at once.
type Issuer struct {
	handle
	host    host
	signers map[signerName]*signer
}

// NewIssuer is an issuer that signs with the first key of the set that can. name is its iss, usually its URL.
//
// It fails with ErrPolicyInvalid, ErrKeyMissing or ErrKeyWeak.
func NewIssuer(keys *KeySet, name string, opts ...IssuerOption) (*Issuer, error) {
	o := options{config: map[string]any{"issuer": name}}
	for _, option := range opts {
		option.forIssuer(&o)
	}
	config, err := o.json()
	if err != nil {
		return nil, err
	}
	return newIssuer(keys, config, o.host)
}

// NewIssuerFromJSON is an issuer whose policy is a JSON object such as {"issuer":"https://api.example.com"}, with the
// fields that docs/operations.md lists. One that is not known is an error.
func NewIssuerFromJSON(keys *KeySet, config []byte, opts ...HostOption) (*Issuer, error) {
	return newIssuer(keys, config, hostOf(opts))
}

func newIssuer(keys *KeySet, config []byte, h host) (*Issuer, error) {
	set, err := keys.enter()
	if err != nil {
		return nil, err
	}
	defer keys.leave()
	var made *C.tokenmint_issuer
	var e C.tokenmint_error
	p, n := text(view(config))
	if C.tokenmint_issuer_new((*C.tokenmint_keys)(set), p, n, &made, &e) != 0 {
		return nil, failure(&e)
	}
	return ownIssuer(made, h, keys.signers), nil
}

func ownIssuer(made *C.tokenmint_issuer, h host, signers map[signerName]*signer) *Issuer {
	issuer := &Issuer{host: h, signers: signers}
	issuer.own(unsafe.Pointer(made), func(p unsafe.Pointer) { C.tokenmint_issuer_free((*C.tokenmint_issuer)(p)) })
	return issuer
}

// MintOption is an option of [Issuer.Mint].
type MintOption func(*minting)

type minting struct {
	members json.RawMessage
}

// Members are custom claims that were written before, as a JSON object that becomes part of the token byte for byte.
func Members(object json.RawMessage) MintOption {
	return func(m *minting) { m.members = object }
}

// Mint mints a token (RFC 7519). claims are anything that encoding/json writes as an object, such as a struct or a map;
// JSON text as [json.RawMessage] or []byte; or nil. sub, aud, nbf and jti stand in them beside custom claims; the issuer
// adds iss, iat and exp, aud where they name none, and a random jti where they have none. The lifetime is rounded down to
// whole seconds.
//
// It fails with ErrClaimsNotJSON, ErrClaimsNotObject, ErrClaimReserved and their like, and ErrLifetimeTooLong and its
// like.
func (i *Issuer) Mint(claims any, lifetime time.Duration, opts ...MintOption) (string, error) {
	json, encoder, err := encode(claims)
	if err != nil {
		return "", err
	}
	defer encoder.release()
	members := ""
	if len(opts) > 0 {
		members = gather(opts)
	}
	drawn, err := i.host.seed()
	if err != nil {
		return "", err
	}
	now := C.int64_t(i.host.now().Unix())
	if len(i.signers) > 0 {
		return i.mintByTask(json, members, lifetime, now, drawn)
	}
	var digits [32]byte
	lasting, lastingLength := text(view(appendLifetime(digits[:0], lifetime)))
	given, givenLength := optional(json)
	added, addedLength := optional(members)
	var room [1024]byte
	var result C.native_result
	var e C.tokenmint_error
	pointer, err := i.enter()
	if err != nil {
		return "", err
	}
	defer i.leave()
	if C.native_mint((*C.tokenmint_issuer)(pointer), given, givenLength, added, addedLength, lasting, lastingLength, now, drawn.c(),
		(*C.char)(unsafe.Pointer(&room)), C.size_t(len(room)), &result, &e) != 0 {
		return "", failure(&e)
	}
	if result.spilled != 0 {
		return view(spilled(&result)), nil
	}
	return string(room[:result.length]), nil
}

// mintByTask mints with a key that the host holds.
func (i *Issuer) mintByTask(claims, members string, lifetime time.Duration, now C.int64_t, drawn seed) (string, error) {
	lasting, lastingLength := text(view(appendLifetime(nil, lifetime)))
	given, givenLength := optional(claims)
	added, addedLength := optional(members)
	var task *C.tokenmint_task
	var e C.tokenmint_error
	pointer, err := i.enter()
	if err != nil {
		return "", err
	}
	status := C.tokenmint_mint_task((*C.tokenmint_issuer)(pointer), given, givenLength, added, addedLength,
		lasting, lastingLength, now, drawn.c(), &task, &e)
	// The task keeps what it needs of the issuer, and the key may be far away.
	i.leave()
	token, err := i.host.run(context.Background(), status, task, &e, nil, i.signers)
	return string(token), err
}

func gather(opts []MintOption) string {
	var m minting
	for _, option := range opts {
		option(&m)
	}
	return view(m.members)
}

// spilled fetches a result that was too long for its buffer.
func spilled(result *C.native_result) []byte {
	buffer := make([]byte, result.length)
	C.native_take(result, (*C.char)(unsafe.Pointer(&buffer[0])))
	return buffer
}
