package tokenmint_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	tokenmint "github.com/tokenmint/tokenmint/go"
)

var secret = []byte("a secret of at least thirty-two bytes")

// Mint a token for a widget, and verify it in the API.
func Example() {
	keys, err := tokenmint.NewKeySet(tokenmint.HMAC("k1", tokenmint.HS256, secret))
	if err != nil {
		panic(err) // a weak key is refused here
	}
	issuer, err := tokenmint.NewIssuer(keys, "https://api.example.com", tokenmint.Audience("app"))
	if err != nil {
		panic(err)
	}
	verifier, err := tokenmint.NewVerifier(keys, tokenmint.FromIssuer("https://api.example.com"), tokenmint.Audience("app"))
	if err != nil {
		panic(err)
	}

	type Claims struct {
		Subject string   `json:"sub"`
		Pages   []string `json:"pages"`
	}
	token, err := issuer.Mint(Claims{"ent_1", []string{"invoices"}}, time.Hour)
	if err != nil {
		panic(err)
	}
	var claims Claims
	err = verifier.Verify(token, &claims)
	fmt.Println(claims, err)

	err = verifier.Verify(token[:len(token)-4]+"AAAA", &claims)
	fmt.Println(errors.Is(err, tokenmint.ErrSignatureInvalid), err)
	// Output:
	// {ent_1 [invoices]} <nil>
	// true signature: the signature is not valid
}

func ExampleNewKeySet() {
	_, err := tokenmint.NewKeySet(tokenmint.HMAC("k1", tokenmint.HS256, []byte("too short")))
	fmt.Println(errors.Is(err, tokenmint.ErrKeyWeak))

	// The first key that can sign signs; the others verify, so tokens outlive a change of keys.
	fresh, err := tokenmint.GenerateKey("k2", tokenmint.EdDSA)
	if err != nil {
		panic(err)
	}
	keys, err := tokenmint.NewKeySet(tokenmint.JWK("", fresh), tokenmint.HMAC("k1", tokenmint.HS256, secret))
	if err != nil {
		panic(err)
	}
	defer keys.Close()
	public, err := keys.PublicJWKS()
	fmt.Println(strings.Contains(string(public), `"kid":"k2"`), strings.Contains(string(public), `"kid":"k1"`), err)
	// Output:
	// true
	// true false <nil>
}

// A resource that takes tokens of DPoP (RFC 9449), each with a proof of the client's key.
func ExampleVerifier_VerifyBound() {
	keys, err := tokenmint.NewKeySet(tokenmint.HMAC("k1", tokenmint.HS256, secret))
	if err != nil {
		panic(err)
	}
	verifier, err := tokenmint.NewVerifier(keys, tokenmint.FromIssuer("https://login.example.com"), tokenmint.Audience("app"))
	if err != nil {
		panic(err)
	}
	window, err := tokenmint.NewProofWindow(100_000)
	if err != nil {
		panic(err)
	}
	things := func(w http.ResponseWriter, r *http.Request) {
		var claims struct {
			Subject string `json:"sub"`
		}
		token, isBound := strings.CutPrefix(r.Header.Get("Authorization"), "DPoP ")
		proofs := r.Header.Values("DPoP")
		if !isBound || len(proofs) != 1 {
			http.Error(w, "a token of DPoP and its proof, please", http.StatusUnauthorized)
			return
		}
		// The address is that which clients use, whatever stands in front of this server.
		request := tokenmint.BoundRequest{
			Token: token, Proof: proofs[0], Method: r.Method, URL: "https://api.example.com" + r.URL.Path,
		}
		if err := verifier.VerifyBound(window, request, &claims); err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		fmt.Fprintln(w, claims.Subject)
	}
	stolen := httptest.NewRequest(http.MethodGet, "/things", nil)
	stolen.Header.Set("Authorization", "DPoP a.b.c") // without the key there is no proof
	answer := httptest.NewRecorder()
	things(answer, stolen)
	fmt.Println(answer.Code)
	// Output: 401
}

// A key in a key management service: anything that is a crypto.Signer.
func ExampleHostKey() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader) // stands for the service
	if err != nil {
		panic(err)
	}
	keys, err := tokenmint.NewKeySet(tokenmint.HostKey("kms-1", tokenmint.ES256, key))
	if err != nil {
		panic(err)
	}
	issuer, err := tokenmint.NewIssuer(keys, "https://api.example.com", tokenmint.Audience("app"))
	if err != nil {
		panic(err)
	}
	token, err := issuer.Mint(map[string]any{"sub": "ent_1"}, time.Hour)
	if err != nil {
		panic(err)
	}
	header, _, err := tokenmint.DecodeUnverified(token)
	fmt.Println(string(header), err)
	// Output:
	// {"alg":"ES256","typ":"JWT","kid":"kms-1"} <nil>
}

func ExampleIssuer_Refresh() {
	keys, err := tokenmint.NewKeySet(tokenmint.HMAC("k1", tokenmint.HS256, secret))
	if err != nil {
		panic(err)
	}
	issuer, err := tokenmint.NewIssuer(keys, "https://api.example.com", tokenmint.Audience("app"),
		tokenmint.SessionSecret("another secret of at least 32 bytes"),
		tokenmint.OnEvent(func(_ context.Context, event tokenmint.Event) { fmt.Println(event.Kind) }))
	if err != nil {
		panic(err)
	}
	ctx, store := context.Background(), &tokenmint.MemoryStore{}
	err = issuer.CreateClient(ctx, store, tokenmint.Client{
		ID: "c1", Organization: "org", Secret: "s1", Permissions: []tokenmint.Permission{tokenmint.PermissionSessions},
	})
	if err != nil {
		panic(err)
	}
	pair, err := issuer.ExchangeAPIKey(ctx, store, tokenmint.ExchangeAPIKeyRequest{ClientID: "c1", ClientSecret: "s1"})
	if err != nil {
		panic(err)
	}
	pair, err = issuer.Refresh(ctx, store, tokenmint.RefreshRequest{RefreshToken: pair.RefreshToken})
	if err != nil {
		panic(err)
	}
	fmt.Println(pair.ExpiresIn, pair.RefreshExpiresIn.Duration())
	// Output:
	// directory_changed
	// session_opened
	// token_issued
	// refresh_rotated
	// token_issued
	// 15m 720h0m0s
}

// An expiresIn in a request is a field of type Lifetime.
func ExampleLifetime() {
	var request struct {
		ExpiresIn tokenmint.Lifetime `json:"expiresIn"`
	}
	for _, body := range []string{`{"expiresIn":"90 minutes"}`, `{"expiresIn":5400}`, `{"expiresIn":"1 fortnight"}`} {
		err := json.Unmarshal([]byte(body), &request)
		fmt.Println(request.ExpiresIn, request.ExpiresIn.Duration(), errors.Is(err, tokenmint.ErrLifetimeUnit))
	}
	// Output:
	// 90m 1h30m0s false
	// 90m 1h30m0s false
	// 90m 1h30m0s true
}

func ExampleVerifier_Explain() {
	keys, err := tokenmint.NewKeySet(tokenmint.HMAC("k1", tokenmint.HS256, secret))
	if err != nil {
		panic(err)
	}
	verifier, err := tokenmint.NewVerifier(keys, tokenmint.FromIssuer("https://api.example.com"), tokenmint.Audience("app"))
	if err != nil {
		panic(err)
	}
	explanation, err := verifier.Explain("no token")
	if err != nil {
		panic(err)
	}
	for _, check := range explanation.Checks {
		if check.Outcome == "failed" {
			fmt.Println(explanation.Error, check.Name, check.Error.Message)
		}
	}
	// Output:
	// token_malformed framing the token is not three parts separated by two dots
}

func ExampleEndpoint() {
	config := `{
		"keys": [{"kid": "k1", "alg": "HS256", "secret": "a secret of at least thirty-two bytes"}],
		"mercoa": {"issuer": "https://api.example.com", "key": "k1"},
		"api_keys": [{"key_sha256": "HASH", "organization": "org", "permissions": ["entity_tokens"]}],
		"entities": [{"id": "ent_1", "organization": "org"}]
	}`
	hash, err := tokenmint.HashCredential("key-1")
	if err != nil {
		panic(err)
	}
	endpoint, err := tokenmint.NewEndpoint([]byte(strings.Replace(config, "HASH", hash, 1)), &tokenmint.MemoryStore{})
	if err != nil {
		panic(err)
	}
	if err := endpoint.Prepare(context.Background()); err != nil {
		panic(err)
	}
	request := httptest.NewRequest(http.MethodPost, "/entity/ent_1/token", strings.NewReader(`{"expiresIn":"1h"}`))
	request.Header.Set("Authorization", "Bearer key-1")
	response := httptest.NewRecorder()
	endpoint.ServeHTTP(response, request)
	fmt.Println(response.Code, response.Body.String()[:5])
	// Output:
	// 200 "eyJh
}

// A token is refused as soon as its issuer's list says so, with one request for all tokens of the list.
func ExampleStatusLists() {
	keys, err := tokenmint.NewKeySet(tokenmint.HMAC("k1", tokenmint.HS256, secret))
	if err != nil {
		panic(err)
	}
	issuer, err := tokenmint.NewIssuer(keys, "https://as.example", tokenmint.Audience("app"))
	if err != nil {
		panic(err)
	}
	verifier, err := tokenmint.NewVerifier(keys, tokenmint.FromIssuer("https://as.example"), tokenmint.Audience("app"))
	if err != nil {
		panic(err)
	}
	publisher, err := tokenmint.NewIssuer(keys, "https://as.example", tokenmint.Audience("any"), tokenmint.TokenType("statuslist+jwt"))
	if err != nil {
		panic(err)
	}
	var server *httptest.Server // stands for the issuer's: the first token of its list is revoked
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		list := map[string]any{"bits": 1, "lst": "eNrbuRgAAhcBXQ"}
		token, err := publisher.Mint(map[string]any{"sub": server.URL + r.URL.Path, "ttl": 10, "status_list": list}, time.Minute)
		if err != nil {
			panic(err)
		}
		fmt.Fprint(w, token)
	}))
	defer server.Close()

	lists, err := tokenmint.NewStatusLists(tokenmint.StatusListsOptions{Required: true})
	if err != nil {
		panic(err)
	}
	for index := range 2 {
		status := map[string]any{"status_list": map[string]any{"idx": index, "uri": server.URL + "/status/1"}}
		token, err := issuer.Mint(map[string]any{"sub": "u1", "status": status}, time.Hour)
		if err != nil {
			panic(err)
		}
		var claims struct {
			Subject string `json:"sub"`
		}
		err = lists.Verify(context.Background(), verifier, token, &claims)
		fmt.Println(claims.Subject, errors.Is(err, tokenmint.ErrTokenRevoked))
	}
	// Output:
	//  true
	// u1 false
}
