package tokens

import (
	"os"
	"path/filepath"
	"testing"

	"k3s-tool.lab/k3s/internal/jointoken"
	"k3s-tool.lab/k3s/internal/settings"
)

func TestTokenFiles(t *testing.T) {
	ca := []byte("ca")
	s := settings.Server{DataDir: t.TempDir()}
	read := func(name string) jointoken.Token {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(s.DataDir, name))
		if err != nil {
			t.Fatal(err)
		}
		token, err := jointoken.Parse(string(data))
		if err != nil || token.Check(ca) != nil {
			t.Fatalf("%s: %q %v", name, data, err)
		}
		return token
	}
	first, err := Load(s, ca)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Get().Server) != 32 || read("node-token") != read("token") || read("agent-token") != read("token") {
		t.Errorf("made-up token %+v", read("token"))
	}
	if again, err := Load(s, ca); err != nil || again.Get() != first.Get() {
		t.Errorf("the token must stay: %v", err)
	}
	s.Token = "another"
	if configured, err := Load(s, ca); err != nil || configured.Get().Server != "another" || read("token").Password != "another" {
		t.Errorf("the configured token goes first: %v", err)
	}
	known, err := os.ReadFile(filepath.Join(s.DataDir, "cred/passwd"))
	if err != nil || string(known) != "another,server,server,k3s:server\nanother,node,node,k3s:agent\n" {
		t.Errorf("passwd: %q %v", known, err)
	}
	s.Token = first.Get().Server
	s.AgentToken = "for-agents"
	if _, err := Load(s, ca); err != nil {
		t.Fatal(err)
	}
	if got := read("agent-token"); got.User != "node" || got.Password != "for-agents" || read("token").Password == "for-agents" {
		t.Errorf("agent token %+v", got)
	}
	if info, err := os.Stat(filepath.Join(s.DataDir, "token")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("token file: %v %v", info, err)
	}
}

func TestRotatedTokenCountsAfterARestart(t *testing.T) {
	ca := []byte("ca")
	s := settings.Server{DataDir: t.TempDir()}
	running, err := Load(s, ca)
	if err != nil {
		t.Fatal(err)
	}
	before := running.Get()
	if err := running.Rotate("rotated"); err != nil {
		t.Fatal(err)
	}
	if running.Get() != before {
		t.Error("the running server took the new token")
	}
	if restarted, err := Load(s, ca); err != nil || restarted.Get().Server != "rotated" {
		t.Errorf("after a restart: %v", err)
	}
}
