// Package jointoken reads and writes the tokens with which nodes join a cluster (k3s-io/docs, docs/cli/token.md).
package jointoken

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

const prefix = "K10"

var bootstrap = regexp.MustCompile(`^[a-z0-9]{6}\.[a-z0-9]{16}$`)

// Token is a join token in parts.
type Token struct {
	CAHash    string // SHA-256 of the server CA's PEM file in hex; empty in the short form
	User      string // "server" or "node"; empty in the short form
	Password  string
	Bootstrap string // an id.secret token made with `k3s token create`, instead of user and password
}

// Parse reads a token in the full (K10…::user:password), bootstrap (id.secret) or short (password) form.
func Parse(text string) (Token, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Token{}, errors.New("token must not be empty")
	}
	full, isFull := strings.CutPrefix(text, prefix)
	if !isFull {
		if bootstrap.MatchString(text) {
			return Token{Bootstrap: text}, nil
		}
		return Token{Password: text}, nil
	}
	hash, credentials, ok := strings.Cut(full, "::")
	if !ok {
		hash, credentials = "", full
	}
	if hash != "" && len(hash) != sha256.Size*2 {
		return Token{}, errors.New("invalid token CA hash length")
	}
	if bootstrap.MatchString(credentials) {
		return Token{CAHash: hash, Bootstrap: credentials}, nil
	}
	user, password, ok := strings.Cut(credentials, ":")
	if !ok || password == "" {
		return Token{}, errors.New("invalid token format")
	}
	return Token{CAHash: hash, User: user, Password: password}, nil
}

// Hash is the CA hash of a token for a self-signed CA: the SHA-256 of its PEM file.
func Hash(caPEM []byte) string {
	sum := sha256.Sum256(caPEM)
	return hex.EncodeToString(sum[:])
}

// Format writes the full form of "user:password" or "id.secret" credentials.
func Format(caPEM []byte, credentials string) string {
	return prefix + Hash(caPEM) + "::" + credentials
}

// Check compares the token's CA hash, if it has one, with what the server showed; the words are k3s's.
func (t Token) Check(caPEM []byte) error {
	if got := Hash(caPEM); t.CAHash != "" && t.CAHash != got {
		return fmt.Errorf("token CA hash does not match the Cluster CA certificate hash: %s != %s", t.CAHash, got)
	}
	return nil
}

// Random returns n random bytes in hex.
func Random(n int) string {
	data := make([]byte, n)
	_, _ = rand.Read(data) // never fails
	return hex.EncodeToString(data)
}
