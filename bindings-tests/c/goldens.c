// What a compiled caller relies on: the interface's number, sizes, offsets, and the names of the statuses.
#include <stddef.h>

#include "check.h"

#define SIZE(type) printf("sizeof %s %zu\n", #type, sizeof(type))
#define OFFSET(type, field) printf("offsetof %s.%s %zu\n", #type, #field, offsetof(type, field))

void print_goldens(void) {
    printf("abi_version %u\n", tokenmint_abi_version());
    SIZE(tokenmint_bytes);
    OFFSET(tokenmint_bytes, data);
    OFFSET(tokenmint_bytes, length);
    OFFSET(tokenmint_bytes, capacity);
    SIZE(tokenmint_seed);
    SIZE(tokenmint_error);
    OFFSET(tokenmint_error, status);
    OFFSET(tokenmint_error, retry_after_seconds);
    OFFSET(tokenmint_error, field);
    OFFSET(tokenmint_error, message);
    SIZE(tokenmint_response);
    OFFSET(tokenmint_response, status);
    OFFSET(tokenmint_response, headers);
    OFFSET(tokenmint_response, body);
    OFFSET(tokenmint_response, events);
    for (int32_t status = 0; status < 1000; status++) {
        const char *name = tokenmint_status_name(status);
        if (strcmp(name, "unknown") != 0) {
            printf("status %d %s\n", status, name);
        }
    }
}
