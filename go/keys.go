package tokenmint

// #include "native.h"
import "C"

import (
	"crypto"
	"encoding/json"
	"maps"
	"unsafe"
)

// Algorithm is a signature algorithm by its name in tokens (RFC 7518 section 3.1).
type Algorithm string

// The algorithms.
const (
	HS256 Algorithm = "HS256"
	HS384 Algorithm = "HS384"
	HS512 Algorithm = "HS512"
	RS256 Algorithm = "RS256"
	RS384 Algorithm = "RS384"
	RS512 Algorithm = "RS512"
	PS256 Algorithm = "PS256"
	PS384 Algorithm = "PS384"
	PS512 Algorithm = "PS512"
	ES256 Algorithm = "ES256"
	ES384 Algorithm = "ES384"
	ES512 Algorithm = "ES512"
	EdDSA Algorithm = "EdDSA"
)

// KeySet holds keys that were judged and prepared once: a weak or malformed key is refused when it is read. It never
// changes. Issuers and verifiers that were made from it keep its keys, so it may be closed before them.
type KeySet struct {
	handle
	signers map[signerName]*signer
	skipped []SkippedKey
}

// SkippedKey is a key of a JWK Set that cannot be used, and why.
type SkippedKey struct {
	KeyID string `json:"kid"`
	// Error is the name of the code, such as "key_weak".
	Error   string `json:"error"`
	Field   string `json:"field"`
	Message string `json:"message"`
}

// KeySource is where keys of a set come from: [HMAC], [PEM], [JWK], [JWKS] or [HostKey].
type KeySource func() (*KeySet, error)

// NewKeySet is the keys of all sources. The first that can sign is the one that an issuer signs with; the others verify.
//
// It fails with ErrKeyMalformed, ErrKeyWeak, ErrKeyUsage or ErrKeyUnsupported, ErrKeyDuplicate where two keys have one
// id and one algorithm, and ErrKeyMissing without a key.
func NewKeySet(sources ...KeySource) (*KeySet, error) {
	if len(sources) == 0 {
		return nil, refused(ErrKeyMissing, "sources", nil)
	}
	set, err := sources[0]()
	for _, source := range sources[1:] {
		if err != nil {
			return nil, err
		}
		set, err = set.join(source)
	}
	return set, err
}

// join is the keys of both; those of the receiver stand in front, and the receiver is closed.
func (k *KeySet) join(source KeySource) (*KeySet, error) {
	defer k.Close()
	second, err := source()
	if err != nil {
		return nil, err
	}
	defer second.Close()
	first, _ := k.enter()
	defer k.leave()
	other, _ := second.enter()
	defer second.leave()
	var made *C.tokenmint_keys
	var e C.tokenmint_error
	status := C.tokenmint_keys_join((*C.tokenmint_keys)(first), (*C.tokenmint_keys)(other), &made, &e)
	joined, err := keySet(status, made, &e)
	if err != nil {
		return nil, err
	}
	joined.skipped = append(k.skipped, second.skipped...)
	joined.signers = map[signerName]*signer{}
	maps.Copy(joined.signers, k.signers)
	maps.Copy(joined.signers, second.signers)
	return joined, nil
}

func keySet(status C.int32_t, made *C.tokenmint_keys, e *C.tokenmint_error) (*KeySet, error) {
	if status != 0 {
		return nil, failure(e)
	}
	set := &KeySet{}
	set.own(unsafe.Pointer(made), func(p unsafe.Pointer) { C.tokenmint_keys_free((*C.tokenmint_keys)(p)) })
	return set, nil
}

// HMAC is one key over secret bytes that should be random: at least 32 for HS256, 48 for HS384, 64 for HS512 (RFC 7518
// section 3.2). keyID is its kid in tokens, or empty for none. It fails with ErrKeyUsage for the file of a key: PEM, DER, a JWK.
func HMAC(keyID string, alg Algorithm, secret []byte) KeySource {
	return func() (*KeySet, error) {
		var made *C.tokenmint_keys
		var e C.tokenmint_error
		kid, kidLength := optional(keyID)
		name, nameLength := text(string(alg))
		bytes, length := text(view(secret))
		return keySet(C.tokenmint_keys_hmac(kid, kidLength, name, nameLength, unsafe.Pointer(bytes), length, &made, &e), made, &e)
	}
}

// PEM is one key from a PEM block: PRIVATE KEY, PUBLIC KEY, RSA PRIVATE KEY, RSA PUBLIC KEY, EC PRIVATE KEY or
// CERTIFICATE; not encrypted. keyID is its kid in tokens, or empty for none. alg is needed for RSA, for which several are
// possible; it may be empty elsewhere.
func PEM(keyID string, alg Algorithm, block []byte) KeySource {
	return func() (*KeySet, error) {
		var made *C.tokenmint_keys
		var e C.tokenmint_error
		kid, kidLength := optional(keyID)
		name, nameLength := optional(string(alg))
		pem, length := text(view(block))
		return keySet(C.tokenmint_keys_pem(kid, kidLength, name, nameLength, pem, length, &made, &e), made, &e)
	}
}

// JWK is one key from a JWK (RFC 7517), public, private or symmetric. alg is what a JWK that names none is for; empty
// where it names one, or its curve does.
func JWK(alg Algorithm, jwk []byte) KeySource {
	return func() (*KeySet, error) {
		var made *C.tokenmint_keys
		var e C.tokenmint_error
		name, nameLength := optional(string(alg))
		json, length := text(view(jwk))
		return keySet(C.tokenmint_keys_jwk(json, length, name, nameLength, &made, &e), made, &e)
	}
}

// JWKS is the keys of a JWK Set (RFC 7517 section 5). A key that cannot be used is left out and does not spoil the
// others; [KeySet.Skipped] lists those. algorithms are for keys that name none: the first that fits the kind of a key is
// taken.
func JWKS(set []byte, algorithms ...Algorithm) KeySource {
	return func() (*KeySet, error) {
		var made *C.tokenmint_keys
		var skipped C.tokenmint_bytes
		var e C.tokenmint_error
		json_, length := text(view(set))
		names, namesLength := optional(blanks(algorithms))
		keys, err := keySet(C.tokenmint_keys_jwks(json_, length, names, namesLength, &made, &skipped, &e), made, &e)
		if err != nil {
			return nil, err
		}
		return keys, json.Unmarshal(take(&skipped), &keys.skipped)
	}
}

func blanks(algorithms []Algorithm) string {
	var names []byte
	for _, algorithm := range algorithms {
		names = append(append(names, algorithm...), ' ')
	}
	return string(names)
}

// HostKey is a key whose private half stays where it is: a key management service, a security module, anything that is a
// [crypto.Signer]. keyID is its kid in tokens. The algorithm must fit the signer's public key, which verifies here.
func HostKey(keyID string, alg Algorithm, key crypto.Signer) KeySource {
	return func() (*KeySet, error) {
		held, public, err := newSigner(alg, key)
		if err != nil {
			return nil, err
		}
		half, err := PEM(keyID, alg, public)()
		if err != nil {
			return nil, err
		}
		defer half.Close()
		pointer, _ := half.enter()
		defer half.leave()
		var made *C.tokenmint_keys
		var e C.tokenmint_error
		id, idLength := text(keyID)
		name, nameLength := text(string(alg))
		status := C.tokenmint_keys_held(id, idLength, nil, 0, name, nameLength, (*C.tokenmint_keys)(pointer), &made, &e)
		set, err := keySet(status, made, &e)
		if err != nil {
			return nil, err
		}
		set.signers = map[signerName]*signer{{keyID, alg}: held}
		return set, nil
	}
}

// Skipped lists the keys of JWK Sets that were left out.
func (k *KeySet) Skipped() []SkippedKey {
	return k.skipped
}

// PublicJWKS is the public halves as a JWK Set, for /.well-known/jwks.json. HMAC keys are left out.
func (k *KeySet) PublicJWKS() ([]byte, error) {
	pointer, err := k.enter()
	if err != nil {
		return nil, err
	}
	defer k.leave()
	var made C.tokenmint_bytes
	var e C.tokenmint_error
	return taken(C.tokenmint_keys_public_jwks((*C.tokenmint_keys)(pointer), &made, &e), &made, &e)
}

// GenerateKey draws a new key as a JWK to be kept: the private one, or the shared secret. keyID is its kid, or empty for
// none. Not for RSA: it fails with ErrKeyUnsupported.
func GenerateKey(keyID string, alg Algorithm, opts ...HostOption) (jwk []byte, err error) {
	h := hostOf(opts)
	drawn, err := h.seed()
	if err != nil {
		return nil, err
	}
	var made C.tokenmint_bytes
	var e C.tokenmint_error
	name, nameLength := text(string(alg))
	kid, kidLength := optional(keyID)
	return taken(C.tokenmint_key_generate(name, nameLength, kid, kidLength, drawn.c(), &made, &e), &made, &e)
}

func (s *seed) c() *C.tokenmint_seed {
	return (*C.tokenmint_seed)(unsafe.Pointer(s))
}
