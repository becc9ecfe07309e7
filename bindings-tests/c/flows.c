// flows.json: operations on one store, one after the other.
#include "check.h"

static void run_step(const char *id, const tokenmint_issuer *issuer, const tokenmint_store *store, json_object *step) {
    text operation = text_member(step, "op"), input = written(member(step, "input"));
    int64_t now_us = json_object_get_int64(member(step, "now")) * 1000000;
    tokenmint_seed seed = seed_of(step);
    tokenmint_task *task = NULL;
    MUST(tokenmint_issuer_operation(issuer, PIECE(operation), PIECE(input), now_us, &seed, &task, NULL));
    MUST(tokenmint_task_run(task, store, NULL));

    tokenmint_bytes result, events;
    tokenmint_error error;
    int32_t status = tokenmint_task_result(task, &result, &error);
    if (status == TOKENMINT_OK) {
        json_object *output = member(step, "output");
        CHECK(output != NULL && same(&result, written(output)), id, "%s: found %s", operation.data, result.data);
        tokenmint_bytes_free(&result);
    } else {
        const char *wanted = json_object_get_string(member(step, "error"));
        CHECK(wanted != NULL && strcmp(wanted, tokenmint_status_name(status)) == 0, id, "%s: %s: %s", operation.data,
              tokenmint_status_name(status), error.message);
    }
    MUST(tokenmint_task_events(task, &events, NULL));
    CHECK(same(&events, written(member(step, "events"))), id, "%s: events %s", operation.data, events.data);
    tokenmint_bytes_free(&events);
    tokenmint_task_free(task);
}

void run_flows(const char *root) {
    json_object *file = read_vectors(root, "flows");
    json_object *cases = member(file, "cases");
    for (size_t at = 0; at < json_object_array_length(cases); at++) {
        json_object *given = json_object_array_get_idx(cases, at);
        json_object *described = without(member(file, "issuer"), "");
        json_object *policy = member(given, "policy");
        if (policy != NULL) {
            json_object_object_foreach(policy, name, value) {
                json_object_object_add(described, name, json_object_get(value));
            }
        }
        tokenmint_keys *keys = NULL;
        tokenmint_store *store = NULL;
        tokenmint_issuer *issuer = issuer_of(root, described, &keys);
        MUST(tokenmint_store_open(TEXT("memory:"), &store, NULL));
        json_object *steps = member(given, "steps");
        for (size_t step = 0; step < json_object_array_length(steps); step++) {
            run_step(text_member(given, "id").data, issuer, store, json_object_array_get_idx(steps, step));
        }
        tokenmint_store_free(store);
        tokenmint_issuer_free(issuer);
        tokenmint_keys_free(keys);
        json_object_put(described);
    }
    json_object_put(file);
}
