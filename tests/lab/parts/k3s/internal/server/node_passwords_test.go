package server

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"k3s-tool.lab/k3s/internal/supervisor"
)

func passwordOfNode(name string, created time.Time) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: supervisor.PasswordSecret(name), Namespace: "kube-system", CreationTimestamp: metav1.NewTime(created)},
		Type:       supervisor.PasswordSecretType,
	}
}

func TestNodeOwnsItsPassword(t *testing.T) {
	client := fake.NewClientset(passwordOfNode("n2", time.Time{}))
	for range 2 {
		if err := ownPassword(t.Context(), client, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n2", UID: "u2"}}); err != nil {
			t.Fatal(err)
		}
	}
	secret, err := client.CoreV1().Secrets("kube-system").Get(t.Context(), "n2.node-password.k3s", metav1.GetOptions{})
	if err != nil || len(secret.OwnerReferences) != 1 || secret.OwnerReferences[0].UID != "u2" || secret.OwnerReferences[0].Kind != "Node" {
		t.Errorf("%+v %v", secret.OwnerReferences, err)
	}
	if err := ownPassword(t.Context(), client, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n3", UID: "u3"}}); err != nil {
		t.Errorf("a node without a password: %v", err)
	}
}

func TestOldPasswordsWithoutANodeGo(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	client := fake.NewClientset(passwordOfNode("n1", now.Add(-time.Hour)), passwordOfNode("gone", now.Add(-time.Hour)), passwordOfNode("joins", now.Add(-time.Minute)))
	removeOrphanPasswords(t.Context(), client, []string{"n1"}, now)
	left, err := client.CoreV1().Secrets("kube-system").List(t.Context(), metav1.ListOptions{})
	if err != nil || len(left.Items) != 2 {
		t.Fatal(left, err)
	}
	for _, s := range left.Items {
		if s.Name == supervisor.PasswordSecret("gone") {
			t.Error("the Secret of a node that is gone stayed")
		}
	}
}
