// Command labgit is the lab's Git server: repositories over HTTP, over HTTPS with a certificate of a private authority, and over
// SSH with deploy keys. Git's own programs do the work (git-http-backend, git-upload-pack, git-receive-pack); this one only says who
// may. It runs until it is ended.
package main

import (
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

func main() {
	ip := flag.String("ip", "10.77.0.1", "address to listen on")
	dir := flag.String("dir", "", "directory of the repositories, of what may be done with them, and of the server's keys")
	flag.Parse()
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
	if err := serve(*ip, *dir); err != nil {
		log.Fatal(err)
	}
}

func serve(ip, dir string) error {
	if dir == "" {
		return errors.New("-dir is missing")
	}
	repositories := filepath.Join(dir, "repositories")
	if err := os.MkdirAll(repositories, 0o700); err != nil {
		return err
	}
	access := &accessFile{path: filepath.Join(dir, "access.json")}
	certificate, err := serverCertificate(dir, ip)
	if err != nil {
		return err
	}
	hostKey, err := sshHostKey(dir, net.JoinHostPort(ip, sshPort))
	if err != nil {
		return err
	}
	backend, err := httpBackend()
	if err != nil {
		return err
	}
	handler := &httpServer{access: access, repositories: repositories, backend: backend}
	ssh := newSSHServer(access, repositories, hostKey)

	listeners := map[string]net.Listener{}
	for _, port := range []string{httpPort, httpsPort, sshPort} {
		if listeners[port], err = net.Listen("tcp", net.JoinHostPort(ip, port)); err != nil {
			return err
		}
	}
	failed := make(chan error)
	plain := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	secure := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, TLSConfig: certificate}
	go func() { failed <- plain.Serve(listeners[httpPort]) }()
	go func() { failed <- secure.ServeTLS(listeners[httpsPort], "", "") }()
	go func() { failed <- ssh.serve(listeners[sshPort]) }()
	return <-failed
}

// Ports that are nobody else's in the lab.
const (
	httpPort  = "3000"
	httpsPort = "3443"
	sshPort   = "3022"
)
