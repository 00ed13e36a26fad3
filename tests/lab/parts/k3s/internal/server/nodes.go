package server

import (
	"context"
	"encoding/json"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	waits "k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"k3s-tool.lab/k3s/internal/logging"
	"k3s-tool.lab/k3s/internal/settings"
)

// labelServer gives this server's own node the labels and annotations that a kubelet may not give itself.
func labelServer(ctx context.Context, client kubernetes.Interface, s settings.Server, node settings.Node, store *datastore) error {
	labels := map[string]string{"node-role.kubernetes.io/control-plane": "true"}
	annotations := map[string]string{}
	if s.Etcd() {
		labels["node-role.kubernetes.io/etcd"] = "true"
		annotations["etcd.k3s.cattle.io/node-name"] = store.name
		annotations["etcd.k3s.cattle.io/node-address"] = store.address
	}
	if s.EncryptSecrets {
		stage, err := encryptionAnnotationOf(s)
		if err != nil {
			return err
		}
		annotations[encryptionAnnotation] = stage
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": labels, "annotations": annotations}})
	if err != nil {
		return err
	}
	for {
		_, err := client.CoreV1().Nodes().Patch(ctx, node.Name, types.MergePatchType, patch, metav1.PatchOptions{})
		if err == nil {
			return nil
		}
		if !apierrors.IsNotFound(err) {
			logging.Warnf("labels of %s: %v", node.Name, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// watchNodes looks after what goes with a node: its password Secret, which the garbage collector removes after it, so that the name is
// free again, and its etcd member.
func watchNodes(ctx context.Context, client kubernetes.Interface, store *datastore, withNodeHosts bool) error {
	factory := informers.NewSharedInformerFactory(client, 0)
	nodes := factory.Core().V1().Nodes().Informer()
	own := func(object any) {
		if node, ok := object.(*corev1.Node); ok {
			if err := ownPassword(ctx, client, node); err != nil {
				logging.Warnf("node-password secret of %s: %v", node.Name, err)
			}
		}
	}
	_, err := nodes.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: own, UpdateFunc: func(_, object any) { own(object) }, DeleteFunc: func(object any) {
		if final, ok := object.(cache.DeletedFinalStateUnknown); ok {
			object = final.Obj
		}
		node, ok := object.(*corev1.Node)
		if !ok {
			return
		}
		if member := node.Annotations["etcd.k3s.cattle.io/node-name"]; member != "" {
			if err := store.remove(ctx, member); err != nil {
				logging.Errorf("etcd member %s: %v", member, err)
			}
		}
	}})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	go waits.UntilWithContext(ctx, func(ctx context.Context) {
		if nodes.HasSynced() {
			removeOrphanPasswords(ctx, client, nodes.GetStore().ListKeys(), time.Now())
		}
	}, time.Minute)
	if withNodeHosts {
		go keepNodeHosts(ctx, client, nodes.GetStore())
	}
	<-ctx.Done()
	return ctx.Err()
}
