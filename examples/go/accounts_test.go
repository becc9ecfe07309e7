package main

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
)

func TestAccounts(t *testing.T) {
	var passwords sync.Map
	passwords.Store("alice", "correct horse")
	var links []string
	handler := accounts(&passwords, func(_, link string) { links = append(links, strings.Split(link, "#")[1]) })
	send := func(method, target, token string, body map[string]string, status int) map[string]any {
		t.Helper()
		text, _ := json.Marshal(body)
		request := httptest.NewRequest(method, target, strings.NewReader(string(text)))
		request.Header.Set("Authorization", "Bearer "+token)
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, request)
		if response.Code != status {
			t.Fatalf("%s %s: %d %s", method, target, response.Code, response.Body)
		}
		var answer map[string]any
		json.Unmarshal(response.Body.Bytes(), &answer)
		return answer
	}
	type fields = map[string]string
	login := func(device, password string) (access, refresh string) {
		pair := send("POST", "/login", "", fields{"user": "alice", "password": password, "device": device}, 200)
		return pair["access_token"].(string), pair["refresh_token"].(string)
	}
	send("POST", "/login", "", fields{"user": "alice", "password": "wrong"}, 401)
	send("POST", "/login", "", fields{"user": "bob", "password": ""}, 401)
	phone, refresh := login("phone", "correct horse")
	laptop, _ := login("laptop", "correct horse")
	phone = send("POST", "/refresh", "", fields{"refreshToken": refresh}, 200)["access_token"].(string)
	devices := map[any]bool{}
	for _, session := range send("GET", "/devices", laptop, nil, 200)["sessions"].([]any) {
		devices[session.(map[string]any)["details"].(map[string]any)["device"]] = true
	}
	if len(devices) != 2 || !devices["phone"] || !devices["laptop"] {
		t.Error(devices)
	}
	key := send("POST", "/api-keys", phone, fields{}, 200)["api_key"].(string)
	if owner := send("GET", "/reports", key, nil, 200)["owner"]; owner != "alice" || !strings.HasPrefix(key, "acme_") {
		t.Error(owner, key)
	}
	send("GET", "/reports", key[:len(key)-1]+"x", nil, 401)
	send("POST", "/logout-everywhere", phone, fields{}, 200)
	send("GET", "/devices", phone, nil, 401)
	send("GET", "/devices", laptop, nil, 401)
	send("POST", "/refresh", "", fields{"refreshToken": refresh}, 400)

	tablet, _ := login("tablet", "correct horse")
	for _, user := range []string{"alice", "bob", "alice"} {
		send("POST", "/forgot", "", fields{"user": user}, 200)
	}
	send("POST", "/reset", "", fields{"token": links[0], "password": "x"}, 404)
	send("POST", "/reset", "", fields{"token": links[1], "password": "battery staple"}, 200)
	send("POST", "/reset", "", fields{"token": links[1], "password": "x"}, 400)
	send("GET", "/devices", tablet, nil, 401)
	login("tablet", "battery staple")
}

func TestTheExamplesAreShort(t *testing.T) {
	for _, name := range []string{"main.go", "accounts.go"} {
		text, err := os.ReadFile(name)
		if lines := strings.Count(string(text), "\n"); err != nil || lines >= 100 {
			t.Errorf("%s: %d lines, %v", name, lines, err)
		}
	}
}
