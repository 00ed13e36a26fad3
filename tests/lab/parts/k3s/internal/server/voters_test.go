package server

import (
	"errors"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestVoterCondition(t *testing.T) {
	members := []*etcdserverpb.Member{
		{Name: "n1-a", ClientURLs: []string{"https://n1"}},
		{Name: "n2-b", ClientURLs: []string{"https://n2"}, IsLearner: true},
		{Name: "n3-c"},
		{Name: "n4-d", ClientURLs: []string{"https://down"}},
	}
	check := func(url string) error {
		if url == "https://down" {
			return errors.New("no answer")
		}
		return nil
	}
	for name, want := range map[string][2]string{
		"n1-a": {"True", "MemberNotLearner"}, "n2-b": {"False", "MemberIsLearner"}, "n3-c": {"False", "Unhealthy"},
		"n4-d": {"False", "Unhealthy"}, "n5-e": {"False", "NotAMember"},
	} {
		if got := voterCondition(members, name, check); string(got.Status) != want[0] || got.Reason != want[1] || got.Type != "EtcdIsVoter" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestConditionIsWrittenWhenItSaysSomethingNew(t *testing.T) {
	client := fake.NewClientset(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1"}})
	voter := corev1.NodeCondition{Type: "EtcdIsVoter", Status: corev1.ConditionTrue, Reason: "MemberNotLearner"}
	learner := corev1.NodeCondition{Type: "EtcdIsVoter", Status: corev1.ConditionFalse, Reason: "MemberIsLearner"}
	start := metav1.NewTime(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	for _, c := range []struct {
		after                 time.Duration
		condition             corev1.NodeCondition
		heartbeat, transition time.Duration
	}{
		{0, learner, 0, 0},
		{time.Minute, learner, 0, 0},
		{2 * time.Minute, voter, 2 * time.Minute, 2 * time.Minute},
		{8 * time.Minute, voter, 8 * time.Minute, 2 * time.Minute},
	} {
		node, err := client.CoreV1().Nodes().Get(t.Context(), "n1", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := setCondition(t.Context(), client, node, c.condition, metav1.NewTime(start.Add(c.after))); err != nil {
			t.Fatal(err)
		}
		node, err = client.CoreV1().Nodes().Get(t.Context(), "n1", metav1.GetOptions{})
		if err != nil || len(node.Status.Conditions) != 1 {
			t.Fatal(node.Status.Conditions, err)
		}
		got := node.Status.Conditions[0]
		if got.Reason != c.condition.Reason || got.LastHeartbeatTime.Sub(start.Time) != c.heartbeat || got.LastTransitionTime.Sub(start.Time) != c.transition {
			t.Errorf("after %s: %+v", c.after, got)
		}
	}
}
