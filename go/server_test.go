package tokenmint

import (
	"bufio"
	"errors"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// server is a PostgreSQL or a Redis of a test's own, which ends with it.
type server struct {
	t      *testing.T
	input  io.WriteCloser
	output *bufio.Reader
}

// startServer starts one. Where it is not installed, the test is skipped; in CI it fails.
func startServer(t *testing.T, kind string) *server {
	t.Helper()
	command := exec.Command("sh", "../bindings-tests/server.sh", kind)
	var said strings.Builder
	command.Stderr = &said
	input, err := command.StdinPipe()
	must(t, err)
	output, err := command.StdoutPipe()
	must(t, err)
	must(t, command.Start())
	s := &server{t, input, bufio.NewReader(output)}
	if _, err := s.output.ReadString('\n'); err != nil {
		ended := command.Wait()
		if command.ProcessState.ExitCode() == 77 && os.Getenv("CI") == "" {
			t.Skip(strings.TrimSpace(said.String()))
		}
		t.Fatalf("%v: %s", ended, &said)
	}
	t.Cleanup(func() {
		input.Close()
		if err := command.Wait(); err != nil {
			t.Errorf("%v: %s", err, &said)
		}
	})
	return s
}

func (s *server) ask(line string) string {
	s.t.Helper()
	_, err := io.WriteString(s.input, line+"\n")
	must(s.t, err)
	answer, err := s.output.ReadString('\n')
	must(s.t, err)
	return strings.TrimSpace(answer)
}

// fresh is the URL of an empty store.
func (s *server) fresh() string { return s.ask("fresh") }

// stop ends the server.
func (s *server) stop() { s.ask("stop") }

// restart starts it again, with what it had kept.
func (s *server) restart() { s.ask("start") }

// aServerGoesAway has a server stop and come back. Meanwhile everybody is told when to ask again; then all goes on where it
// was. Nobody is told the password.
func aServerGoesAway(t *testing.T, server *server) {
	where, err := url.Parse(server.fresh())
	must(t, err)
	password, _ := where.User.Password()
	now := time.Now()
	issuer, store := sessions(t, &now), open(t, where.String())
	pair := session(t, issuer, store)
	refresh := func() (*TokenPair, error) {
		return issuer.Refresh(t.Context(), store, RefreshRequest{RefreshToken: pair.RefreshToken})
	}

	server.stop()
	_, refreshed := refresh()
	_, checked := issuer.Check(t.Context(), store, pair.AccessToken)
	for _, err := range []error{refreshed, checked} {
		var refused *Error
		if !errors.As(err, &refused) || refused.Code != ErrStoreUnavailable || refused.RetryAfter != time.Second {
			t.Errorf("%v is not for later", err)
		}
	}
	_, executed := store.Execute(t.Context(), &Load{[]Key{"k"}})
	_, opened := OpenStore(where.String())
	for _, err := range []error{executed, opened} {
		if !errors.Is(err, ErrStoreUnavailable) {
			t.Error(err)
		}
	}

	server.restart()
	again, err := refresh()
	for end := time.Now().Add(2 * time.Minute); errors.Is(err, ErrStoreUnavailable) && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
		again, err = refresh()
	}
	must(t, err)
	if again.Session != pair.Session {
		t.Error("the session is another one")
	}

	where.User = url.UserPassword(where.User.Username(), "hunter2")
	_, guessed := OpenStore(where.String())
	if !errors.Is(guessed, ErrPolicyInvalid) {
		t.Errorf("a wrong password: %v", guessed)
	}
	for _, err := range []error{refreshed, checked, executed, opened, guessed} {
		if err != nil && (strings.Contains(err.Error(), password) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("the password is shown: %v", err)
		}
	}
}
