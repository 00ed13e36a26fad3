package server

import (
	"context"
	"errors"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"

	"k3s-tool.lab/k3s/internal/settings"
)

func TestStagesOfARotationFollowEachOther(t *testing.T) {
	s := settings.Server{DataDir: t.TempDir()}
	s.EncryptSecrets = true
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1", Labels: map[string]string{"node-role.kubernetes.io/control-plane": "true"}}}
	client := fake.NewClientset(node, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "default"}})
	saved := 0
	e := &encryption{
		settings: s, node: "n1", client: func() kubernetes.Interface { return client },
		save: func(context.Context) error { saved++; return nil },
	}
	restart := func() {
		t.Helper()
		text, err := encryptionAnnotationOf(s)
		if err := errors.Join(err, e.annotate(t.Context(), text)); err != nil {
			t.Fatal(err)
		}
	}
	look := func() string {
		t.Helper()
		state, err := e.status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(state.Stage, " ", state.ActiveKey != "AES-CBC aescbckey", " ", len(state.InactiveKeys))
	}
	step := func(stage string, force bool) error {
		return e.request(t.Context(), encryptionRequest{Stage: &stage, Force: force})
	}
	if err := errors.Join(ensureEncryption(s), ensureEncryption(s)); err != nil {
		t.Fatal(err)
	}
	restart()
	if got := look(); got != "start false 0" {
		t.Fatal(got)
	}
	if err := step(stageRotate, false); err == nil {
		t.Error("keys were turned before there was another one")
	}
	for _, c := range []struct{ stage, want string }{{stagePrepare, "prepare false 1"}, {stageRotate, "rotate true 1"}} {
		if err := step(c.stage, false); err != nil {
			t.Fatal(err)
		}
		restart()
		if got := look(); got != c.want {
			t.Fatalf("%s: %s, want %s", c.stage, got, c.want)
		}
	}
	if err := e.reach(t.Context(), stageActive); err != nil {
		t.Fatal(err)
	}
	if got := look(); got != "reencrypt_active true 1" {
		t.Fatal(got)
	}
	restart() // in the middle: back where it began
	if got := look(); got != "rotate true 1" {
		t.Fatal(got)
	}
	if err := e.reencrypt(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if got := look(); got != "reencrypt_finished true 0" || saved != 3 {
		t.Fatal(got, saved)
	}
}
