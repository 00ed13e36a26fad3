package main

import (
	"log"
	"net/http"
	"net/http/cgi"
	"os/exec"
	"path/filepath"
	"strings"
)

// httpServer asks for a token where one is needed and leaves the rest to Git's own CGI program.
type httpServer struct {
	access       *accessFile
	repositories string
	backend      string
}

// httpBackend is the path of git-http-backend.
func httpBackend() (string, error) {
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return "", err
	}
	return exec.LookPath(filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"))
}

func (s *httpServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	s.answer(answer, r)
	log.Printf("%s %s %s %d", remoteHost(r.RemoteAddr), r.Method, r.URL.Path, answer.status)
}

func (s *httpServer) answer(w http.ResponseWriter, r *http.Request) {
	name, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	name, isGit := strings.CutSuffix(name, ".git")
	rules, exists, err := s.access.find(name)
	if err != nil {
		log.Printf("access: %v", err)
		http.Error(w, "the server's settings cannot be read", http.StatusInternalServerError)
		return
	}
	if !isGit || !exists {
		http.NotFound(w, r)
		return
	}
	user, token, _ := r.BasicAuth()
	trusted := rules.hasToken(token)
	writes := path == "git-receive-pack" || r.URL.Query().Get("service") == "git-receive-pack"
	if !trusted && (writes || !rules.Public || user != "") {
		w.Header().Set("WWW-Authenticate", `Basic realm="lab"`)
		http.Error(w, "a token of this repository is needed", http.StatusUnauthorized)
		return
	}
	environment := []string{"GIT_PROJECT_ROOT=" + s.repositories, "GIT_HTTP_EXPORT_ALL=1"}
	if trusted {
		environment = append(environment, "REMOTE_USER=git") // without it git-http-backend refuses to write
	}
	backend := cgi.Handler{Path: s.backend, Root: "/", Env: append(environment, gitEnvironment...)}
	backend.ServeHTTP(w, r)
}

// statusWriter notes the status of an answer for the log.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets net/http reach the connection's own writer, to flush for one.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
