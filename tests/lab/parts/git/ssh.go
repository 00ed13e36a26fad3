package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// sshServer lets a deploy key fetch from and push to its repository, and nothing else: no shell, no forwarding.
type sshServer struct {
	access       *accessFile
	repositories string
	config       *ssh.ServerConfig
}

// keyExtension carries the key that logged in to where its rights are looked up.
const keyExtension = "key"

// handshakeTime is how long a client has to log in.
const handshakeTime = 20 * time.Second

func newSSHServer(access *accessFile, repositories string, hostKey ssh.Signer) *sshServer {
	s := &sshServer{access: access, repositories: repositories}
	s.config = &ssh.ServerConfig{PublicKeyCallback: s.checkKey}
	s.config.AddHostKey(hostKey)
	return s
}

func (s *sshServer) serve(listener net.Listener) error {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go s.serveConnection(connection)
	}
}

// checkKey lets in a key that some repository has. Which one it may use is asked when it names one.
func (s *sshServer) checkKey(connection ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	all, err := s.access.read()
	if err != nil {
		return nil, err
	}
	for _, rules := range all {
		if read, _ := rules.keyRights(key); read && connection.User() == "git" {
			return &ssh.Permissions{Extensions: map[string]string{keyExtension: string(key.Marshal())}}, nil
		}
	}
	return nil, errors.New("no repository has this key")
}

func (s *sshServer) serveConnection(connection net.Conn) {
	defer connection.Close()
	from := remoteHost(connection.RemoteAddr().String())
	_ = connection.SetDeadline(time.Now().Add(handshakeTime))
	login, channels, requests, err := ssh.NewServerConn(connection, s.config)
	if err != nil {
		log.Printf("%s SSH login: %v", from, err)
		return
	}
	_ = connection.SetDeadline(time.Time{})
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		if offered.ChannelType() != "session" {
			_ = offered.Reject(ssh.UnknownChannelType, "only git is served here")
			continue
		}
		channel, requests, err := offered.Accept()
		if err != nil {
			return
		}
		go s.serveSession(channel, requests, login.Permissions, from)
	}
}

// serveSession runs one Git command and ends the session with its exit code.
func (s *sshServer) serveSession(channel ssh.Channel, requests <-chan *ssh.Request, who *ssh.Permissions, from string) {
	defer channel.Close()
	protocol := ""
	for request := range requests {
		switch request.Type {
		case "env":
			var variable struct{ Name, Value string }
			if ssh.Unmarshal(request.Payload, &variable) == nil && variable.Name == "GIT_PROTOCOL" {
				protocol = variable.Value
			}
			_ = request.Reply(true, nil)
		case "exec":
			var asked struct{ Command string }
			_ = request.Reply(ssh.Unmarshal(request.Payload, &asked) == nil, nil)
			code := s.run(channel, asked.Command, who, protocol)
			log.Printf("%s SSH %q %d", from, asked.Command, code)
			_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Code uint32 }{code}))
			return
		default:
			_ = request.Reply(false, nil) // a shell or a terminal, for example
		}
	}
}

// gitCommand is what Git's clients ask to run; the path may begin with a slash.
var gitCommand = regexp.MustCompile(`^(git-upload-pack|git-receive-pack) '/?([^'/]+)\.git'$`)

func (s *sshServer) run(channel ssh.Channel, command string, who *ssh.Permissions, protocol string) uint32 {
	match := gitCommand.FindStringSubmatch(command)
	if match == nil {
		fmt.Fprintln(channel.Stderr(), "only git-upload-pack and git-receive-pack are served here")
		return 128
	}
	program, name := match[1], match[2]
	if err := s.mayRun(program, name, who); err != nil {
		fmt.Fprintln(channel.Stderr(), "ERROR: "+err.Error())
		return 128
	}
	git := exec.Command("git", strings.TrimPrefix(program, "git-"), filepath.Join(s.repositories, name+".git"))
	git.Env = append(os.Environ(), gitEnvironment...)
	git.Env = append(git.Env, "GIT_PROTOCOL="+protocol)
	git.Stdout, git.Stderr = channel, channel.Stderr()
	input, err := git.StdinPipe()
	if err != nil {
		return 128
	}
	if err := git.Start(); err != nil {
		return 128
	}
	// Not as git.Stdin: Wait would then wait for the client to close its side, which some do only after the exit code.
	go func() {
		_, _ = io.Copy(input, channel)
		_ = input.Close()
	}()
	if err := git.Wait(); err != nil {
		return 128
	}
	return 0
}

func (s *sshServer) mayRun(program, name string, who *ssh.Permissions) error {
	key, err := ssh.ParsePublicKey([]byte(who.Extensions[keyExtension]))
	if err != nil {
		return err
	}
	rules, exists, err := s.access.find(name)
	if err != nil {
		return err
	}
	read, write := rules.keyRights(key)
	if !exists || !read {
		return errors.New("repository not found") // a key learns nothing of the others' repositories
	}
	if program == "git-receive-pack" && !write {
		return errors.New("this key may only read")
	}
	return nil
}
