package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"time"

	"github.com/golang-jwt/jwt/v5"
	tokenmint "github.com/tokenmint/tokenmint/go"
)

// The work is that of bench/src/work.rs: one entity token.
const (
	issuerName = "https://api.example.com"
	audience   = "mercoa-react"
	subject    = "ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced"
	tokenID    = "0b7f1c8e-55a1-4d0c-9a53-6f2b7d1e9c40"
	issuedAt   = 1_700_000_000
	// 50 years: whoever reads the clock finds the tokens valid.
	lifetime = 1_577_880_000
)

var secret = []byte("0123456789abcdef0123456789ABCDEF")

type pages struct {
	PaymentMethods bool `json:"paymentMethods"`
	Counterparties bool `json:"counterparties"`
}

type vendors struct {
	Network         string `json:"network"`
	DisableCreation bool   `json:"disableCreation"`
}

type custom struct {
	SessionID string  `json:"sessionId"`
	Pages     pages   `json:"pages"`
	Vendors   vendors `json:"vendors"`
}

// given is what an issuer of ours is given: it adds iss, iat and exp by itself.
type given struct {
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	ID       string `json:"jti"`
	custom
}

// entity is what a verifier of ours reads.
type entity struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	Audience  string `json:"aud"`
	IssuedAt  int64  `json:"iat"`
	ExpiresAt int64  `json:"exp"`
	ID        string `json:"jti"`
	custom
}

// registered is the same with our type for the registered claims.
type registered struct {
	tokenmint.RegisteredClaims
	custom
}

// peer is the same with golang-jwt's.
type peer struct {
	jwt.RegisteredClaims
	custom
}

var options = custom{"ses_42", pages{true, false}, vendors{"all", true}}

func claims() given { return given{subject, audience, tokenID, options} }

func peerClaims() *peer {
	return &peer{jwt.RegisteredClaims{
		Issuer: issuerName, Subject: subject, Audience: jwt.ClaimStrings{audience}, ID: tokenID,
		IssuedAt: jwt.NewNumericDate(time.Unix(issuedAt, 0)), ExpiresAt: jwt.NewNumericDate(time.Unix(issuedAt+lifetime, 0)),
	}, options}
}

func claimsMap() map[string]any {
	return map[string]any{
		"sub": subject, "aud": audience, "jti": tokenID, "sessionId": "ses_42",
		"pages":   map[string]any{"paymentMethods": true, "counterparties": false},
		"vendors": map[string]any{"network": "all", "disableCreation": true},
	}
}

func peerMap() jwt.MapClaims {
	m := jwt.MapClaims(claimsMap())
	m["iss"], m["iat"], m["exp"] = issuerName, issuedAt, issuedAt+lifetime
	return m
}

// tables are the rows to be compared; the first of each is the limit.
func tables() ([]table, error) {
	// One audience is written as one text, as everybody else does.
	jwt.MarshalSingleStringAsArray = false
	keys, err := tokenmint.NewKeySet(tokenmint.HMAC("", tokenmint.HS256, secret))
	if err != nil {
		return nil, err
	}
	issuer, err := tokenmint.NewIssuer(keys, issuerName, tokenmint.Clock(func() time.Time { return time.Unix(issuedAt, 0) }))
	if err != nil {
		return nil, err
	}
	verifier, err := tokenmint.NewVerifier(keys, tokenmint.FromIssuer(issuerName), tokenmint.Audience(audience))
	if err != nil {
		return nil, err
	}
	typed := claims()
	text, err := json.Marshal(typed)
	if err != nil {
		return nil, err
	}
	token, err := issuer.Mint(typed, lifetime*time.Second)
	if err != nil {
		return nil, err
	}
	input := []byte(token[:len(token)-44])
	state := hmac.New(sha256.New, secret)
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithIssuer(issuerName), jwt.WithAudience(audience), jwt.WithExpirationRequired())
	key := func(*jwt.Token) (any, error) { return secret, nil }
	typedPeer, mapOurs, mapPeer := peerClaims(), claimsMap(), peerMap()

	mint := table{"mint HS256", []row{
		{"crypto/hmac, keyed state kept", func() error { return mac(state, input) }},
		{"tokenmint, struct", func() error { _, err := issuer.Mint(&typed, lifetime*time.Second); return err }},
		{"tokenmint, map", func() error { _, err := issuer.Mint(mapOurs, lifetime*time.Second); return err }},
		{"tokenmint, JSON text", func() error { _, err := issuer.Mint(json.RawMessage(text), lifetime*time.Second); return err }},
		{"golang-jwt, struct", func() error {
			_, err := jwt.NewWithClaims(jwt.SigningMethodHS256, typedPeer).SignedString(secret)
			return err
		}},
		{"golang-jwt, map", func() error {
			_, err := jwt.NewWithClaims(jwt.SigningMethodHS256, mapPeer).SignedString(secret)
			return err
		}},
	}}
	verify := table{"verify HS256", []row{
		{"crypto/hmac, keyed state kept", func() error { return mac(state, input) }},
		{"tokenmint, struct", func() error { var c entity; return verifier.Verify(token, &c) }},
		{"tokenmint, RegisteredClaims", func() error { var c registered; return verifier.Verify(token, &c) }},
		{"tokenmint, map", func() error { var c map[string]any; return verifier.Verify(token, &c) }},
		{"tokenmint, JSON text", func() error { _, err := verifier.VerifyJSON(token); return err }},
		{"golang-jwt, struct", func() error { _, err := parser.ParseWithClaims(token, &peer{}, key); return err }},
		{"golang-jwt, map", func() error { _, err := parser.ParseWithClaims(token, jwt.MapClaims{}, key); return err }},
	}}
	return []table{mint, verify}, check(token, parser, key, verifier)
}

// check sees that both libraries do the same work: each takes the other's token.
func check(token string, parser *jwt.Parser, key jwt.Keyfunc, verifier *tokenmint.Verifier) error {
	if _, err := parser.ParseWithClaims(token, &peer{}, key); err != nil {
		return fmt.Errorf("golang-jwt: %w", err)
	}
	theirs, err := jwt.NewWithClaims(jwt.SigningMethodHS256, peerClaims()).SignedString(secret)
	if err != nil {
		return err
	}
	var c entity
	if err := verifier.Verify(theirs, &c); err != nil {
		return fmt.Errorf("tokenmint: %w", err)
	}
	if c.custom != options || c.ID != tokenID {
		return errors.New("the claims are others")
	}
	return nil
}

func mac(state hash.Hash, input []byte) error {
	var sum [32]byte
	var text [43]byte
	state.Reset()
	state.Write(input)
	base64.RawURLEncoding.Encode(text[:], state.Sum(sum[:0]))
	return nil
}
