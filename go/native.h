// What cgo cannot say by itself: calls that leave their result in memory of Go's, so that one crossing does what would
// take three.
#ifndef TOKENMINT_NATIVE_H
#define TOKENMINT_NATIVE_H

#include <string.h>

#if defined(__has_include) && !__has_include("archives.h")
#error "the library is not beside the Go sources: build it with `cargo xtask go`, as README.md says"
#endif
#include "archives.h"
#include "tokenmint.h"

// Where a result is. No pointers: cgo would walk them.
typedef struct {
    // How long the result is.
    size_t length;
    // Where it stands, if there was no room for it in the caller's buffer; to be given to native_take.
    uintptr_t spilled;
    size_t capacity;
} native_result;

static inline void native_give(tokenmint_bytes *made, char *buffer, size_t room, native_result *result) {
    result->length = made->length;
    if (made->length <= room) {
        memcpy(buffer, made->data, made->length);
        tokenmint_bytes_free(made);
        return;
    }
    result->spilled = (uintptr_t)made->data;
    result->capacity = made->capacity;
}

// Moves a result that was spilled into a buffer of its length.
static inline void native_take(native_result *result, char *buffer) {
    tokenmint_bytes made = {(char *)result->spilled, result->length, result->capacity};
    memcpy(buffer, made.data, made.length);
    tokenmint_bytes_free(&made);
}

static inline int32_t native_mint(const tokenmint_issuer *issuer, const char *claims, size_t claims_length,
                                  const char *members, size_t members_length, const char *lifetime,
                                  size_t lifetime_length, int64_t now_seconds, const tokenmint_seed *seed,
                                  char *buffer, size_t room, native_result *result, tokenmint_error *error) {
    tokenmint_bytes token;
    int32_t status = tokenmint_mint(issuer, claims, claims_length, members, members_length, lifetime, lifetime_length,
                                    now_seconds, seed, &token, error);
    if (status == 0) native_give(&token, buffer, room, result);
    return status;
}

static inline int32_t native_verify(const tokenmint_verifier *verifier, const char *token, size_t token_length,
                                    int64_t now_seconds, char *buffer, size_t room, native_result *result,
                                    tokenmint_error *error) {
    tokenmint_bytes claims;
    int32_t status = tokenmint_verify(verifier, token, token_length, now_seconds, &claims, error);
    if (status == 0) native_give(&claims, buffer, room, result);
    return status;
}

// What to fetch for a token, or else the verdict.
static inline int32_t native_status(const tokenmint_status_lists *lists, const char *claims, size_t claims_length,
                                    int64_t now_seconds, tokenmint_bytes *url, int32_t *waits, tokenmint_error *error) {
    int32_t status = tokenmint_status_lists_wanted(lists, claims, claims_length, now_seconds, url, waits, error);
    if (status != 0 || url->data != NULL) return status;
    return tokenmint_status_lists_check(lists, claims, claims_length, now_seconds, error);
}

#endif
