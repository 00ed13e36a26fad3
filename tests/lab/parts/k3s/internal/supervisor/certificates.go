package supervisor

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"k3s-tool.lab/k3s/internal/pki"
)

// servingKubelet issues the certificate a kubelet shows on port 10250, valid for the node's name and addresses.
func (s *Supervisor) servingKubelet(w http.ResponseWriter, r *http.Request) error {
	name, err := s.checkNode(r)
	if err != nil {
		return err
	}
	names := []string{name, "localhost", "127.0.0.1"}
	if addresses := r.Header.Get("k3s-Node-IP"); addresses != "" {
		for address := range strings.SplitSeq(addresses, ",") {
			if net.ParseIP(address) == nil {
				return failure{http.StatusBadRequest, fmt.Sprintf("invalid node IP address %q", address)}
			}
			names = append(names, address)
		}
	}
	return s.sign(w, r, s.ServerCA, pki.Subject{Name: name, Names: names, Server: true})
}

// clientKubelet issues the certificate by which a kubelet is known as its node.
func (s *Supervisor) clientKubelet(w http.ResponseWriter, r *http.Request) error {
	name, err := s.checkNode(r)
	if err != nil {
		return err
	}
	return s.sign(w, r, s.ClientCA, pki.Subject{Name: "system:node:" + name, Groups: []string{"system:nodes"}, Client: true})
}

func (s *Supervisor) client(subject pki.Subject) handler {
	return func(w http.ResponseWriter, r *http.Request) error { return s.sign(w, r, s.ClientCA, subject) }
}

// sign answers a certificate signing request; only its public key is used, the subject is ours.
func (s *Supervisor) sign(w http.ResponseWriter, r *http.Request, authority *pki.Authority, subject pki.Subject) error {
	public, err := requestedKey(r)
	if err != nil {
		return failure{http.StatusBadRequest, err.Error()}
	}
	data, err := authority.Sign(subject, public)
	if err != nil {
		return err
	}
	return s.bytes(data)(w, r)
}

func requestedKey(r *http.Request) (crypto.PublicKey, error) {
	der, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		return nil, err
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, err
	}
	return csr.PublicKey, csr.CheckSignature()
}
