package tokenmint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

var testSecret = []byte("0123456789abcdef0123456789ABCDEF")

const testConfig = `{"keys":[{"kid":"k1","secret":"a secret of at least thirty-two bytes"}],"mercoa":{"issuer":"i","key":"k1"}}`

func pair(t testing.TB, opts ...HostOption) (*KeySet, *Issuer, *Verifier) {
	t.Helper()
	keys, err := NewKeySet(HMAC("k1", HS256, testSecret))
	must(t, err)
	issuerOptions, verifierOptions := []IssuerOption{Audience("app")}, []VerifierOption{FromIssuer("https://a.example"), Audience("app")}
	for _, option := range opts {
		issuerOptions, verifierOptions = append(issuerOptions, option), append(verifierOptions, option)
	}
	issuer, err := NewIssuer(keys, "https://a.example", issuerOptions...)
	must(t, err)
	verifier, err := NewVerifier(keys, verifierOptions...)
	must(t, err)
	return keys, issuer, verifier
}

func TestNothingIsUsedAfterClose(t *testing.T) {
	keys, issuer, verifier := pair(t)
	endpoint, err := NewEndpoint([]byte(testConfig), &MemoryStore{})
	must(t, err)
	// What was made from keys keeps them.
	window, err := NewProofWindow(10)
	must(t, err)
	must(t, keys.Close())
	token, err := issuer.Mint(nil, time.Hour)
	must(t, err)
	must(t, verifier.Verify(token, nil))
	for range 2 {
		must(t, issuer.Close())
		must(t, window.Close())
		if err := verifier.VerifyBound(window, BoundRequest{Token: token}, nil); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		must(t, verifier.Close())
		must(t, endpoint.Close())
		must(t, keys.Close())
	}
	_, mint := issuer.Mint(nil, time.Hour)
	_, jws := verifier.VerifyJWS(token)
	_, explain := verifier.Explain(token)
	_, public := keys.PublicJWKS()
	_, fromKeys := NewIssuer(keys, "i")
	_, verifierFromKeys := NewVerifier(keys, FromIssuer("i"), Audience("a"))
	response := httptest.NewRecorder()
	endpoint.ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/", nil))
	if response.Code != http.StatusInternalServerError {
		t.Errorf("a closed endpoint answers %d", response.Code)
	}
	for i, err := range []error{mint, jws, explain, public, fromKeys, verifierFromKeys, verifier.Verify(token, nil),
		verifier.VerifyWithCertificate(token, [32]byte{}, nil),
		issuer.RevokeAll(t.Context(), &MemoryStore{}), endpoint.Prepare(t.Context())} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("call %d: %v", i, err)
		}
	}
}

func TestTheZeroValueIsClosed(t *testing.T) {
	var issuer Issuer
	if _, err := issuer.Mint(nil, time.Hour); err != ErrClosed {
		t.Error(err)
	}
	must(t, issuer.Close())
}

func TestErrorsHaveTheirCode(t *testing.T) {
	keys, issuer, verifier := pair(t)
	token, err := issuer.Mint(nil, time.Hour)
	must(t, err)
	old, err := NewVerifier(keys, FromIssuer("https://a.example"), Audience("app"), Clock(func() time.Time { return time.Now().Add(2 * time.Hour) }))
	must(t, err)
	mint := func(claims any, lifetime time.Duration) error {
		_, err := issuer.Mint(claims, lifetime)
		return err
	}
	set := func(sources ...KeySource) error {
		_, err := NewKeySet(sources...)
		return err
	}
	_, noKeys := NewIssuer(keys, "")
	_, noExpectation := NewVerifier(keys)
	_, unknownField := NewIssuerFromJSON(keys, []byte(`{"issuer":"i","lifetme":"1h"}`))
	_, wrongConfig := NewEndpoint([]byte("["), &MemoryStore{})
	_, rsa := GenerateKey("k", RS256)
	_, unknownOption := issuer.EntityToken(context.Background(), &MemoryStore{}, EntityTokenRequest{
		Bearer:  "b",
		Target:  EntityTarget{Entity: "e"},
		Options: map[string]any{"pages": map[string]any{"approvls": true}},
	})
	var number struct {
		Subject int `json:"iss"`
	}
	for i, c := range []struct {
		err  error
		code Code
	}{
		{verifier.Verify("", nil), ErrTokenMalformed},
		{verifier.Verify("\xff.\xff.", nil), ErrTokenEncoding},
		{verifier.Verify(token+"=", nil), ErrTokenEncoding},
		{verifier.Verify(token+token[:1]+"AAA", nil), ErrSignatureInvalid},
		{old.Verify(token, nil), ErrTokenExpired},
		{verifier.Verify(token, &number), ErrClaimsShape},
		{verifier.Verify(token, number), ErrClaimsShape},
		{mint(map[string]any{"iss": "me"}, time.Hour), ErrClaimReserved},
		{mint([]int{1}, time.Hour), ErrClaimsNotObject},
		{mint(func() {}, time.Hour), ErrClaimsNotJSON},
		{mint(math.NaN(), time.Hour), ErrClaimsNotJSON},
		{mint(nil, 0), ErrLifetimeNotPositive},
		{mint(nil, -time.Hour), ErrLifetimeNotPositive},
		{mint(nil, 999*time.Millisecond), ErrLifetimeUnderOneSecond},
		{set(), ErrKeyMissing},
		{set(HMAC("", HS256, testSecret[:31])), ErrKeyWeak},
		{set(HMAC("", HS256, nil)), ErrKeyWeak},
		{set(HMAC("k", HS256, testSecret), HMAC("k", HS256, testSecret)), ErrKeyDuplicate},
		{set(HMAC("k", HS256, testSecret), PEM("", "", []byte("no PEM"))), ErrKeyMalformed},
		{set(PEM("", "", nil), HMAC("k", HS256, testSecret)), ErrKeyMalformed},
		{set(JWK("", []byte("{}"))), ErrKeyMalformed},
		{set(JWKS([]byte("{}"))), ErrKeyMalformed},
		{noKeys, ErrPolicyInvalid},
		{noExpectation, ErrPolicyInvalid},
		{unknownField, ErrPolicyInvalid},
		{wrongConfig, ErrPolicyInvalid},
		{rsa, ErrKeyUnsupported},
		{unknownOption, ErrFieldInvalid},
		{VerifyCredential("no hash", "s"), ErrInvalidRequest},
	} {
		if !errors.Is(c.err, c.code) {
			t.Errorf("case %d: %v is not %s", i, c.err, c.code.Name())
		}
		if errors.Is(c.err, ErrInternal) {
			t.Errorf("case %d: every error is internal", i)
		}
	}
	var said *Error
	if !errors.As(unknownOption, &said) || said.Field != "options.pages.approvls" {
		t.Errorf("%v does not name the option", unknownOption)
	}
}

func TestACodeKnowsItsRow(t *testing.T) {
	c := ErrTokenExpired
	if c.Name() != "token_expired" || c.HTTPStatus() != 401 || c.OAuthError() != "invalid_token" || int(c) != 313 {
		t.Errorf("%s %d %s", c.Name(), c.HTTPStatus(), c.OAuthError())
	}
	if Code(-1).Name() != "unknown" {
		t.Error(Code(-1).Name())
	}
}

func TestARefusedTokenLeavesTheClaimsAlone(t *testing.T) {
	_, issuer, verifier := pair(t)
	token, err := issuer.Mint(map[string]any{"sub": "other"}, time.Hour)
	must(t, err)
	claims := RegisteredClaims{Subject: "mine"}
	if err := verifier.Verify(token+"A", &claims); err == nil || claims.Subject != "mine" {
		t.Error(err, claims)
	}
}

func TestClaimsComeBack(t *testing.T) {
	_, issuer, verifier := pair(t)
	type mine struct {
		RegisteredClaims
		Big   uint64         `json:"big"`
		Less  string         `json:"less"`
		Other map[string]any `json:"other"`
	}
	given := mine{RegisteredClaims{Subject: "s", Audience: StringList{"app", "b"}, ID: "id", NotBefore: UnixTime{time.Unix(5, 0)}},
		math.MaxUint64, "<&>", map[string]any{"n": json.Number("9007199254740993")}}
	token, err := issuer.Mint(given, time.Hour)
	must(t, err)
	var found mine
	must(t, verifier.Verify(token, &found))
	if !found.ExpiresAt.Equal(found.IssuedAt.Add(time.Hour)) || found.Issuer != "https://a.example" {
		t.Errorf("%+v", found)
	}
	found.Issuer, found.ExpiresAt, found.IssuedAt = "", UnixTime{}, UnixTime{}
	if fmt.Sprintf("%+v", found) != fmt.Sprintf("%+v", given) {
		t.Errorf("%+v instead of %+v", found, given)
	}
	// Numbers of a map are exact, too.
	var all map[string]any
	must(t, verifier.Verify(token, &all))
	if all["big"] != json.Number("18446744073709551615") {
		t.Errorf("%v", all["big"])
	}
	raw, err := verifier.VerifyJSON(token)
	must(t, err)
	if !bytes.Contains(raw, []byte(`"less":"<&>"`)) {
		t.Errorf("%s", raw)
	}
}

// Whoever may set custom claims must not set those that were verified.
func TestACaseOfLettersIsNoOtherClaim(t *testing.T) {
	_, issuer, verifier := pair(t)
	for member, refused := range map[string]bool{
		`"SUB"`: true, `"Sub"`: true, `"\u0053ub"`: true, `"ſub"`: true, `"subs"`: false, `"x":{"SUB":1},"y"`: false, `"a\\\"":"SUB","z"`: false,
	} {
		token, err := issuer.Mint(json.RawMessage(`{"sub":"mine",`+member+`:"other"}`), time.Hour)
		must(t, err)
		var claims RegisteredClaims
		err = verifier.Verify(token, &claims)
		if errors.Is(err, ErrClaimsShape) != refused || !refused && claims.Subject != "mine" {
			t.Errorf("%s: %v %q", member, err, claims.Subject)
		}
		// Of a field without a tag the spelling is free, but there is one.
		var untagged struct{ Sub string }
		if err := verifier.Verify(token, &untagged); errors.Is(err, ErrClaimsShape) != refused || !refused && untagged.Sub != "mine" {
			t.Errorf("%s: %v %q", member, err, untagged.Sub)
		}
		// In a map they are two.
		var all map[string]any
		if err := verifier.Verify(token, &all); err != nil || all["sub"] != "mine" {
			t.Errorf("%s: %v %v", member, err, all)
		}
	}
}

func TestALargeTokenSpills(t *testing.T) {
	_, issuer, verifier := pair(t)
	large := strings.Repeat("x", 8000)
	token, err := issuer.Mint(map[string]string{"large": large}, time.Hour)
	must(t, err)
	var claims struct{ Large string }
	must(t, verifier.Verify(token, &claims))
	if claims.Large != large {
		t.Error("the claims are others")
	}
}

func TestFractionsOfTime(t *testing.T) {
	var found UnixTime
	must(t, json.Unmarshal([]byte("1.5"), &found))
	if found.UnixNano() != 1_500_000_000 {
		t.Error(found)
	}
	if err := json.Unmarshal([]byte(`"1"`), &found); err == nil {
		t.Error("a text is no time")
	}
	now := time.Unix(1_700_000_000, 0)
	for _, late := range []string{"1700000000000", "9223372036854775807", "18446744073709551616", "1e300"} {
		must(t, json.Unmarshal([]byte(late), &found))
		if !found.After(now) {
			t.Errorf("%s became %d, which is not after now", late, found.Unix())
		}
		must(t, json.Unmarshal([]byte("-"+late), &found))
		if !found.Before(now) {
			t.Errorf("-%s became %d, which is not before now", late, found.Unix())
		}
	}
	_, issuer, verifier := pair(t)
	token, err := issuer.Mint(nil, 90*time.Second+500*time.Millisecond)
	must(t, err)
	var claims RegisteredClaims
	must(t, verifier.Verify(token, &claims))
	if claims.ExpiresAt.Sub(claims.IssuedAt.Time) != 90*time.Second {
		t.Error("a lifetime is rounded down")
	}
}

func TestWithoutRandomnessNothingIsMinted(t *testing.T) {
	_, issuer, _ := pair(t, Randomness(strings.NewReader("too short")))
	if _, err := issuer.Mint(nil, time.Hour); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}

func TestCredentials(t *testing.T) {
	secret, hash, err := GenerateCredential()
	must(t, err)
	must(t, VerifyCredential(hash, secret))
	if err := VerifyCredential(hash, secret[1:]); !errors.Is(err, ErrInvalidClient) {
		t.Error(err)
	}
	if again, err := HashCredential(secret); err != nil || again != hash {
		t.Error(again, err)
	}
}

func TestManyGoroutinesShareAnIssuer(t *testing.T) {
	_, issuer, verifier := pair(t)
	var group sync.WaitGroup
	for worker := range 16 {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := range 200 {
				claims := map[string]any{"sub": fmt.Sprint(worker, i)}
				token, err := issuer.Mint(claims, time.Hour)
				if err != nil {
					t.Error(err)
					return
				}
				var found RegisteredClaims
				if err := verifier.Verify(token, &found); err != nil || found.Subject != claims["sub"] {
					t.Error(err, found)
				}
			}
		}()
	}
	group.Wait()
}

// A flow gives what it promises whoever else is under way: of many redeemers one gets the link.
func TestOneOfManyRedeemsALink(t *testing.T) {
	now := time.Now()
	raceForALink(t, sessions(t, &now), &MemoryStore{})
}

// What a call uses lives as long as the call, though nothing else refers to it: the build with the tag tokenmint_gc
// collects garbage in the middle.
func TestMintAndVerifyWithWhatNobodyKeeps(t *testing.T) {
	keys, issuer, _ := pair(t)
	token, err := issuer.Mint(nil, time.Hour)
	must(t, err)
	fresh := func() (*Issuer, *Verifier) {
		_, issuer, verifier := pair(t)
		return issuer, verifier
	}
	for range 20 {
		issuer, verifier := fresh()
		must(t, issuer.RevokeAll(t.Context(), &MemoryStore{}))
		must(t, verifier.Verify(token, nil))
		_, other := fresh()
		if explained, err := other.Explain(token); err != nil || !explained.Accepted {
			t.Error(err)
		}
		minter, _ := fresh()
		if _, err := minter.Mint(nil, time.Hour); err != nil {
			t.Error(err)
		}
	}
	must(t, keys.Close())
}

func TestClosingWhileOthersCall(t *testing.T) {
	for range 50 {
		_, issuer, _ := pair(t)
		var group sync.WaitGroup
		for range 4 {
			group.Add(1)
			go func() {
				defer group.Done()
				for {
					if _, err := issuer.Mint(nil, time.Hour); err != nil {
						if err != ErrClosed {
							t.Error(err)
						}
						return
					}
				}
			}()
		}
		must(t, issuer.Close())
		group.Wait()
	}
}

// What nobody closes is given back all the same: memory stays flat.
func TestMemoryStaysFlat(t *testing.T) {
	calls, handles := 1_000_000, 100_000
	if testing.Short() {
		calls, handles = 20_000, 2_000
	}
	keys, issuer, verifier := pair(t)
	body := json.RawMessage(`{"sub":"ent_1","jti":"id","pages":{"invoices":true}}`)
	work := func(calls, handles int) {
		for range calls {
			token, err := issuer.Mint(body, time.Hour)
			must(t, err)
			if _, err := verifier.VerifyJSON(token); err != nil {
				t.Fatal(err)
			}
			if err := verifier.Verify(token[1:], nil); err == nil {
				t.Fatal("a spoilt token passes")
			}
		}
		for range handles {
			_, err := NewIssuer(keys, "https://a.example")
			must(t, err)
		}
		runtime.GC()
	}
	work(calls/10, handles/10)
	// What leaks leaks each time; a collector that comes late, on a busy machine, does so once.
	var grown int64
	for range 3 {
		before := resident(t)
		work(calls, handles)
		if grown = resident(t) - before; grown <= 16<<20 {
			return
		}
	}
	t.Errorf("%d MiB more after %d calls", grown>>20, calls)
}

// resident is the memory of the process, the library's included.
func resident(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("this system does not tell: ", err)
	}
	var total, pages int64
	_, err = fmt.Sscan(string(text), &total, &pages)
	must(t, err)
	return pages * int64(os.Getpagesize())
}

func TestAFieldThatIsNotKnownIsNamed(t *testing.T) {
	_, issuer, _ := pair(t)
	for field, options := range map[string]any{
		"options.pgaes":      map[string]any{"pgaes": map[string]any{}},
		"options.pages.nope": json.RawMessage(`{"pages":{"nope":true}}`),
	} {
		_, err := issuer.EntityToken(t.Context(), &MemoryStore{}, EntityTokenRequest{Bearer: "key", Target: EntityTarget{Entity: "e"}, Options: options})
		var refused *Error
		if !errors.As(err, &refused) || refused.Code != ErrFieldInvalid || refused.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestEndpointRefusesWhatIsNoRequest(t *testing.T) {
	endpoint, err := NewEndpoint([]byte(testConfig), &MemoryStore{})
	must(t, err)
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	request.Method = "G T"
	response := httptest.NewRecorder()
	endpoint.ServeHTTP(response, request)
	if response.Code != http.StatusBadRequest {
		t.Errorf("%d %s", response.Code, response.Body)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, issuer, _ := pair(t)
	if err := issuer.RevokeAll(ctx, &MemoryStore{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
