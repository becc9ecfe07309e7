// Package interop has golang-jwt verify what tokenmint mints, and the reverse.
package interop

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	tokenmint "github.com/tokenmint/tokenmint/go"
)

const issuerName, audience = "https://api.example.com", "app"

type claims struct {
	jwt.RegisteredClaims
	Pages []string `json:"pages"`
}

// material is a key as both libraries take it.
type material struct {
	source          tokenmint.KeySource
	private, public any
}

func pairOf(t *testing.T, alg tokenmint.Algorithm) material {
	t.Helper()
	var private, public any
	var err error
	switch alg {
	case tokenmint.HS256, tokenmint.HS384, tokenmint.HS512:
		secret := make([]byte, 64)
		rand.Read(secret)
		return material{tokenmint.HMAC("k1", alg, secret), secret, secret}
	case tokenmint.ES256, tokenmint.ES384, tokenmint.ES512:
		curve := map[tokenmint.Algorithm]elliptic.Curve{tokenmint.ES256: elliptic.P256(), tokenmint.ES384: elliptic.P384(), tokenmint.ES512: elliptic.P521()}[alg]
		var key *ecdsa.PrivateKey
		key, err = ecdsa.GenerateKey(curve, rand.Reader)
		private, public = key, &key.PublicKey
	case tokenmint.EdDSA:
		public, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		var key *rsa.PrivateKey
		key, err = rsa.GenerateKey(rand.Reader, 2048)
		private, public = key, &key.PublicKey
	}
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return material{tokenmint.PEM("k1", alg, block), private, public}
}

func TestEachTakesTheOthersTokens(t *testing.T) {
	for _, alg := range []tokenmint.Algorithm{
		tokenmint.HS256, tokenmint.HS384, tokenmint.HS512, tokenmint.RS256, tokenmint.RS384, tokenmint.RS512, tokenmint.PS256,
		tokenmint.PS384, tokenmint.PS512, tokenmint.ES256, tokenmint.ES384, tokenmint.ES512, tokenmint.EdDSA,
	} {
		t.Run(string(alg), func(t *testing.T) { interop(t, alg) })
	}
}

func interop(t *testing.T, alg tokenmint.Algorithm) {
	key := pairOf(t, alg)
	keys, err := tokenmint.NewKeySet(key.source)
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := tokenmint.NewIssuer(keys, issuerName, tokenmint.Audience(audience))
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := tokenmint.NewVerifier(keys, tokenmint.FromIssuer(issuerName), tokenmint.Audience(audience))
	if err != nil {
		t.Fatal(err)
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{string(alg)}), jwt.WithIssuer(issuerName), jwt.WithAudience(audience), jwt.WithExpirationRequired())

	ours, err := issuer.Mint(map[string]any{"sub": "ent_1", "pages": []string{"a"}}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var found claims
	parsed, err := parser.ParseWithClaims(ours, &found, func(*jwt.Token) (any, error) { return key.public, nil })
	if err != nil || parsed.Header["kid"] != "k1" || found.Subject != "ent_1" || len(found.Pages) != 1 {
		t.Errorf("golang-jwt: %v %+v", err, found)
	}

	now := time.Now()
	given := claims{jwt.RegisteredClaims{Issuer: issuerName, Subject: "ent_2", Audience: jwt.ClaimStrings{audience}, ExpiresAt: jwt.NewNumericDate(now.Add(time.Minute))}, []string{"b"}}
	sign := func(c claims) string {
		token := jwt.NewWithClaims(jwt.GetSigningMethod(string(alg)), c)
		token.Header["kid"] = "k1"
		text, err := token.SignedString(key.private)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	theirs := sign(given)
	found = claims{}
	if err := verifier.Verify(theirs, &found); err != nil || found.Subject != "ent_2" || found.Pages[0] != "b" {
		t.Errorf("tokenmint: %v %+v", err, found)
	}

	// Both refuse the same.
	given.ExpiresAt = jwt.NewNumericDate(now.Add(-time.Minute))
	old := sign(given)
	spoilt := theirs[:len(theirs)-8] + "AAAAAAAA"
	if err := verifier.Verify(old, nil); !errors.Is(err, tokenmint.ErrTokenExpired) {
		t.Error(err)
	}
	if err := verifier.Verify(spoilt, nil); !errors.Is(err, tokenmint.ErrSignatureInvalid) {
		t.Error(err)
	}
	for _, token := range []string{old, spoilt} {
		if _, err := parser.ParseWithClaims(token, &claims{}, func(*jwt.Token) (any, error) { return key.public, nil }); err == nil {
			t.Error("golang-jwt accepts what it must not: this test proves nothing")
		}
	}
}
