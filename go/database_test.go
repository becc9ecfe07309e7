package tokenmint

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func open(t testing.TB, url string) *Database {
	t.Helper()
	store, err := OpenStore(url)
	must(t, err)
	t.Cleanup(func() { store.Close() })
	return store
}

func file(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "tokens.db")
}

// sessions is an issuer whose clock the test sets: to now or later, for Redis forgets by its own.
func sessions(t testing.TB, now *time.Time, opts ...IssuerOption) *Issuer {
	t.Helper()
	keys, err := NewKeySet(HMAC("k1", HS256, testSecret))
	must(t, err)
	issuer, err := NewIssuer(keys, "https://a.example", append(opts, Audience("app"), SessionSecret(string(testSecret)),
		Integrations(Integration{"lever", "Lever", []string{"ats"}}), Clock(func() time.Time { return *now }))...)
	must(t, err)
	return issuer
}

// Stores that last: a file, and servers of the test's own.
func TestAStoreKeepsWhatItIsTold(t *testing.T) {
	for _, kind := range []string{"sqlite", "postgres", "redis"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			var running *server
			fresh := func() string { return file(t) }
			if kind != "sqlite" {
				running = startServer(t, kind)
				fresh = running.fresh
			}
			t.Run("sessions", func(t *testing.T) { sessionsKeepTheirState(t, fresh()) })
			t.Run("links", func(t *testing.T) { linksStayUsed(t, fresh()) })
			t.Run("wiped", func(t *testing.T) { nothingComesBack(t, fresh(), fresh()) })
			if running != nil {
				t.Run("away", func(t *testing.T) { aServerGoesAway(t, running) })
			}
		})
	}
}

func sessionsKeepTheirState(t *testing.T, url string) {
	ctx, now := t.Context(), time.Now()
	var told []string
	issuer := sessions(t, &now, OnEvent(func(_ context.Context, event Event) { told = append(told, event.Kind) }))
	refresh := func(store *Database, pair *TokenPair, after time.Duration) (*TokenPair, error) {
		now = now.Add(after)
		return issuer.Refresh(ctx, store, RefreshRequest{RefreshToken: pair.RefreshToken})
	}

	store := open(t, url)
	if store.Durability() != "disk" {
		t.Error(store.Durability())
	}
	first := session(t, issuer, store)
	second, err := refresh(store, first, time.Second)
	must(t, err)
	must(t, store.Close())

	store = open(t, url)
	third, err := refresh(store, second, time.Minute)
	must(t, err)
	must(t, store.Close())

	store = open(t, url)
	told = nil
	if _, err := refresh(store, first, time.Minute); !errors.Is(err, ErrInvalidGrant) {
		t.Errorf("the first token is good for %v", err)
	}
	if !reflect.DeepEqual(told, []string{"refresh_reuse_detected"}) {
		t.Error(told)
	}
	if _, err := refresh(store, third, time.Second); !errors.Is(err, ErrInvalidGrant) {
		t.Errorf("the session goes on: %v", err)
	}

	other, err := issuer.ExchangeAPIKey(ctx, store, ExchangeAPIKeyRequest{ClientID: "c1", ClientSecret: "s1"})
	must(t, err)
	_, err = issuer.Check(ctx, store, other.AccessToken)
	must(t, err)
	must(t, issuer.RevokeSession(ctx, store, other.Session))
	must(t, store.Close())
	store = open(t, url)
	if _, err := issuer.Check(ctx, store, other.AccessToken); !errors.Is(err, ErrTokenRevoked) {
		t.Errorf("a revoked session's token: %v", err)
	}
	if _, err := refresh(store, other, time.Second); !errors.Is(err, ErrInvalidGrant) {
		t.Errorf("a revoked session goes on: %v", err)
	}
}

// session makes a client and opens a session for it.
func session(t testing.TB, issuer *Issuer, store Store) *TokenPair {
	t.Helper()
	must(t, issuer.CreateClient(t.Context(), store, Client{ID: "c1", Organization: "o", Secret: "s1", Permissions: []Permission{PermissionSessions}}))
	pair, err := issuer.ExchangeAPIKey(t.Context(), store, ExchangeAPIKeyRequest{ClientID: "c1", ClientSecret: "s1"})
	must(t, err)
	return pair
}

func linksStayUsed(t *testing.T, url string) {
	now := time.Now()
	issuer, store := sessions(t, &now), open(t, url)
	used := raceForALink(t, issuer, store)
	must(t, store.Close())
	_, err := issuer.RedeemLink(t.Context(), open(t, url), RedeemLinkRequest{used, "lever", "late"})
	if !errors.Is(err, ErrLinkUsed) {
		t.Error(err)
	}
}

// raceForALink has many redeem one link, which is given back: exactly one of them gets it.
func raceForALink(t *testing.T, issuer *Issuer, store Store) string {
	t.Helper()
	ctx := t.Context()
	must(t, issuer.CreateBearerKey(ctx, store, BearerKey{Bearer: "key-1", Organization: "o", Permissions: []Permission{PermissionLinks}}))
	link, err := issuer.CreateLink(ctx, store, CreateLinkRequest{"key-1", LinkDetails{
		OriginID: "u1", EndUserOrganization: "Acme", EndUserEmail: "a@example.com", Categories: []string{"ats"},
	}, LifetimeOf(time.Hour)})
	must(t, err)
	results := make(chan error)
	for worker := range 8 {
		go func() {
			_, err := issuer.RedeemLink(ctx, store, RedeemLinkRequest{link.LinkToken, "lever", fmt.Sprint(worker)})
			results <- err
		}()
	}
	winners := 0
	for range 8 {
		if err := <-results; err == nil {
			winners++
		} else if !errors.Is(err, ErrLinkUsed) {
			t.Error(err)
		}
	}
	if winners != 1 {
		t.Errorf("%d redeemed the link", winners)
	}
	return link.LinkToken
}

// nothingComesBack has a store that knows what was revoked, and then one that was wiped.
func nothingComesBack(t *testing.T, url, wiped string) {
	ctx, now := t.Context(), time.Now()
	issuer := sessions(t, &now)
	ready := func(url string) (*Database, func() string) {
		store := open(t, url)
		must(t, issuer.AdoptStore(ctx, store))
		must(t, issuer.CreateClient(ctx, store, Client{ID: "c1", Organization: "o", Secret: "s1", Permissions: []Permission{PermissionClientCredentials}}))
		return store, func() string {
			token, err := issuer.ClientCredentials(ctx, store, ClientCredentialsRequest{ClientID: "c1", ClientSecret: "s1"})
			must(t, err)
			return token.AccessToken
		}
	}
	store, token := ready(url)
	check := func(token string) error {
		now = now.Add(time.Second)
		_, err := issuer.Check(ctx, store, token)
		return err
	}
	kept, revoked := token(), token()
	must(t, issuer.RevokeToken(ctx, store, RevokeTokenRequest{Token: revoked, ClientID: "c1"}))
	// The store is known by now: to adopt it again changes nothing.
	must(t, issuer.AdoptStore(ctx, store))
	must(t, check(kept))
	if err := check(revoked); !errors.Is(err, ErrTokenRevoked) {
		t.Error(err)
	}

	store, token = ready(wiped)
	for _, old := range []string{kept, revoked} {
		if err := check(old); !errors.Is(err, ErrTokenRevoked) {
			t.Errorf("a token from before the store was wiped: %v", err)
		}
	}
	must(t, check(token()))
}

func TestAWrongURLIsToldAndNotShown(t *testing.T) {
	for _, c := range []struct {
		url, field string
		code       Code
	}{
		{"", "url", ErrPolicyInvalid},
		{"hunter2", "url", ErrPolicyInvalid},
		{"mysql://user:hunter2@host/", "url", ErrPolicyInvalid},
		{"sqlite:", "url", ErrPolicyInvalid},
		{"postgres://user:hunter2@host/?timeout_ms=hunter2", "timeout_ms", ErrPolicyInvalid},
		{"redis://:hunter2@host/?durability=hunter2", "durability", ErrPolicyInvalid},
		{"env:TOKENMINT_NO_SUCH_VARIABLE", "url", ErrPolicyInvalid},
		{"postgres://user:hunter2@127.0.0.1:1/d?timeout_ms=300", "", ErrStoreUnavailable},
		{"redis://:hunter2@127.0.0.1:1/?timeout_ms=300", "", ErrStoreUnavailable},
	} {
		_, err := OpenStore(c.url)
		var refused *Error
		if !errors.As(err, &refused) || refused.Code != c.code || refused.Field != c.field {
			t.Errorf("%q: %v", c.url, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the password is shown: %v", err)
		}
	}
	t.Setenv("TOKENMINT_TEST_STORE", file(t))
	if store := open(t, "env:TOKENMINT_TEST_STORE"); store.Durability() != "disk" {
		t.Error(store.Durability())
	}
}

// A Database answers as a MemoryStore does, command by command.
func TestADatabaseIsAStore(t *testing.T) {
	for _, url := range []string{"memory:", file(t)} {
		store, memory := open(t, url), &MemoryStore{}
		entry := &Entry{Version: "version1", Value: []byte("v\x00"), ExpiresAtMillis: 1_000_000_000_007, Subject: "s"}
		limit := &Throttle{Key: "t", IntervalMicros: 10, BurstMicros: 20, Cost: 1, NowMicros: 100}
		for _, command := range []Command{
			&Load{[]Key{"k", "other"}}, &Cas{"k", "", entry}, &Cas{"k", "", entry}, &Cas{"other", "version1", nil},
			&Load{[]Key{"k", "other"}}, limit, limit, limit,
			&Cas{"a", "", entry}, &List{"subject", "s", "", 1}, &List{"subject", "s", "a", 1}, &List{"client", "s", "", 9},
			&Cas{"a", "version1", nil}, &Cas{"k", "version1", nil}, &Load{[]Key{"k"}},
		} {
			found, err := store.Execute(t.Context(), command)
			must(t, err)
			wanted, err := memory.Execute(t.Context(), command)
			must(t, err)
			if !reflect.DeepEqual(found, wanted) {
				t.Errorf("%s %+v: %+v and not %+v", url, command, found, wanted)
			}
		}
		large := &Entry{Version: "version2", Value: make([]byte, MaxValue+1)}
		for _, command := range []Command{&Cas{"l", "", large}, &Load{[]Key{""}}, nil} {
			if _, err := store.Execute(t.Context(), command); err == nil {
				t.Errorf("%s: %T passes", url, command)
			}
		}
		if _, err := store.Execute(t.Context(), &Cas{"k", "", entry}); err != nil {
			t.Error(err)
		}
		for i, wanted := range []int{0, 1, 0} {
			expired := time.UnixMilli(1_000_000_000_007).Add(StoreSlack + time.Duration(i)*time.Millisecond)
			if removed, err := store.Sweep(expired); err != nil || removed != wanted {
				t.Errorf("%s: sweep %d forgot %d: %v", url, i, removed, err)
			}
		}
	}
}

// A key that the host holds, and records in a Database.
func TestAHostKeyBesideADatabase(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	keys, err := NewKeySet(HostKey("kms", EdDSA, key))
	must(t, err)
	issuer, err := NewIssuer(keys, "https://a.example", Audience("app"))
	must(t, err)
	ctx, store := t.Context(), open(t, file(t))
	must(t, issuer.CreateClient(ctx, store, Client{ID: "c1", Organization: "o", Secret: "s1", Permissions: []Permission{PermissionClientCredentials}}))
	token, err := issuer.ClientCredentials(ctx, store, ClientCredentialsRequest{ClientID: "c1", ClientSecret: "s1"})
	must(t, err)
	active, err := issuer.Check(ctx, store, token.AccessToken)
	must(t, err)
	if active.ClientID != "c1" {
		t.Errorf("%+v", active)
	}
}

func TestADatabaseFailsAfterClose(t *testing.T) {
	now := time.Now()
	issuer, store := sessions(t, &now), open(t, file(t))
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := issuer.RevokeAll(cancelled, store); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for range 2 {
		must(t, store.Close())
	}
	_, sweep := store.Sweep(now)
	_, execute := store.Execute(t.Context(), &Load{[]Key{"k"}})
	for i, err := range []error{issuer.RevokeAll(t.Context(), store), sweep, execute} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("call %d: %v", i, err)
		}
	}
}

// What the endpoint's configuration needs, a store must promise.
func TestAnEndpointRefusesAStoreThatPromisesLess(t *testing.T) {
	config := strings.Replace(testConfig, "{", `{"store":{"durability":"disk"},`, 1)
	for url, wanted := range map[string]bool{"memory:": false, file(t): true} {
		endpoint, err := NewEndpoint([]byte(config), open(t, url))
		must(t, err)
		err = endpoint.Prepare(t.Context())
		if (err == nil) != wanted || !wanted && !errors.Is(err, ErrPolicyInvalid) {
			t.Errorf("%s: %v", url, err)
		}
	}
}
