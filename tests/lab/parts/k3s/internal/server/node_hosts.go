package server

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"k3s-tool.lab/k3s/internal/logging"
)

const nodeHostsInterval = 2 * time.Second

// keepNodeHosts writes the nodes' names and addresses into CoreDNS's ConfigMap, so that pods can resolve node names. Changes are
// collected for a moment: nodes report their status often, and the answer seldom changes.
func keepNodeHosts(ctx context.Context, client kubernetes.Interface, nodes cache.Store) {
	written := ""
	for ticker := time.NewTicker(nodeHostsInterval); ; {
		if hosts := nodeHosts(nodes.List()); hosts != written && hosts != "" {
			patch, err := json.Marshal(map[string]any{"data": map[string]string{"NodeHosts": hosts}})
			if err == nil {
				_, err = client.CoreV1().ConfigMaps("kube-system").Patch(ctx, "coredns", types.MergePatchType, patch, metav1.PatchOptions{})
			}
			switch {
			case err == nil:
				written = hosts
			case !apierrors.IsNotFound(err) && ctx.Err() == nil:
				logging.Warnf("NodeHosts: %v", err)
			}
		}
		select {
		case <-ctx.Done():
			ticker.Stop()
			return
		case <-ticker.C:
		}
	}
}

func nodeHosts(objects []any) string {
	var lines []string
	for _, object := range objects {
		node, ok := object.(*corev1.Node)
		if !ok {
			continue
		}
		for _, address := range node.Status.Addresses {
			if address.Type == corev1.NodeInternalIP {
				lines = append(lines, address.Address+" "+node.Name+"\n")
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}
