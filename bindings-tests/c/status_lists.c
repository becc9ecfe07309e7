// Status lists: which to fetch, and what they say of tokens.
#include "check.h"

// The code of a call, and the field that it names where the vectors name one.
static void judge(const char *id, size_t at, json_object *step, int32_t status, const tokenmint_error *error) {
    json_object *code = member(step, "error"), *field = member(step, "field");
    const char *wanted = code == NULL ? "valid" : json_object_get_string(code);
    CHECK(strcmp(verdict(status), wanted) == 0, id, "step %zu: %s instead of %s", at, verdict(status), wanted);
    CHECK(status == TOKENMINT_OK || field == NULL || strcmp(error->field, json_object_get_string(field)) == 0, id,
          "step %zu: at %s", at, error->field);
}

// Asks for the status of a token, and checks it.
static void ask(const char *id, size_t at, json_object *step, const tokenmint_status_lists *lists,
                const tokenmint_verifier *verifier) {
    int64_t now = json_object_get_int64(member(step, "now"));
    text token = text_member(step, "token");
    tokenmint_bytes claims, url, explanation;
    tokenmint_error error;
    MUST(tokenmint_verify(verifier, PIECE(token), now, &claims, NULL));
    int32_t waits = 7;
    MUST(tokenmint_status_lists_wanted(lists, claims.data, claims.length, now, &url, &waits, NULL));
    json_object *output = member(step, "output");
    const char *wanted = output == NULL ? "" : json_object_get_string(output);
    if (strcmp(wanted, "fetch") == 0 || strcmp(wanted, "wait") == 0) {
        CHECK(url.data != NULL && same(&url, text_member(step, "url")), id, "step %zu: another URL", at);
        CHECK(waits == (strcmp(wanted, "wait") == 0), id, "step %zu: waits %d", at, waits);
    } else {
        CHECK(url.data == NULL && waits == 0, id, "step %zu: to fetch %s", at, url.data);
        int32_t status = tokenmint_status_lists_check(lists, claims.data, claims.length, now, &error);
        judge(id, at, step, status, &error);
        MUST(tokenmint_status_lists_explain(lists, verifier, PIECE(token), now, &explanation, NULL));
        json_object *explained = parse(explanation.data);
        const char *code = json_object_get_string(member(explained, "error"));
        CHECK(strcmp(code == NULL ? "valid" : code, verdict(status)) == 0, id, "explained otherwise: %s",
              explanation.data);
        json_object_put(explained);
        tokenmint_bytes_free(&explanation);
    }
    tokenmint_bytes_free(&url);
    tokenmint_bytes_free(&claims);
}

// Hands in what a fetch brought.
static void give(const char *id, size_t at, json_object *step, const tokenmint_status_lists *lists,
                 const tokenmint_verifier *verifier) {
    tokenmint_error error;
    json_object *given = member(step, "body");
    text url = text_member(step, "url"), body = {NULL, 0};
    if (given != NULL) {
        body = string(given);
    }
    int64_t now = json_object_get_int64(member(step, "now"));
    judge(id, at, step, tokenmint_status_lists_fetched(lists, verifier, PIECE(url), PIECE(body), now, &error), &error);
}

void run_status_lists(const char *root) {
    json_object *file = read_vectors(root, "status_lists");
    tokenmint_keys *keys;
    tokenmint_verifier *verifier;
    text jwk = written(member(file, "key"));
    MUST(tokenmint_keys_jwk(PIECE(jwk), NULL, 0, &keys, NULL));
    json_object *expected = json_object_new_object();
    json_object_object_add(expected, "issuer", json_object_get(member(file, "issuer")));
    json_object_object_add(expected, "audience", json_object_get(member(file, "audience")));
    text config = written(expected);
    MUST(tokenmint_verifier_new(keys, PIECE(config), &verifier, NULL));
    json_object_put(expected);
    tokenmint_keys_free(keys);
    json_object *cases = member(file, "cases");
    for (size_t number = 0; number < json_object_array_length(cases); number++) {
        json_object *given = json_object_array_get_idx(cases, number);
        const char *id = text_member(given, "id").data;
        text options = written(member(given, "options"));
        tokenmint_status_lists *lists;
        MUST(tokenmint_status_lists_new(PIECE(options), &lists, NULL));
        json_object *steps = member(given, "steps");
        for (size_t at = 0; at < json_object_array_length(steps); at++) {
            json_object *step = json_object_array_get_idx(steps, at);
            (member(step, "token") == NULL ? give : ask)(id, at, step, lists, verifier);
        }
        tokenmint_status_lists_free(lists);
    }
    tokenmint_verifier_free(verifier);
    json_object_put(file);
}
