package manifests

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"k3s-tool.lab/k3s/internal/settings"
)

func written(t *testing.T, s settings.Server) (names []string, objects []string) {
	t.Helper()
	dir := t.TempDir()
	if err := writePackaged(dir, s); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, strings.TrimSuffix(file.Name(), ".yaml"))
		err = each(data, func(o *unstructured.Unstructured) error {
			if o.GetKind() == "" || o.GetAPIVersion() == "" || o.GetName() == "" {
				t.Errorf("%s: incomplete object %v", file.Name(), o.Object)
			}
			objects = append(objects, o.GetKind()+"/"+o.GetName())
			if ip, ok, _ := unstructured.NestedString(o.Object, "spec", "clusterIP"); ok && ip != s.ClusterDNS {
				t.Errorf("%s: cluster IP %s", o.GetName(), ip)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", file.Name(), err)
		}
	}
	return names, objects
}

func TestPackagedManifestsFollowTheSettings(t *testing.T) {
	s := settings.Server{Cluster: settings.Cluster{ClusterDNS: "10.43.0.10", ClusterDomain: "cluster.local"}}
	names, objects := written(t, s)
	for _, want := range []string{"Deployment/coredns", "Service/kube-dns", "ClusterRole/system:k3s-controller", "APIService/v1beta1.metrics.k8s.io", "RuntimeClass/nvidia"} {
		if !slices.Contains(objects, want) {
			t.Errorf("no %s among %q", want, objects)
		}
	}
	for _, name := range []string{"coredns", "metrics-server"} {
		s.Disable = []string{name, "traefik"}
		fewer, objects := written(t, s)
		if len(fewer) != len(names)-1 || slices.Contains(objects, "Deployment/"+name) {
			t.Errorf("disabled components are still there: %q", fewer)
		}
	}
}
