package supervisor

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/kubernetes"

	"k3s-tool.lab/k3s/internal/jointoken"
	"k3s-tool.lab/k3s/internal/logging"
	"k3s-tool.lab/k3s/internal/settings"
)

const (
	secretsNamespace = "kube-system"
	iterations       = 100_000
)

// PasswordSecretType is the type of those Secrets (k3s-io/k3s pkg/nodepassword/nodepassword.go).
const PasswordSecretType corev1.SecretType = "k3s.cattle.io/node-password"

// PasswordSecret names the Secret that remembers a node's password.
func PasswordSecret(node string) string { return strings.ToLower(node) + ".node-password.k3s" }

// checkNode lets a node in under its name if nobody had that name before, or if it knows the password that came with it.
func (s *Supervisor) checkNode(r *http.Request) (string, error) {
	name, password := strings.ToLower(r.Header.Get("k3s-Node-Name")), r.Header.Get("k3s-Node-Password")
	if len(validation.IsDNS1123Subdomain(name)) > 0 {
		return "", failure{http.StatusBadRequest, "node name not set"}
	}
	if password == "" {
		return "", failure{http.StatusBadRequest, "node password not set"}
	}
	client := s.Kube()
	if client == nil {
		return "", failure{http.StatusServiceUnavailable, "runtime core not ready"}
	}
	if err := s.checkIdentity(r, client, name); err != nil {
		return "", err
	}
	err := ensurePassword(r.Context(), client, name, password)
	if own, ownErr := settings.NodePassword(); name == s.Node && ownErr == nil && same(password, own) {
		if err != nil {
			logging.Warnf("Deferred node password secret validation failed: %v", err)
		}
		return name, nil // a server knows its own password (k3s-io/k3s pkg/nodepassword/validate.go, verifyLocalPassword)
	}
	return name, err
}

// checkIdentity refuses a caller who is known by the certificate of another node, or of one that was deleted; who has the token, too, may
// come again without the certificate (k3s-io/k3s pkg/nodepassword/validate.go).
func (s *Supervisor) checkIdentity(r *http.Request, client kubernetes.Interface, name string) error {
	certified := s.certifiedNode(r)
	if got, err := s.secretRole(r); certified == "" || err == nil && got > anyone {
		return nil
	}
	if certified != name {
		return failure{http.StatusBadRequest, "header node name does not match auth node name"}
	}
	if _, err := client.CoreV1().Nodes().Get(r.Context(), name, metav1.GetOptions{}); err != nil {
		return failure{http.StatusUnauthorized, "unable to verify node identity: " + err.Error()}
	}
	return nil
}

func ensurePassword(ctx context.Context, client kubernetes.Interface, name, password string) error {
	secrets := client.CoreV1().Secrets(secretsNamespace)
	found, err := secrets.Get(ctx, PasswordSecret(name), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		hash, hashErr := hashPassword(password, jointoken.Random(8))
		if hashErr != nil {
			return hashErr
		}
		immutable := true
		_, err = secrets.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: PasswordSecret(name), Namespace: secretsNamespace},
			Type:       PasswordSecretType,
			Immutable:  &immutable,
			Data:       map[string][]byte{"hash": []byte(hash)},
		}, metav1.CreateOptions{})
		if !apierrors.IsAlreadyExists(err) {
			return err
		}
		found, err = secrets.Get(ctx, PasswordSecret(name), metav1.GetOptions{})
	}
	if err != nil {
		return failure{http.StatusServiceUnavailable, err.Error()}
	}
	stored := string(found.Data["hash"])
	salt, _, _ := strings.Cut(stored, ":")
	hash, err := hashPassword(password, salt)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(hash), []byte(stored)) != 1 {
		return failure{http.StatusForbidden, fmt.Sprintf("unable to verify password for node %s: unable to verify hash for node '%s': hash does not match", name, name)}
	}
	return nil
}

func hashPassword(password, salt string) (string, error) {
	key, err := pbkdf2.Key(sha256.New, password, []byte(salt), iterations, sha256.Size)
	return salt + ":" + hex.EncodeToString(key), err
}
