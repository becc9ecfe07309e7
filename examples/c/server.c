// A token server: the endpoints of a configuration over HTTP, with the state in memory.
//
//   cc server.c $(pkg-config --cflags --libs tokenmint libmicrohttpd) -o server
//   ./server config.json 8080
// The configuration is the JSON form of the one in docs/cli.md. TLS belongs to what stands before this server.
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tokenmint.h>

#define TEXT(text) (text), strlen(text)
#define MAX_BODY (64 * 1024) // What the endpoint takes.

typedef struct { char *data; size_t length; } buffer;

typedef struct {
    char *target; // Path and query, as they came.
    buffer body;
    int begun;
} request;

static tokenmint_endpoint *endpoint;
static tokenmint_store *store;

static int append(buffer *to, const char *data, size_t length) {
    char *grown = realloc(to->data, to->length + length + 1);
    if (grown == NULL) return 0;
    if (length > 0) memcpy(grown + to->length, data, length);
    *to = (buffer){grown, to->length + length};
    return 1;
}

static void *begin(void *unused, const char *target, struct MHD_Connection *connection) {
    (void)unused, (void)connection;
    request *new = calloc(1, sizeof *new);
    if (new != NULL) new->target = strdup(target);
    return new;
}

static void end(void *unused, struct MHD_Connection *connection, void **own, enum MHD_RequestTerminationCode code) {
    (void)unused, (void)connection, (void)code;
    request *done = *own;
    if (done == NULL) return;
    free(done->target);
    free(done->body.data);
    free(done);
}

static enum MHD_Result add_line(void *lines, enum MHD_ValueKind kind, const char *name, const char *value) {
    (void)kind;
    int good = append(lines, TEXT(name)) && append(lines, ": ", 2);
    return good && append(lines, TEXT(value == NULL ? "" : value)) && append(lines, "\r\n", 2) ? MHD_YES : MHD_NO;
}

// Sends a response whose header is lines `name: value`, each ended by CR LF.
static enum MHD_Result send_response(struct MHD_Connection *connection, int status, char *lines, buffer body) {
    struct MHD_Response *response = MHD_create_response_from_buffer(body.length, body.data, MHD_RESPMEM_MUST_COPY);
    for (char *line = lines, *next; (next = strstr(line, "\r\n")) != NULL; line = next + 2) {
        *next = '\0';
        char *value = strstr(line, ": ");
        *value = '\0';
        // The server counts the bytes of the body itself.
        if (strcmp(line, "content-length") != 0) MHD_add_response_header(response, line, value + 2);
    }
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result respond(struct MHD_Connection *connection, const char *method, const request *given) {
    // The body of the answer to a HEAD is left out by the server, which then knows its length.
    const char *asked = strcmp(method, "HEAD") == 0 ? "GET" : method;
    buffer lines = {NULL, 0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, add_line, &lines);
    int64_t now_us;
    tokenmint_seed seed;
    tokenmint_response response;
    tokenmint_error error;
    int32_t status = tokenmint_system_context(&now_us, &seed, &error);
    if (status == TOKENMINT_OK) {
        status = tokenmint_endpoint_handle(endpoint, store, TEXT(asked), TEXT(given->target), lines.data, lines.length,
                                           given->body.data, given->body.length, now_us, &seed, &response, &error);
    }
    free(lines.data);
    if (status != TOKENMINT_OK) {
        char none[] = "";
        return send_response(connection, status == TOKENMINT_FIELD_INVALID ? 400 : 500, none, (buffer){none, 0});
    }
    fprintf(stderr, "%s %d %s\n", method, response.status, response.events.data);
    buffer body = {response.body.data, response.body.length};
    enum MHD_Result result = send_response(connection, response.status, response.headers.data, body);
    tokenmint_bytes_free(&response.headers);
    tokenmint_bytes_free(&response.body);
    tokenmint_bytes_free(&response.events);
    return result;
}

// Called once for the header, then for each part of the body, and then for the answer: not where the body breaks off.
static enum MHD_Result receive(void *unused, struct MHD_Connection *connection, const char *path, const char *method,
                               const char *version, const char *data, size_t *length, void **own) {
    (void)unused, (void)path, (void)version;
    request *given = *own;
    if (given == NULL || given->target == NULL) return MHD_NO;
    if (given->begun && *length == 0) return respond(connection, method, given);
    // What is over the limit is not kept: what was kept is refused for its size.
    int kept = given->body.length > MAX_BODY || append(&given->body, data, *length);
    given->begun = 1;
    *length = 0;
    return kept ? MHD_YES : MHD_NO;
}

static void check(int32_t status, const tokenmint_error *error) {
    if (status == TOKENMINT_OK) return;
    fprintf(stderr, "%s: %s: %s\n", tokenmint_status_name(status), error->field, error->message);
    exit(1);
}

int main(int count, char **arguments) {
    static char config[64 * 1024];
    FILE *file = count == 3 ? fopen(arguments[1], "rb") : NULL;
    if (file == NULL) return fprintf(stderr, "usage: server CONFIG PORT\n"), 2;
    size_t length = fread(config, 1, sizeof config, file);
    fclose(file);
    int64_t now_us;
    tokenmint_seed seed;
    tokenmint_error error;
    tokenmint_task *ready;
    tokenmint_bytes nothing;
    check(tokenmint_endpoint_new(config, length, &endpoint, &error), &error);
    check(tokenmint_store_open(TEXT("memory:"), &store, &error), &error);
    check(tokenmint_system_context(&now_us, &seed, &error), &error);
    check(tokenmint_endpoint_prepare(endpoint, now_us, &seed, &ready, &error), &error);
    check(tokenmint_task_run(ready, store, &error), &error);
    check(tokenmint_task_result(ready, &nothing, &error), &error);
    tokenmint_bytes_free(&nothing);
    tokenmint_task_free(ready);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD, (uint16_t)atoi(arguments[2]), NULL, NULL, receive, NULL,
        MHD_OPTION_THREAD_POOL_SIZE, 4u, MHD_OPTION_CONNECTION_TIMEOUT, 60u, MHD_OPTION_URI_LOG_CALLBACK, begin, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, end, NULL, MHD_OPTION_END);
    if (daemon == NULL) return perror("MHD_start_daemon"), 1;
    printf("port %d; a line here ends the server\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    getchar();
    MHD_stop_daemon(daemon);
    tokenmint_store_free(store);
    tokenmint_endpoint_free(endpoint);
}
