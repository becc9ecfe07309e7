package tokenmint

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

const (
	aToken     = "/entity/ent_1/token"
	invalidate = "/organization/invalidateTokens"
	another    = `{"sessionId":["another"]}`
	chunked    = "transfer-encoding: chunked"
)

// guarded is a server of an endpoint, behind handlers that a request asks for by a header.
func guarded(t *testing.T) *httptest.Server {
	hash, err := HashCredential("key-1")
	must(t, err)
	endpoint, err := NewEndpoint([]byte(`{
		"keys": [{"kid": "k1", "secret": "a secret of at least thirty-two bytes"}],
		"mercoa": {"issuer": "https://api.example.com", "key": "k1"},
		"api_keys": [{"key_sha256": "`+hash+`", "organization": "org", "permissions": ["entity_tokens"]}],
		"entities": [{"id": "ent_1", "organization": "org"}],
		"server": {"cors_origins": ["https://app.example.com"]}
	}`), &MemoryStore{})
	must(t, err)
	must(t, endpoint.Prepare(t.Context()))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("impatient") != "" {
			if err := http.NewResponseController(w).SetReadDeadline(time.Now()); err != nil {
				t.Error(err)
			}
		}
		if r.Header.Get("strict") != "" {
			r.Body = http.MaxBytesReader(w, r.Body, 10)
		}
		endpoint.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server
}

// asked is the answer to a request with this header and body.
func asked(t *testing.T, server *httptest.Server, path, bearer, header, body string) (int, string) {
	t.Helper()
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	must(t, err)
	defer connection.Close()
	_, err = fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer %s\r\n%s\r\n\r\n%s",
		path, bearer, header, body)
	must(t, err)
	// The server would give up a request that is whole.
	if strings.Contains(header, "torn") {
		must(t, connection.(*net.TCPConn).CloseWrite())
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	must(t, err)
	content, err := io.ReadAll(response.Body)
	must(t, err)
	return response.StatusCode, string(content)
}

func chunk(text string) string {
	return fmt.Sprintf("%x\r\n%s\r\n", len(text), text)
}

func TestNothingIsDoneForARequestThatIsTorn(t *testing.T) {
	server := guarded(t)
	_, body := asked(t, server, aToken, "key-1", "content-length: 2", "{}")
	var token string
	must(t, json.Unmarshal([]byte(body), &token))
	stands := func() bool {
		status, _ := asked(t, server, aToken, token, "content-length: 2", "{}")
		return status == 200
	}
	for _, c := range []struct {
		header, body string
		status       int
		told         string
	}{
		{"content-length: 25", another, 200, "{}"},
		{chunked, chunk(another[:9]) + chunk(another[9:]) + chunk(""), 200, "{}"},
		{"content-length: 25\r\ntorn: yes", "", 400, `"errorName":"BadRequest"`},
		{"content-length: 25\r\ntorn: yes", "  ", 400, `"errorName":"BadRequest"`},
		{"content-length: 26\r\ntorn: yes", another, 400, `"errorName":"BadRequest"`},
		{chunked + "\r\ntorn: yes", "", 400, `"errorName":"BadRequest"`},
		{chunked + "\r\ntorn: yes", chunk("  "), 400, `"errorName":"BadRequest"`},
		{chunked + "\r\ntorn: yes", chunk(another), 400, `"errorName":"BadRequest"`},
		{chunked + "\r\ntorn: yes", chunk(another)[:12], 400, `"errorName":"BadRequest"`},
		{chunked + "\r\ntorn: yes", chunk("  ") + "zz\r\n", 400, `"errorName":"BadRequest"`},
		{"content-length: 25\r\nimpatient: yes", another[:12], 408, `"errorName":"RequestTimeout"`},
		{chunked + "\r\nimpatient: yes", chunk("  "), 408, `"errorName":"RequestTimeout"`},
		{"content-length: 25\r\nstrict: yes", another, 413, `"errorName":"ContentTooLarge"`},
		{"content-length: 900000", strings.Repeat(" ", 900_000), 413, "the body has 900000 bytes, at most 65536"},
		{chunked, chunk(strings.Repeat(" ", 900_000)) + chunk(""), 413, "the body has more than 65536 bytes"},
		// Nothing of it is read.
		{"content-length: 1000000000\r\nimpatient: yes", "", 413, "the body has 1000000000 bytes"},
		// These the server refuses by itself.
		{"content-length: -1", another, 400, ""},
		{"content-length: 25, 26", another, 400, ""},
		{"transfer-encoding: gzip, chunked", chunk(another) + chunk(""), 501, ""},
	} {
		status, body := asked(t, server, invalidate, "key-1", c.header, c.body)
		if status != c.status || !strings.Contains(body, c.told) {
			t.Errorf("%s %.40q: %d %s", c.header, c.body, status, body)
		}
		if !stands() {
			t.Fatalf("%s %.40q ended a token", c.header, c.body)
		}
	}
	if status, body := asked(t, server, invalidate, "key-1", "content-length: 0", ""); status != 200 || stands() {
		t.Errorf("an empty body: %d %s", status, body)
	}
}

func TestALengthWithoutAHeaderCounts(t *testing.T) {
	endpoint, err := NewEndpoint([]byte(testConfig), &MemoryStore{})
	must(t, err)
	for length, status := range map[int64]int{1 << 30: 413, 3: 400, 2: 401, -1: 401} {
		request := httptest.NewRequest(http.MethodPost, invalidate, bytes.NewReader([]byte("{}")))
		request.ContentLength = length
		response := httptest.NewRecorder()
		endpoint.ServeHTTP(response, request)
		if response.Code != status {
			t.Errorf("%d: %d %s", length, response.Code, response.Body)
		}
	}
}

func TestPagesOfOtherOriginsReadWhatIsForThem(t *testing.T) {
	server := guarded(t)
	ask := func(method, path, origin string, header ...string) (int, http.Header) {
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader("{}           "))
		must(t, err)
		request.Header.Set("Origin", origin)
		for i := 0; i < len(header); i += 2 {
			request.Header.Set(header[i], header[i+1])
		}
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		response.Body.Close()
		said := http.Header{}
		for name, values := range response.Header {
			if name == "Vary" || strings.HasPrefix(name, "Access-Control-") {
				said[name] = values
			}
		}
		return response.StatusCode, said
	}
	const page, other = "https://app.example.com", "https://evil.example"
	asks := []string{"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization"}
	vary := http.Header{"Vary": {"Origin"}}
	read := http.Header{"Vary": {"Origin"}, "Access-Control-Allow-Origin": {page}, "Access-Control-Expose-Headers": {"Retry-After"}}
	for _, c := range []struct {
		method, path, origin string
		header               []string
		status               int
		said                 http.Header
	}{
		{"OPTIONS", aToken, page, asks, 204, http.Header{
			"Vary": {"Origin"}, "Access-Control-Allow-Origin": {page}, "Access-Control-Allow-Methods": {"POST"},
			"Access-Control-Allow-Headers": {"authorization"}, "Access-Control-Max-Age": {"7200"},
		}},
		{"OPTIONS", aToken, other, asks, 204, vary},
		{"POST", aToken, page, nil, 401, read},
		{"POST", aToken, other, nil, 401, vary},
		// One that did not arrive whole.
		{"POST", aToken, page, []string{"strict", "yes"}, 413, read},
		{"POST", aToken, other, []string{"strict", "yes"}, 413, vary},
		{"GET", "/.well-known/jwks.json", other, nil, 200, http.Header{
			"Access-Control-Allow-Origin": {"*"}, "Access-Control-Expose-Headers": {"Retry-After"},
		}},
	} {
		if status, said := ask(c.method, c.path, c.origin, c.header...); status != c.status || !reflect.DeepEqual(said, c.said) {
			t.Errorf("%s %s for %s: %d %v", c.method, c.path, c.origin, status, said)
		}
	}
}
