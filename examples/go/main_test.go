package main

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestService(t *testing.T) {
	handler := service()
	scheme := "Bearer "
	send := func(method, target, token, body string) (int, string) {
		request := httptest.NewRequest(method, target, strings.NewReader(body))
		request.Header.Set("Authorization", scheme+token)
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, request)
		return response.Code, response.Body.String()
	}
	mint := func(pages string) string {
		status, body := send("POST", "/widget-token", "demo-key", `{"entity":"ent_1","pages":[`+pages+`]}`)
		var given struct{ Token string }
		if err := json.Unmarshal([]byte(body), &given); err != nil || status != 200 {
			t.Fatal(status, body)
		}
		return given.Token
	}
	good, narrow := mint(`"invoices"`), mint(`"vendors"`)
	if status, body := send("GET", "/invoices", good, ""); status != 200 || !strings.Contains(body, `"entity":"ent_1"`) {
		t.Error(status, body)
	}
	for _, c := range []struct {
		method, target, token, body string
		status                      int
	}{
		{"GET", "/invoices", narrow, "", 403},
		{"GET", "/invoices", good[1:], "", 401},
		{"GET", "/invoices", "", "", 401},
		{"POST", "/widget-token", "demo-kez", `{"entity":"ent_1","pages":[]}`, 401},
		{"POST", "/widget-token", "demo-key", `{`, 400},
	} {
		if status, body := send(c.method, c.target, c.token, c.body); status != c.status {
			t.Errorf("%s %s %q: %d %s", c.method, c.target, c.body, status, body)
		}
	}
	for _, c := range []struct {
		scheme string
		status int
	}{{"bearer  ", 200}, {"BEARER ", 200}, {"Basic ", 401}, {"Bearer", 401}} {
		scheme = c.scheme
		if status, body := send("GET", "/invoices", good, ""); status != c.status {
			t.Errorf("%q: %d %s", c.scheme, status, body)
		}
	}
}
