package tokenmint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// tokenServer is a token endpoint of this library, with a user who has signed in.
type tokenServer struct {
	*httptest.Server
	issuer *Issuer
	store  *MemoryStore
	// now is the time of server and clients, in seconds.
	now atomic.Int64
	// requests are those that arrived, lost how many answers are thrown away from now on.
	requests, lost atomic.Int64
}

func newTokenServer(t *testing.T) *tokenServer {
	server := &tokenServer{store: &MemoryStore{}}
	server.now.Store(1_700_000_000)
	hash, err := HashCredential("a secret")
	must(t, err)
	endpoint, err := NewEndpoint([]byte(`{
		"keys": [{"kid": "k1", "secret": "a secret of at least thirty-two bytes"}],
		"oauth": {"issuer": "https://as.example", "key": "k1", "audience": "https://api.example", "session_secret": "another secret of at least 32 bytes"},
		"clients": [{"id": "app", "organization": "org", "secret_sha256": "`+hash+`",
			"permissions": ["refresh_token", "client_credentials"], "scope": "read"}]
	}`), server.store, server.clock())
	must(t, err)
	must(t, endpoint.Prepare(t.Context()))
	server.issuer, err = endpoint.Issuer("")
	must(t, err)
	server.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		server.requests.Add(1)
		if server.lost.Add(-1) >= 0 {
			endpoint.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		endpoint.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server
}

func (s *tokenServer) clock() HostOption {
	return Clock(func() time.Time { return time.Unix(s.now.Load(), 0) })
}

func (s *tokenServer) config(store Store) SourceConfig {
	return SourceConfig{Endpoint: s.URL + "/oauth/token", ClientID: "app", ClientSecret: "a secret", Name: "u1", Store: store,
		// The test's clock stands still.
		Patience: time.Hour}
}

// signedIn is a session, and a source that keeps its tokens.
func (s *tokenServer) signedIn(t *testing.T, store Store) (*TokenPair, *TokenSource) {
	t.Helper()
	pair, err := s.issuer.StartSession(t.Context(), s.store, StartSessionRequest{Subject: "u1", ClientID: "app", Scope: "read"})
	must(t, err)
	response, err := json.Marshal(pair)
	must(t, err)
	source, err := NewTokenSource(s.config(store), s.clock())
	must(t, err)
	must(t, source.Keep(t.Context(), response))
	return pair, source
}

func TestTokenSourceAsksOnceForAllWhoWant(t *testing.T) {
	server, store := newTokenServer(t), &MemoryStore{}
	pair, first := server.signedIn(t, store)
	second, err := NewTokenSource(server.config(store), server.clock())
	must(t, err)
	server.now.Add(900)
	var tokens sync.Map
	var all sync.WaitGroup
	for n := range 32 {
		all.Add(1)
		go func() {
			defer all.Done()
			token, err := []*TokenSource{first, second}[n%2].Token()
			if err != nil {
				t.Error(err)
				return
			}
			tokens.Store(token.AccessToken, true)
			if token.TokenType != "Bearer" || token.Expiry.Unix() != server.now.Load()+900 {
				t.Error(token)
			}
		}()
	}
	all.Wait()
	found := 0
	tokens.Range(func(token, _ any) bool {
		found++
		_, err := server.issuer.Check(t.Context(), server.store, token.(string))
		must(t, err)
		return token != pair.AccessToken
	})
	if found != 1 || server.requests.Load() != 1 {
		t.Errorf("%d tokens by %d requests", found, server.requests.Load())
	}
}

func TestTokenSourceAsksAgainWhereAnAnswerWasLost(t *testing.T) {
	server := newTokenServer(t)
	pair, source := server.signedIn(t, nil)
	server.lost.Store(2)
	token, err := source.TokenInsteadOf(t.Context(), pair.AccessToken)
	must(t, err)
	if token.AccessToken == pair.AccessToken || server.requests.Load() != 3 {
		t.Errorf("%d requests", server.requests.Load())
	}
	_, err = server.issuer.Check(t.Context(), server.store, token.AccessToken)
	must(t, err)
}

func TestTokenSourceSaysWhenToSignIn(t *testing.T) {
	server := newTokenServer(t)
	nobody, err := NewTokenSource(server.config(nil), server.clock())
	must(t, err)
	if _, err := nobody.Token(); !errors.Is(err, ErrSignInRequired) {
		t.Error(err)
	}
	pair, source := server.signedIn(t, nil)
	must(t, server.issuer.RevokeSession(t.Context(), server.store, pair.Session))
	// It is known when the access token has ended, or where a resource has refused it.
	if _, err := source.Token(); err != nil {
		t.Error(err)
	}
	if _, err := source.TokenInsteadOf(t.Context(), pair.AccessToken); !errors.Is(err, ErrSignInRequired) {
		t.Error(err)
	}
	_, source = server.signedIn(t, nil)
	refresh, err := source.Forget(t.Context())
	must(t, err)
	if _, err := source.Token(); !errors.Is(err, ErrSignInRequired) || refresh == "" {
		t.Error(err)
	}
}

func TestTokenSourceByTheClientsCredentials(t *testing.T) {
	server := newTokenServer(t)
	config := server.config(nil)
	config.ClientCredentials, config.Scope, config.SecretInBody = true, "read", true
	source, err := NewTokenSource(config, server.clock())
	must(t, err)
	for range 3 {
		token, err := source.Token()
		must(t, err)
		if token.Scope != "read" || server.requests.Load() != 1 {
			t.Error(token, server.requests.Load())
		}
	}
	config.ClientSecret = "another"
	source, err = NewTokenSource(config, server.clock())
	must(t, err)
	if _, err := source.TokenInsteadOf(t.Context(), "x"); !errors.Is(err, ErrTokenEndpointRefused) {
		t.Error(err)
	}
}

func TestTokenSourceNamesWhatIsWrong(t *testing.T) {
	source, err := NewTokenSource(SourceConfig{Endpoint: "http://as.example/token", ClientID: "app"})
	must(t, err)
	var refused *Error
	if _, err := source.Token(); !errors.As(err, &refused) || refused.Code != ErrPolicyInvalid || refused.Field != "endpoint" {
		t.Error(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := source.TokenContext(gone); err == nil {
		t.Error("somebody who has given up got a token")
	}
}

func TestTokenSourceShowsNoSecret(t *testing.T) {
	source, err := NewTokenSource(SourceConfig{Endpoint: "https://as.example/token", ClientID: "app", ClientSecret: "hunter2"})
	must(t, err)
	must(t, source.Keep(t.Context(), []byte(`{"access_token":"hunter2","expires_in":900,"refresh_token":"hunter2"}`)))
	token, err := source.Token()
	must(t, err)
	shown := fmt.Sprintf("%v %+v %#v %v %+v %#v", source, source, source, token, *token, *token)
	if strings.Contains(shown, "hunter2") || token.AccessToken != "hunter2" {
		t.Error(shown)
	}
}
