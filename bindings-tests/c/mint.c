// mint.json: issuers and claims in, exact tokens out.
#include "check.h"

static const char *const EXPECTATIONS =
    "{\"issuer\":\"https://issuer.example\",\"any_audience\":true,\"any_token_type\":true,"
    "\"without_expiry\":true}";

// Compares a token, or its part before the signature where that is random; then the token must verify.
static void compare(const char *id, const tokenmint_bytes *token, json_object *output, const tokenmint_keys *keys) {
    json_object *exact = member(output, "token");
    if (exact != NULL) {
        CHECK(same(token, string(exact)), id, "found %s", token->data);
        return;
    }
    text input = text_member(output, "signing_input");
    CHECK(token->length > input.length && memcmp(token->data, input.data, input.length) == 0
              && token->data[input.length] == '.',
          id, "found %s", token->data);
    tokenmint_verifier *verifier = NULL;
    MUST(tokenmint_verifier_new(keys, TEXT(EXPECTATIONS), &verifier, NULL));
    tokenmint_bytes claims;
    int32_t status = tokenmint_verify(verifier, token->data, token->length, 1700000000, &claims, NULL);
    CHECK(status == TOKENMINT_OK, id, "its own token is refused: %s", tokenmint_status_name(status));
    if (status == TOKENMINT_OK) {
        tokenmint_bytes_free(&claims);
    }
    tokenmint_verifier_free(verifier);
}

void run_mint(const char *root) {
    json_object *file = read_vectors(root, "mint");
    json_object *cases = member(file, "cases");
    for (size_t at = 0; at < json_object_array_length(cases); at++) {
        json_object *given = json_object_array_get_idx(cases, at);
        const char *id = text_member(given, "id").data;
        tokenmint_keys *keys = NULL;
        tokenmint_issuer *issuer =
            issuer_of(root, member(member(file, "issuers"), text_member(given, "issuer").data), &keys);
        text claims = written(member(given, "claims")), members = string(member(given, "members"));
        text lifetime = text_member(given, "expires_in");
        int64_t now = json_object_get_int64(member(given, "now"));
        tokenmint_seed seed = seed_of(given);
        tokenmint_bytes token;
        tokenmint_error error;
        int32_t status = tokenmint_mint(issuer, PIECE(claims), PIECE(members), PIECE(lifetime), now, &seed,
                                        &token, &error);
        if (status == TOKENMINT_OK) {
            CHECK(member(given, "output") != NULL, id, "a token where an error was expected");
            compare(id, &token, member(given, "output"), keys);
            tokenmint_bytes_free(&token);
        } else {
            const char *wanted = json_object_get_string(member(given, "error"));
            CHECK(wanted != NULL && strcmp(wanted, tokenmint_status_name(status)) == 0 && error.status == status,
                  id, "%s: %s: %s", tokenmint_status_name(status), error.field, error.message);
        }
        tokenmint_issuer_free(issuer);
        tokenmint_keys_free(keys);
    }
    json_object_put(file);
}
