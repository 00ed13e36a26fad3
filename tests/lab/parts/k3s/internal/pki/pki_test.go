package pki

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
)

func TestLeafIsKeptUntilItsNamesChange(t *testing.T) {
	dir := t.TempDir()
	ca, err := EnsureAuthority(filepath.Join(dir, "ca"), "k3s-server-ca")
	if err != nil {
		t.Fatal(err)
	}
	leaf := filepath.Join(dir, "serving")
	read := func(names ...string) (string, *x509.Certificate) {
		t.Helper()
		if err := ca.EnsureLeaf(leaf, Subject{Name: "k3s", Names: names, Server: true}); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(leaf + ".crt")
		if err != nil {
			t.Fatal(err)
		}
		cert, err := parseCertificate(data)
		if err != nil {
			t.Fatal(err)
		}
		return string(data), cert
	}
	first, cert := read("127.0.0.1", "n1")
	if cert.Version != 3 {
		t.Errorf("version %d, clients want 3", cert.Version)
	}
	if again, _ := read("127.0.0.1", "n1"); again != first {
		t.Error("the certificate was made anew without need")
	}
	second, cert := read("127.0.0.1", "n1", "100.64.0.1")
	if second == first {
		t.Error("a new name needs a new certificate")
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca.Cert)
	for _, name := range []string{"n1", "127.0.0.1", "100.64.0.1"} {
		if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	reloaded, err := EnsureAuthority(filepath.Join(dir, "ca"), "k3s-server-ca")
	if err != nil || string(reloaded.PEM) != string(ca.PEM) {
		t.Errorf("the authority must stay the same: %v", err)
	}
	for _, secret := range []string{"ca.key", "serving.key"} {
		if info, err := os.Stat(filepath.Join(dir, secret)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", secret, info, err)
		}
	}
}
