package main

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"regexp"

	"golang.org/x/crypto/ssh"
)

// repository is who may do what with one repository. Whoever has a token may write; everybody may read a public one.
type repository struct {
	Public bool        `json:"public"`
	Tokens []string    `json:"tokens"`
	Keys   []deployKey `json:"keys"`
}

// deployKey is a public key in the form of an authorized_keys line.
type deployKey struct {
	Key   string `json:"key"`
	Write bool   `json:"write"`
}

// accessFile is read anew for each request, so that a token taken away is refused at once.
type accessFile struct{ path string }

func (f *accessFile) read() (map[string]repository, error) {
	text, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all map[string]repository
	return all, json.Unmarshal(text, &all)
}

// goodName keeps a request's path inside the directory of repositories.
var goodName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*$`)

// find returns the rules of a repository; ok is false where there is none of that name.
func (f *accessFile) find(name string) (found repository, ok bool, err error) {
	if !goodName.MatchString(name) {
		return repository{}, false, nil
	}
	all, err := f.read()
	found, ok = all[name]
	return found, ok, err
}

func (r repository) hasToken(token string) bool {
	for _, known := range r.Tokens {
		if subtle.ConstantTimeCompare([]byte(known), []byte(token)) == 1 {
			return true
		}
	}
	return false
}

// keyRights tells whether a key is one of the repository's, and whether it may write.
func (r repository) keyRights(key ssh.PublicKey) (read, write bool) {
	for _, known := range r.Keys {
		parsed, _, _, _, err := ssh.ParseAuthorizedKey([]byte(known.Key))
		if err == nil && bytes.Equal(parsed.Marshal(), key.Marshal()) {
			return true, known.Write
		}
	}
	return false, false
}
