// Package pki makes the cluster's certificate authorities and certificates: X.509 version 3, ECDSA P-256, in files named as k3s names them.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"time"

	"k3s-tool.lab/k3s/internal/files"
)

const (
	authorityYears = 10
	leafLifetime   = 365 * 24 * time.Hour
	renewBefore    = 120 * 24 * time.Hour // k3s renews at start within this time
)

// Authority signs certificates.
type Authority struct {
	Cert *x509.Certificate
	PEM  []byte
	key  *ecdsa.PrivateKey
}

// EnsureAuthority loads path.crt and path.key, or makes them with the given common name.
func EnsureAuthority(path, commonName string) (*Authority, error) {
	if _, err := os.Stat(path + ".crt"); errors.Is(err, fs.ErrNotExist) {
		if err := createAuthority(path, commonName); err != nil {
			return nil, err
		}
	}
	certPEM, err := os.ReadFile(path + ".crt")
	if err != nil {
		return nil, err
	}
	cert, err := parseCertificate(certPEM)
	if err != nil {
		return nil, fmt.Errorf("%s.crt: %w", path, err)
	}
	key, err := loadKey(path + ".key")
	if err != nil {
		return nil, err
	}
	return &Authority{Cert: cert, PEM: certPEM, key: key}, nil
}

func createAuthority(path, commonName string) error {
	key, err := EnsureKey(path + ".key")
	if err != nil {
		return err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: fmt.Sprintf("%s@%d", commonName, now.Unix())},
		NotBefore:             now.Add(-time.Minute),
		NotAfter:              now.AddDate(authorityYears, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	return files.Replace(path+".crt", encodeCertificate(der), 0o644)
}

// EnsureKey loads a private key, or makes one readable by its owner alone.
func EnsureKey(path string) (*ecdsa.PrivateKey, error) {
	if key, err := loadKey(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, files.Replace(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

func loadKey(path string) (*ecdsa.PrivateKey, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s holds no private key", path)
	}
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

func parseCertificate(data []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, errors.New("no certificate found")
	}
	return x509.ParseCertificate(block.Bytes)
}

func encodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // the system's random source does not fail
	}
	return n.Add(n, big.NewInt(1))
}
