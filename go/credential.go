package tokenmint

// #include "native.h"
import "C"

import "unsafe"

// GenerateCredential draws a secret of 256 bits, 43 characters, and gives it with its hash: the secret goes to the
// client, the hash into the store or the configuration.
func GenerateCredential(opts ...HostOption) (secret, hash string, err error) {
	h := hostOf(opts)
	drawn, err := h.seed()
	if err != nil {
		return "", "", err
	}
	var made, hashed C.tokenmint_bytes
	var e C.tokenmint_error
	if C.tokenmint_credential_generate(drawn.c(), &made, &hashed, &e) != 0 {
		return "", "", failure(&e)
	}
	return string(take(&made)), string(take(&hashed)), nil
}

// HashCredential is the hash of a secret that was drawn elsewhere: its SHA-256 in base64url. Only for secrets that nobody
// can guess, with at least 122 random bits; not for passwords.
func HashCredential(secret string) (string, error) {
	var made C.tokenmint_bytes
	var e C.tokenmint_error
	p, n := text(secret)
	hash, err := taken(C.tokenmint_credential_hash(unsafe.Pointer(p), n, &made, &e), &made, &e)
	return string(hash), err
}

// VerifyCredential reports by a nil error that the hash is that of the secret; it takes the same time wherever they
// differ. It fails with ErrInvalidClient, and with ErrInvalidRequest for a text that is no hash.
func VerifyCredential(hash, secret string) error {
	var e C.tokenmint_error
	h, hashLength := text(hash)
	s, secretLength := text(secret)
	if C.tokenmint_credential_verify(h, hashLength, unsafe.Pointer(s), secretLength, &e) != 0 {
		return failure(&e)
	}
	return nil
}
