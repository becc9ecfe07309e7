// transcripts.json: HTTP requests in, exact responses out; answered at once, and as tasks.
#include "check.h"

// Puts parts of earlier responses in the places that name them; to be freed.
static char *fill(text given, json_object *exchanges) {
    char *filled = strdup("");
    size_t length = 0;
    const char *rest = given.data;
    while (true) {
        const char *open = strstr(rest, "{{");
        const char *close = open == NULL ? NULL : strstr(open, "}}");
        size_t plain = close == NULL ? strlen(rest) : (size_t)(open - rest);
        json_object *body = NULL;
        const char *value = "";
        if (close != NULL) {
            char *name = NULL;
            size_t index = strtoul(open + 2, &name, 10);
            json_object *exchange = json_object_array_get_idx(exchanges, index);
            body = parse(text_member(member(exchange, "response"), "body").data);
            char path[64] = "";
            if (*name == '.') {
                snprintf(path, sizeof path, "%.*s", (int)(close - name - 1), name + 1);
            }
            value = json_object_get_string(path[0] == '\0' ? body : member(body, path));
            if (value == NULL) {
                fprintf(stderr, "%s: no such text in an earlier response\n", given.data);
                exit(2);
            }
        }
        filled = realloc(filled, length + plain + strlen(value) + 1);
        if (filled == NULL) {
            exit(2);
        }
        memcpy(filled + length, rest, plain);
        strcpy(filled + length + plain, value);
        length += plain + strlen(value);
        json_object_put(body);
        if (close == NULL) {
            return filled;
        }
        rest = close + 2;
    }
}

// The lines of a header; to be freed. `exchanges` is NULL where nothing is to be filled in.
static char *header_lines(json_object *headers, json_object *exchanges) {
    char *lines = strdup("");
    size_t length = 0;
    if (headers != NULL) {
        json_object_object_foreach(headers, name, value) {
            char *filled = exchanges == NULL ? strdup(json_object_get_string(value)) : fill(string(value), exchanges);
            size_t more = strlen(name) + strlen(filled) + 4;
            lines = realloc(lines, length + more + 1);
            if (lines == NULL) {
                exit(2);
            }
            snprintf(lines + length, more + 1, "%s: %s\r\n", name, filled);
            length += more;
            free(filled);
        }
    }
    return lines;
}

static void prepare(const tokenmint_endpoint *endpoint, const tokenmint_store *store, int64_t now) {
    tokenmint_seed seed;
    memset(seed.bytes, 0xee, sizeof seed.bytes);
    tokenmint_task *task = NULL;
    tokenmint_bytes result;
    MUST(tokenmint_endpoint_prepare(endpoint, now * 1000000, &seed, &task, NULL));
    MUST(tokenmint_task_run(task, store, NULL));
    MUST(tokenmint_task_result(task, &result, NULL));
    CHECK(strcmp(result.data, "{}") == 0, "directory", "found %s", result.data);
    tokenmint_bytes_free(&result);
    tokenmint_task_free(task);
}

// What the host does itself, by the endpoint's first issuer.
static void run_operation(const char *id, const tokenmint_endpoint *endpoint, tokenmint_store *stores[2],
                          json_object *exchange) {
    text name = text_member(exchange, "operation"), input = written(member(exchange, "input"));
    int64_t now_us = json_object_get_int64(member(exchange, "now")) * 1000000;
    tokenmint_seed seed = seed_of(exchange);
    tokenmint_issuer *issuer = NULL;
    MUST(tokenmint_endpoint_issuer(endpoint, NULL, 0, &issuer, NULL));
    for (size_t store = 0; store < 2; store++) {
        tokenmint_task *task = NULL;
        tokenmint_bytes result;
        MUST(tokenmint_issuer_operation(issuer, PIECE(name), PIECE(input), now_us, &seed, &task, NULL));
        MUST(tokenmint_task_run(task, stores[store], NULL));
        MUST(tokenmint_task_result(task, &result, NULL));
        CHECK(same(&result, text_member(member(exchange, "response"), "body")), id, "%s: %s", name.data, result.data);
        tokenmint_bytes_free(&result);
        tokenmint_task_free(task);
    }
    tokenmint_issuer_free(issuer);
}

static void run_exchange(const char *id, const tokenmint_endpoint *endpoint, tokenmint_store *stores[2],
                         json_object *exchange, json_object *exchanges) {
    json_object *request = member(exchange, "request"), *wanted = member(exchange, "response");
    text method = text_member(request, "method");
    char *target = fill(text_member(request, "target"), exchanges);
    char *lines = header_lines(member(request, "headers"), exchanges);
    json_object *given = member(request, "body");
    char *body = given == NULL ? strdup("") : fill(string(given), exchanges);
    int64_t now_us = json_object_get_int64(member(exchange, "now")) * 1000000;
    tokenmint_seed seed = seed_of(exchange);

    tokenmint_response response;
    tokenmint_error error;
    int32_t status = tokenmint_endpoint_handle(endpoint, stores[0], PIECE(method), TEXT(target), TEXT(lines),
                                               TEXT(body), now_us, &seed, &response, &error);
    CHECK(status == TOKENMINT_OK, id, "%s: %s", tokenmint_status_name(status), error.message);
    if (status == TOKENMINT_OK) {
        char *header = header_lines(member(wanted, "headers"), NULL);
        CHECK(response.status == json_object_get_int(member(wanted, "status")), id, "status %d", response.status);
        CHECK(same(&response.headers, (text){TEXT(header)}), id, "headers %s", response.headers.data);
        CHECK(same(&response.body, text_member(wanted, "body")), id, "body %s", response.body.data);
        CHECK(response.events.data[0] == '[', id, "events %s", response.events.data);
        free(header);
        tokenmint_bytes_free(&response.headers);
        tokenmint_bytes_free(&response.body);
        tokenmint_bytes_free(&response.events);
    }

    tokenmint_task *task = NULL;
    tokenmint_bytes result;
    MUST(tokenmint_endpoint_task(endpoint, PIECE(method), TEXT(target), TEXT(lines), TEXT(body), now_us, &seed, &task,
                                 NULL));
    MUST(tokenmint_task_run(task, stores[1], NULL));
    MUST(tokenmint_task_result(task, &result, NULL));
    CHECK(same(&result, written(wanted)), id, "as a task: %s", result.data);
    tokenmint_bytes_free(&result);
    tokenmint_task_free(task);
    free(target);
    free(lines);
    free(body);
}

void run_transcripts(const char *root) {
    json_object *file = read_vectors(root, "transcripts");
    text config = written(member(file, "config"));
    tokenmint_endpoint *endpoint = NULL;
    MUST(tokenmint_endpoint_new(PIECE(config), &endpoint, NULL));
    json_object *cases = member(file, "cases");
    for (size_t at = 0; at < json_object_array_length(cases); at++) {
        json_object *given = json_object_array_get_idx(cases, at);
        json_object *exchanges = member(given, "exchanges");
        int64_t now = json_object_get_int64(member(json_object_array_get_idx(exchanges, 0), "now"));
        tokenmint_store *stores[2];
        for (size_t store = 0; store < 2; store++) {
            MUST(tokenmint_store_open(TEXT("memory:"), &stores[store], NULL));
            prepare(endpoint, stores[store], now - 1);
        }
        for (size_t exchange = 0; exchange < json_object_array_length(exchanges); exchange++) {
            json_object *one = json_object_array_get_idx(exchanges, exchange);
            const char *id = text_member(given, "id").data;
            if (member(one, "operation") != NULL) {
                run_operation(id, endpoint, stores, one);
            } else {
                run_exchange(id, endpoint, stores, one, exchanges);
            }
        }
        tokenmint_store_free(stores[0]);
        tokenmint_store_free(stores[1]);
    }
    tokenmint_endpoint_free(endpoint);
    json_object_put(file);
}
