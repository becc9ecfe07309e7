// fosite with its memory store. It prints its address, and a refresh token for each connection.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/storage"
	"github.com/ory/fosite/token/jwt"
)

const (
	clientID = "bench-client"
	secret   = "the-secret-of-a-client-of-the-benchmark"
	resource = "https://api.example.com"
)

// hasher is as tokenmint's: a random secret needs no slow hash. fosite's own is bcrypt, which would be all that is measured.
type hasher struct{}

func (hasher) Hash(_ context.Context, data []byte) ([]byte, error) {
	sum := sha256.Sum256(data)
	return sum[:], nil
}

func (hasher) Compare(_ context.Context, hash, data []byte) error {
	sum := sha256.Sum256(data)
	if subtle.ConstantTimeCompare(hash, sum[:]) != 1 {
		return errors.New("another secret")
	}
	return nil
}

func session(subject string) *oauth2.JWTSession {
	return &oauth2.JWTSession{
		JWTClaims: &jwt.JWTClaims{Subject: subject, Issuer: "https://issuer.example.com", Audience: []string{resource}},
		JWTHeader: &jwt.Headers{Extra: map[string]interface{}{"typ": "at+jwt"}},
		ExpiresAt: map[fosite.TokenType]time.Time{fosite.RefreshToken: time.Now().Add(24 * time.Hour)},
		Subject:   subject,
	}
}

func main() {
	sessions, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	config := &fosite.Config{
		AccessTokenLifespan: time.Hour,
		GlobalSecret:        []byte("some-cool-secret-that-is-32bytes"),
		ClientSecretsHasher: hasher{},
		RefreshTokenScopes:  []string{},
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	var core oauth2.CoreStrategy = compose.NewOAuth2HMACStrategy(config)
	if os.Args[2] == "jwt" {
		keys := func(context.Context) (interface{}, error) { return key, nil }
		core = compose.NewOAuth2JWTStrategy(keys, core, config)
	}
	hash, _ := hasher{}.Hash(ctx, []byte(secret))
	client := &fosite.DefaultClient{
		ID: clientID, Secret: hash,
		GrantTypes: []string{"client_credentials", "refresh_token"},
		Scopes:     []string{"read", "write"}, Audience: []string{resource},
	}
	store := storage.NewMemoryStore()
	store.Clients[clientID] = client
	provider := compose.Compose(config, store, core,
		compose.OAuth2ClientCredentialsGrantFactory,
		compose.OAuth2RefreshTokenGrantFactory,
		compose.OAuth2TokenIntrospectionFactory,
	)

	http.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		request, err := provider.NewAccessRequest(r.Context(), r, session(clientID))
		if err != nil {
			provider.WriteAccessError(r.Context(), w, request, err)
			return
		}
		if request.GetGrantTypes().ExactOne("client_credentials") {
			for _, scope := range request.GetRequestedScopes() {
				request.GrantScope(scope)
			}
		}
		response, err := provider.NewAccessResponse(r.Context(), request)
		if err != nil {
			provider.WriteAccessError(r.Context(), w, request, err)
			return
		}
		provider.WriteAccessResponse(r.Context(), w, request, response)
	})
	http.HandleFunc("/token/introspection", func(w http.ResponseWriter, r *http.Request) {
		response, err := provider.NewIntrospectionRequest(r.Context(), r, session(""))
		if err != nil {
			provider.WriteIntrospectionError(r.Context(), w, err)
			return
		}
		provider.WriteIntrospectionResponse(r.Context(), w, response)
	})

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s\n", listener.Addr())
	for number := range sessions {
		token, signature, err := core.GenerateRefreshToken(ctx, nil)
		if err != nil {
			log.Fatal(err)
		}
		request := fosite.NewRequest()
		request.Client, request.Session = client, session(fmt.Sprintf("user_%d", number))
		request.GrantedScope = fosite.Arguments{"read", "write"}
		request.RequestedScope = request.GrantedScope
		if err := store.CreateRefreshTokenSession(ctx, signature, "", request); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("refresh %s\n", token)
	}
	fmt.Println("end")
	log.Fatal(http.Serve(listener, nil))
}
