// dpop.json and proofs.json: tokens that are bound to a key or a certificate, and what arrives beside them.
#include "check.h"

// A request, and what comes of it.
static int32_t asked(const tokenmint_verifier *verifier, const tokenmint_proof_window *window, json_object *step,
                     tokenmint_bytes *claims, tokenmint_error *error) {
    text token = text_member(step, "token");
    int64_t now = json_object_get_int64(member(step, "now"));
    json_object *certificate = member(step, "certificate_sha256");
    if (certificate != NULL) {
        const char *digits = string(certificate).data;
        unsigned char hash[32];
        for (size_t at = 0; at < sizeof hash; at++) {
            char pair[3] = {digits[at * 2], digits[at * 2 + 1], '\0'};
            hash[at] = (unsigned char)strtoul(pair, NULL, 16);
        }
        return tokenmint_verify_with_certificate(verifier, PIECE(token), hash, sizeof hash, now, claims, error);
    }
    text proof = text_member(step, "proof"), method = text_member(step, "method"), url = text_member(step, "url");
    return tokenmint_verify_bound(verifier, window, PIECE(token), PIECE(proof), PIECE(method), PIECE(url), now, claims,
                                  error);
}

// A case of dpop.json, each for itself: what its claims name, or the error and its field.
static void judge(const tokenmint_keys *keys, json_object *config, json_object *given) {
    const char *id = text_member(given, "id").data;
    json_object *own = member(given, "dpop");
    if (own == NULL) {
        own = member(config, "dpop");
    }
    json_object *expected = without(config, "dpop");
    json_object_object_add(expected, "dpop", json_object_get(own));
    text json = written(expected);
    tokenmint_verifier *verifier = NULL;
    tokenmint_proof_window *window = NULL;
    MUST(tokenmint_verifier_new(keys, PIECE(json), &verifier, NULL));
    MUST(tokenmint_proof_window_new(1, &window, NULL));
    tokenmint_bytes claims;
    tokenmint_error error;
    int32_t status = asked(verifier, window, given, &claims, &error);
    if (status == TOKENMINT_OK) {
        json_object *found = parse(claims.data), *output = member(given, "output");
        CHECK(output != NULL
                  && json_object_equal(member(member(found, "cnf"), "jkt"), member(output, "jkt")),
              id, "taken: %s", claims.data);
        json_object_put(found);
        tokenmint_bytes_free(&claims);
    } else {
        const char *wanted = json_object_get_string(member(given, "error"));
        CHECK(wanted != NULL && strcmp(wanted, tokenmint_status_name(status)) == 0
                  && strcmp(text_member(given, "field").data, error.field) == 0,
              id, "%s: %s: %s", tokenmint_status_name(status), error.field, error.message);
    }
    tokenmint_proof_window_free(window);
    tokenmint_verifier_free(verifier);
    json_object_put(expected);
}

static void run_dpop(const char *root) {
    json_object *file = read_vectors(root, "dpop");
    tokenmint_keys *keys = NULL;
    text key = written(member(member(file, "issuer"), "key"));
    MUST(tokenmint_keys_jwk(PIECE(key), NULL, 0, &keys, NULL));
    json_object *cases = member(file, "cases");
    for (size_t at = 0; at < json_object_array_length(cases); at++) {
        judge(keys, member(file, "verifier"), json_object_array_get_idx(cases, at));
    }
    tokenmint_keys_free(keys);
    json_object_put(file);
}

void run_proofs(const char *root) {
    run_dpop(root);
    json_object *file = read_vectors(root, "proofs");
    tokenmint_keys *keys = NULL;
    tokenmint_verifier *verifier = NULL;
    text jwks = written(member(file, "jwks"));
    MUST(tokenmint_keys_jwks(PIECE(jwks), NULL, 0, &keys, NULL, NULL));
    text config = written(member(file, "verifier"));
    MUST(tokenmint_verifier_new(keys, PIECE(config), &verifier, NULL));
    json_object *cases = member(file, "cases");
    for (size_t at = 0; at < json_object_array_length(cases); at++) {
        json_object *given = json_object_array_get_idx(cases, at), *most = member(given, "window");
        const char *id = text_member(given, "id").data;
        tokenmint_proof_window *window = NULL;
        MUST(tokenmint_proof_window_new(most == NULL ? 10 : json_object_get_uint64(most), &window, NULL));
        json_object *steps = member(given, "steps");
        for (size_t number = 0; number < json_object_array_length(steps); number++) {
            json_object *step = json_object_array_get_idx(steps, number);
            tokenmint_bytes claims;
            tokenmint_error error;
            int32_t status = asked(verifier, window, step, &claims, &error);
            if (status == TOKENMINT_OK) {
                json_object *found = parse(claims.data);
                CHECK(json_object_equal(found, member(step, "claims")), id, "step %zu: %s", number, claims.data);
                json_object_put(found);
                tokenmint_bytes_free(&claims);
            } else {
                const char *wanted = json_object_get_string(member(step, "error"));
                CHECK(wanted != NULL && strcmp(wanted, tokenmint_status_name(status)) == 0 && error.status == status,
                      id, "step %zu: %s: %s: %s", number, tokenmint_status_name(status), error.field, error.message);
            }
        }
        tokenmint_proof_window_free(window);
    }
    tokenmint_verifier_free(verifier);
    tokenmint_keys_free(keys);
    json_object_put(file);
}
