// Package tokenmint is the token endpoint as a library: it mints, verifies, refreshes, revokes and redeems tokens.
//
// A [KeySet] holds keys, an [Issuer] mints with them and runs the flows, a [Verifier] checks tokens, and an [Endpoint]
// is an [http.Handler] that speaks the dialects of whole token services. What decides is one core, written in Rust and
// linked statically; the bytes of a token are the same in every language. This package gives it the clock, randomness
// and a [Store].
//
// A flow is run by the call that names it: when it returns, all is done, or its error says why not. Nothing is left to be
// run later, and so nothing can be forgotten.
//
// # Values that live outside of Go
//
// KeySet, Issuer, Verifier, ProofWindow, StatusLists, Endpoint and Database hold memory that the garbage collector does not see. Close gives it back at once,
// as often as it is called, and waits for calls that are under way; what is not closed is given back some time after
// the last use. A call after Close fails with [ErrClosed]. All of them may be used by many goroutines at once.
//
// # Errors
//
// Whatever the core refuses is an [*Error]: its [Code], the field or claim at fault, and a text that a client may read.
//
//	if errors.Is(err, tokenmint.ErrTokenExpired) { ... }
//
// # Secrets
//
// The core wipes its keys. Strings and slices of Go cannot be wiped reliably: a secret that was read into one may stay in
// memory until it is written over.
package tokenmint
