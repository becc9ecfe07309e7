// A service that mints tokens for a widget in a partner's page, and the API that takes them.
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tokenmint/tokenmint/go"
)

type claims struct {
	Entity string   `json:"entity"`
	Pages  []string `json:"pages"`
}

func service() http.Handler {
	keys := must(tokenmint.NewKeySet(tokenmint.JWK("", must(tokenmint.GenerateKey("k1", tokenmint.EdDSA))))) // in earnest: one that is kept
	issuer := must(tokenmint.NewIssuer(keys, "https://api.example.com", tokenmint.Audience("widget")))
	verifier := must(tokenmint.NewVerifier(keys, tokenmint.FromIssuer("https://api.example.com"), tokenmint.Audience("widget")))
	partner := must(tokenmint.HashCredential("demo-key")) // in earnest: only the hash is here
	mux := http.NewServeMux()
	// The partner's back end asks for a narrow token, and hands it to the page.
	mux.HandleFunc("POST /widget-token", func(w http.ResponseWriter, r *http.Request) {
		var wanted claims
		if err := tokenmint.VerifyCredential(partner, bearer(r)); err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
		} else if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096)).Decode(&wanted); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		} else if token, err := issuer.Mint(wanted, time.Hour); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		} else {
			json.NewEncoder(w).Encode(map[string]string{"token": token})
		}
	})
	mux.HandleFunc("GET /invoices", func(w http.ResponseWriter, r *http.Request) { // the API: what the widget may see
		var may claims
		if err := verifier.Verify(bearer(r), &may); err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
		} else if !slices.Contains(may.Pages, "invoices") {
			http.Error(w, "the token is not for invoices", http.StatusForbidden)
		} else {
			json.NewEncoder(w).Encode(map[string]any{"entity": may.Entity, "invoices": []string{}})
		}
	})
	return mux
}

// bearer is the token behind the scheme, whose case is ignored (RFC 9110 sections 11.1 and 11.4).
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimLeft(token, " ")
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	var passwords sync.Map
	passwords.Store("alice", "correct horse")
	mux := http.NewServeMux()
	mux.Handle("/", service())
	mux.Handle("/accounts/", http.StripPrefix("/accounts", accounts(&passwords, func(user, link string) { log.Print(user, ": ", link) })))
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", mux))
}
