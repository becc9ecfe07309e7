// tokenmint: the token endpoint as a library.
// Written by `cargo xtask header` from ffi/src; do not edit. SPDX-License-Identifier: MIT OR Apache-2.0
//
// The contract, for every function; docs/c-abi.md says it for each one.
//
// Status     A function that can fail returns int32_t: 0 is success, anything else is one of the TOKENMINT_...
//            below. Only 0 means yes: there is no verdict in another place.
// Errors     The last parameter is a tokenmint_error of the caller's, or NULL. It is written on failure only, and
//            nothing in it is freed.
// Results    What a function gives is written on success only; on failure the places of results keep what they had.
//            No two results of one call may be the same place.
// NULL       A pointer to an argument or the place of a result that is NULL is refused with
//            TOKENMINT_FIELD_REQUIRED and the parameter's name, unless the function says that NULL is allowed. Every
//            _free takes NULL.
// Text       A pointer and a length in bytes, UTF-8; no NUL is needed behind it. A text that may be left out is left
//            out by NULL and 0. The library copies what it keeps.
// Bytes      A tokenmint_bytes belongs to the caller and is given back by tokenmint_bytes_free, which wipes it. A NUL
//            stands behind the last byte, so a text can be printed with %s.
// Handles    tokenmint_keys, _issuer, _verifier, _status_lists, _endpoint, _store and _task are made by the functions that
//            have them as a result, and freed once, by the _free of their name. A handle of another kind is refused with
//            TOKENMINT_FIELD_INVALID. A handle keeps what it was made from: keys may be freed before their issuer.
// Threads    Every handle may be used by several threads at once; a task does one thing at a time. Freeing is for
//            the last thread that uses it. There is no global state, and no thread of the library's own but those of
//            a store that is not memory:.
// Time       now_seconds: whole seconds since 1970; now_us: microseconds since 1970, where rate limits need them. A
//            time in the wrong unit is refused with TOKENMINT_TIME_INVALID.
// Randomness A tokenmint_seed holds 32 bytes from a cryptographic generator and is used for one call only. The same
//            arguments give the same result. tokenmint_system_context reads the system's clock and randomness; no other
//            function reads either, but for AWS-LC, which blinds and randomizes signatures by itself.
// Panics     None leaves the library: a broken internal rule is the status TOKENMINT_INTERNAL.


#ifndef TOKENMINT_H
#define TOKENMINT_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define TOKENMINT_MUST_USE __attribute__((warn_unused_result))
#else
#define TOKENMINT_MUST_USE
#endif

// Statuses; docs/errors.md says more. Numbers and names never change their meaning.
#define TOKENMINT_OK 0
#define TOKENMINT_LIFETIME_EMPTY 101 // the lifetime is empty
#define TOKENMINT_LIFETIME_SYNTAX 102 // the text is not a lifetime
#define TOKENMINT_LIFETIME_UNIT 103 // the lifetime's unit is unknown
#define TOKENMINT_LIFETIME_NOT_POSITIVE 104 // the lifetime is zero or negative
#define TOKENMINT_LIFETIME_UNDER_ONE_SECOND 105 // the lifetime is under one second
#define TOKENMINT_LIFETIME_TOO_LONG 106 // the lifetime is over the allowed maximum
#define TOKENMINT_LIFETIME_OVERFLOW 107 // the lifetime is too large to represent
#define TOKENMINT_LIFETIME_TYPE 108 // a lifetime is a whole number of seconds or a text
#define TOKENMINT_LIFETIME_TOO_MUCH_TEXT 109 // a lifetime has at most 100 characters
#define TOKENMINT_TIME_INVALID 110 // not a point in time
#define TOKENMINT_CLAIM_RESERVED 120 // a registered claim cannot be set as a custom claim
#define TOKENMINT_CLAIM_DUPLICATE 121 // the claim is set twice
#define TOKENMINT_CLAIMS_NOT_OBJECT 122 // claims are one JSON object
#define TOKENMINT_CLAIMS_NOT_JSON 123 // the claims cannot be written as JSON
#define TOKENMINT_CLAIMS_TOO_LARGE 124 // the claims are too large for a token
#define TOKENMINT_KEY_MALFORMED 200 // the key cannot be read
#define TOKENMINT_KEY_WEAK 201 // the key is too weak for its algorithm
#define TOKENMINT_KEY_UNSUPPORTED 202 // this kind of key is not supported by this build
#define TOKENMINT_KEY_USAGE 203 // the key forbids this use
#define TOKENMINT_KEY_DUPLICATE 204 // two keys have the same id
#define TOKENMINT_KEY_MISSING 205 // there is no key for this
#define TOKENMINT_KEY_CANNOT_SIGN 206 // the key has no private part
#define TOKENMINT_POLICY_INVALID 207 // the configuration cannot work
#define TOKENMINT_TOKEN_TOO_LARGE 300 // the token is too large
#define TOKENMINT_TOKEN_MALFORMED 301 // the token is not three parts separated by two dots
#define TOKENMINT_TOKEN_ENCODING 302 // a part of the token is not strict base64url
#define TOKENMINT_HEADER_MALFORMED 303 // the token's header is not a valid JSON object
#define TOKENMINT_HEADER_CRITICAL 304 // the token demands an extension that is not implemented
#define TOKENMINT_HEADER_UNSUPPORTED 305 // the token's header asks for something that is not supported
#define TOKENMINT_ALGORITHM_NOT_ALLOWED 306 // the token's algorithm is not allowed
#define TOKENMINT_KEY_NOT_FOUND 307 // no known key has the token's key id
#define TOKENMINT_KEY_MISMATCH 308 // the token's algorithm is not the key's
#define TOKENMINT_SIGNATURE_INVALID 309 // the signature is not valid
#define TOKENMINT_PAYLOAD_MALFORMED 310 // the token's payload is not a valid JSON object
#define TOKENMINT_CLAIM_MISSING 311 // a required claim is missing
#define TOKENMINT_CLAIM_INVALID 312 // a claim has the wrong type or an impossible value
#define TOKENMINT_TOKEN_EXPIRED 313 // the token has expired
#define TOKENMINT_TOKEN_NOT_YET_VALID 314 // the token is not valid yet
#define TOKENMINT_TOKEN_TOO_OLD 315 // the token was issued too long ago
#define TOKENMINT_ISSUER_MISMATCH 316 // the token is from another issuer
#define TOKENMINT_AUDIENCE_MISMATCH 317 // the token is for another audience
#define TOKENMINT_SUBJECT_MISMATCH 318 // the token is about another subject
#define TOKENMINT_TYPE_MISMATCH 319 // the token is of another type
#define TOKENMINT_TOKEN_REVOKED 320 // the token was revoked
#define TOKENMINT_HANDLE_MALFORMED 321 // the text is not a token of this issuer
#define TOKENMINT_CLAIMS_SHAPE 322 // the claims do not fit the requested type
#define TOKENMINT_TOKEN_SUSPENDED 323 // the token is suspended
#define TOKENMINT_STATUS_LIST_MALFORMED 324 // the status list cannot be read
#define TOKENMINT_INVALID_DPOP_PROOF 325 // the DPoP proof is not valid
#define TOKENMINT_BINDING_MISMATCH 327 // the token is bound to a key that the request does not prove
#define TOKENMINT_INVALID_REQUEST 400 // the request is not acceptable
#define TOKENMINT_INVALID_CLIENT 401 // the credentials are not valid
#define TOKENMINT_INVALID_GRANT 402 // the grant is not valid
#define TOKENMINT_UNAUTHENTICATED 403 // the request carries no valid credential
#define TOKENMINT_FORBIDDEN 404 // the credential does not allow this
#define TOKENMINT_NOT_FOUND 405 // there is no such thing
#define TOKENMINT_ALREADY_EXISTS 406 // it exists already
#define TOKENMINT_RATE_LIMITED 407 // too many requests
#define TOKENMINT_LINK_USED 408 // the link was used already
#define TOKENMINT_LINK_EXPIRED 409 // the link's time is over
#define TOKENMINT_LINK_UNKNOWN 410 // the link is not known
#define TOKENMINT_ATTEMPTS_EXHAUSTED 416 // too many wrong codes were tried
#define TOKENMINT_INVALID_SCOPE 417 // the scope is malformed, or more than is allowed
#define TOKENMINT_INVALID_TARGET 418 // the audience is more than is allowed
#define TOKENMINT_UNAUTHORIZED_CLIENT 419 // the client may not use this grant
#define TOKENMINT_UNSUPPORTED_GRANT_TYPE 420 // this grant is not supported
#define TOKENMINT_USE_DPOP_NONCE 421 // the DPoP proof needs the nonce of the server
#define TOKENMINT_SIGN_IN_REQUIRED 422 // the session is over; sign in again
#define TOKENMINT_TOKEN_ENDPOINT_UNAVAILABLE 423 // the token endpoint gives no tokens now; nothing is lost
#define TOKENMINT_TOKEN_ENDPOINT_REFUSED 424 // the token endpoint refuses what the source asks; nothing is lost
#define TOKENMINT_STORE_UNAVAILABLE 500 // the store cannot be reached; nothing was changed
#define TOKENMINT_STORE_UNKNOWN 501 // the store did not confirm; the change may or may not have happened
#define TOKENMINT_STORE_CORRUPT 502 // the store holds a record that cannot be read
#define TOKENMINT_STORE_TOO_LARGE 503 // the record is too large for the store
#define TOKENMINT_STORE_BUSY 504 // too many changes of the same record at once
#define TOKENMINT_STORE_REGRESSED 505 // the store has lost a write
#define TOKENMINT_KEYS_UNAVAILABLE 506 // the issuer's keys cannot be fetched now
#define TOKENMINT_STATUS_UNAVAILABLE 507 // the token's status is not known now
#define TOKENMINT_ROUTE_NOT_FOUND 600 // there is nothing at this path
#define TOKENMINT_METHOD_NOT_ALLOWED 601 // this method is not allowed here
#define TOKENMINT_BODY_TOO_LARGE 602 // the body is too large
#define TOKENMINT_MEDIA_TYPE_UNSUPPORTED 603 // the body's media type is not supported
#define TOKENMINT_BODY_MALFORMED 604 // the body is not the expected JSON
#define TOKENMINT_FIELD_REQUIRED 605 // the field is required
#define TOKENMINT_FIELD_INVALID 606 // the field's value is not acceptable
#define TOKENMINT_BODY_INCOMPLETE 609 // the body did not arrive whole; nothing was done
#define TOKENMINT_BODY_TIMEOUT 610 // the body took too long; nothing was done
#define TOKENMINT_LENGTH_REQUIRED 611 // the body's length must be announced; nothing was done
#define TOKENMINT_INTERNAL 900 // an internal rule was broken; please report it
#define TOKENMINT_OBJECT_DISPOSED 901 // the object was disposed and cannot be used any more
#define TOKENMINT_TASK_NOT_RUN 902 // the task was not run; nothing was done
#define TOKENMINT_MODULE_BLOCKED 903 // the page's policy does not allow WebAssembly
#define TOKENMINT_MODULE_UNSUPPORTED 904 // the platform lacks what this build of the module needs


// The number of this interface. It goes up with each change that a compiled caller would notice.
#define TOKENMINT_ABI_VERSION 1

// The token endpoints of one service. It never changes.
typedef struct tokenmint_endpoint tokenmint_endpoint;

// Keys and a policy: mints tokens and runs flows. It never changes.
typedef struct tokenmint_issuer tokenmint_issuer;

// Keys that were judged and prepared; they never change.
typedef struct tokenmint_keys tokenmint_keys;

// The proofs that this process has taken: each is taken once.
typedef struct tokenmint_proof_window tokenmint_proof_window;

// Status lists, none at first; the caller fetches them. One serves all threads and all requests.
typedef struct tokenmint_status_lists tokenmint_status_lists;

// Where the flows keep their records.
typedef struct tokenmint_store tokenmint_store;

// A flow under way, and then its outcome. It does nothing until it is driven, by `tokenmint_task_run` or by
// `tokenmint_task_step`.
typedef struct tokenmint_task tokenmint_task;

// Keys and what is expected of a token. It never changes.
typedef struct tokenmint_verifier tokenmint_verifier;

// 32 bytes from a cryptographic random generator, used for one call only.
typedef struct {
    // The bytes.
    uint8_t bytes[32];
} tokenmint_seed;

// Where an error is written: a struct of the caller's, of a fixed size, which nobody frees. `NULL` may stand in its
// place.
typedef struct {
    // The status that the function returned too, one of `TOKENMINT_...`.
    int32_t status;
    // Whole seconds until a retry can succeed; 0 where that is not known.
    uint32_t retry_after_seconds;
    // The field, claim or argument at fault, ended by a NUL; empty where the whole input is. Cut where it is longer.
    char field[120];
    // What was found and what is needed, for people, ended by a NUL. Cut where it is longer. Never a token or a secret.
    char message[512];
} tokenmint_error;

// Bytes that the library made, to be given back by `tokenmint_bytes_free`. Change nothing in it.
typedef struct {
    // The bytes; a NUL stands behind the last, which `length` does not count. `NULL` where there is nothing.
    char *data;
    // How many there are.
    size_t length;
    // How many were allocated; only the library needs it.
    size_t capacity;
} tokenmint_bytes;

// A response. Its three bytes are each to be freed with `tokenmint_bytes_free`.
typedef struct {
    // The status, such as 200.
    int32_t status;
    // The header: lines `name: value`, each ended by CR LF, ordered by their names; names are in lower case.
    tokenmint_bytes headers;
    // The body.
    tokenmint_bytes body;
    // What happened, for the caller's log: as for `tokenmint_task_events`.
    tokenmint_bytes events;
} tokenmint_response;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The number of the interface that the library has; the header that a program was compiled with has
// `TOKENMINT_ABI_VERSION`. Where the two differ, the program must not go on.
uint32_t tokenmint_abi_version(void);

// The library's version, for example `0.1.0`: a text that is never freed.
const char *tokenmint_version(void);

// The stable name of a status, for example `token_expired`; `ok` for 0, `unknown` for a number that is none. A text
// that is never freed.
const char *tokenmint_status_name(int32_t status);

// Reads the system's clock and randomness: the two values that every operation is given. A program that has its own
// needs this function for nothing.
//
// `now_us`: microseconds since 1970; `now_us / 1000000` is what is called `now_seconds` elsewhere. `seed`: 32 random
// bytes, for one call only. Either may be NULL where it is not wanted.
//
// Fails with `internal` where the system has no clock or no randomness.
TOKENMINT_MUST_USE
int32_t tokenmint_system_context(int64_t *now_us,
                                 tokenmint_seed *seed,
                                 tokenmint_error *error);

// Wipes the bytes and gives them back; `bytes` is empty afterwards, so that a second call does nothing. `NULL`, and
// bytes that are empty, are left alone.
void tokenmint_bytes_free(tokenmint_bytes *bytes);

// Reads a lifetime such as `1h`, `90 minutes` or `3600` into whole seconds: digits alone are seconds, and with a unit the
// grammar is that of npm's `ms`.
//
// Fails with `lifetime_...`, each naming what is wrong.
TOKENMINT_MUST_USE
int32_t tokenmint_lifetime_parse(const char *lifetime,
                                 size_t lifetime_length,
                                 uint64_t *lifetime_seconds,
                                 tokenmint_error *error);

// Reads the JSON value of an `expiresIn`: a number is whole seconds, a text is as for `tokenmint_lifetime_parse`.
//
// Fails with `lifetime_...`, each naming what is wrong.
TOKENMINT_MUST_USE
int32_t tokenmint_lifetime_from_json(const char *json,
                                     size_t json_length,
                                     uint64_t *lifetime_seconds,
                                     tokenmint_error *error);

// Writes whole seconds as the shortest lifetime text: 5400 becomes `90m`.
//
// Fails with `lifetime_not_positive` for 0, `lifetime_overflow` over 1000 years.
TOKENMINT_MUST_USE
int32_t tokenmint_lifetime_format(uint64_t lifetime_seconds,
                                  tokenmint_bytes *lifetime,
                                  tokenmint_error *error);

// The `exp` that node-jsonwebtoken 9 gives a token of `iat_seconds` for the text of an `expiresIn`, in which digits
// alone are milliseconds: for those who come from there.
//
// Fails with `lifetime_...` where that library refuses the text.
TOKENMINT_MUST_USE
int32_t tokenmint_lifetime_node_jsonwebtoken(const char *lifetime,
                                             size_t lifetime_length,
                                             int64_t iat_seconds,
                                             int64_t *exp_seconds,
                                             tokenmint_error *error);

// Draws a new key from the seed, as a JWK to be kept: the private one, or the shared secret. The same seed gives the
// same key. Not for RSA.
//
// `kid`: its id, or NULL for none.
//
// Fails with `key_unsupported` for RSA and unknown algorithms.
TOKENMINT_MUST_USE
int32_t tokenmint_key_generate(const char *alg,
                               size_t alg_length,
                               const char *kid,
                               size_t kid_length,
                               const tokenmint_seed *seed,
                               tokenmint_bytes *jwk,
                               tokenmint_error *error);

// A set of one HMAC key, over secret bytes that should be random: at least 32 for HS256, 48 for HS384, 64 for HS512
// (RFC 7518 section 3.2).
//
// `kid`: its id in tokens, or NULL for none. `alg`: NULL for HS256.
//
// Fails with `key_weak` for a shorter secret, `key_usage` for another kind of algorithm, and for a secret that is the file
// of a key: PEM, DER, a JWK.
TOKENMINT_MUST_USE
int32_t tokenmint_keys_hmac(const char *kid,
                            size_t kid_length,
                            const char *alg,
                            size_t alg_length,
                            const void *secret,
                            size_t secret_length,
                            tokenmint_keys **keys,
                            tokenmint_error *error);

// A set of one key from a JWK (RFC 7517), public, private or symmetric. Here a key that cannot be used is an error.
//
// `alg`: what a JWK that names none is for; NULL where it names one, or its curve does.
//
// Fails with `key_malformed`, `key_weak`, `key_usage`, `key_unsupported`, each naming the member.
TOKENMINT_MUST_USE
int32_t tokenmint_keys_jwk(const char *jwk,
                           size_t jwk_length,
                           const char *alg,
                           size_t alg_length,
                           tokenmint_keys **keys,
                           tokenmint_error *error);

// A set of one key from a PEM block: `PRIVATE KEY`, `PUBLIC KEY`, `RSA PRIVATE KEY`, `RSA PUBLIC KEY`,
// `EC PRIVATE KEY` or `CERTIFICATE`; not encrypted.
//
// `kid`: its id in tokens, or NULL for none. `alg`: needed for RSA, for which several are possible; NULL elsewhere.
//
// Fails with `key_malformed`, `key_weak`, `key_usage`, `key_unsupported`.
TOKENMINT_MUST_USE
int32_t tokenmint_keys_pem(const char *kid,
                           size_t kid_length,
                           const char *alg,
                           size_t alg_length,
                           const char *pem,
                           size_t pem_length,
                           tokenmint_keys **keys,
                           tokenmint_error *error);

// A set of one key whose private part stays with the caller: a key management service, a security module. Only tasks
// sign with it, by the commands that `tokenmint_task_step` gives out.
//
// `name`: how the caller knows the key. `kid`: its id in tokens, or NULL where that is the name. `public_keys`: a set
// of one key, its public half, with which tokens are verified here; or NULL, and then only tasks verify.
//
// Fails with `key_malformed` for an empty name; `key_usage` where the public half is for another algorithm, can sign, or
// is not one key.
TOKENMINT_MUST_USE
int32_t tokenmint_keys_held(const char *name,
                            size_t name_length,
                            const char *kid,
                            size_t kid_length,
                            const char *alg,
                            size_t alg_length,
                            const tokenmint_keys *public_keys,
                            tokenmint_keys **keys,
                            tokenmint_error *error);

// The keys of a JWK Set (RFC 7517 section 5). A key that cannot be used is left out and does not spoil the others, so
// the set may be empty.
//
// `algorithms`: for keys that name no `alg`: names with blanks between, of which the first that fits the kind of a key
// is taken; or NULL. `skipped`: where it is not NULL, what was left out and why, a JSON array of
// `{"kid","error","field","message"}`.
//
// Fails with `key_malformed` where the text is no JWK Set, `key_unsupported` for unknown names of algorithms.
TOKENMINT_MUST_USE
int32_t tokenmint_keys_jwks(const char *jwks,
                            size_t jwks_length,
                            const char *algorithms,
                            size_t algorithms_length,
                            tokenmint_keys **keys,
                            tokenmint_bytes *skipped,
                            tokenmint_error *error);

// A set with the keys of both, those of `first` in front: the first key that can sign is the one that signs. Both sets
// stay as they are, and are still to be freed.
//
// Fails with `key_duplicate` where both have a key of one id and one algorithm, `key_missing` where neither has a key.
TOKENMINT_MUST_USE
int32_t tokenmint_keys_join(const tokenmint_keys *first,
                            const tokenmint_keys *second,
                            tokenmint_keys **keys,
                            tokenmint_error *error);

// The public halves as a JWK Set, for `/.well-known/jwks.json`. HMAC keys are left out.
TOKENMINT_MUST_USE
int32_t tokenmint_keys_public_jwks(const tokenmint_keys *keys,
                                   tokenmint_bytes *jwks,
                                   tokenmint_error *error);

// Frees a set. Issuers and verifiers that were made from it keep its keys.
void tokenmint_keys_free(tokenmint_keys *keys);

// An issuer that signs with the first key of `keys` that can.
//
// `config`: its policy, a JSON object such as `{"issuer":"https://api.example.com","audience":"app"}`; `docs/operations.md`
// lists the fields. One that is not known is an error.
//
// Fails with `policy_invalid`, `key_missing`, `key_weak`.
TOKENMINT_MUST_USE
int32_t tokenmint_issuer_new(const tokenmint_keys *keys,
                             const char *config,
                             size_t config_length,
                             tokenmint_issuer **issuer,
                             tokenmint_error *error);

// Frees an issuer.
void tokenmint_issuer_free(tokenmint_issuer *issuer);

// Mints a token (RFC 7519): the issuer adds `iss`, `iat`, `exp`, `aud` where the claims name none, and a random `jti`
// where they have none.
//
// `claims`: a JSON object; `sub`, `aud`, `nbf` and `jti` stand beside custom claims; NULL for none. `members`: custom
// claims that were written before, as a JSON object that becomes part of the token byte for byte; NULL for none.
// `lifetime`: a text such as `1h`.
//
// Fails with `claim_...`, `claims_...`, `lifetime_...`, `time_invalid`; `key_cannot_sign` where the caller holds the key,
// for which there is `tokenmint_mint_task`.
TOKENMINT_MUST_USE
int32_t tokenmint_mint(const tokenmint_issuer *issuer,
                       const char *claims,
                       size_t claims_length,
                       const char *members,
                       size_t members_length,
                       const char *lifetime,
                       size_t lifetime_length,
                       int64_t now_seconds,
                       const tokenmint_seed *seed,
                       tokenmint_bytes *token,
                       tokenmint_error *error);

// `tokenmint_mint` as a task, for keys that the caller holds. Its result is the token.
//
// Fails as `tokenmint_mint` does; what is wrong with the claims shows in `tokenmint_task_result`.
TOKENMINT_MUST_USE
int32_t tokenmint_mint_task(const tokenmint_issuer *issuer,
                            const char *claims,
                            size_t claims_length,
                            const char *members,
                            size_t members_length,
                            const char *lifetime,
                            size_t lifetime_length,
                            int64_t now_seconds,
                            const tokenmint_seed *seed,
                            tokenmint_task **task,
                            tokenmint_error *error);

// A flow by its name, with JSON in and out, as a task: `start_session`, `refresh`, `check`, `revoke_sessions` and the
// others that `docs/operations.md` lists, each with what it takes and gives. Its result is the flow's output.
//
// `input`: a JSON object with the flow's members; one that is not known is an error.
//
// What is wrong with the input shows in `tokenmint_task_result`: `invalid_request` for what is no JSON object,
// `field_required` or `field_invalid` with the path of the field, or the flow's own errors.
TOKENMINT_MUST_USE
int32_t tokenmint_issuer_operation(const tokenmint_issuer *issuer,
                                   const char *operation,
                                   size_t operation_length,
                                   const char *input,
                                   size_t input_length,
                                   int64_t now_us,
                                   const tokenmint_seed *seed,
                                   tokenmint_task **task,
                                   tokenmint_error *error);

// A verifier that trusts the tokens of `keys`.
//
// `config`: what is expected, a JSON object such as `{"issuer":"https://api.example.com","audience":"app"}`;
// `docs/operations.md` lists the fields. One that is not known is an error.
//
// Fails with `policy_invalid`.
TOKENMINT_MUST_USE
int32_t tokenmint_verifier_new(const tokenmint_keys *keys,
                               const char *config,
                               size_t config_length,
                               tokenmint_verifier **verifier,
                               tokenmint_error *error);

// Frees a verifier.
void tokenmint_verifier_free(tokenmint_verifier *verifier);

// Verifies a token: form, algorithm, signature, then every claim. Only 0 means that it is good; then `claims` is the
// JSON object that stands in it, byte for byte.
//
// Fails with the code of the first check that says no, 300 to 319; `time_invalid`.
TOKENMINT_MUST_USE
int32_t tokenmint_verify(const tokenmint_verifier *verifier,
                         const char *token,
                         size_t token_length,
                         int64_t now_seconds,
                         tokenmint_bytes *claims,
                         tokenmint_error *error);

// Verifies the signature over a compact JWS whose payload is any bytes (RFC 7515). Claims are not looked at, nor are
// times: do not take the payload for claims.
//
// Fails with 300 to 309 and 319.
TOKENMINT_MUST_USE
int32_t tokenmint_verify_jws(const tokenmint_verifier *verifier,
                             const char *token,
                             size_t token_length,
                             tokenmint_bytes *payload,
                             tokenmint_error *error);

// `tokenmint_verify` as a task, for keys that the caller holds without their public halves being here. Its result is
// the claims.
TOKENMINT_MUST_USE
int32_t tokenmint_verify_task(const tokenmint_verifier *verifier,
                              const char *token,
                              size_t token_length,
                              int64_t now_seconds,
                              tokenmint_task **task,
                              tokenmint_error *error);

// Explains the verdict of `tokenmint_verify`, check by check, without secrets: a JSON object with `accepted`, `error`
// and the list `checks` of `{"name","outcome","seen","limit","error","hint"}`. Succeeds for a token that is refused.
//
// Fails with `time_invalid`, `token_encoding` for a token that is not UTF-8.
TOKENMINT_MUST_USE
int32_t tokenmint_explain(const tokenmint_verifier *verifier,
                          const char *token,
                          size_t token_length,
                          int64_t now_seconds,
                          tokenmint_bytes *explanation,
                          tokenmint_error *error);

// The header and the claims of a token that nobody has verified, as the JSON texts that stand in it: for logs, and to
// choose a key. Anyone can write any token; decide nothing by what stands here.
//
// `header` and `claims` may each be NULL where they are not wanted; without `claims`, the payload is not looked at.
//
// Fails with `token_too_large`, `token_malformed`, `token_encoding`, `header_malformed`, `payload_malformed`.
TOKENMINT_MUST_USE
int32_t tokenmint_decode_unverified(const char *token,
                                    size_t token_length,
                                    tokenmint_bytes *header,
                                    tokenmint_bytes *claims,
                                    tokenmint_error *error);

// Status lists (draft-ietf-oauth-status-list), of which none is here yet.
//
// `config`: a JSON object such as `{"required":true,"prefixes":["https://as.example/status/"]}`; `{}` for the defaults;
// `docs/c-abi.md` lists the fields. One that is not known is an error.
//
// Fails with `policy_invalid`.
TOKENMINT_MUST_USE
int32_t tokenmint_status_lists_new(const char *config,
                                   size_t config_length,
                                   tokenmint_status_lists **lists,
                                   tokenmint_error *error);

// Frees status lists.
void tokenmint_status_lists_free(tokenmint_status_lists *lists);

// What to fetch before `tokenmint_status_lists_check` of a token: `url` has no `data` where there is nothing to fetch.
// With `waits` 0, this caller fetches the URL and reports to `tokenmint_status_lists_fetched`; with 1, another was told to:
// wait for its report. Both then ask again.
//
// `claims`: what `tokenmint_verify` gave for the token.
//
// Fails with `time_invalid`, `payload_malformed` for what is no JSON object. It is no verdict: what is refused has nothing
// to fetch.
TOKENMINT_MUST_USE
int32_t tokenmint_status_lists_wanted(const tokenmint_status_lists *lists,
                                      const char *claims,
                                      size_t claims_length,
                                      int64_t now_seconds,
                                      tokenmint_bytes *url,
                                      int32_t *waits,
                                      tokenmint_error *error);

// Takes what a fetch of `url` brought: the body of an answer with status 200; NULL and 0 where there is none.
//
// `verifier`: whose keys sign the list, which is that of the tokens. 0 says that the list is used from now on; whatever
// else, lists and tokens stay as they were, and it is for the log.
//
// Fails with `status_unavailable` for NULL; the codes of a token for that of the list; `token_too_old` for a list that was
// issued before the one that is here; `status_list_malformed`, `body_too_large`; `policy_invalid` for a URL that is not
// taken; `time_invalid`.
TOKENMINT_MUST_USE
int32_t tokenmint_status_lists_fetched(const tokenmint_status_lists *lists,
                                       const tokenmint_verifier *verifier,
                                       const char *url,
                                       size_t url_length,
                                       const void *body,
                                       size_t body_length,
                                       int64_t now_seconds,
                                       tokenmint_error *error);

// Whether a token that was verified is good by the lists that are here. Only 0 means that it is.
//
// `claims`: what `tokenmint_verify` gave for the token.
//
// Fails with `token_revoked`, `token_suspended`; `status_unavailable` where there is no list to go by;
// `claim_invalid` for a claim `status` of the wrong form, a URL that is not taken, or a place outside of the list;
// `claim_missing` for a token without one where it is required; `payload_malformed` for what is no JSON object;
// `time_invalid`.
TOKENMINT_MUST_USE
int32_t tokenmint_status_lists_check(const tokenmint_status_lists *lists,
                                     const char *claims,
                                     size_t claims_length,
                                     int64_t now_seconds,
                                     tokenmint_error *error);

// As `tokenmint_explain`, with one more line, `status`: the verdict of `tokenmint_status_lists_check`.
//
// Fails with `time_invalid`, `token_encoding` for a token that is not UTF-8.
TOKENMINT_MUST_USE
int32_t tokenmint_status_lists_explain(const tokenmint_status_lists *lists,
                                       const tokenmint_verifier *verifier,
                                       const char *token,
                                       size_t token_length,
                                       int64_t now_seconds,
                                       tokenmint_bytes *explanation,
                                       tokenmint_error *error);

// A window for proofs of possession (RFC 9449 section 11.1) that remembers at most `most` of them, each as long as it could be
// shown again.
TOKENMINT_MUST_USE
int32_t tokenmint_proof_window_new(size_t most,
                                   tokenmint_proof_window **window,
                                   tokenmint_error *error);

// Frees a window, and forgets the proofs.
void tokenmint_proof_window_free(tokenmint_proof_window *window);

// Verifies a token that is bound to a key, as `tokenmint_verify` does, and the proof that came with it (RFC 9449 section 7.1):
// of the token's key, for this token, this request and this time, and taken for the first time in `window`. Only 0 means that
// all is good; then `claims` is the JSON object that stands in the token, byte for byte.
//
// `token` is what follows `DPoP ` in the header `Authorization`, `proof` the header `DPoP`; `method` and `url` are those of the
// request, as its sender wrote them.
//
// Fails with the codes of `tokenmint_verify`; `invalid_dpop_proof`, `binding_mismatch`; `rate_limited` where the window is full.
TOKENMINT_MUST_USE
int32_t tokenmint_verify_bound(const tokenmint_verifier *verifier,
                               const tokenmint_proof_window *window,
                               const char *token,
                               size_t token_length,
                               const char *proof,
                               size_t proof_length,
                               const char *method,
                               size_t method_length,
                               const char *url,
                               size_t url_length,
                               int64_t now_seconds,
                               tokenmint_bytes *claims,
                               tokenmint_error *error);

// Verifies a token that is bound to a client's certificate, as `tokenmint_verify` does, and that it is bound to this one (RFC
// 8705 section 3). `certificate_sha256`: 32 bytes, the hash of the certificate in DER with which the connection was made.
//
// Fails with the codes of `tokenmint_verify`; `binding_mismatch`.
TOKENMINT_MUST_USE
int32_t tokenmint_verify_with_certificate(const tokenmint_verifier *verifier,
                                          const char *token,
                                          size_t token_length,
                                          const void *certificate_sha256,
                                          size_t certificate_sha256_length,
                                          int64_t now_seconds,
                                          tokenmint_bytes *claims,
                                          tokenmint_error *error);

// Draws a secret of 256 bits, 43 characters of base64url, and gives it with its hash: the secret goes to the client, the
// hash into the store or the configuration.
TOKENMINT_MUST_USE
int32_t tokenmint_credential_generate(const tokenmint_seed *seed,
                                      tokenmint_bytes *secret,
                                      tokenmint_bytes *hash,
                                      tokenmint_error *error);

// The hash of a secret that was drawn elsewhere: its SHA-256 in base64url. Only for secrets that nobody can guess, with
// at least 122 random bits; not for passwords.
TOKENMINT_MUST_USE
int32_t tokenmint_credential_hash(const void *secret,
                                  size_t secret_length,
                                  tokenmint_bytes *hash,
                                  tokenmint_error *error);

// Whether `hash` is that of `secret`, in constant time: 0, or `invalid_client`.
//
// Fails with `invalid_request` for a text that is no hash, too.
TOKENMINT_MUST_USE
int32_t tokenmint_credential_verify(const char *hash,
                                    size_t hash_length,
                                    const void *secret,
                                    size_t secret_length,
                                    tokenmint_error *error);

// A step of a token source by its name, with JSON in and out, as a task: `keep_tokens`, `next_token`, `take_answer` or
// `forget_tokens`. `docs/token-source.md` says what each takes and gives. It needs no issuer.
//
// `input`: a JSON object with the step's members; one that is not known is an error.
//
// What is wrong with the input shows in `tokenmint_task_result`, as the step's own errors do: `sign_in_required`,
// `token_endpoint_unavailable`, `token_endpoint_refused`.
TOKENMINT_MUST_USE
int32_t tokenmint_source_operation(const char *operation,
                                   size_t operation_length,
                                   const char *input,
                                   size_t input_length,
                                   int64_t now_us,
                                   const tokenmint_seed *seed,
                                   tokenmint_task **task,
                                   tokenmint_error *error);

// Drives a task to its end on a store. 0 means that it is finished, not that it succeeded: `tokenmint_task_result` says
// that. A task that was stepped before goes on where it is. A store that promises less than the policy's `durability` is
// refused: the result is `policy_invalid` there.
TOKENMINT_MUST_USE
int32_t tokenmint_task_run(tokenmint_task *task,
                           const tokenmint_store *store,
                           tokenmint_error *error);

// Goes on by one step, for callers that have their own storage or hold keys: `command` is what the task needs next, a
// JSON object, or `data` in it is NULL where the task is finished.
//
// `reply`: NULL and 0 at first, and then the answer to the command before, a JSON object; without one, the same command is
// asked for again. `docs/c-abi.md` lists commands and replies.
//
// Fails with `invalid_request` for a text that is no reply; the task then waits for one still.
TOKENMINT_MUST_USE
int32_t tokenmint_task_step(tokenmint_task *task,
                            const char *reply,
                            size_t reply_length,
                            tokenmint_bytes *command,
                            tokenmint_error *error);

// The result of a finished task, as often as it is asked for: what the function that made the task says.
//
// Fails with the error of the flow; `field_invalid` at `task` where it is not finished.
TOKENMINT_MUST_USE
int32_t tokenmint_task_result(const tokenmint_task *task,
                              tokenmint_bytes *result,
                              tokenmint_error *error);

// What happened in a finished task, whether it succeeded or not: a JSON array of objects such as
// `{"event":"token_issued","subject":"..."}`, with ids and fingerprints, never tokens or secrets. For the caller's log.
//
// Fails with `field_invalid` at `task` where it is not finished.
TOKENMINT_MUST_USE
int32_t tokenmint_task_events(const tokenmint_task *task,
                              tokenmint_bytes *events,
                              tokenmint_error *error);

// Frees a task, finished or not. What it has stored until then stays, which is always a whole state; one that was never
// driven has done nothing, and says so nowhere.
void tokenmint_task_free(tokenmint_task *task);

// Opens a store by its URL: connects, and makes or migrates its schema.
//
// `memory:` is an empty one that lasts until it is freed; `sqlite:/var/lib/tokens.db` is a file for one machine;
// `postgres://user@host/name` and `redis://host` are shared by many; `env:NAME` is the URL in an environment variable,
// which keeps a password out of the program. `docs/storage.md` lists the parameters.
//
// All but `memory:` have threads of their own. Each command waits at most as long as the URL's `timeout_ms`, 3 seconds
// where it does not say otherwise. A program that forks opens its store afterwards: in the child of one that was open
// before, every function that takes it fails with `store_unavailable`, and says why.
//
// Fails with `policy_invalid` at `url` or one of its parameters for what can never work, `store_unavailable` where it
// cannot be reached now. No error repeats the URL.
TOKENMINT_MUST_USE
int32_t tokenmint_store_open(const char *url,
                             size_t url_length,
                             tokenmint_store **store,
                             tokenmint_error *error);

// How long an acknowledged write lasts, as the store was found to be set up: `process`, `disk` or `replicated`; `unknown`
// for what is no store. A text that is never freed.
const char *tokenmint_store_durability(const tokenmint_store *store);

// Carries out one command: for callers that step a task because they hold keys, and keep its records in this store.
//
// `command`: what `tokenmint_task_step` gave, unless it is `sign` or `verify_signature`. `reply`: what it takes next, which
// tells of a store's error, too: 0 means that there is a reply, not that the store could do it.
//
// Fails with `invalid_request` for a text that is no command for a store.
TOKENMINT_MUST_USE
int32_t tokenmint_store_execute(const tokenmint_store *store,
                                const char *command,
                                size_t command_length,
                                tokenmint_bytes *reply,
                                tokenmint_error *error);

// Forgets entries that expired an hour ago or earlier, at most 10000. Call it now and then, beside the requests, and again
// at once where it removed as many.
//
// `removed`: how many it forgot; NULL where that is not wanted.
//
// Fails with `store_unavailable` and the other codes of stores; `time_invalid`.
TOKENMINT_MUST_USE
int32_t tokenmint_store_sweep(const tokenmint_store *store,
                              int64_t now_us,
                              uint64_t *removed,
                              tokenmint_error *error);

// Frees a store; one in memory forgets everything. It waits for nothing: a command that another thread was told is done
// is done.
void tokenmint_store_free(tokenmint_store *store);

// The endpoints that a configuration describes.
//
// `config`: a JSON object with the sections of `docs/cli.md`. It must hold all that it needs: nothing is read from files
// or from the environment.
//
// Fails with `policy_invalid` and the codes of keys, each naming the place in the configuration.
TOKENMINT_MUST_USE
int32_t tokenmint_endpoint_new(const char *config,
                               size_t config_length,
                               tokenmint_endpoint **endpoint,
                               tokenmint_error *error);

// Frees an endpoint.
void tokenmint_endpoint_free(tokenmint_endpoint *endpoint);

// One of the endpoint's issuers, for flows that no request asks for, such as `start_session` behind the caller's own login.
// The clients and keys of the configuration are there for its flows. To be freed with `tokenmint_issuer_free`; the endpoint
// may be freed before.
//
// `name`: its `iss`, or NULL for the first.
//
// Fails with `invalid_request` at `issuer` for one that is not served.
TOKENMINT_MUST_USE
int32_t tokenmint_endpoint_issuer(const tokenmint_endpoint *endpoint,
                                  const char *name,
                                  size_t name_length,
                                  tokenmint_issuer **issuer,
                                  tokenmint_error *error);

// A task that makes a store ready, to be run at each start of a program before the first request, and now and then: where
// the store is new or was wiped, whatever was issued before is refused from then on, since nobody knows any more what was
// revoked. Its result is `{}`. It fails with `policy_invalid` at `durability` on a store that promises too little.
TOKENMINT_MUST_USE
int32_t tokenmint_endpoint_prepare(const tokenmint_endpoint *endpoint,
                                   int64_t now_us,
                                   const tokenmint_seed *seed,
                                   tokenmint_task **task,
                                   tokenmint_error *error);

// Answers a request. Whatever is wrong with it is rendered into the response in the shape of its dialect; the caller
// sends that, and logs the events.
//
// `method`: such as `POST`. `target`: path and query, as in the request line. `headers`: lines `name: value`, each ended
// by CR LF, as in the request, the empty line behind them or not; NULL for none. `body`: its bytes, or NULL for none.
//
// Fails with `field_invalid` at `method`, `target` or `headers` for what no HTTP request can have, which a server
// answers with 400; `time_invalid`. A store that fails is a response.
TOKENMINT_MUST_USE
int32_t tokenmint_endpoint_handle(const tokenmint_endpoint *endpoint,
                                  const tokenmint_store *store,
                                  const char *method,
                                  size_t method_length,
                                  const char *target,
                                  size_t target_length,
                                  const char *headers,
                                  size_t headers_length,
                                  const void *body,
                                  size_t body_length,
                                  int64_t now_us,
                                  const tokenmint_seed *seed,
                                  tokenmint_response *response,
                                  tokenmint_error *error);

// `tokenmint_endpoint_handle` as a task, for callers that have their own storage or hold keys. Its result is the response
// as a JSON object, `{"status":200,"headers":{"content-type":"application/json"},"body":"..."}`.
TOKENMINT_MUST_USE
int32_t tokenmint_endpoint_task(const tokenmint_endpoint *endpoint,
                                const char *method,
                                size_t method_length,
                                const char *target,
                                size_t target_length,
                                const char *headers,
                                size_t headers_length,
                                const void *body,
                                size_t body_length,
                                int64_t now_us,
                                const tokenmint_seed *seed,
                                tokenmint_task **task,
                                tokenmint_error *error);

// The answer to a request that did not reach the caller whole, in the shape of its path's dialect. Nothing is done.
//
// `tokenmint_endpoint_handle` itself refuses a body that is longer or shorter than its `Content-Length`. What only a server
// sees, such as chunks that break off, it answers with this. `target`, `headers`: as for `tokenmint_endpoint_handle`.
// `status`: what is wrong, `TOKENMINT_BODY_INCOMPLETE` (400), `TOKENMINT_BODY_TIMEOUT` (408), `TOKENMINT_LENGTH_REQUIRED`
// (411) or `TOKENMINT_BODY_TOO_LARGE` (413).
//
// Fails with `field_invalid` at `target` or `headers`, as `tokenmint_endpoint_handle` does, or at `status` for any other.
TOKENMINT_MUST_USE
int32_t tokenmint_endpoint_refuse(const tokenmint_endpoint *endpoint,
                                  const char *target,
                                  size_t target_length,
                                  const char *headers,
                                  size_t headers_length,
                                  int32_t status,
                                  tokenmint_response *response,
                                  tokenmint_error *error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TOKENMINT_H */
