// The program local-path-provisioner takes the place of rancher/local-path-provisioner's in the lab; see ../../README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	localpath "k3s-tool.lab/local-path"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

const (
	interval      = 500 * time.Millisecond
	helperTimeout = 30 * time.Second
	// Set by the scheduler and by Kubernetes' volume controller (k8s.io/component-helpers/storage/volume).
	selectedNode = "volume.kubernetes.io/selected-node"
	configMap    = "local-path-config"
	account      = "local-path-provisioner-service-account"
)

// Provisioner makes and deletes volumes of the classes that name it.
type Provisioner struct {
	client                  kubernetes.Interface
	name, namespace, config string
}

func main() {
	if len(os.Args) < 2 || os.Args[1] != "start" {
		log.Fatal("usage: local-path-provisioner start --config FILE")
	}
	flags := flag.NewFlagSet("start", flag.ExitOnError)
	config := flags.String("config", "", "Required. Provisioner configuration file.")
	name := flags.String("provisioner-name", "rancher.io/local-path", "Specify Provisioner name.")
	namespace := flags.String("namespace", os.Getenv("POD_NAMESPACE"), "The namespace that Provisioner is running in")
	_ = flags.Parse(os.Args[2:])
	cluster, err := rest.InClusterConfig()
	if err != nil {
		log.Fatal(err)
	}
	cluster.QPS, cluster.Burst = 50, 100
	p := &Provisioner{client: kubernetes.NewForConfigOrDie(cluster), name: *name, namespace: *namespace, config: *config}
	log.Printf("provisioning for %s by %s", p.name, p.config)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	for ctx.Err() == nil {
		if err := p.look(ctx); err != nil {
			log.Print(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(interval):
		}
	}
}

// look provisions what waits and deletes what was released.
func (p *Provisioner) look(ctx context.Context) error {
	text, err := os.ReadFile(p.config)
	if err != nil {
		return err
	}
	config, err := localpath.ReadConfig(text)
	if err != nil {
		return fmt.Errorf("failed to load the new config file: %w", err)
	}
	claims, err := p.client.CoreV1().PersistentVolumeClaims("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for at := range claims.Items {
		if claim := &claims.Items[at]; claim.Spec.VolumeName == "" && claim.Status.Phase == corev1.ClaimPending && claim.DeletionTimestamp == nil {
			if err := p.provision(ctx, config, claim); err != nil {
				p.tell(ctx, claim, err)
			}
		}
	}
	volumes, err := p.client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for at := range volumes.Items {
		if volume := &volumes.Items[at]; volume.Annotations[localpath.ProvisionedBy] == p.name && volume.Status.Phase == corev1.VolumeReleased {
			if err := p.delete(ctx, config, volume); err != nil {
				log.Printf("failed to delete volume %s: %v", volume.Name, err)
			}
		}
	}
	return nil
}

func (p *Provisioner) provision(ctx context.Context, config *localpath.Config, claim *corev1.PersistentVolumeClaim) error {
	if claim.Spec.StorageClassName == nil || claim.Annotations[selectedNode] == "" {
		return nil
	}
	class, err := p.client.StorageV1().StorageClasses().Get(ctx, *claim.Spec.StorageClassName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || (err == nil && class.Provisioner != p.name) {
		return nil
	}
	if err != nil {
		return err
	}
	node, err := p.client.CoreV1().Nodes().Get(ctx, claim.Annotations[selectedNode], metav1.GetOptions{})
	if err != nil {
		return err
	}
	volume, err := localpath.Volume(config, claim, class, node)
	if err != nil {
		return err
	}
	if _, err := p.client.CoreV1().PersistentVolumes().Get(ctx, volume.Name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		return err
	}
	if err := p.help(ctx, volume, "create", "setup"); err != nil {
		return err
	}
	_, err = p.client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{})
	return err
}

func (p *Provisioner) delete(ctx context.Context, config *localpath.Config, volume *corev1.PersistentVolume) error {
	if volume.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete {
		return nil
	}
	if _, err := config.PlacesOf(volume.Spec.StorageClassName); err != nil {
		return err
	}
	_, node, err := localpath.PathAndNode(volume)
	if err != nil {
		return err
	}
	if _, err := p.client.CoreV1().Nodes().Get(ctx, node, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		if err != nil {
			return err
		}
		if err := p.help(ctx, volume, "delete", "teardown"); err != nil {
			return err
		}
	}
	return p.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{})
}

// help runs a script on the volume's node and removes its pod.
func (p *Provisioner) help(ctx context.Context, volume *corev1.PersistentVolume, action, script string) error {
	settings, err := p.client.CoreV1().ConfigMaps(p.namespace).Get(ctx, configMap, metav1.GetOptions{})
	if err != nil {
		return err
	}
	var template corev1.Pod
	if err := yaml.UnmarshalStrict([]byte(settings.Data["helperPod.yaml"]), &template); err != nil {
		return fmt.Errorf("invalid helper pod: %w", err)
	}
	pod, err := localpath.HelperPod(&template, volume, action, script)
	if err != nil {
		return err
	}
	pod.Spec.ServiceAccountName = account
	pods := p.client.CoreV1().Pods(p.namespace)
	if _, err := pods.Create(ctx, pod, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	defer func() {
		now := int64(0)
		_ = pods.Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now})
	}()
	for end := time.Now().Add(helperTimeout); time.Now().Before(end); time.Sleep(interval) {
		found, err := pods.Get(ctx, pod.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		switch found.Status.Phase {
		case corev1.PodSucceeded:
			log.Printf("volume %s: %s done on %s", volume.Name, script, pod.Spec.NodeName)
			return nil
		case corev1.PodFailed:
			said, _ := pods.GetLogs(pod.Name, &corev1.PodLogOptions{}).DoRaw(ctx)
			return fmt.Errorf("failed to %s volume %s: %s", action, volume.Name, said)
		}
	}
	return fmt.Errorf("failed to %s volume %s: create process timeout after %v", action, volume.Name, helperTimeout)
}

// tell leaves an event at the claim, as `kubectl describe pvc` shows it.
func (p *Provisioner) tell(ctx context.Context, claim *corev1.PersistentVolumeClaim, failure error) {
	log.Printf("claim %s/%s: %v", claim.Namespace, claim.Name, failure)
	now := metav1.Now()
	_, err := p.client.CoreV1().Events(claim.Namespace).Create(ctx, &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{GenerateName: claim.Name + "."},
		InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID},
		Type:           corev1.EventTypeWarning, Reason: "ProvisioningFailed", Message: failure.Error(), Source: corev1.EventSource{Component: p.name},
		FirstTimestamp: now, LastTimestamp: now, Count: 1,
	}, metav1.CreateOptions{})
	if err != nil {
		log.Print(err)
	}
}
