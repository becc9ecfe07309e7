// lifetimes.json: texts in, seconds or an error out.
#include "check.h"

void run_lifetimes(const char *root) {
    json_object *file = read_vectors(root, "lifetimes");
    json_object *cases = member(file, "cases");
    for (size_t at = 0; at < json_object_array_length(cases); at++) {
        json_object *given = json_object_array_get_idx(cases, at);
        const char *id = text_member(given, "id").data, *function = text_member(given, "function").data;
        json_object *input = member(given, "input"), *expect = member(given, "expect");
        json_object *found = json_object_new_object();
        tokenmint_error error;
        int32_t status;
        if (strcmp(function, "format") == 0) {
            tokenmint_bytes lifetime;
            status = tokenmint_lifetime_format(json_object_get_uint64(input), &lifetime, &error);
            if (status == TOKENMINT_OK) {
                json_object_object_add(found, "text", json_object_new_string(lifetime.data));
                tokenmint_bytes_free(&lifetime);
            }
        } else if (strcmp(function, "node_jsonwebtoken") == 0) {
            int64_t exp = 0, iat = json_object_get_int64(member(given, "iat"));
            status = tokenmint_lifetime_node_jsonwebtoken(PIECE(string(input)), iat, &exp, &error);
            if (status == TOKENMINT_OK) {
                json_object_object_add(found, "exp", json_object_new_int64(exp));
            }
        } else {
            uint64_t seconds = 0;
            bool plain = strcmp(function, "parse") == 0;
            status = (plain ? tokenmint_lifetime_parse : tokenmint_lifetime_from_json)(
                PIECE(string(input)), &seconds, &error);
            if (status == TOKENMINT_OK) {
                json_object_object_add(found, "seconds", json_object_new_uint64(seconds));
            }
        }
        if (status != TOKENMINT_OK) {
            json_object_object_add(found, "error", json_object_new_string(tokenmint_status_name(status)));
        }
        CHECK(strcmp(written(found).data, written(expect).data) == 0, id, "found %s, expected %s",
              written(found).data, written(expect).data);
        json_object_put(found);
    }
    json_object_put(file);
}
