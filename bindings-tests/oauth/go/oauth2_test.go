package clients

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	bearer "golang.org/x/oauth2/jwt"
)

// styles are how this library proves a client; it finds out by itself where nothing is said.
var styles = map[string]oauth2.AuthStyle{
	"basic": oauth2.AuthStyleInHeader, "post": oauth2.AuthStyleInParams, "detected": oauth2.AuthStyleAutoDetect,
}

func TestClientCredentials(t *testing.T) {
	for name, style := range styles {
		t.Run(name, func(t *testing.T) {
			config := clientcredentials.Config{
				ClientID: id, ClientSecret: secret, TokenURL: token, AuthStyle: style,
				Scopes: []string{"read"}, EndpointParams: url.Values{"resource": {resource}},
			}
			answer, err := config.Token(background)
			must(t, err)
			if answer.Type() != "Bearer" || answer.Extra("scope") != "read" || answer.RefreshToken != "" || !answer.Valid() {
				t.Errorf("%+v", answer)
			}
			claims := atTheResource(t, answer.AccessToken)
			if claims["client_id"] != id || claims["sub"] != id || claims["scope"] != "read" {
				t.Error(claims)
			}
		})
	}
}

func TestAnyCharactersOfAnIdAndASecret(t *testing.T) {
	const secret = `100% "sound" & +:/?#=`
	id := client(t, secret, "client_credentials")
	for _, style := range styles {
		config := clientcredentials.Config{ClientID: id, ClientSecret: secret, TokenURL: token, AuthStyle: style}
		answer, err := config.Token(background)
		must(t, err)
		if claims := atTheResource(t, answer.AccessToken); claims["client_id"] != id {
			t.Error(claims)
		}
	}
}

// The library has no private_key_jwt of its own; it takes what a caller has signed.
func TestPrivateKeyJWT(t *testing.T) {
	var key jose.JSONWebKey
	must(t, json.Unmarshal([]byte(os.Getenv("TOKENMINT_KEY_CLIENT_JWK")), &key))
	assertion := func(audience string) url.Values {
		now := time.Now()
		text := sign(t, key, jwt.Claims{
			Issuer: keyClient, Subject: keyClient, Audience: jwt.Audience{audience}, ID: rand.Text(),
			IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(time.Minute)),
		})
		return url.Values{
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {text},
		}
	}
	for _, audience := range []string{issuer, token} {
		config := clientcredentials.Config{
			ClientID: keyClient, TokenURL: token, AuthStyle: oauth2.AuthStyleInParams, EndpointParams: assertion(audience),
		}
		answer, err := config.Token(background)
		must(t, err)
		if claims := atTheResource(t, answer.AccessToken); claims["client_id"] != keyClient {
			t.Error(claims)
		}
		// The same assertion again.
		_, err = config.Token(background)
		refused(t, err, "invalid_client", 401)
	}
}

func application(client, secret string, style oauth2.AuthStyle) oauth2.Config {
	return oauth2.Config{ClientID: client, ClientSecret: secret, Endpoint: oauth2.Endpoint{TokenURL: token, AuthStyle: style}}
}

func refreshed(config oauth2.Config, token string) (*oauth2.Token, error) {
	return config.TokenSource(background, &oauth2.Token{RefreshToken: token}).Token()
}

func TestTokenSourceRefreshes(t *testing.T) {
	for name, style := range styles {
		t.Run(name, func(t *testing.T) {
			pair := session(t, id)
			config := application(id, secret, style)
			last := together(t, pair, func(token string) (*oauth2.Token, error) { return refreshed(config, token) })
			// One source goes on with the successor by itself, and asks only where the access token has expired.
			source := config.TokenSource(background, &oauth2.Token{RefreshToken: last})
			first, err := source.Token()
			must(t, err)
			if claims := atTheResource(t, first.AccessToken); claims["sub"] != pair.Subject || claims["scope"] != "read write" {
				t.Error(claims)
			}
			again, err := source.Token()
			must(t, err)
			if again.AccessToken != first.AccessToken {
				t.Error("a valid token was thrown away")
			}
		})
	}
}

func TestPublicClient(t *testing.T) {
	public := client(t, "", "refresh_token", "token_exchange")
	pair := session(t, public)
	config := application(public, "", oauth2.AuthStyleInParams)
	last := together(t, pair, func(token string) (*oauth2.Token, error) { return refreshed(config, token) })
	answer, err := refreshed(config, last)
	must(t, err)
	if claims := atTheResource(t, answer.AccessToken); claims["client_id"] != public {
		t.Error(claims)
	}
}

func TestTokenExchange(t *testing.T) {
	pair := session(t, id)
	exchanged := func(subject, scope string) (*oauth2.Token, error) {
		parameters := url.Values{
			"grant_type": {exchange}, "subject_token": {subject}, "subject_token_type": {accessToken}, "scope": {scope},
		}
		config := clientcredentials.Config{ClientID: id, ClientSecret: secret, TokenURL: token, EndpointParams: parameters}
		return config.Token(background)
	}
	narrow, err := exchanged(pair.AccessToken, "read")
	must(t, err)
	claims := atTheResource(t, narrow.AccessToken)
	if claims["sub"] != pair.Subject || claims["scope"] != "read" || narrow.Extra("issued_token_type") != accessToken {
		t.Error(claims)
	}
	_, err = exchanged(narrow.AccessToken, "write")
	refused(t, err, "invalid_scope", 400)
	_, err = exchanged("not a token", "read")
	refused(t, err, "invalid_request", 400)
}

// The library signs with RS256 and without a `jti`.
func TestAssertionsOfATrustedIssuer(t *testing.T) {
	text, err := os.ReadFile(os.Getenv("TOKENMINT_WORKLOAD_JWK"))
	must(t, err)
	var key jose.JSONWebKey
	must(t, json.Unmarshal(text, &key))
	der, err := x509.MarshalPKCS8PrivateKey(key.Key)
	must(t, err)
	job := func(repository string) *bearer.Config {
		return &bearer.Config{
			Email: "https://ci.example", Subject: "repo:acme/shop:ref:refs/heads/main", Audience: "https://login.example",
			PrivateKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), PrivateKeyID: key.KeyID,
			TokenURL: workloads, Expires: 5 * time.Minute,
			PrivateClaims: map[string]any{"repository_id": repository, "run": rand.Text()},
		}
	}
	answer, err := job("4711").TokenSource(background).Token()
	must(t, err)
	if answer.AccessToken == "" || !answer.Valid() {
		t.Errorf("%+v", answer)
	}
	_, err = job("4712").TokenSource(background).Token()
	refused(t, err, "invalid_grant", 400)
}

func TestErrors(t *testing.T) {
	config := clientcredentials.Config{ClientID: id, ClientSecret: secret, TokenURL: token, AuthStyle: oauth2.AuthStyleInHeader}
	ask := func(change func(*clientcredentials.Config)) error {
		changed := config
		change(&changed)
		_, err := changed.Token(background)
		return err
	}
	refused(t, ask(func(c *clientcredentials.Config) { c.Scopes = []string{"unheard-of"} }), "invalid_scope", 400)
	other := url.Values{"resource": {"https://other.example"}}
	refused(t, ask(func(c *clientcredentials.Config) { c.EndpointParams = other }), "invalid_target", 400)
	twice := url.Values{"scope": {"read", "write"}}
	refused(t, ask(func(c *clientcredentials.Config) { c.EndpointParams = twice }), "invalid_request", 400)
	for _, style := range styles {
		refused(t, ask(func(c *clientcredentials.Config) { c.ClientSecret, c.AuthStyle = "wrong", style }), "invalid_client", 401)
	}
	app := application(id, secret, oauth2.AuthStyleInHeader)
	_, err := refreshed(app, "not a token")
	refused(t, err, "invalid_grant", 400)
	_, err = app.PasswordCredentialsToken(background, "u", "p")
	refused(t, err, "unsupported_grant_type", 400)
	// This library looks for the way to prove a client only as long as none worked.
	limited := client(t, "a-secret-of-this-test", "client_credentials")
	_, err = refreshed(application(limited, "a-secret-of-this-test", oauth2.AuthStyleInHeader), session(t, id).RefreshToken)
	refused(t, err, "unauthorized_client", 400)
}

func TestWhatIsNoAccessToken(t *testing.T) {
	config := clientcredentials.Config{ClientID: id, ClientSecret: secret, TokenURL: token}
	answer, err := config.Token(background)
	must(t, err)
	if _, err := verify(t, answer.AccessToken, "https://other.example"); err == nil {
		t.Error("for another resource")
	}
	parts := strings.Split(answer.AccessToken, ".")
	parts[2] = strings.Repeat("A", len(parts[2]))
	if _, err := verify(t, strings.Join(parts, "."), resource); err == nil {
		t.Error("with another signature")
	}
}

func sign(t *testing.T, key jose.JSONWebKey, claims jwt.Claims) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key}, nil)
	must(t, err)
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	must(t, err)
	return text
}
