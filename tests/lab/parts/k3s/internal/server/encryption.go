package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	apiserverconfig "k8s.io/apiserver/pkg/apis/apiserver/v1"
	"k8s.io/client-go/kubernetes"

	"k3s-tool.lab/k3s/internal/files"
	"k3s-tool.lab/k3s/internal/logging"
	"k3s-tool.lab/k3s/internal/settings"
)

// Stages of a rotation (k3s-io/k3s pkg/secretsencrypt/config.go).
const (
	stageStart    = "start"
	stagePrepare  = "prepare"
	stageRotate   = "rotate"
	stageActive   = "reencrypt_active"
	stageFinished = "reencrypt_finished"
	stageKeys     = "rotate_keys" // requested, never found

	encryptionAnnotation = "k3s.io/encryption-config-hash"
	reloadLimit          = 120 * time.Second
)

// encryption keeps the keys that the API server encrypts Secrets with: server/cred/encryption-config.json, and the stage of a rotation in
// server/cred/encryption-state.json and in an annotation of this server's node. Only AES-CBC (k3s-io/k3s pkg/server/handlers/secrets-encrypt.go).
type encryption struct {
	settings settings.Server
	node     string
	client   func() kubernetes.Interface // nil until the API is ready
	save     func(context.Context) error // puts the files that servers share into the datastore
}

// encryptionState is what `k3s secrets-encrypt status` shows.
type encryptionState struct {
	Stage        string   `json:"stage"`
	ActiveKey    string   `json:"activekey"`
	Enable       *bool    `json:"enable,omitempty"`
	HashMatch    bool     `json:"hashmatch,omitempty"`
	HashError    string   `json:"hasherror,omitempty"`
	InactiveKeys []string `json:"inactivekeys,omitempty"`
}

type encryptionRequest struct {
	Stage *string `json:"stage,omitempty"`
	Force bool    `json:"force"`
	Skip  bool    `json:"skip"`
}

func encryptionConfig(s settings.Server) string {
	return filepath.Join(s.DataDir, "cred", "encryption-config.json")
}

func encryptionStateFile(s settings.Server) string {
	return filepath.Join(s.DataDir, "cred", "encryption-state.json")
}

// ensureEncryption makes the first key where Secrets are to be encrypted and there is none (k3s-io/k3s pkg/daemons/control/deps/deps.go,
// genEncryptionConfigAndState).
func ensureEncryption(s settings.Server) error {
	if !s.EncryptSecrets || files.Exists(encryptionConfig(s)) {
		return nil
	}
	return errors.Join(writeKeys(s, []apiserverconfig.Key{newKey("aescbckey")}), writeStage(s, stageStart))
}

func newKey(name string) apiserverconfig.Key {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	return apiserverconfig.Key{Name: name, Secret: base64.StdEncoding.EncodeToString(secret)}
}

func readKeys(s settings.Server) ([]apiserverconfig.Key, error) {
	data, err := os.ReadFile(encryptionConfig(s))
	if err != nil {
		return nil, err
	}
	var config apiserverconfig.EncryptionConfiguration
	if err := json.Unmarshal(data, &config); err != nil {
		return nil, err
	}
	for _, resource := range config.Resources {
		for _, provider := range resource.Providers {
			if provider.AESCBC != nil {
				return provider.AESCBC.Keys, nil
			}
		}
	}
	return nil, errors.New("encryption-config.json has no AES-CBC keys")
}

func writeKeys(s settings.Server, keys []apiserverconfig.Key) error {
	config := apiserverconfig.EncryptionConfiguration{
		TypeMeta: metav1.TypeMeta{Kind: "EncryptionConfiguration", APIVersion: "apiserver.config.k8s.io/v1"},
		Resources: []apiserverconfig.ResourceConfiguration{{
			Resources: []string{"secrets"},
			Providers: []apiserverconfig.ProviderConfiguration{
				{AESCBC: &apiserverconfig.AESConfiguration{Keys: keys}},
				{Identity: &apiserverconfig.IdentityConfiguration{}},
			},
		}},
	}
	data, err := json.Marshal(config)
	if err != nil {
		return err
	}
	return files.Replace(encryptionConfig(s), data, 0o600)
}

// staged is a stage with the digest of the configuration.
func staged(s settings.Server, stage string) (string, error) {
	data, err := os.ReadFile(encryptionConfig(s))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return stage + "-" + hex.EncodeToString(sum[:]), nil
}

func writeStage(s settings.Server, stage string) error {
	text, err := staged(s, stage)
	if err != nil {
		return err
	}
	return files.Replace(encryptionStateFile(s), []byte(text), 0o600)
}

// annotation is what a start says of the stage: what is in the file. One that was re-encrypting when it was ended is back where it began to.
func encryptionAnnotationOf(s settings.Server) (string, error) {
	text, err := os.ReadFile(encryptionStateFile(s))
	return string(text), err
}

func (e *encryption) annotate(ctx context.Context, text string) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{encryptionAnnotation: text}}})
	if err != nil {
		return err
	}
	_, err = e.client().CoreV1().Nodes().Patch(ctx, e.node, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

// reach enters a stage, in the file too where it is one that a restart comes back to.
func (e *encryption) reach(ctx context.Context, stage string) error {
	text, err := staged(e.settings, stage)
	if err != nil {
		return err
	}
	if err := e.annotate(ctx, text); err != nil || stage == stageActive {
		return err
	}
	return writeStage(e.settings, stage)
}

// stages are the annotations of all servers, this one's first.
func (e *encryption) stages(ctx context.Context) ([]string, error) {
	list, err := e.client().CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: "node-role.kubernetes.io/control-plane=true"})
	if err != nil {
		return nil, err
	}
	var own, others []string
	for _, node := range list.Items {
		text, ok := node.Annotations[encryptionAnnotation]
		switch {
		case node.Name == e.node && !ok:
			return nil, fmt.Errorf("missing annotation on node %s", node.Name)
		case node.Name == e.node:
			own = append(own, text)
		case ok:
			others = append(others, text)
		}
	}
	if len(own) == 0 {
		return nil, fmt.Errorf("nodes %q not found", e.node)
	}
	return append(own, others...), nil
}

// verify tells whether all servers are at the same stage, and whether that is one of those from which the next one is reached.
func (e *encryption) verify(ctx context.Context, from ...string) error {
	found, err := e.stages(ctx)
	if err != nil {
		return err
	}
	for _, other := range found[1:] {
		if other != found[0] {
			return fmt.Errorf("hash does not match between %s and other servers", e.node)
		}
	}
	if len(from) == 0 {
		return nil
	}
	stage, _, _ := strings.Cut(found[0], "-")
	if !slices.Contains(from, stage) {
		return fmt.Errorf("incorrect stage: %s found on node %s", stage, e.node)
	}
	if now, err := staged(e.settings, stage); err != nil || now != found[0] {
		return fmt.Errorf("invalid hash: %s found on node %s", found[0], e.node)
	}
	return nil
}

func (e *encryption) status(ctx context.Context) (encryptionState, error) {
	var state encryptionState
	if !e.settings.EncryptSecrets {
		return state, nil
	}
	keys, err := readKeys(e.settings)
	if err != nil {
		return state, err
	}
	enabled := true
	state.Enable = &enabled
	found, err := e.stages(ctx)
	if err != nil {
		return state, err
	}
	state.Stage, _, _ = strings.Cut(found[0], "-")
	if err := e.verify(ctx); err != nil {
		state.HashError = err.Error()
	} else {
		state.HashMatch = true
	}
	for i, key := range keys {
		if i == 0 {
			state.ActiveKey = "AES-CBC " + key.Name
		} else {
			state.InactiveKeys = append(state.InactiveKeys, "AES-CBC "+key.Name)
		}
	}
	return state, nil
}

// request takes a rotation one step on. What it begins goes on when the caller is gone: life ends with the server.
func (e *encryption) request(life context.Context, request encryptionRequest) error {
	if !e.settings.EncryptSecrets || request.Stage == nil {
		return errors.New("this stand-in neither enables nor disables secrets encryption")
	}
	check := func(from ...string) error {
		if request.Force {
			return nil
		}
		return e.verify(life, from...)
	}
	keys, err := readKeys(e.settings)
	if err != nil {
		return err
	}
	next := newKey("aescbckey-" + time.Now().Format(time.RFC3339))
	last := len(keys) - 1
	turned := func(keys []apiserverconfig.Key) []apiserverconfig.Key {
		return append([]apiserverconfig.Key{keys[len(keys)-1]}, keys[:len(keys)-1]...)
	}
	become := func(keys []apiserverconfig.Key, stage string) error {
		if err := writeKeys(e.settings, keys); err != nil {
			return err
		}
		if err := e.reach(life, stage); err != nil {
			return err
		}
		return e.save(life)
	}
	switch *request.Stage {
	case stagePrepare:
		if err := check(stageStart, stageFinished); err != nil {
			return err
		}
		return become(append(keys, next), stagePrepare)
	case stageRotate:
		if err := check(stagePrepare); err != nil {
			return err
		}
		return become(turned(keys), stageRotate)
	case stageActive:
		if err := check(stageRotate); err != nil {
			return err
		}
		if err := e.reach(life, stageActive); err != nil {
			return err
		}
		go func() {
			if err := e.reencrypt(life, request.Skip); err != nil {
				logging.Errorf("secrets-reencrypt: %v", err)
			}
		}()
		return nil
	case stageKeys:
		if err := e.verify(life, stageStart, stageFinished); err != nil {
			return err
		}
		reloads, err := e.reloads(life)
		if err != nil {
			return err
		}
		if err := e.reach(life, stageActive); err != nil {
			return err
		}
		if err := writeKeys(e.settings, turned(append(keys[:last+1:last+1], next))); err != nil {
			return err
		}
		if err := e.save(life); err != nil {
			return err
		}
		if err := e.waitForReload(life, reloads); err != nil {
			return err
		}
		return e.reencrypt(life, false)
	}
	return fmt.Errorf("unknown stage %s requested", *request.Stage)
}

// reencrypt writes each Secret again, then removes the last key.
func (e *encryption) reencrypt(ctx context.Context, skip bool) error {
	secrets, err := e.client().CoreV1().Secrets("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, secret := range secrets.Items {
		_, err := e.client().CoreV1().Secrets(secret.Namespace).Update(ctx, &secret, metav1.UpdateOptions{})
		if err != nil && !apierrors.IsConflict(err) {
			return fmt.Errorf("failed to update secret: %w", err)
		}
	}
	e.report(ctx, len(secrets.Items))
	if skip {
		text, err := encryptionAnnotationOf(e.settings)
		return errors.Join(err, e.annotate(ctx, text))
	}
	keys, err := readKeys(e.settings)
	if err != nil {
		return err
	}
	if len(keys) > 1 {
		keys = keys[:len(keys)-1]
	}
	if err := writeKeys(e.settings, keys); err != nil {
		return err
	}
	if err := e.reach(ctx, stageFinished); err != nil {
		return err
	}
	return e.save(ctx)
}

// report writes the event that tells how many there were.
func (e *encryption) report(ctx context.Context, count int) {
	now := metav1.Now()
	_, err := e.client().CoreV1().Events("default").Create(ctx, &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{GenerateName: e.node + ".", Namespace: "default"},
		InvolvedObject: corev1.ObjectReference{Kind: "Node", Name: e.node, UID: types.UID(e.node)},
		Type:           corev1.EventTypeNormal, Reason: "SecretsUpdateComplete", Message: fmt.Sprintf("reencrypted %d secrets", count),
		Source: corev1.EventSource{Component: "secrets-reencrypt"}, FirstTimestamp: now, LastTimestamp: now, Count: 1,
	}, metav1.CreateOptions{})
	if err != nil {
		logging.Warnf("secrets-reencrypt: %v", err)
	}
}

var reloadMetric = regexp.MustCompile(`(?m)^apiserver_encryption_config_controller_automatic_reloads_total\{.*status="success".*\} (\d+)$`)

// reloads is how often the API server has read the keys again (k3s-io/k3s pkg/secretsencrypt/config.go, GetEncryptionConfigMetrics).
func (e *encryption) reloads(ctx context.Context) (int, error) {
	data, err := e.client().Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return 0, err
	}
	found := reloadMetric.FindSubmatch(data)
	if found == nil {
		return 0, nil
	}
	return strconv.Atoi(string(found[1]))
}

func (e *encryption) waitForReload(ctx context.Context, before int) error {
	ctx, cancel := context.WithTimeout(ctx, reloadLimit)
	defer cancel()
	for {
		now, err := e.reloads(ctx)
		if err != nil {
			return err
		}
		if now > before {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: apiserver has not reloaded encryption configuration", ctx.Err())
		case <-time.After(2 * time.Second):
		}
	}
}
