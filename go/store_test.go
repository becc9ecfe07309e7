package tokenmint

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// broken is a store that fails before or after it has done what it was asked.
type broken struct {
	MemoryStore
	before, after error
}

func (b *broken) Execute(ctx context.Context, command Command) (Reply, error) {
	if b.before != nil {
		return nil, b.before
	}
	reply, err := b.MemoryStore.Execute(ctx, command)
	if _, done := reply.(*Done); done && b.after != nil {
		return nil, b.after
	}
	return reply, err
}

func TestAStoresErrorIsTold(t *testing.T) {
	_, issuer, _ := pair(t)
	outage := errors.New("connection refused")
	for _, c := range []struct {
		before error
		code   Code
	}{
		{errors.Join(ErrStoreUnavailable, outage), ErrStoreUnavailable},
		{errors.Join(ErrStoreCorrupt, outage), ErrStoreCorrupt},
		{outage, ErrStoreUnknown},
	} {
		err := issuer.DisableClient(t.Context(), &broken{before: c.before}, "c1")
		if !errors.Is(err, c.code) || !errors.Is(err, outage) {
			t.Errorf("%v is not %s and the outage", err, c.code.Name())
		}
	}
	if err := issuer.RevokeAll(t.Context(), nil); !errors.Is(err, ErrStoreUnavailable) {
		t.Error(err)
	}
}

// A write whose answer was lost is found again by its version.
func TestALostAnswerIsNoLostWrite(t *testing.T) {
	_, issuer, _ := pair(t)
	store := &broken{after: errors.New("the answer was lost")}
	client := Client{ID: "c1", Organization: "org", Secret: "s1", Permissions: []Permission{PermissionClientCredentials}}
	must(t, issuer.CreateClient(t.Context(), store, client))
	store.after = nil
	token, err := issuer.ClientCredentials(t.Context(), store, ClientCredentialsRequest{ClientID: "c1", ClientSecret: "s1"})
	must(t, err)
	active, err := issuer.Check(t.Context(), store, token.AccessToken)
	must(t, err)
	if active.ClientID != "c1" || !active.ExpiresAt.Equal(active.IssuedAt.Add(time.Hour)) {
		t.Errorf("%+v", active)
	}
	must(t, issuer.DisableClient(t.Context(), store, "c1"))
	if _, err := issuer.Check(t.Context(), store, token.AccessToken); !errors.Is(err, ErrTokenRevoked) {
		t.Error(err)
	}
}

func TestMemoryStore(t *testing.T) {
	store := NewMemoryStore(1000)
	do := func(command Command) Reply {
		t.Helper()
		reply, err := store.Execute(t.Context(), command)
		must(t, err)
		return reply
	}
	entry := &Entry{Version: "version1", Value: []byte("v"), ExpiresAtMillis: 7}
	if _, done := do(&Cas{"k", "", entry}).(*Done); !done {
		t.Error("not inserted")
	}
	entry.Value[0] = 'w' // the store has its own copy
	for _, expect := range []Version{"", "version2"} {
		if conflict, ok := do(&Cas{"k", expect, nil}).(*Conflict); !ok || string(conflict.Entry.Value) != "v" {
			t.Errorf("expecting %q: %+v", expect, conflict)
		}
	}
	loaded := do(&Load{[]Key{"k", "other"}}).(*Loaded)
	if len(loaded.Entries) != 2 || loaded.Entries[0].Version != "version1" || loaded.Entries[1] != nil {
		t.Errorf("%+v", loaded)
	}
	// Full means refused; forgetting makes room.
	large := &Entry{Version: "version3", Value: make([]byte, 800)}
	if _, err := store.Execute(t.Context(), &Cas{"l", "", large}); !errors.Is(err, ErrStoreUnavailable) {
		t.Error(err)
	}
	if removed := store.Sweep(time.UnixMilli(7).Add(StoreSlack)); removed != 0 {
		t.Error("swept too early")
	}
	if removed := store.Sweep(time.UnixMilli(8).Add(StoreSlack)); removed != 1 {
		t.Error("not swept")
	}
	do(&Cas{"l", "", large})
	do(&Cas{"l", "version3", nil})
	large.Value = make([]byte, MaxValue+1)
	if _, err := store.Execute(t.Context(), &Cas{"l", "", large}); !errors.Is(err, ErrStoreTooLarge) {
		t.Error(err)
	}
	limit := &Throttle{Key: "t", IntervalMicros: 10, BurstMicros: 20, Cost: 1, NowMicros: 100}
	for _, tat := range []uint64{110, 120} {
		if reply, ok := do(limit).(*Admitted); !ok || reply.TatMicros != tat {
			t.Errorf("%+v", reply)
		}
	}
	if reply, ok := do(limit).(*Denied); !ok || reply.TatMicros != 120 {
		t.Errorf("%+v", reply)
	}
}

func TestHostKeys(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	curve := func(c elliptic.Curve) crypto.Signer {
		key, err := ecdsa.GenerateKey(c, rand.Reader)
		must(t, err)
		return key
	}
	for alg, key := range map[Algorithm]crypto.Signer{
		RS256: rsaKey, RS512: rsaKey, PS256: rsaKey, PS384: rsaKey, EdDSA: edKey,
		ES256: curve(elliptic.P256()), ES384: curve(elliptic.P384()), ES512: curve(elliptic.P521()),
	} {
		// Another key under the same id, which its algorithm tells apart.
		other := HostKey("kms", EdDSA, edKey)
		if alg == EdDSA {
			other = HostKey("kms", ES256, curve(elliptic.P256()))
		}
		keys, err := NewKeySet(HostKey("kms", alg, key), HMAC("k1", HS256, testSecret), other)
		must(t, err)
		issuer, err := NewIssuer(keys, "https://a.example", Audience("app"))
		must(t, err)
		verifier, err := NewVerifier(keys, FromIssuer("https://a.example"), Audience("app"), Algorithms(alg))
		must(t, err)
		for range 20 { // now and then r or s is short
			token, err := issuer.Mint(map[string]string{"sub": "s"}, time.Hour)
			must(t, err)
			var claims RegisteredClaims
			if err := verifier.Verify(token, &claims); err != nil || claims.Subject != "s" {
				t.Fatalf("%s: %v", alg, err)
			}
		}
	}
	for alg, key := range map[Algorithm]crypto.Signer{ES256: rsaKey, RS256: edKey, EdDSA: curve(elliptic.P256()), HS256: rsaKey, "": edKey} {
		if _, err := NewKeySet(HostKey("kms", alg, key)); !errors.Is(err, ErrKeyUsage) {
			t.Errorf("%q: %v", alg, err)
		}
	}
	if _, err := NewKeySet(HostKey("kms", ES384, curve(elliptic.P256()))); err == nil {
		t.Error("a key of another curve passes")
	}
}

// away is a service that has a key and cannot be reached, or gives nonsense.
type away struct {
	crypto.Signer
	gives []byte
	err   error
}

func (a away) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return a.gives, a.err }

func TestAHostKeyThatFails(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	outage := errors.New("the service is away")
	for _, service := range []away{{key, nil, outage}, {key, []byte("no DER"), nil}, {key, []byte{0x30, 6, 2, 1, 0, 2, 1, 1}, nil}} {
		keys, err := NewKeySet(HostKey("kms", ES256, service))
		must(t, err)
		issuer, err := NewIssuer(keys, "https://a.example", Audience("app"))
		must(t, err)
		_, err = issuer.Mint(nil, time.Hour)
		if !errors.Is(err, ErrStoreUnavailable) && !errors.Is(err, ErrKeysUnavailable) {
			t.Error(err)
		}
		if service.err != nil && !errors.Is(err, outage) {
			t.Error(err)
		}
		if err != nil && strings.Contains(err.Error(), "no DER") {
			t.Error("what the service gave is shown")
		}
	}
}
