package agent

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"k3s-tool.lab/k3s/internal/logging"
	"k3s-tool.lab/k3s/internal/settings"
)

const nodePoll = 200 * time.Millisecond

// describeNode waits for the Node object and gives it k3s's annotations and the labels of `node-label`; labels are added at each
// start and never removed (k3s-io/k3s pkg/agent/run.go).
func describeNode(ctx context.Context, node settings.Node) error {
	client, err := kubeletClient(node)
	if err != nil {
		return err
	}
	patch, err := nodePatch(node)
	if err != nil {
		return err
	}
	for {
		_, err := client.CoreV1().Nodes().Patch(ctx, node.Name, types.MergePatchType, patch, metav1.PatchOptions{})
		if err == nil {
			logging.Infof("Annotations and labels have been set successfully on node: %s", node.Name)
			return nil
		}
		if !apierrors.IsNotFound(err) {
			logging.Warnf("Failed to set annotations and labels on node %s: %v", node.Name, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(nodePoll):
		}
	}
}

// waitForPodCIDR waits until the controller manager has given the node its part of the pod network.
func waitForPodCIDR(ctx context.Context, node settings.Node) error {
	client, err := kubeletClient(node)
	if err != nil {
		return err
	}
	for {
		found, err := client.CoreV1().Nodes().Get(ctx, node.Name, metav1.GetOptions{})
		if err == nil && found.Spec.PodCIDR != "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(nodePoll):
		}
	}
}

func kubeletClient(node settings.Node) (kubernetes.Interface, error) {
	return clientFrom(filepath.Join(node.DataDir, "kubelet.kubeconfig"))
}

func clientFrom(kubeconfig string) (kubernetes.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}

func nodePatch(node settings.Node) ([]byte, error) {
	args, err := json.Marshal(node.MaskedArgs)
	if err != nil {
		return nil, err
	}
	environment, err := json.Marshal(maskedEnvironment())
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(append(args, environment...))
	annotations := map[string]string{
		"k3s.io/node-args":        string(args),
		"k3s.io/node-env":         string(environment),
		"k3s.io/node-config-hash": base32.StdEncoding.EncodeToString(hash[:]),
		"k3s.io/hostname":         node.Name,
		"k3s.io/internal-ip":      node.IP,
	}
	if node.ExternalIP != "" {
		annotations["k3s.io/external-ip"] = node.ExternalIP
	}
	labels := map[string]string{}
	for _, label := range node.Labels {
		key, value, _ := strings.Cut(label, "=")
		labels[key] = value
	}
	return json.Marshal(map[string]any{"metadata": map[string]any{"annotations": annotations, "labels": labels}})
}

func maskedEnvironment() map[string]string {
	out := map[string]string{}
	for _, e := range os.Environ() {
		name, value, _ := strings.Cut(e, "=")
		if !strings.HasPrefix(name, "K3S_") {
			continue
		}
		if strings.HasSuffix(name, "_TOKEN") || name == "K3S_DATASTORE_ENDPOINT" || name == "K3S_VPN_AUTH" {
			value = "********"
		}
		out[name] = value
	}
	return out
}
