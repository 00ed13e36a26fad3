package localpath

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const classes = `{"storageClassConfigs": {"fast": {"nodePathMap": [
  {"node": "nas", "paths": ["/srv/fast", "/srv/more"]}, {"node": "gone", "paths": []}]}}}`

func config(t *testing.T, text string) *Config {
	t.Helper()
	config, err := ReadConfig([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func TestPathsAreOfTheNodeAndClassAlone(t *testing.T) {
	places, err := config(t, classes).PlacesOf("fast")
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if path, err := places.PathOn("nas", ""); err != nil || !slices.Contains([]string{"/srv/fast", "/srv/more"}, path) {
			t.Fatal(path, err)
		}
	}
	if path, err := places.PathOn("nas", "/srv/more"); err != nil || path != "/srv/more" {
		t.Fatal(path, err)
	}
	for node, said := range map[string]string{"nuc": "doesn't contain node nuc", "gone": "no local path available"} {
		if _, err := places.PathOn(node, ""); err == nil || !strings.Contains(err.Error(), said) {
			t.Error(node, err)
		}
	}
	if _, err := config(t, classes).PlacesOf("bulk"); err == nil {
		t.Error("a class that is not listed is refused")
	}
	other, _ := config(t, `{"nodePathMap": [{"node": "`+NonListedNodes+`", "paths": ["/data"]}]}`).PlacesOf("any")
	if path, err := other.PathOn("nuc", ""); err != nil || path != "/data" {
		t.Error(path, err)
	}
}

func TestConfigurationsThatTheOriginalRefuses(t *testing.T) {
	for _, text := range []string{
		`{`, `{"nodePathMap": [{"node": "a", "paths": ["srv"]}]}`, `{"nodePathMap": [{"node": "a", "paths": ["/"]}]}`,
		`{"nodePathMap": [{"node": "a", "paths": ["/x", "/x/"]}]}`, `{"nodePathMap": [{"node": "a"}, {"node": "a"}]}`,
		`{"storageClassConfigs": {"a": {"nodePathMap": [{"node": "a", "paths": ["x"]}]}}}`,
	} {
		if _, err := ReadConfig([]byte(text)); err == nil {
			t.Error(text)
		}
	}
}

func claimAndClass() (*corev1.PersistentVolumeClaim, *storagev1.StorageClass, *corev1.Node) {
	retain := corev1.PersistentVolumeReclaimRetain
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "data", UID: "7"},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
	class := &storagev1.StorageClass{
		ObjectMeta:  metav1.ObjectMeta{Name: "fast", Annotations: map[string]string{"defaultVolumeType": "local"}},
		Provisioner: "me", ReclaimPolicy: &retain, Parameters: map[string]string{"nodePath": "/srv/fast"},
	}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "nas", Labels: map[string]string{corev1.LabelHostname: "nas"}}}
	return claim, class, node
}

func TestAVolumeIsOnItsNodeAndSaysWhose(t *testing.T) {
	claim, class, node := claimAndClass()
	volume, err := Volume(config(t, classes), claim, class, node)
	if err != nil {
		t.Fatal(err)
	}
	path, on, err := PathAndNode(volume)
	if err != nil || path != "/srv/fast/pvc-7_default_data" || on != "nas" {
		t.Error(path, on, err)
	}
	if volume.Annotations[ProvisionedBy] != "me" || volume.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimRetain {
		t.Error(volume)
	}
	claim.Annotations = map[string]string{"volumeType": "hostPath"}
	if volume, err = Volume(config(t, classes), claim, class, node); err != nil || volume.Spec.HostPath == nil {
		t.Error(volume, err)
	}
	claim.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany}
	if _, err = Volume(config(t, classes), claim, class, node); err == nil {
		t.Error("a volume of one node is not for many")
	}
}

func TestTheHelperPodRunsTheScriptOnTheNode(t *testing.T) {
	claim, class, node := claimAndClass()
	volume, _ := Volume(config(t, classes), claim, class, node)
	var template corev1.Pod
	if err := json.Unmarshal([]byte(`{"metadata": {"name": "helper-pod"}, "spec": {"containers": [{"name": "helper-pod", "image": "busybox"}]}}`), &template); err != nil {
		t.Fatal(err)
	}
	pod, err := HelperPod(&template, volume, "create", "setup")
	if err != nil {
		t.Fatal(err)
	}
	container := pod.Spec.Containers[0]
	if pod.Name != "helper-pod-create-pvc-7" || pod.Spec.NodeName != "nas" || !slices.Equal(container.Command, []string{"/bin/sh", "/script/setup"}) {
		t.Error(pod)
	}
	if container.Env[0] != (corev1.EnvVar{Name: "VOL_DIR", Value: "/srv/fast/pvc-7_default_data"}) || pod.Spec.Volumes[0].HostPath.Path != "/srv/fast/" {
		t.Error(pod)
	}
	if len(template.Spec.Volumes) > 0 {
		t.Error("the template stays as it is")
	}
}
