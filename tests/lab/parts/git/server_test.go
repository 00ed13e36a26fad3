package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// served makes a directory with one repository, "app", of one commit, and returns it with its access file.
func served(t *testing.T, rules repository) (repositories string, access *accessFile) {
	t.Helper()
	dir := t.TempDir()
	repositories = filepath.Join(dir, "repositories")
	bare := filepath.Join(repositories, "app.git")
	script := `git init -q --bare -b main "$1"; tree=$(git -C "$1" mktree </dev/null)
		commit=$(echo first | git -C "$1" -c user.name=a -c user.email=a commit-tree "$tree")
		git -C "$1" update-ref refs/heads/main "$commit"`
	if out, err := exec.Command("sh", "-euc", script, "sh", bare).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text, err := json.Marshal(map[string]repository{"app": rules})
	if err != nil {
		t.Fatal(err)
	}
	access = &accessFile{path: filepath.Join(dir, "access.json")}
	if err := os.WriteFile(access.path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return repositories, access
}

func git(args ...string) (string, error) {
	command := exec.Command("git", args...)
	command.Env = append(os.Environ(), append(gitEnvironment, "GIT_TERMINAL_PROMPT=0")...)
	out, err := command.CombinedOutput()
	return string(out), err
}

func TestHTTPAsksForAToken(t *testing.T) {
	backend, err := httpBackend()
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name   string
		public bool
		user   string
		path   string
		reads  bool
		writes bool
	}{
		{"public, nobody", true, "", "app.git", true, false},
		{"public, wrong token", true, "git:wrong@", "app.git", true, false}, // git does not show it where none is asked for
		{"public, token", true, "git:secret@", "app.git", true, true},
		{"private, nobody", false, "", "app.git", false, false},
		{"private, wrong token", false, "git:wrong@", "app.git", false, false},
		{"private, token", false, "git:secret@", "app.git", true, true},
		{"no such repository", true, "git:secret@", "other.git", false, false},
		{"outside the directory", true, "git:secret@", "..%2fapp.git", false, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			repositories, access := served(t, repository{Public: c.public, Tokens: []string{"secret"}})
			server := httptest.NewServer(&httpServer{access: access, repositories: repositories, backend: backend})
			defer server.Close()
			url := strings.Replace(server.URL, "http://", "http://"+c.user, 1) + "/" + c.path
			if out, err := git("ls-remote", "--exit-code", url, "main"); (err == nil) != c.reads {
				t.Errorf("reading: %v: %s", err, out)
			}
			bare := filepath.Join(repositories, "app.git")
			if out, err := git("-C", bare, "push", url, "main:refs/heads/pushed"); (err == nil) != c.writes {
				t.Errorf("writing: %v: %s", err, out)
			}
		})
	}
}

func TestSSHServesGitToItsKeysOnly(t *testing.T) {
	known, knownKey := newKey(t)
	stranger, _ := newKey(t)
	line := string(ssh.MarshalAuthorizedKey(knownKey))
	repositories, access := served(t, repository{Keys: []deployKey{{Key: line}}})
	host, _ := newKey(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() { _ = newSSHServer(access, repositories, host).serve(listener) }()

	dial := func(user string, key ssh.Signer) (*ssh.Client, error) {
		return ssh.Dial("tcp", listener.Addr().String(), &ssh.ClientConfig{
			User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: ssh.FixedHostKey(host.PublicKey()),
		})
	}
	if _, err := dial("git", stranger); err == nil {
		t.Error("a key that no repository has was let in")
	}
	if _, err := dial("root", known); err == nil {
		t.Error("a user other than git was let in")
	}
	client, err := dial("git", known)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	// 0000 is Git's "that is all": what there is has been told, and nothing is wanted of it.
	if out, err := sshRun(client, "git-upload-pack '/app.git'", "0000"); err != nil || !strings.Contains(out, "refs/heads/main") {
		t.Errorf("reading: %v: %q", err, out)
	}
	for _, command := range []string{
		"git-receive-pack '/app.git'", "git-upload-pack '/other.git'", "git-upload-pack '/../app.git'", "sh -c id", "git-upload-pack '/app.git'; id",
	} {
		if out, err := sshRun(client, command, "0000"); err == nil {
			t.Errorf("%s was run: %q", command, out)
		}
	}
}

func newKey(t *testing.T) (ssh.Signer, ssh.PublicKey) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer, signer.PublicKey()
}

func sshRun(client *ssh.Client, command, input string) (string, error) {
	session, err := client.NewSession()
	if err != nil {
		return "", err
	}
	defer session.Close()
	session.Stdin = strings.NewReader(input)
	out, err := session.Output(command)
	return string(out), err
}
