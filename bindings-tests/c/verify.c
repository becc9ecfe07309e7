// verify.json: tokens, keys and expectations in, verdicts out; and each explanation beside its verdict.
#include "check.h"

// The token of a case, which may hold a NUL; its data is to be freed.
static text token_of(json_object *given) {
    json_object *parts = member(given, "token_rle");
    if (parts == NULL) {
        text token = text_member(given, "token");
        char *copy = malloc(token.length + 1);
        if (copy == NULL) {
            exit(2);
        }
        memcpy(copy, token.data, token.length + 1);
        return (text){copy, token.length};
    }
    size_t length = 0;
    char *token = strdup("");
    for (size_t at = 0; at < json_object_array_length(parts); at++) {
        json_object *part = json_object_array_get_idx(parts, at);
        text piece = string(json_object_array_get_idx(part, 0));
        size_t times = json_object_get_uint64(json_object_array_get_idx(part, 1));
        token = realloc(token, length + piece.length * times + 1);
        if (token == NULL) {
            exit(2);
        }
        for (; times > 0; times--) {
            memcpy(token + length, piece.data, piece.length);
            length += piece.length;
        }
        token[length] = '\0';
    }
    return (text){token, length};
}

// Whether the library has an algorithm of this name.
static bool known(text name) {
    tokenmint_keys *keys = NULL;
    if (tokenmint_keys_jwks(TEXT("{\"keys\":[]}"), PIECE(name), &keys, NULL, NULL) != TOKENMINT_OK) {
        return false;
    }
    tokenmint_keys_free(keys);
    return true;
}

// The allow list without unknown names. The algorithm that the token names stands first where the list has it, so that
// a JWK which names none, and could serve several, is taken for that one.
static json_object *algorithms_of(json_object *given, text token) {
    json_object *allowed = member(given, "allowed_algs"), *first = json_object_new_array();
    const char *named = NULL;
    json_object *header = NULL;
    tokenmint_bytes json;
    if (tokenmint_decode_unverified(PIECE(token), &json, NULL, NULL) == TOKENMINT_OK) {
        header = parse(json.data);
        named = json_object_get_string(member(header, "alg"));
        tokenmint_bytes_free(&json);
    }
    for (int turn = 0; turn < 2; turn++) {
        for (size_t at = 0; at < json_object_array_length(allowed); at++) {
            json_object *name = json_object_array_get_idx(allowed, at);
            bool is_named = named != NULL && strcmp(json_object_get_string(name), named) == 0;
            if (known(string(name)) && is_named == (turn == 0)) {
                json_object_array_add(first, json_object_get(name));
            }
        }
    }
    json_object_put(header);
    return first;
}

// What is expected of the token, as a verifier's configuration.
static json_object *expectations(json_object *opts, json_object *algorithms) {
    json_object *config = json_object_new_object();
    static const char *const NAMES[][3] = {
        {"iss", "issuer", "any_issuer"}, {"aud", "audience", "any_audience"}, {"typ", "token_type", "any_token_type"}};
    for (size_t at = 0; at < 3; at++) {
        json_object *value = member(opts, NAMES[at][0]);
        if (value != NULL) {
            json_object_object_add(config, NAMES[at][1], json_object_get(value));
        } else {
            json_object_object_add(config, NAMES[at][2], json_object_new_boolean(true));
        }
    }
    static const char *const OTHERS[][2] = {
        {"sub", "subject"}, {"required", "require"}, {"max_age", "max_age"}, {"leeway", "leeway_seconds"}};
    for (size_t at = 0; at < 4; at++) {
        json_object *value = member(opts, OTHERS[at][0]);
        if (value != NULL) {
            json_object_object_add(config, OTHERS[at][1], json_object_get(value));
        }
    }
    bool expires = false;
    json_object *required = member(opts, "required");
    for (size_t at = 0; required != NULL && at < json_object_array_length(required); at++) {
        expires |= strcmp(json_object_get_string(json_object_array_get_idx(required, at)), "exp") == 0;
    }
    json_object_object_add(config, "without_expiry", json_object_new_boolean(!expires));
    json_object_object_add(config, "algorithms", json_object_get(algorithms));
    return config;
}

// The keys of a case. Where none is left, why the first was not taken is the verdict.
static int32_t keys_of(json_object *given, json_object *algorithms, tokenmint_keys **keys, char verdict_name[64]) {
    json_object *set = json_object_get(member(given, "jwks"));
    if (json_object_array_length(algorithms) == 0 || (set == NULL && member(given, "key") == NULL)) {
        json_object_put(set);
        set = parse("{\"keys\":[]}");
    } else if (member(given, "key") != NULL) {
        set = json_object_new_object();
        json_object *list = json_object_new_array();
        json_object_array_add(list, json_object_get(member(given, "key")));
        json_object_object_add(set, "keys", list);
    }
    char names[256] = "";
    for (size_t at = 0; at < json_object_array_length(algorithms); at++) {
        strcat(names, json_object_get_string(json_object_array_get_idx(algorithms, at)));
        strcat(names, " ");
    }
    text jwks = written(set);
    tokenmint_bytes skipped;
    int32_t status = tokenmint_keys_jwks(PIECE(jwks), TEXT(names), keys, &skipped, NULL);
    if (status == TOKENMINT_OK) {
        json_object *list = parse(skipped.data);
        size_t count = json_object_array_length(member(set, "keys"));
        if (count > 0 && json_object_array_length(list) == count) {
            snprintf(verdict_name, 64, "%s", text_member(json_object_array_get_idx(list, 0), "error").data);
        }
        json_object_put(list);
        tokenmint_bytes_free(&skipped);
    }
    json_object_put(set);
    return status;
}

// The explanation says what the verdict says.
static void check_explanation(const char *id, const tokenmint_verifier *verifier, text token, int64_t now,
                              int32_t status) {
    tokenmint_bytes json;
    MUST(tokenmint_explain(verifier, PIECE(token), now, &json, NULL));
    json_object *explanation = parse(json.data);
    const char *error = json_object_get_string(member(explanation, "error"));
    CHECK(json_object_get_boolean(member(explanation, "accepted")) == (status == TOKENMINT_OK)
              && strcmp(error == NULL ? "valid" : error, verdict(status)) == 0,
          id, "explained otherwise: %s", json.data);
    json_object_put(explanation);
    tokenmint_bytes_free(&json);
}

// Whether two values are equal, where -0 may be an integer or not.
static bool equal(json_object *found, json_object *wanted) {
    if (json_object_is_type(found, json_type_int) && json_object_is_type(wanted, json_type_double)) {
        return json_object_get_double(found) == json_object_get_double(wanted);
    }
    if (json_object_is_type(found, json_type_array) && json_object_is_type(wanted, json_type_array)) {
        bool same = json_object_array_length(found) == json_object_array_length(wanted);
        for (size_t at = 0; same && at < json_object_array_length(found); at++) {
            same = equal(json_object_array_get_idx(found, at), json_object_array_get_idx(wanted, at));
        }
        return same;
    }
    if (json_object_is_type(found, json_type_object) && json_object_is_type(wanted, json_type_object)) {
        bool same = json_object_object_length(found) == json_object_object_length(wanted);
        json_object_object_foreach(found, name, value) {
            json_object *other = NULL;
            same = same && json_object_object_get_ex(wanted, name, &other) && equal(value, other);
        }
        return same;
    }
    return json_object_equal(found, wanted);
}

static int32_t judge(json_object *given, text token, const tokenmint_verifier *verifier) {
    const char *id = text_member(given, "id").data;
    tokenmint_bytes found;
    if (strcmp(text_member(given, "mode").data, "jws") == 0) {
        int32_t status = tokenmint_verify_jws(verifier, PIECE(token), &found, NULL);
        if (status == TOKENMINT_OK) {
            tokenmint_bytes_free(&found);
        }
        return status;
    }
    int64_t now = json_object_get_int64(member(member(given, "opts"), "now"));
    int32_t status = tokenmint_verify(verifier, PIECE(token), now, &found, NULL);
    if (status == TOKENMINT_OK) {
        json_object *claims = parse(found.data), *wanted = member(given, "claims");
        CHECK(wanted == NULL || equal(claims, wanted), id, "found %s", found.data);
        json_object_put(claims);
        tokenmint_bytes_free(&found);
    }
    check_explanation(id, verifier, token, now, status);
    return status;
}

void run_verify(const char *root) {
    json_object *file = read_vectors(root, "verify");
    json_object *cases = member(file, "cases");
    for (size_t at = 0; at < json_object_array_length(cases); at++) {
        json_object *given = json_object_array_get_idx(cases, at);
        text token = token_of(given);
        json_object *algorithms = algorithms_of(given, token);
        char found[64] = "";
        tokenmint_keys *keys = NULL;
        tokenmint_verifier *verifier = NULL;
        int32_t status = TOKENMINT_OK;
        if (json_object_array_length(algorithms) == 0
            && json_object_array_length(member(given, "allowed_algs")) > 0) {
            // Nothing that is allowed is an algorithm.
            status = TOKENMINT_ALGORITHM_NOT_ALLOWED;
        } else {
            status = keys_of(given, algorithms, &keys, found);
        }
        if (status == TOKENMINT_OK && found[0] == '\0') {
            json_object *expected = expectations(member(given, "opts"), algorithms);
            text config = written(expected);
            status = tokenmint_verifier_new(keys, PIECE(config), &verifier, NULL);
            json_object_put(expected);
        }
        if (status == TOKENMINT_OK && found[0] == '\0') {
            status = judge(given, token, verifier);
        }
        if (found[0] == '\0') {
            snprintf(found, sizeof found, "%s", verdict(status));
        }
        json_object *code = member(given, "code");
        const char *wanted = code == NULL ? "valid" : json_object_get_string(code);
        CHECK(strcmp(found, wanted) == 0, text_member(given, "id").data, "%s instead of %s", found, wanted);
        tokenmint_verifier_free(verifier);
        tokenmint_keys_free(keys);
        json_object_put(algorithms);
        free((char *)token.data);
    }
    json_object_put(file);
}
