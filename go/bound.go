package tokenmint

// #include "native.h"
import "C"

import (
	"crypto/sha256"
	"unsafe"
)

// ProofWindow remembers the proofs of possession that this process has taken, so that each is taken once (RFC 9449 section
// 11.1). It may be used by many goroutines at once. For several processes, [Issuer.CheckBound] remembers them in a store.
type ProofWindow struct{ handle }

// NewProofWindow is a window that remembers at most so many proofs, each as long as it could be shown again: twice the age that
// a proof may have. Where it is full, further proofs are refused with ErrRateLimited.
func NewProofWindow(most int) (*ProofWindow, error) {
	var made *C.tokenmint_proof_window
	var e C.tokenmint_error
	if C.tokenmint_proof_window_new(C.size_t(max(most, 0)), &made, &e) != 0 {
		return nil, failure(&e)
	}
	window := &ProofWindow{}
	window.own(unsafe.Pointer(made), func(p unsafe.Pointer) {
		C.tokenmint_proof_window_free((*C.tokenmint_proof_window)(p))
	})
	return window, nil
}

// BoundRequest is a request with a token that is bound to a key of the client's (RFC 9449 section 7).
type BoundRequest struct {
	// Token is what follows "DPoP " in the header Authorization.
	Token string
	// Proof is the header DPoP.
	Proof string
	// Method and URL are those of the request, as its sender wrote them.
	Method, URL string
}

// VerifyBound verifies a token that is bound to a key, as [Verifier.Verify] does, and its proof: of the token's key, for this
// token, this request and this time, and taken for the first time in the window.
//
// It fails as Verify does; with ErrInvalidDpopProof, ErrBindingMismatch, and ErrRateLimited where the window is full.
func (v *Verifier) VerifyBound(window *ProofWindow, request BoundRequest, claims any) error {
	admitted, err := window.enter()
	if err != nil {
		return err
	}
	defer window.leave()
	pointer, err := v.enter()
	if err != nil {
		return err
	}
	defer v.leave()
	var made C.tokenmint_bytes
	var e C.tokenmint_error
	token, tokenLength := text(request.Token)
	proof, proofLength := text(request.Proof)
	method, methodLength := text(request.Method)
	url, urlLength := text(request.URL)
	status := C.tokenmint_verify_bound((*C.tokenmint_verifier)(pointer), (*C.tokenmint_proof_window)(admitted),
		token, tokenLength, proof, proofLength, method, methodLength, url, urlLength,
		C.int64_t(v.host.now().Unix()), &made, &e)
	return decoded(status, &made, &e, claims)
}

// VerifyWithCertificate verifies a token that is bound to the client's certificate, as [Verifier.Verify] does, and that it is
// bound to this one (RFC 8705 section 3): sha256.Sum256 of the certificate's DER, such as r.TLS.PeerCertificates[0].Raw.
//
// It fails as Verify does; with ErrBindingMismatch.
func (v *Verifier) VerifyWithCertificate(token string, fingerprint [sha256.Size]byte, claims any) error {
	pointer, err := v.enter()
	if err != nil {
		return err
	}
	defer v.leave()
	var made C.tokenmint_bytes
	var e C.tokenmint_error
	p, n := text(token)
	status := C.tokenmint_verify_with_certificate((*C.tokenmint_verifier)(pointer), p, n,
		unsafe.Pointer(&fingerprint[0]), C.size_t(len(fingerprint)), C.int64_t(v.host.now().Unix()), &made, &e)
	return decoded(status, &made, &e, claims)
}

// decoded reads the claims that a call made.
func decoded(status C.int32_t, made *C.tokenmint_bytes, e *C.tokenmint_error, claims any) error {
	found, err := taken(status, made, e)
	if err != nil {
		return err
	}
	return decode(found, claims)
}
