package localpath

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ProvisionedBy is the annotation that says whose volume it is.
const ProvisionedBy = "pv.kubernetes.io/provisioned-by"

// Volume makes the volume of a claim on a node, by the configuration.
func Volume(config *Config, claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass, node *corev1.Node) (*corev1.PersistentVolume, error) {
	places, err := config.PlacesOf(class.Name)
	if err != nil {
		return nil, err
	}
	shared, err := places.Shared()
	if err != nil {
		return nil, err
	}
	if !shared {
		if claim.Spec.Selector != nil {
			return nil, fmt.Errorf("claim.Spec.Selector is not supported")
		}
		for _, mode := range claim.Spec.AccessModes {
			if mode != corev1.ReadWriteOnce && mode != corev1.ReadWriteOncePod {
				return nil, fmt.Errorf("NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes")
			}
		}
	}
	base, err := places.PathOn(node.Name, class.Parameters["nodePath"])
	if err != nil {
		return nil, err
	}
	name := "pvc-" + string(claim.UID)
	source, err := sourceOf(claim, class, filepath.Join(base, strings.Join([]string{name, claim.Namespace, claim.Name}, "_")))
	if err != nil {
		return nil, err
	}
	mode := corev1.PersistentVolumeFilesystem
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{
			ProvisionedBy: class.Provisioner, "local.path.provisioner/selected-node": node.Name,
		}},
		Spec: corev1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *class.ReclaimPolicy,
			AccessModes:                   claim.Spec.AccessModes,
			VolumeMode:                    &mode,
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			PersistentVolumeSource:        source,
			StorageClassName:              class.Name,
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID, ResourceVersion: claim.ResourceVersion,
			},
		},
	}
	if !shared {
		hostname := node.Labels[corev1.LabelHostname]
		if hostname == "" {
			hostname = node.Name
		}
		volume.Spec.NodeAffinity = &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{hostname}}},
		}}}}
	}
	return volume, nil
}

func sourceOf(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass, path string) (corev1.PersistentVolumeSource, error) {
	kind := "hostPath"
	if value, ok := class.Annotations["defaultVolumeType"]; ok {
		kind = value
	}
	if value, ok := claim.Annotations["volumeType"]; ok {
		kind = value
	}
	switch strings.ToLower(kind) {
	case "local":
		return corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: path}}, nil
	case "hostpath":
		create := corev1.HostPathDirectoryOrCreate
		return corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: path, Type: &create}}, nil
	}
	return corev1.PersistentVolumeSource{}, fmt.Errorf("%q is not a recognised volume type", kind)
}

// PathAndNode are where a volume is.
func PathAndNode(volume *corev1.PersistentVolume) (path, node string, err error) {
	switch source := volume.Spec.PersistentVolumeSource; {
	case source.Local != nil:
		path = source.Local.Path
	case source.HostPath != nil:
		path = source.HostPath.Path
	default:
		return "", "", fmt.Errorf("no path set")
	}
	if volume.Spec.NodeAffinity == nil || volume.Spec.NodeAffinity.Required == nil {
		return "", "", fmt.Errorf("no NodeAffinity set")
	}
	for _, term := range volume.Spec.NodeAffinity.Required.NodeSelectorTerms {
		for _, rule := range term.MatchExpressions {
			if rule.Operator == corev1.NodeSelectorOpIn && len(rule.Values) == 1 {
				return path, rule.Values[0], nil
			}
		}
	}
	return "", "", fmt.Errorf("cannot find affinited node")
}

// HelperPod makes the pod that sets a volume up, or tears it down, on its node: action is create or delete, script setup or teardown.
func HelperPod(template *corev1.Pod, volume *corev1.PersistentVolume, action, script string) (*corev1.Pod, error) {
	path, node, err := PathAndNode(volume)
	if err != nil {
		return nil, err
	}
	parent, name := filepath.Split(filepath.Clean(path))
	if strings.Trim(parent, "/") == "" || name == "" || len(template.Spec.Containers) == 0 {
		return nil, fmt.Errorf("invalid path %v: cannot find parent dir or volume dir", path)
	}
	size := volume.Spec.Capacity[corev1.ResourceStorage]
	create := corev1.HostPathDirectoryOrCreate
	pod := template.DeepCopy()
	pod.Name = fmt.Sprintf("%s-%s-%s", template.Name, action, volume.Name)
	pod.Spec.NodeName = node
	pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	pod.Spec.Volumes = append(pod.Spec.Volumes,
		corev1.Volume{Name: "data", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: parent, Type: &create}}},
		corev1.Volume{Name: "script", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: "local-path-config"},
			Items:                []corev1.KeyToPath{{Key: "setup", Path: "setup"}, {Key: "teardown", Path: "teardown"}},
		}}})
	container := &pod.Spec.Containers[0]
	container.VolumeMounts = append(container.VolumeMounts,
		corev1.VolumeMount{Name: "script", MountPath: "/script"}, corev1.VolumeMount{Name: "data", MountPath: parent})
	container.Command = []string{"/bin/sh", "/script/" + script}
	container.Args = []string{"-p", path, "-s", strconv.FormatInt(size.Value(), 10), "-m", string(corev1.PersistentVolumeFilesystem), "-a", action}
	container.Env = append(container.Env, corev1.EnvVar{Name: "VOL_DIR", Value: path}, corev1.EnvVar{Name: "VOL_MODE", Value: string(corev1.PersistentVolumeFilesystem)},
		corev1.EnvVar{Name: "VOL_SIZE_BYTES", Value: strconv.FormatInt(size.Value(), 10)})
	return pod, nil
}
