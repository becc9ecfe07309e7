package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/tokenmint/tokenmint/go"
)

type asked struct{ User, Password, Device, RefreshToken, Token, bearer string }

// accounts are those of a product's own users: sessions after log-in, devices, a reset link, and API keys for customers. The
// passwords are the product's own matter, and its mails.
func accounts(passwords *sync.Map, mail func(user, link string)) http.Handler {
	keys := must(tokenmint.NewKeySet(tokenmint.JWK("", must(tokenmint.GenerateKey("k1", tokenmint.EdDSA))))) // in earnest: one that is kept
	issuer := must(tokenmint.NewIssuer(keys, "https://api.example.com", tokenmint.Audience("app"),
		tokenmint.SessionSecret("at least thirty-two bytes that are kept")))
	store := &tokenmint.MemoryStore{} // in earnest: OpenStore of SQLite, PostgreSQL or Redis
	mux := http.NewServeMux()
	handle := func(pattern string, answer func(ctx context.Context, given asked) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			given := asked{bearer: bearer(r)}
			if r.Method == http.MethodPost && json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096)).Decode(&given) != nil {
				http.Error(w, "the body is not the JSON that is expected", http.StatusBadRequest)
				return
			}
			w.Header().Set("Cache-Control", "no-store")
			found, err := answer(r.Context(), given)
			var refused *tokenmint.Error
			if errors.As(err, &refused) {
				http.Error(w, refused.Error(), refused.Code.HTTPStatus())
			} else if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			} else {
				json.NewEncoder(w).Encode(found)
			}
		})
	}
	// Behind these somebody is logged in: Check knows also what was ended a moment ago.
	handleUser := func(pattern string, answer func(ctx context.Context, user string) (any, error)) {
		handle(pattern, func(ctx context.Context, given asked) (any, error) {
			token, err := issuer.Check(ctx, store, given.bearer)
			if err != nil {
				return nil, err
			}
			return answer(ctx, token.Subject)
		})
	}
	handle("POST /login", func(ctx context.Context, given asked) (any, error) {
		if password, known := passwords.Load(given.User); !known || password != given.Password { // in earnest: hashes
			return nil, &tokenmint.Error{Code: tokenmint.ErrUnauthenticated}
		}
		details := map[string]string{"device": given.Device}
		return issuer.StartSession(ctx, store, tokenmint.StartSessionRequest{Subject: given.User, Scope: "account", Details: details})
	})
	handle("POST /refresh", func(ctx context.Context, given asked) (any, error) {
		return issuer.Refresh(ctx, store, tokenmint.RefreshRequest{RefreshToken: given.RefreshToken})
	})
	handleUser("GET /devices", func(ctx context.Context, user string) (any, error) {
		return issuer.ListSessions(ctx, store, tokenmint.ListSessionsRequest{Subject: user})
	})
	handleUser("POST /logout-everywhere", func(ctx context.Context, user string) (any, error) {
		return nil, issuer.RevokeSessions(ctx, store, tokenmint.RevokeSessionsRequest{Subject: user})
	})
	handle("POST /forgot", func(ctx context.Context, given asked) (any, error) { // the same answer, whoever it is
		if _, known := passwords.Load(given.User); !known {
			return nil, nil
		}
		link, err := issuer.IssueSingleUse(ctx, store, tokenmint.IssueSingleUseRequest{
			Purpose: "reset", Lifetime: tokenmint.LifetimeOf(30 * time.Minute), Subject: given.User,
			Slot: given.User, // a newer link ends the older
		})
		if err == nil {
			mail(given.User, "https://app.example.com/reset#"+link.Token)
		}
		return nil, err
	})
	handle("POST /reset", func(ctx context.Context, given asked) (any, error) {
		redeemed, err := issuer.RedeemSingleUse(ctx, store, tokenmint.RedeemSingleUseRequest{Purpose: "reset", Token: given.Token})
		if err != nil {
			return nil, err
		}
		passwords.Store(redeemed.Subject, given.Password)
		return nil, issuer.RevokeSessions(ctx, store, tokenmint.RevokeSessionsRequest{Subject: redeemed.Subject})
	})
	handleUser("POST /api-keys", func(ctx context.Context, user string) (any, error) { // shown once: only the hash is kept
		return issuer.CreateAPIKey(ctx, store, tokenmint.CreateAPIKeyRequest{Owner: user, Scope: "reports", Prefix: "acme"})
	})
	handle("GET /reports", func(ctx context.Context, given asked) (any, error) { // what customers' programs call
		return issuer.VerifyAPIKey(ctx, store, given.bearer)
	})
	return mux
}
