// Package tokens keeps the cluster's join secrets and the files that show them.
package tokens

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k3s-tool.lab/k3s/internal/files"
	"k3s-tool.lab/k3s/internal/jointoken"
	"k3s-tool.lab/k3s/internal/settings"
	"k3s-tool.lab/k3s/internal/supervisor"
)

// Store holds the join secrets.
type Store struct {
	passwords supervisor.Passwords
	settings  settings.Server
	caPEM     []byte
	latest    string
}

// Known is the server's password that is configured or that an earlier run has stored, or "".
func Known(s settings.Server) (string, error) {
	configured, err := passwordOf(s.Token)
	if err != nil || configured != "" {
		return configured, err
	}
	data, err := os.ReadFile((&Store{settings: s}).file("token"))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return passwordOf(string(data))
}

// Load takes the configured tokens, or those of an earlier run, or makes a new one. Whether they are the cluster's, the datastore tells.
func Load(s settings.Server, caPEM []byte) (*Store, error) {
	t := &Store{settings: s, caPEM: caPEM}
	configured, err := passwordOf(s.Token)
	if err != nil {
		return nil, err
	}
	stored := ""
	if data, err := os.ReadFile(t.file("token")); err == nil {
		token, err := jointoken.Parse(string(data))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.file("token"), err)
		}
		stored = token.Password
	}
	switch {
	case configured != "":
		t.passwords.Server = configured
	case stored != "":
		t.passwords.Server = stored
	default:
		t.passwords.Server = jointoken.Random(16)
	}
	if t.passwords.Agent, err = passwordOf(s.AgentToken); err != nil {
		return nil, err
	}
	t.latest = t.passwords.Server
	return t, t.write(t.passwords)
}

// Get returns the secrets that this server was started with.
func (t *Store) Get() supervisor.Passwords { return t.passwords }

// Latest is the server token that a rotation has left, or else the one of the start: what the datastore is encrypted with.
func (t *Store) Latest() string { return t.latest }

// Rotate stores another server token. The running server goes on with the one it was started with: the real program reads the file of
// its passwords at start only (k3s-io/k3s pkg/server/handlers/token.go, pkg/authenticator).
func (t *Store) Rotate(password string) error {
	next := t.passwords
	next.Server = password
	if err := t.write(next); err != nil {
		return err
	}
	t.latest = password
	return nil
}

func (t *Store) file(name string) string { return filepath.Join(t.settings.DataDir, name) }

// write stores cred/passwd, server/token and its link node-token, and server/agent-token: a link to token unless a token for agents is set
// (k3s-io/k3s pkg/passwd/passwd.go, pkg/server/handlers/token.go).
func (t *Store) write(passwords supervisor.Passwords) error {
	known := fmt.Sprintf("%s,server,server,k3s:server\n%s,node,node,k3s:agent\n", passwords.Server, cmp.Or(passwords.Agent, passwords.Server))
	if err := files.Replace(t.file("cred/passwd"), []byte(known), 0o600); err != nil {
		return err
	}
	full := jointoken.Format(t.caPEM, "server:"+passwords.Server) + "\n"
	if err := files.Replace(t.file("token"), []byte(full), 0o600); err != nil {
		return err
	}
	if err := link("token", t.file("node-token")); err != nil {
		return err
	}
	if passwords.Agent == "" {
		return link("token", t.file("agent-token"))
	}
	_ = os.Remove(t.file("agent-token")) // may be a link to the server token
	return files.Replace(t.file("agent-token"), []byte(jointoken.Format(t.caPEM, "node:"+passwords.Agent)+"\n"), 0o600)
}

func link(target, path string) error {
	if now, err := os.Readlink(path); err == nil && now == target {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Symlink(target, path)
}

func passwordOf(token string) (string, error) {
	if strings.TrimSpace(token) == "" {
		return "", nil
	}
	parsed, err := jointoken.Parse(token)
	if err != nil {
		return "", err
	}
	if parsed.Bootstrap != "" {
		return parsed.Bootstrap, nil
	}
	return parsed.Password, nil
}
