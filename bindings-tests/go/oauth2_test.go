package interop

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	tokenmint "github.com/tokenmint/tokenmint/go"
	"golang.org/x/oauth2"
)

// source is a token source of ours as golang.org/x/oauth2 takes it.
type source struct{ *tokenmint.TokenSource }

func (s source) Token() (*oauth2.Token, error) {
	t, err := s.TokenSource.Token()
	if err != nil {
		return nil, err
	}
	return &oauth2.Token{AccessToken: t.AccessToken, TokenType: t.TokenType, Expiry: t.Expiry}, nil
}

func TestItsClientSendsTheTokensOfASource(t *testing.T) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	store := &tokenmint.MemoryStore{}
	endpoint, err := tokenmint.NewEndpoint([]byte(`{
		"keys": [{"kid": "k1", "secret": "a secret of at least thirty-two bytes"}],
		"oauth": {"issuer": "https://as.example", "key": "k1", "audience": "app", "session_secret": "another secret of at least 32 bytes"}
	}`), store)
	must(err)
	must(endpoint.Prepare(t.Context()))
	issuer, err := endpoint.Issuer("")
	must(err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/resource" {
			endpoint.ServeHTTP(w, r)
			return
		}
		token, bearer := r.Header.Get("Authorization"), "Bearer "
		if _, err := issuer.Check(r.Context(), store, token[len(bearer):]); err != nil {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer server.Close()
	pair, err := issuer.StartSession(t.Context(), store, tokenmint.StartSessionRequest{Subject: "u1"})
	must(err)

	own, err := tokenmint.NewTokenSource(tokenmint.SourceConfig{Endpoint: server.URL + "/oauth/token", ClientID: "app"})
	must(err)
	// What their library keeps after a sign-in is an answer of a token endpoint, too.
	kept, err := json.Marshal(&oauth2.Token{AccessToken: pair.AccessToken, TokenType: "Bearer", RefreshToken: pair.RefreshToken, ExpiresIn: 900})
	must(err)
	must(own.Keep(t.Context(), kept))
	client := oauth2.NewClient(t.Context(), source{own})
	answer, err := client.Get(server.URL + "/resource")
	must(err)
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Error(answer.Status)
	}
}
