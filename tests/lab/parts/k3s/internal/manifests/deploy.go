// Package manifests keeps what lies in server/manifests deployed, and writes the manifests of the packaged components there.
package manifests

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"

	"k3s-tool.lab/k3s/internal/files"
	"k3s-tool.lab/k3s/internal/logging"
	"k3s-tool.lab/k3s/internal/settings"
)

const (
	manifestPoll = 5 * time.Second
	fieldManager = "deploy@k3s"
)

// deployer applies the files of server/manifests and applies them again when they change.
type deployer struct {
	client  dynamic.Interface
	mapper  *restmapper.DeferredDiscoveryRESTMapper
	applied map[string][sha256.Size]byte
	content map[string][]byte // what was applied, to find what is no longer in a file
	skip    []string
}

// Deploy writes the packaged manifests and keeps the directory deployed until the context ends.
func Deploy(ctx context.Context, config *rest.Config, s settings.Server) error {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	api, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return err
	}
	directory := filepath.Join(s.DataDir, "manifests")
	if err := writePackaged(directory, s); err != nil {
		return err
	}
	d := &deployer{client, restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(api)), map[string][sha256.Size]byte{}, map[string][]byte{}, s.Disable}
	d.removeDisabled(ctx, directory)
	for ticker := time.NewTicker(manifestPoll); ; {
		d.pass(ctx, directory)
		select {
		case <-ctx.Done():
			ticker.Stop()
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// pass applies what changed since the last one. A failure is logged and tried again.
func (d *deployer) pass(ctx context.Context, directory string) {
	paths, _ := filepath.Glob(filepath.Join(directory, "*"))
	for _, file := range paths {
		extension := filepath.Ext(file)
		name := strings.TrimSuffix(filepath.Base(file), extension)
		if !slices.Contains([]string{".yaml", ".yml", ".json"}, extension) || slices.Contains(d.skip, name) || files.Exists(file+".skip") {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			logging.Warnf("%v", err)
			continue
		}
		if sum := sha256.Sum256(data); d.applied[file] != sum {
			if err := errors.Join(d.apply(ctx, data), d.prune(ctx, d.content[file], data)); err != nil {
				if ctx.Err() == nil {
					logging.Errorf("Failed to apply %s: %v", file, err)
				}
				continue
			}
			logging.Infof("Applied %s", file)
			d.applied[file], d.content[file] = sum, data
		}
	}
}

// removeDisabled deletes the packaged components that an earlier start deployed and that are disabled now.
func (d *deployer) removeDisabled(ctx context.Context, directory string) {
	for _, name := range d.skip {
		file := filepath.Join(directory, name+".yaml")
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		err = each(data, func(object *unstructured.Unstructured) error { return d.deleteObject(ctx, object) })
		if err = errors.Join(err, os.Remove(file)); err != nil {
			logging.Errorf("Failed to delete %s: %v", name, err)
		}
	}
}

// prune deletes what an earlier version of a file has and the newer one has not. k3s knows it from the Addon even after a restart.
func (d *deployer) prune(ctx context.Context, before, after []byte) error {
	kept := map[string]bool{}
	if err := each(after, func(object *unstructured.Unstructured) error {
		kept[identity(object)] = true
		return nil
	}); err != nil {
		return err
	}
	return each(before, func(object *unstructured.Unstructured) error {
		if kept[identity(object)] {
			return nil
		}
		return d.deleteObject(ctx, object)
	})
}

func identity(object *unstructured.Unstructured) string {
	return strings.Join([]string{object.GroupVersionKind().GroupKind().String(), object.GetNamespace(), object.GetName()}, "/")
}

func (d *deployer) deleteObject(ctx context.Context, object *unstructured.Unstructured) error {
	resource, err := d.resource(object)
	if err != nil {
		return err
	}
	background := metav1.DeletePropagationBackground
	err = resource.Delete(ctx, object.GetName(), metav1.DeleteOptions{PropagationPolicy: &background})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func (d *deployer) apply(ctx context.Context, data []byte) error {
	return each(data, func(object *unstructured.Unstructured) error { return d.applyObject(ctx, object) })
}

// each calls a function for every object of a manifest.
func each(data []byte, f func(*unstructured.Unstructured) error) error {
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for {
		object := &unstructured.Unstructured{}
		if err := decoder.Decode(&object.Object); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if len(object.Object) == 0 {
			continue
		}
		if err := f(object); err != nil {
			return fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
}

func (d *deployer) applyObject(ctx context.Context, object *unstructured.Unstructured) error {
	resource, err := d.resource(object)
	if err != nil {
		return err
	}
	data, err := object.MarshalJSON()
	if err != nil {
		return err
	}
	force := true
	_, err = resource.Patch(ctx, object.GetName(), types.ApplyPatchType, data, metav1.PatchOptions{FieldManager: fieldManager, Force: &force})
	return err
}

// resource finds the API of an object's kind.
func (d *deployer) resource(object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	kind := object.GroupVersionKind()
	mapping, err := d.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		d.mapper.Reset() // a definition applied just now is not in the cache
		if mapping, err = d.mapper.RESTMapping(kind.GroupKind(), kind.Version); err != nil {
			return nil, err
		}
	}
	if mapping.Scope.Name() != meta.RESTScopeNameNamespace {
		return d.client.Resource(mapping.Resource), nil
	}
	namespace := object.GetNamespace()
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	return d.client.Resource(mapping.Resource).Namespace(namespace), nil
}
