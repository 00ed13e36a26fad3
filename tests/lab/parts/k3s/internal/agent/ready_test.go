package agent

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	k8stesting "k8s.io/client-go/testing"
)

// What an earlier kubelet reported does not make this one ready.
func TestReadyNeedsANewReport(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 10, 700_000_000, time.UTC)
	for _, c := range []struct {
		status   corev1.ConditionStatus
		reported time.Time
		want     bool
	}{
		{corev1.ConditionTrue, start.Add(-time.Second), false},
		{corev1.ConditionTrue, start.Truncate(time.Second), true},
		{corev1.ConditionTrue, start.Add(5 * time.Minute), true},
		{corev1.ConditionFalse, start.Add(5 * time.Minute), false},
	} {
		client := fake.NewClientset(&corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: "n2"},
			Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{
				{Type: corev1.NodeReady, Status: c.status, LastHeartbeatTime: metav1.NewTime(c.reported)},
			}},
		})
		ctx, cancel := context.WithCancel(t.Context())
		client.PrependReactor("get", "nodes", answered(cancel))
		if err := waitForReady(ctx, client, "n2", start); (err == nil) != c.want {
			t.Errorf("%+v: %v", c, err)
		}
		cancel()
	}
}

// answered ends the wait once the node was read.
func answered(cancel context.CancelFunc) k8stesting.ReactionFunc {
	return func(k8stesting.Action) (bool, runtime.Object, error) {
		cancel()
		return false, nil, nil
	}
}

func TestReadyDelay(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ready-delay")
	if err := delayReady(t.Context(), file); err != nil {
		t.Errorf("without a file: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for text, check := range map[string]func(error) bool{
		"0\n":    func(err error) bool { return err == nil },
		"3600\n": func(err error) bool { return errors.Is(err, context.Canceled) },
		"soon":   func(err error) bool { return err != nil && !errors.Is(err, context.Canceled) },
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		if text == "3600\n" {
			ctx = ended
		}
		if err := delayReady(ctx, file); !check(err) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
