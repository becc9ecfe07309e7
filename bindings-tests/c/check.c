// What the tests share.
#include "check.h"

#include <stdarg.h>

static long passed_checks, failed_checks;

void check(bool passed, const char *file, int line, const char *name, const char *format, ...) {
    if (passed) {
        passed_checks++;
        return;
    }
    failed_checks++;
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s:%d: %s: ", file, line, name);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
}

void must(int32_t status, const char *call) {
    if (status != TOKENMINT_OK) {
        fprintf(stderr, "%s: %s\n", call, tokenmint_status_name(status));
        exit(2);
    }
}

int report(const char *what) {
    printf("%s: %ld passed, %ld failed\n", what, passed_checks, failed_checks);
    return failed_checks == 0 && passed_checks > 0 ? 0 : 1;
}

char *read_file(const char *root, const char *path) {
    char full[4096];
    snprintf(full, sizeof full, "%s/%s", root, path);
    FILE *file = fopen(full, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        perror(full);
        exit(2);
    }
    long length = ftell(file);
    rewind(file);
    char *content = malloc((size_t)length + 1);
    if (content == NULL || fread(content, 1, (size_t)length, file) != (size_t)length) {
        perror(full);
        exit(2);
    }
    content[length] = '\0';
    fclose(file);
    return content;
}

json_object *parse(const char *json) {
    // Deeper than any case.
    struct json_tokener *tokener = json_tokener_new_ex(256);
    json_object *value = json_tokener_parse_ex(tokener, json, -1);
    if (json_tokener_get_error(tokener) != json_tokener_success) {
        fprintf(stderr, "%.60s: %s\n", json, json_tokener_error_desc(json_tokener_get_error(tokener)));
        exit(2);
    }
    json_tokener_free(tokener);
    return value;
}

json_object *read_vectors(const char *root, const char *name) {
    char path[256];
    snprintf(path, sizeof path, "bindings-tests/vectors/%s.json", name);
    char *content = read_file(root, path);
    json_object *file = parse(content);
    free(content);
    if (json_object_array_length(member(file, "cases")) == 0) {
        fprintf(stderr, "%s: no cases\n", path);
        exit(2);
    }
    return file;
}

json_object *member(json_object *object, const char *name) {
    json_object *found = NULL;
    return json_object_object_get_ex(object, name, &found) ? found : NULL;
}

text string(json_object *value) {
    if (value == NULL) {
        return (text){NULL, 0};
    }
    return (text){json_object_get_string(value), (size_t)json_object_get_string_len(value)};
}

text text_member(json_object *object, const char *name) {
    json_object *found = member(object, name);
    if (!json_object_is_type(found, json_type_string)) {
        fprintf(stderr, "no text %s in %s\n", name, json_object_to_json_string(object));
        exit(2);
    }
    return string(found);
}

text written(json_object *value) {
    text out;
    out.data = json_object_to_json_string_length(
        value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &out.length);
    return out;
}

bool same(const tokenmint_bytes *bytes, text wanted) {
    return bytes->data != NULL && bytes->length == wanted.length && bytes->data[bytes->length] == '\0'
           && memcmp(bytes->data, wanted.data, wanted.length) == 0;
}

tokenmint_seed seed_of(json_object *step) {
    tokenmint_seed seed;
    text digits = text_member(step, "seed");
    for (size_t at = 0; at < sizeof seed.bytes; at++) {
        char pair[3] = {digits.data[2 * at], digits.data[2 * at + 1], '\0'};
        seed.bytes[at] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return seed;
}

json_object *without(json_object *object, const char *name) {
    json_object *rest = json_object_new_object();
    json_object_object_foreach(object, key, value) {
        if (strcmp(key, name) != 0) {
            json_object_object_add(rest, key, json_object_get(value));
        }
    }
    return rest;
}

tokenmint_issuer *issuer_of(const char *root, json_object *described, tokenmint_keys **keys) {
    json_object *key = member(described, "key");
    if (member(key, "pem") != NULL) {
        char *pem = read_file(root, text_member(key, "pem").data);
        text kid = text_member(key, "kid"), alg = text_member(key, "alg");
        MUST(tokenmint_keys_pem(PIECE(kid), PIECE(alg), TEXT(pem), keys, NULL));
        free(pem);
    } else {
        text jwk = written(key);
        MUST(tokenmint_keys_jwk(PIECE(jwk), NULL, 0, keys, NULL));
    }
    json_object *policy = without(described, "key");
    text config = written(policy);
    tokenmint_issuer *issuer = NULL;
    MUST(tokenmint_issuer_new(*keys, PIECE(config), &issuer, NULL));
    json_object_put(policy);
    return issuer;
}

const char *verdict(int32_t status) {
    return status == TOKENMINT_OK ? "valid" : tokenmint_status_name(status);
}
