// The library that was built without stores: it opens one in memory, and says of every other that it cannot.
#include <stdio.h>
#include <string.h>

#include "tokenmint.h"

int main(void) {
    static const char *const urls[] = {"sqlite:tokens.db", "postgres://localhost/tokens", "redis://localhost", "env:STORE"};
    tokenmint_error error;
    tokenmint_store *store = NULL;
    if (tokenmint_store_open("memory:", 7, &store, &error) != TOKENMINT_OK) return 1;
    tokenmint_store_free(store);
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        store = NULL;
        int32_t status = tokenmint_store_open(urls[i], strlen(urls[i]), &store, &error);
        if (status != TOKENMINT_POLICY_INVALID || store != NULL || strcmp(error.field, "url") != 0 ||
            strstr(error.message, "without stores") == NULL) {
            fprintf(stderr, "%s: %d %s: %s\n", urls[i], (int)status, error.field, error.message);
            return 1;
        }
    }
    puts("opens `memory:` alone");
    return 0;
}
