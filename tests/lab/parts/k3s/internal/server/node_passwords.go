package server

import (
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"k3s-tool.lab/k3s/internal/logging"
	"k3s-tool.lab/k3s/internal/supervisor"
)

// orphanAge is how old a password Secret must be before it goes for want of its node: MinOrphanSecretAge in k3s-io/k3s
// pkg/nodepassword/controller.go.
const orphanAge = 10 * time.Minute

// ownPassword makes a node the owner of its password Secret, so that the garbage collector removes the Secret after the node
// (k3s-io/k3s pkg/nodepassword/controller.go, onChangeNode).
func ownPassword(ctx context.Context, client kubernetes.Interface, node *corev1.Node) error {
	secrets := client.CoreV1().Secrets(metav1.NamespaceSystem)
	secret, err := secrets.Get(ctx, supervisor.PasswordSecret(node.Name), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if slices.ContainsFunc(secret.OwnerReferences, func(o metav1.OwnerReference) bool { return o.UID == node.UID }) {
		return nil
	}
	secret.OwnerReferences = append(secret.OwnerReferences, metav1.OwnerReference{APIVersion: "v1", Kind: "Node", Name: node.Name, UID: node.UID})
	_, err = secrets.Update(ctx, secret, metav1.UpdateOptions{})
	if apierrors.IsConflict(err) {
		return nil // another server was first
	}
	return err
}

// forgetPassword removes the password of this node after a reset: the snapshot may have that of another disk (k3s-io/k3s pkg/cluster/managed.go,
// deleteNodePasswdSecret).
func forgetPassword(ctx context.Context, client kubernetes.Interface, node string) {
	err := client.CoreV1().Secrets(metav1.NamespaceSystem).Delete(ctx, supervisor.PasswordSecret(node), metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		logging.Warnf("failed to delete old node password secret: %v", err)
	}
}

// removeOrphanPasswords removes Secrets of nodes that never joined, or that somebody made again without one (k3s-io/k3s
// pkg/nodepassword/controller.go, sync).
func removeOrphanPasswords(ctx context.Context, client kubernetes.Interface, nodes []string, now time.Time) {
	secrets := client.CoreV1().Secrets(metav1.NamespaceSystem)
	all, err := secrets.List(ctx, metav1.ListOptions{FieldSelector: "type=" + string(supervisor.PasswordSecretType)})
	if err != nil {
		logging.Warnf("node-password secrets: %v", err)
		return
	}
	names := map[string]bool{}
	for _, node := range nodes {
		names[supervisor.PasswordSecret(node)] = true
	}
	for _, s := range all.Items {
		if names[s.Name] || now.Sub(s.CreationTimestamp.Time) < orphanAge {
			continue
		}
		if err := secrets.Delete(ctx, s.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &s.UID}}); err == nil {
			logging.Warnf("Deleted orphaned node-password secret %s created %s", s.Name, s.CreationTimestamp)
		}
	}
}
