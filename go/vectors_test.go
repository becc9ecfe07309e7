package tokenmint

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The vectors are those of every language: exact bytes in, exact bytes out.

func readVectors(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../bindings-tests/vectors", name))
	must(t, err)
	must(t, json.Unmarshal(text, into))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// codeOf is the name of an error's code; empty where there is no error.
func codeOf(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	refused, ok := err.(*Error)
	if !ok {
		t.Fatalf("a foreign error: %v", err)
	}
	return refused.Code.Name()
}

// moment is the time and the randomness of a case.
type moment struct {
	now  time.Time
	seed io.Reader
}

func (m *moment) options() []HostOption {
	return []HostOption{Clock(func() time.Time { return m.now }), Randomness(m)}
}

func (m *moment) Read(p []byte) (int, error) { return m.seed.Read(p) }

func (m *moment) set(t *testing.T, now int64, seed string) {
	t.Helper()
	bytes_, err := hex.DecodeString(seed)
	must(t, err)
	m.now, m.seed = time.Unix(now, 0), bytes.NewReader(bytes_)
}

func TestVectorsLifetimes(t *testing.T) {
	var file struct {
		Cases []struct {
			ID, Function string
			Input        json.RawMessage
			Iat          int64
			Expect       struct {
				Seconds *uint64
				Exp     *int64
				Text    *string
				Error   string
			}
		}
	}
	readVectors(t, "lifetimes.json", &file)
	for _, c := range file.Cases {
		var err error
		switch c.Function {
		case "parse":
			var found Lifetime
			if found, err = ParseLifetime(textOf(t, c.Input)); err == nil && uint64(found) != *c.Expect.Seconds {
				t.Errorf("%s: %d", c.ID, found)
			}
		case "from_json":
			var found Lifetime
			if err = found.UnmarshalJSON([]byte(textOf(t, c.Input))); err == nil && uint64(found) != *c.Expect.Seconds {
				t.Errorf("%s: %d", c.ID, found)
			}
		case "format":
			var input uint64
			must(t, json.Unmarshal(c.Input, &input))
			var found string
			if found, err = formatLifetime(Lifetime(input)); err == nil && found != *c.Expect.Text {
				t.Errorf("%s: %s", c.ID, found)
			}
		case "node_jsonwebtoken":
			var found time.Time
			if found, err = NodeExpiry(textOf(t, c.Input), time.Unix(c.Iat, 0)); err == nil && found.Unix() != *c.Expect.Exp {
				t.Errorf("%s: %d", c.ID, found.Unix())
			}
		default:
			t.Fatalf("%s: %s", c.ID, c.Function)
		}
		if code := codeOf(t, err); code != c.Expect.Error {
			t.Errorf("%s: %q instead of %q", c.ID, code, c.Expect.Error)
		}
	}
}

func textOf(t *testing.T, input json.RawMessage) (text string) {
	t.Helper()
	must(t, json.Unmarshal(input, &text))
	return text
}

// described is an issuer as the files describe one: its policy, and its key as a JWK or as the path of a PEM.
func described(t *testing.T, policy json.RawMessage, m *moment, opts ...HostOption) (*Issuer, *KeySet) {
	t.Helper()
	var fields map[string]json.RawMessage
	must(t, json.Unmarshal(policy, &fields))
	var file struct {
		Alg      Algorithm
		Kid, PEM string
	}
	must(t, json.Unmarshal(fields["key"], &file))
	source := JWK("", fields["key"])
	if file.PEM != "" {
		block, err := os.ReadFile(filepath.Join("..", file.PEM))
		must(t, err)
		source = PEM(file.Kid, file.Alg, block)
	}
	keys, err := NewKeySet(source)
	must(t, err)
	delete(fields, "key")
	config, err := json.Marshal(fields)
	must(t, err)
	issuer, err := NewIssuerFromJSON(keys, config, append(opts, m.options()...)...)
	must(t, err)
	return issuer, keys
}

func TestVectorsMint(t *testing.T) {
	var file struct {
		Issuers map[string]json.RawMessage
		Cases   []struct {
			ID, Issuer, Seed string
			Now              int64
			ExpiresIn        string `json:"expires_in"`
			Claims           json.RawMessage
			Members          string
			Output           struct {
				Token        string
				SigningInput string `json:"signing_input"`
			}
			Error string
		}
	}
	readVectors(t, "mint.json", &file)
	for _, c := range file.Cases {
		var m moment
		issuer, keys := described(t, file.Issuers[c.Issuer], &m)
		m.set(t, c.Now, c.Seed)
		token, err := mintVector(issuer, c.Claims, c.Members, c.ExpiresIn)
		if code := codeOf(t, err); code != c.Error {
			t.Errorf("%s: %q instead of %q", c.ID, code, c.Error)
		}
		if err != nil {
			continue
		}
		if c.Output.SigningInput != "" {
			// Signatures that are random by nature are verified instead.
			input := token[:strings.LastIndexByte(token, '.')]
			verifier, err := NewVerifier(keys, AnyIssuer(), AnyAudience())
			must(t, err)
			if _, err := verifier.VerifyJWS(token); err != nil || input != c.Output.SigningInput {
				t.Errorf("%s: %s, %v", c.ID, input, err)
			}
		} else if token != c.Output.Token {
			t.Errorf("%s: %s instead of %s", c.ID, token, c.Output.Token)
		}
	}
}

func mintVector(issuer *Issuer, claims json.RawMessage, members, expiresIn string) (string, error) {
	lifetime, err := ParseLifetime(expiresIn)
	if err != nil {
		return "", err
	}
	return issuer.Mint(claims, lifetime.Duration(), Members(json.RawMessage(members)))
}

type verifyCase struct {
	ID, Mode, Expect, Code string
	Key, JWKS              json.RawMessage
	AllowedAlgs            []Algorithm `json:"allowed_algs"`
	Opts                   struct {
		Now      int64
		Leeway   uint64
		Iss, Aud *StringList
		Sub, Typ *string
		Required []string
		MaxAge   *int64 `json:"max_age"`
	}
	Token    *string
	TokenRLE [][2]any `json:"token_rle"`
	Claims   any
}

func TestVectorsVerify(t *testing.T) {
	var file struct{ Cases []verifyCase }
	readVectors(t, "verify.json", &file)
	accepted := 0
	for _, c := range file.Cases {
		claims, err := c.verdict(t)
		if code := codeOf(t, err); code != c.Code || (err == nil) != (c.Expect == "valid") {
			t.Errorf("%s: %q instead of %q: %v", c.ID, code, c.Code, err)
		}
		if err == nil {
			accepted++
		}
		if err == nil && c.Claims != nil {
			var found any
			must(t, json.Unmarshal(claims, &found))
			if !reflect.DeepEqual(found, c.Claims) {
				t.Errorf("%s: %s", c.ID, claims)
			}
		}
	}
	t.Logf("%d cases: %d accepted, %d refused", len(file.Cases), accepted, len(file.Cases)-accepted)
}

func TestVectorsDPoP(t *testing.T) {
	var file struct {
		Issuer   struct{ Key json.RawMessage }
		Verifier map[string]json.RawMessage
		Cases    []struct {
			ID                        string
			Now                       int64
			Token, Proof, Method, URL string
			DPoP                      json.RawMessage
			Error, Field              string
			Output                    struct{ JKT string }
		}
	}
	readVectors(t, "dpop.json", &file)
	keys, err := NewKeySet(JWK("", file.Issuer.Key))
	must(t, err)
	for _, c := range file.Cases {
		config := maps.Clone(file.Verifier)
		if c.DPoP != nil {
			config["dpop"] = c.DPoP
		}
		text, err := json.Marshal(config)
		must(t, err)
		clock := Clock(func() time.Time { return time.Unix(c.Now, 0) })
		verifier, err := NewVerifierFromJSON(keys, text, clock)
		must(t, err)
		window, err := NewProofWindow(1)
		must(t, err)
		var claims struct {
			Confirmation struct {
				JKT string `json:"jkt"`
			} `json:"cnf"`
		}
		request := BoundRequest{Token: c.Token, Proof: c.Proof, Method: c.Method, URL: c.URL}
		err = verifier.VerifyBound(window, request, &claims)
		var refused Error
		if err != nil {
			refused = *err.(*Error)
		}
		if codeOf(t, err) != c.Error || refused.Field != c.Field || claims.Confirmation.JKT != c.Output.JKT {
			t.Errorf("%s: %v instead of %s at %s", c.ID, err, c.Error, c.Field)
		}
		must(t, verifier.Close())
		must(t, window.Close())
	}
}

func TestVectorsProofs(t *testing.T) {
	var file struct {
		Verifier, JWKS json.RawMessage
		Cases          []struct {
			ID     string
			Window int
			Steps  []struct {
				Now                       int64
				Token, Proof, Method, URL string
				Certificate               string `json:"certificate_sha256"`
				Claims                    any
				Error                     string
			}
		}
	}
	readVectors(t, "proofs.json", &file)
	keys, err := NewKeySet(JWKS(file.JWKS))
	must(t, err)
	var now int64
	clock := Clock(func() time.Time { return time.Unix(now, 0) })
	verifier, err := NewVerifierFromJSON(keys, file.Verifier, clock)
	must(t, err)
	for _, c := range file.Cases {
		window, err := NewProofWindow(cmp.Or(c.Window, 10))
		must(t, err)
		for number, step := range c.Steps {
			now = step.Now
			var text json.RawMessage
			if step.Certificate == "" {
				request := BoundRequest{Token: step.Token, Proof: step.Proof, Method: step.Method, URL: step.URL}
				err = verifier.VerifyBound(window, request, &text)
			} else {
				hash, wrong := hex.DecodeString(step.Certificate)
				must(t, wrong)
				err = verifier.VerifyWithCertificate(step.Token, [32]byte(hash), &text)
			}
			var claims any
			if err == nil {
				must(t, json.Unmarshal(text, &claims))
			}
			if code := codeOf(t, err); code != step.Error || !reflect.DeepEqual(claims, step.Claims) {
				t.Errorf("%s, step %d: %q instead of %q: %s", c.ID, number, code, step.Error, text)
			}
		}
		must(t, window.Close())
	}
}

func (c *verifyCase) token() string {
	if c.Token != nil {
		return *c.Token
	}
	var token strings.Builder
	for _, part := range c.TokenRLE {
		token.WriteString(strings.Repeat(part[0].(string), int(part[1].(float64))))
	}
	return token.String()
}

// verdict does what a program would: keys, a verifier, and its one call.
func (c *verifyCase) verdict(t *testing.T) (json.RawMessage, error) {
	token := c.token()
	algorithms := c.algorithms(token)
	if len(algorithms) == 0 && len(c.AllowedAlgs) > 0 {
		return nil, &Error{Code: ErrAlgorithmNotAllowed}
	}
	keys, err := c.keys(t, algorithms)
	if err != nil {
		return nil, err
	}
	opts := []VerifierOption{Algorithms(algorithms...), common{"leeway_seconds", c.Opts.Leeway}}
	opts = append(opts, Clock(func() time.Time { return time.Unix(c.Opts.Now, 0) }), Require(c.Opts.Required...))
	opts = append(opts, oneOf(c.Opts.Iss, FromIssuer, AnyIssuer()))
	opts = append(opts, oneOf(c.Opts.Aud, func(names ...string) VerifierOption { return Audience(names...) }, AnyAudience()))
	if c.Opts.Typ != nil {
		opts = append(opts, TokenType(*c.Opts.Typ))
	} else {
		opts = append(opts, AnyTokenType())
	}
	if c.Opts.Sub != nil {
		opts = append(opts, Subject(*c.Opts.Sub))
	}
	if !strings.Contains(strings.Join(c.Opts.Required, " "), "exp") {
		opts = append(opts, WithoutExpiry())
	}
	if c.Opts.MaxAge != nil {
		opts = append(opts, MaxAge(time.Duration(*c.Opts.MaxAge)*time.Second))
	}
	verifier, err := NewVerifier(keys, opts...)
	if err != nil {
		return nil, err
	}
	if c.Mode == "jws" {
		_, err := verifier.VerifyJWS(token)
		return nil, err
	}
	claims, err := verifier.VerifyJSON(token)
	explained, explainError := verifier.Explain(token)
	must(t, explainError)
	if explained.Accepted != (err == nil) || explained.Error != codeOf(t, err) {
		t.Errorf("%s: the explanation is another: %+v", c.ID, explained)
	}
	return claims, err
}

func oneOf(given *StringList, expect func(...string) VerifierOption, otherwise VerifierOption) VerifierOption {
	switch {
	case given == nil:
		return otherwise
	case len(*given) == 0:
		return expect("")
	}
	return expect(*given...)
}

// algorithms are the allowed ones that there are. The one that the token names stands first, so that a JWK which names none
// is taken for that one.
func (c *verifyCase) algorithms(token string) (known []Algorithm) {
	var header struct{ Alg Algorithm }
	first, _, _ := strings.Cut(token, ".")
	if text, err := base64url.DecodeString(first); err == nil {
		_ = json.Unmarshal(text, &header) // what is no header names none
	}
	all := []Algorithm{HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, "Ed25519"}
	for _, allowed := range c.AllowedAlgs {
		if slices.Contains(all, allowed) {
			known = append(known, allowed)
		}
	}
	slices.SortStableFunc(known, func(a, b Algorithm) int {
		return cmp.Compare(b2i(b == header.Alg), b2i(a == header.Alg))
	})
	return known
}

func b2i(is bool) int {
	if is {
		return 1
	}
	return 0
}

func (c *verifyCase) keys(t *testing.T, algorithms []Algorithm) (*KeySet, error) {
	set := []byte(`{"keys":[]}`)
	if c.Key != nil && len(algorithms) > 0 {
		set = []byte(`{"keys":[` + string(c.Key) + `]}`)
	} else if c.JWKS != nil && len(algorithms) > 0 {
		set = c.JWKS
	}
	keys, err := NewKeySet(JWKS(set, algorithms...))
	if err != nil || len(keys.Skipped()) == 0 {
		return keys, err
	}
	var written struct{ Keys []json.RawMessage }
	must(t, json.Unmarshal(set, &written))
	if len(written.Keys) > len(keys.Skipped()) {
		return keys, nil
	}
	// Where no key is left, why the first was left out says more than that there is none.
	for code := range codes {
		if code.Name() == keys.Skipped()[0].Error {
			return nil, &Error{Code: code}
		}
	}
	return nil, ErrKeyMissing
}

func TestVectorsFlows(t *testing.T) {
	var file struct {
		Issuer map[string]json.RawMessage
		Cases  []struct {
			ID     string
			Policy map[string]json.RawMessage
			Steps  []struct {
				Op, Seed, Error string
				Now             int64
				Input, Output   json.RawMessage
				Events          []Event
			}
		}
	}
	readVectors(t, "flows.json", &file)
	for _, c := range file.Cases {
		policy := maps.Clone(file.Issuer)
		maps.Copy(policy, c.Policy)
		text, err := json.Marshal(policy)
		must(t, err)
		var m moment
		var events []Event
		issuer, _ := described(t, text, &m, OnEvent(func(_ context.Context, event Event) { events = append(events, event) }))
		store := &MemoryStore{}
		for number, step := range c.Steps {
			m.set(t, step.Now, step.Seed)
			events = []Event{}
			output, err := operation(t.Context(), issuer, store, step.Op, step.Input)
			if code := codeOf(t, err); code != step.Error {
				t.Fatalf("%s, step %d, %s: %q instead of %q: %v", c.ID, number, step.Op, code, step.Error, err)
			}
			if err == nil {
				found, err := json.Marshal(output)
				must(t, err)
				sameJSON(t, c.ID+" "+step.Op, found, step.Output)
			}
			if !reflect.DeepEqual(events, step.Events) {
				t.Errorf("%s, step %d, %s: events %v instead of %v", c.ID, number, step.Op, events, step.Events)
			}
		}
	}
}

// sameJSON compares values. What is absent here may be null or empty in the file.
func sameJSON(t *testing.T, what string, found, wanted json.RawMessage) {
	t.Helper()
	var left, right any
	must(t, json.Unmarshal(found, &left))
	must(t, json.Unmarshal(wanted, &right))
	if members, ok := right.(map[string]any); ok {
		for name, value := range members {
			if value == nil || value == "" {
				delete(members, name)
			}
		}
	}
	if !reflect.DeepEqual(left, right) {
		t.Errorf("%s: %s instead of %s", what, found, wanted)
	}
}

// operation runs the method of an operation's name: whatever is in the vector must be a field of its request.
func operation(ctx context.Context, issuer *Issuer, store Store, name string, input json.RawMessage) (any, error) {
	method := reflect.ValueOf(issuer).MethodByName(methodName(name))
	if !method.IsValid() {
		return nil, fmt.Errorf("there is no method for %s", name)
	}
	var members map[string]any
	if err := json.Unmarshal(input, &members); err != nil {
		return nil, err
	}
	for _, value := range members {
		if (value == 0.0 || value == "") && name != "change_client" { // In a request, a zero says nothing.
			var output json.RawMessage
			return output, issuer.operate(ctx, store, name, input, &output)
		}
	}
	args := []reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(&store).Elem()}
	if method.Type().NumIn() == 3 {
		arg := reflect.New(method.Type().In(2))
		if arg.Elem().Kind() == reflect.String {
			for _, value := range members { // The one field of its request.
				arg.Elem().SetString(value.(string))
			}
		} else {
			decoder := json.NewDecoder(bytes.NewReader(input))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(arg.Interface()); err != nil {
				return nil, err
			}
			keepOrder(arg.Elem(), input)
		}
		args = append(args, arg.Elem())
	}
	results := method.Call(args)
	err, _ := results[len(results)-1].Interface().(error)
	switch given := results[0].Interface().(type) {
	case nil, error:
		return struct{}{}, err
	case string: // The one field of its output.
		field := "token"
		if name == "check_proof" {
			field = "jkt"
		}
		return map[string]string{field: given}, err
	default:
		return given, err
	}
}

// keepOrder puts free JSON into a request as it stands in the vector: the order of claims is that of the token.
func keepOrder(request reflect.Value, input json.RawMessage) {
	var members map[string]json.RawMessage
	if json.Unmarshal(input, &members) != nil {
		return
	}
	for i := range request.NumField() {
		name, _, _ := strings.Cut(request.Type().Field(i).Tag.Get("json"), ",")
		if value, given := members[name]; given && request.Field(i).Kind() == reflect.Interface {
			request.Field(i).Set(reflect.ValueOf(value))
		}
	}
}

// methodName is an operation's name as Go has it.
func methodName(name string) string {
	words := strings.Split(name, "_")
	for i, word := range words {
		if word == "api" {
			words[i] = "API"
		} else {
			words[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, "")
}

func TestVectorsTranscripts(t *testing.T) {
	type message struct {
		Status               int
		Method, Target, Body string
		Headers              map[string]string
	}
	var file struct {
		Config json.RawMessage
		Cases  []struct {
			ID        string
			Exchanges []struct {
				Now               int64
				Seed              string
				Operation         string
				Input             json.RawMessage
				Request, Response message
			}
		}
	}
	readVectors(t, "transcripts.json", &file)
	exchanges := 0
	for _, c := range file.Cases {
		var m moment
		store := &MemoryStore{}
		endpoint, err := NewEndpoint(file.Config, store, m.options()...)
		must(t, err)
		issuer, err := endpoint.Issuer("")
		must(t, err)
		m.set(t, c.Exchanges[0].Now-1, strings.Repeat("ee", 32))
		must(t, endpoint.Prepare(t.Context()))
		var earlier []string
		for number, exchange := range c.Exchanges {
			m.set(t, exchange.Now, exchange.Seed)
			asked, wanted := exchange.Request, exchange.Response
			if exchange.Operation != "" {
				var output json.RawMessage
				must(t, issuer.operate(t.Context(), store, exchange.Operation, exchange.Input, &output))
				if string(output) != wanted.Body {
					t.Errorf("%s, exchange %d: %s instead of %s", c.ID, number, output, wanted.Body)
				}
				earlier = append(earlier, string(output))
				continue
			}
			if value := asked.Headers["authorization"]; value != strings.TrimSpace(value) {
				// No HTTP server gives a handler the blanks around a value (RFC 9110 section 5.5).
				earlier = append(earlier, "")
				continue
			}
			request := httptest.NewRequest(asked.Method, fill(t, asked.Target, earlier), strings.NewReader(fill(t, asked.Body, earlier)))
			for name, value := range asked.Headers {
				request.Header.Set(name, fill(t, value, earlier))
			}
			recorder := httptest.NewRecorder()
			endpoint.ServeHTTP(recorder, request)
			headers := map[string]string{}
			for name := range recorder.Header() {
				headers[strings.ToLower(name)] = recorder.Header().Get(name)
			}
			found := message{Status: recorder.Code, Headers: headers, Body: recorder.Body.String()}
			if !reflect.DeepEqual(found, wanted) {
				t.Errorf("%s, exchange %d:\n%+v\ninstead of\n%+v", c.ID, number, found, wanted)
			}
			earlier = append(earlier, found.Body)
			exchanges++
		}
	}
	t.Logf("%d exchanges", exchanges)
}

// fill puts parts of earlier responses in the places that name them.
func fill(t *testing.T, text string, earlier []string) string {
	t.Helper()
	return regexp.MustCompile(`{{(\d+)\.?(\w*)}}`).ReplaceAllStringFunc(text, func(place string) string {
		number, member, isMember := strings.Cut(strings.Trim(place, "{}"), ".")
		index, err := strconv.Atoi(number)
		must(t, err)
		if !isMember {
			return textOf(t, json.RawMessage(earlier[index]))
		}
		var members map[string]json.RawMessage
		must(t, json.Unmarshal([]byte(earlier[index]), &members))
		return textOf(t, members[member])
	})
}

func TestVectorsStatusLists(t *testing.T) {
	var file struct {
		Key              json.RawMessage
		Issuer, Audience string
		Cases            []struct {
			ID      string
			Options json.RawMessage
			Steps   []struct {
				Now                              int64
				Token, URL, Output, Error, Field string
				Body                             *string
			}
		}
	}
	readVectors(t, "status_lists.json", &file)
	m := &moment{}
	keys, err := NewKeySet(JWK("", file.Key))
	must(t, err)
	verifier, err := NewVerifier(keys, FromIssuer(file.Issuer), Audience(file.Audience), m.options()[0])
	must(t, err)
	for _, c := range file.Cases {
		var options struct {
			Required             bool
			TimeToLive           Lifetime `json:"time_to_live"`
			AcceptUnreachableFor Lifetime `json:"accept_unreachable_for"`
			Prefixes             []string
			MaxBody              int  `json:"max_body"`
			AllowPlainHTTP       bool `json:"allow_plain_http"`
		}
		// All that stands there is an option.
		decoder := json.NewDecoder(bytes.NewReader(c.Options))
		decoder.DisallowUnknownFields()
		must(t, decoder.Decode(&options))
		lists, err := NewStatusLists(StatusListsOptions{
			Required: options.Required, TimeToLive: options.TimeToLive.Duration(),
			AcceptUnreachableFor: options.AcceptUnreachableFor.Duration(), Prefixes: options.Prefixes,
			MaxBody: options.MaxBody, AllowPlainHTTP: options.AllowPlainHTTP,
		}, m.options()[0])
		must(t, err)
		for at, step := range c.Steps {
			m.now = time.Unix(step.Now, 0)
			found := "valid"
			var err error
			if step.Token != "" {
				claims, refused := verifier.VerifyJSON(step.Token)
				must(t, refused)
				var resolution StatusResolution
				resolution, err = lists.Resolve(claims)
				switch {
				case resolution.Wait:
					found = "wait"
				case resolution.URL != "":
					found = "fetch"
				case codeOf(t, lists.Check(claims)) != codeOf(t, err):
					t.Errorf("%s, step %d: checked otherwise", c.ID, at)
				}
				if resolution.URL != step.URL {
					t.Errorf("%s, step %d: %s", c.ID, at, resolution.URL)
				}
				if explanation, err := lists.Explain(verifier, step.Token); err != nil || found == "valid" && explanation.Error != step.Error {
					t.Errorf("%s, step %d: explained otherwise: %v, %v", c.ID, at, explanation, err)
				}
			} else {
				var body []byte
				if step.Body != nil {
					body = []byte(*step.Body)
				}
				err, found = lists.Fetched(step.URL, body, verifier), "taken"
			}
			if code := codeOf(t, err); code != step.Error || err == nil && found != step.Output {
				t.Errorf("%s, step %d: %s %q instead of %s %q", c.ID, at, found, code, step.Output, step.Error)
			}
			if refused, ok := err.(*Error); ok && step.Field != "" && refused.Field != step.Field {
				t.Errorf("%s, step %d: at %s", c.ID, at, refused.Field)
			}
		}
		lists.Close()
	}
}
