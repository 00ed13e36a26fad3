package pki

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"os"
	"slices"
	"time"

	"k3s-tool.lab/k3s/internal/files"
)

// Subject says what a certificate is for.
type Subject struct {
	Name   string
	Groups []string
	Names  []string // DNS names and IP addresses the certificate is valid for
	Server bool     // may be shown by a server
	Client bool     // may be shown by a client
}

// Sign issues a certificate for a public key and returns it as PEM, followed by the authority's own.
func (a *Authority) Sign(subject Subject, public crypto.PublicKey) ([]byte, error) {
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: subject.Name, Organization: subject.Groups},
		NotBefore:    now.Add(-time.Minute),
		NotAfter:     now.Add(leafLifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	template.DNSNames, template.IPAddresses = split(subject.Names)
	if subject.Server {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	if subject.Client {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.Cert, public, a.key)
	if err != nil {
		return nil, err
	}
	return append(encodeCertificate(der), a.PEM...), nil
}

// EnsureLeaf keeps path.crt and path.key: a new certificate is made when there is none, when it is about to expire, when its
// authority changed, or when it is not valid for all of the subject's names.
func (a *Authority) EnsureLeaf(path string, subject Subject) error {
	key, err := EnsureKey(path + ".key")
	if err != nil {
		return err
	}
	if current, err := os.ReadFile(path + ".crt"); err == nil {
		if cert, err := parseCertificate(current); err == nil && a.stillGood(cert, subject) {
			return nil
		}
	}
	data, err := a.Sign(subject, key.Public())
	if err != nil {
		return err
	}
	return files.Replace(path+".crt", data, 0o644)
}

func (a *Authority) stillGood(cert *x509.Certificate, subject Subject) bool {
	if time.Now().Add(renewBefore).After(cert.NotAfter) || !bytes.Equal(cert.RawIssuer, a.Cert.RawSubject) || cert.CheckSignatureFrom(a.Cert) != nil {
		return false
	}
	if cert.Subject.CommonName != subject.Name || !slices.Equal(cert.Subject.Organization, subject.Groups) {
		return false
	}
	names, addresses := split(subject.Names)
	sameAddresses := slices.EqualFunc(cert.IPAddresses, addresses, func(a, b net.IP) bool { return a.Equal(b) })
	return slices.Equal(cert.DNSNames, names) && sameAddresses
}

func split(all []string) (names []string, addresses []net.IP) {
	for _, name := range all {
		if ip := net.ParseIP(name); ip != nil {
			if !slices.ContainsFunc(addresses, ip.Equal) {
				addresses = append(addresses, ip)
			}
		} else if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, addresses
}
