package server

import (
	"context"
	"encoding/json"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"k3s-tool.lab/k3s/internal/logging"
)

const (
	voterInterval  = 15 * time.Second // manageTickerTime in k3s-io/k3s pkg/etcd/etcd.go
	voterHeartbeat = 5 * time.Minute  // heartbeatInterval there
)

// reportVoters keeps the condition EtcdIsVoter on the Nodes of etcd's members. As in the real program, the leader does so (k3s-io/k3s
// pkg/etcd/etcd.go, manageLearners and setEtcdStatusCondition).
func (d *datastore) reportVoters(ctx context.Context, client kubernetes.Interface) {
	for ticker := time.NewTicker(voterInterval); ; {
		if err := d.reportVotersOnce(ctx, client); err != nil && ctx.Err() == nil {
			logging.Errorf("Unable to set etcd status condition: %v", err)
		}
		select {
		case <-ctx.Done():
			ticker.Stop()
			return
		case <-ticker.C:
		}
	}
}

func (d *datastore) reportVotersOnce(ctx context.Context, client kubernetes.Interface) error {
	ctx, cancel := context.WithTimeout(ctx, voterInterval)
	defer cancel()
	status, err := d.client.Status(ctx, localEtcd)
	if err != nil || status.Header.MemberId != status.Leader {
		return err
	}
	members, err := d.client.MemberList(ctx)
	if err != nil {
		return err
	}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: "node-role.kubernetes.io/etcd=true"})
	if err != nil {
		return err
	}
	for _, node := range nodes.Items {
		condition := voterCondition(members.Members, node.Annotations["etcd.k3s.cattle.io/node-name"], func(url string) error {
			_, err := d.client.Status(ctx, url)
			return err
		})
		if err := setCondition(ctx, client, &node, condition, metav1.Now()); err != nil {
			return err
		}
	}
	return nil
}

// voterCondition is what k3s says of a node whose etcd member is called `name`; `check` asks a member whether it is well.
func voterCondition(members []*etcdserverpb.Member, name string, check func(url string) error) corev1.NodeCondition {
	says := func(status corev1.ConditionStatus, reason, message string) corev1.NodeCondition {
		return corev1.NodeCondition{Type: "EtcdIsVoter", Status: status, Reason: reason, Message: message}
	}
	for _, m := range members {
		if m.Name != name {
			continue
		}
		if len(m.ClientURLs) == 0 {
			return says(corev1.ConditionFalse, "Unhealthy", "etcd member ClientURLs list is empty")
		}
		if err := check(m.ClientURLs[0]); err != nil {
			return says(corev1.ConditionFalse, "Unhealthy", "failed to check etcd member status: "+err.Error())
		}
		if m.IsLearner {
			return says(corev1.ConditionFalse, "MemberIsLearner", "Node has not been promoted to voting member of the etcd cluster")
		}
		return says(corev1.ConditionTrue, "MemberNotLearner", "Node is a voting member of the etcd cluster")
	}
	return says(corev1.ConditionFalse, "NotAMember", "Node is not a member of the etcd cluster")
}

// setCondition writes a condition where it says something new, or where it was last written five minutes ago.
func setCondition(ctx context.Context, client kubernetes.Interface, node *corev1.Node, condition corev1.NodeCondition, now metav1.Time) error {
	condition.LastHeartbeatTime, condition.LastTransitionTime = now, now
	for _, old := range node.Status.Conditions {
		if old.Type != condition.Type || old.Status != condition.Status || old.Reason != condition.Reason || old.Message != condition.Message {
			continue
		}
		if now.Sub(old.LastHeartbeatTime.Time) < voterHeartbeat {
			return nil
		}
		condition.LastTransitionTime = old.LastTransitionTime
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"conditions": []corev1.NodeCondition{condition}}})
	if err != nil {
		return err
	}
	_, err = client.CoreV1().Nodes().PatchStatus(ctx, node.Name, patch)
	return err
}
