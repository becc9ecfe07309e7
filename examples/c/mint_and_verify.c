// Mints a token for a widget and verifies it, as the API behind the widget does.
// cc mint_and_verify.c $(pkg-config --cflags --libs tokenmint)
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tokenmint.h>

#define TEXT(text) (text), strlen(text)

static tokenmint_error error;

static void check(int32_t status) {
    if (status == TOKENMINT_OK) return;
    fprintf(stderr, "%s: %s: %s\n", tokenmint_status_name(status), error.field, error.message);
    exit(1);
}

int main(void) {
    const char *config = "{\"issuer\":\"https://api.example.com\",\"audience\":\"widget\"}";
    tokenmint_keys *keys;
    tokenmint_issuer *issuer;     // The side that hands out tokens.
    tokenmint_verifier *verifier; // The side that is shown them.
    check(tokenmint_keys_hmac(TEXT("k1"), NULL, 0, TEXT("a secret of at least thirty-two bytes"), &keys, &error));
    check(tokenmint_issuer_new(keys, TEXT(config), &issuer, &error));
    check(tokenmint_verifier_new(keys, TEXT(config), &verifier, &error));
    tokenmint_keys_free(keys); // Both keep what they need.
    int64_t now_us;
    tokenmint_seed seed;
    tokenmint_bytes token, claims;
    check(tokenmint_system_context(&now_us, &seed, &error));
    check(tokenmint_mint(issuer, TEXT("{\"sub\":\"ent_1\",\"pages\":[\"invoices\"]}"), NULL, 0, TEXT("1h"),
                         now_us / 1000000, &seed, &token, &error));
    check(tokenmint_verify(verifier, token.data, token.length, now_us / 1000000, &claims, &error));
    printf("%s\n%s\n", token.data, claims.data);
    tokenmint_bytes_free(&token);
    tokenmint_bytes_free(&claims);
    tokenmint_issuer_free(issuer);
    tokenmint_verifier_free(verifier);
}
