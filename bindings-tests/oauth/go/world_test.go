// Package clients has OAuth clients of other makers, against a running server.
package clients

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"
)

const (
	id          = "demo-client"
	secret      = "demo-client-secret-for-everybody"
	keyClient   = "demo-key-client"
	resource    = "https://api.example.com"
	accessToken = "urn:ietf:params:oauth:token-type:access_token"
	exchange    = "urn:ietf:params:oauth:grant-type:token-exchange"
)

var (
	issuer    = os.Getenv("TOKENMINT_ISSUER")
	token     = issuer + "/oauth/token"
	workloads = os.Getenv("TOKENMINT_WORKLOADS") + "/oauth/token"
)

// started is a session of a user at a client.
type started struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	Session      string `json:"session"`
	Subject      string `json:"-"`
}

// admin is an operation of the server's owner.
func admin(t *testing.T, operation string, input, output any) {
	t.Helper()
	body, err := json.Marshal(input)
	must(t, err)
	request, err := http.NewRequest(http.MethodPost, os.Getenv("TOKENMINT_ADMIN")+"/v1/"+operation, bytes.NewReader(body))
	must(t, err)
	request.Header.Set("Authorization", "Bearer demo-admin-key")
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	must(t, err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		var said any
		_ = json.NewDecoder(answer.Body).Decode(&said)
		t.Fatalf("%s: %d %v", operation, answer.StatusCode, said)
	}
	must(t, json.NewDecoder(answer.Body).Decode(output))
}

// session starts one, as an application does after its own log-in.
func session(t *testing.T, client string) started {
	t.Helper()
	pair := started{Subject: "user_" + rand.Text()}
	input := map[string]any{"subject": pair.Subject, "client_id": client, "scope": "read write"}
	admin(t, "start_session", input, &pair)
	return pair
}

// living says how many sessions a user has.
func living(t *testing.T, subject string) int {
	t.Helper()
	var list struct{ Sessions []any }
	admin(t, "list_sessions", map[string]any{"subject": subject}, &list)
	return len(list.Sessions)
}

// client makes one that has no secret where there is none.
func client(t *testing.T, secret string, permissions ...string) string {
	t.Helper()
	// What it is called is nothing to a URL or a header.
	id := "urn:go:" + rand.Text()
	input := map[string]any{
		"id": id, "organization": "org_demo", "permissions": permissions, "scope": "read write", "audience": []string{resource},
	}
	if secret == "" {
		input["public"] = true
	} else {
		input["secret"] = secret
	}
	admin(t, "create_client", input, &struct{}{})
	return id
}

// together refreshes in a loop, sixteen at once: all get the same successor, and the session lives on.
func together(t *testing.T, pair started, refresh func(string) (*oauth2.Token, error)) string {
	t.Helper()
	current := pair.RefreshToken
	for range 4 {
		var group sync.WaitGroup
		var successors [16]string
		var failures [16]error
		for i := range successors {
			group.Add(1)
			go func() {
				defer group.Done()
				answer, err := refresh(current)
				if failures[i] = err; err == nil {
					successors[i] = answer.RefreshToken
				}
			}()
		}
		group.Wait()
		must(t, errors.Join(failures[:]...))
		for _, successor := range successors {
			if successor != successors[0] || successor == current || successor == "" {
				t.Fatalf("not one successor: %q and %q after %q", successor, successors[0], current)
			}
		}
		current = successors[0]
	}
	if found := living(t, pair.Subject); found != 1 {
		t.Fatalf("%d sessions are left", found)
	}
	return current
}

// refused wants an error of the protocol.
func refused(t *testing.T, err error, code string, status int) {
	t.Helper()
	var said *oauth2.RetrieveError
	if !errors.As(err, &said) {
		t.Fatalf("wanted %d %s, got: %v", status, code, err)
	}
	// Assertions are sent by another part of the library, which does not read the body.
	var body struct{ Error string }
	must(t, json.Unmarshal(said.Body, &body))
	if body.Error != code || said.Response.StatusCode != status || (said.ErrorCode != "" && said.ErrorCode != code) {
		t.Errorf("wanted %d %s, got: %v", status, code, err)
	}
}

// atTheResource verifies an access token as RFC 9068 section 4 says.
func atTheResource(t *testing.T, token string) map[string]any {
	t.Helper()
	claims, err := verify(t, token, resource)
	must(t, err)
	return claims
}

func verify(t *testing.T, token, audience string) (map[string]any, error) {
	t.Helper()
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA})
	must(t, err)
	header := parsed.Headers[0]
	if typ := header.ExtraHeaders[jose.HeaderType]; typ != "at+jwt" {
		return nil, errors.New("typ is not at+jwt")
	}
	var standard jwt.Claims
	claims := map[string]any{}
	if err := parsed.Claims(published(t), &standard, &claims); err != nil {
		return nil, err
	}
	for _, name := range []string{"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} {
		if claims[name] == nil {
			return nil, errors.New("no " + name)
		}
	}
	return claims, standard.Validate(jwt.Expected{Issuer: issuer, AnyAudience: jwt.Audience{audience}, Time: time.Now()})
}

// published is what the server publishes to verify with.
func published(t *testing.T) jose.JSONWebKeySet {
	t.Helper()
	var metadata struct {
		URI string `json:"jwks_uri"`
	}
	fetch(t, issuer+"/.well-known/oauth-authorization-server", &metadata)
	var keys jose.JSONWebKeySet
	fetch(t, metadata.URI, &keys)
	return keys
}

func fetch(t *testing.T, url string, output any) {
	t.Helper()
	answer, err := http.Get(url)
	must(t, err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d", url, answer.StatusCode)
	}
	must(t, json.NewDecoder(answer.Body).Decode(output))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var background = context.Background()
