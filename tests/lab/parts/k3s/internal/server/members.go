package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k3s-tool.lab/k3s/internal/agent"
	"k3s-tool.lab/k3s/internal/logging"
)

const (
	memberTimeout = 20 * time.Second
	joinTimeout   = 2 * time.Minute
)

var errDuplicateName = errors.New("duplicate node name found, please use a unique name for this node")

// member is one of etcd's members, as servers tell each other at /db/info.
type member struct {
	Name       string   `json:"name"`
	PeerURLs   []string `json:"peerURLs"`
	ClientURLs []string `json:"clientURLs"`
	IsLearner  bool     `json:"isLearner"`
}

// list returns etcd's members as JSON.
func (d *datastore) list(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, memberTimeout)
	defer cancel()
	response, err := d.client.MemberList(ctx)
	if err != nil {
		return nil, err
	}
	var out []member
	for _, m := range response.Members {
		out = append(out, member{m.Name, m.PeerURLs, m.ClientURLs, m.IsLearner})
	}
	return json.Marshal(map[string]any{"members": out})
}

// remove takes a member out of the cluster after its node was deleted.
func (d *datastore) remove(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, memberTimeout)
	defer cancel()
	response, err := d.client.MemberList(ctx)
	if err != nil {
		return err
	}
	for _, m := range response.Members {
		if m.Name == name && name != d.name {
			logging.Infof("Removing name=%s id=%d address=%v from etcd", m.Name, m.ID, m.PeerURLs)
			_, err := d.client.MemberRemove(ctx, m.ID)
			return err
		}
	}
	return nil
}

// join adds this server to the cluster of another one and returns the members it starts with. It tries again while the cluster
// has another learner or a member that just started.
func (d *datastore) join(ctx context.Context, client *agent.Client, nodeName string) (string, error) {
	for end := time.Now().Add(joinTimeout); ; {
		cluster, err := d.tryJoin(ctx, client, nodeName)
		if err == nil || errors.Is(err, errDuplicateName) || time.Now().After(end) {
			return cluster, err
		}
		logging.Infof("Waiting to join the etcd cluster: %v", err)
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// tryJoin adds this server as a learner.
func (d *datastore) tryJoin(ctx context.Context, client *agent.Client, nodeName string) (string, error) {
	data, err := client.Get(ctx, "/db/info")
	if err != nil {
		return "", err
	}
	var info struct{ Members []member }
	if err := json.Unmarshal(data, &info); err != nil {
		return "", err
	}
	var endpoints []string
	for _, m := range info.Members {
		endpoints = append(endpoints, m.ClientURLs...)
	}
	remote, err := d.connect(endpoints...)
	if err != nil {
		return "", err
	}
	defer remote.Close()
	ctx, cancel := context.WithTimeout(ctx, memberTimeout)
	defer cancel()
	current, err := remote.MemberList(ctx)
	if err != nil {
		return "", err
	}
	var cluster []string
	known := false
	for _, m := range current.Members {
		name := m.Name
		if slices.Contains(m.PeerURLs, d.peerURL()) {
			name, known = d.name, true
		}
		if owner := name[:max(strings.LastIndex(name, "-"), 0)]; name != d.name && owner == nodeName {
			return "", errDuplicateName
		}
		cluster = append(cluster, fmt.Sprintf("%s=%s", name, m.PeerURLs[0]))
	}
	if !known {
		logging.Infof("Adding member %s=%s to etcd cluster %v", d.name, d.peerURL(), cluster)
		if _, err := remote.MemberAddAsLearner(ctx, []string{d.peerURL()}); err != nil {
			return "", err
		}
		cluster = append(cluster, d.name+"="+d.peerURL())
	}
	return strings.Join(cluster, ","), nil
}

// promote makes learners voting members as soon as they have caught up.
func (d *datastore) promote(ctx context.Context) {
	for ticker := time.NewTicker(time.Second); ; {
		if response, err := d.client.MemberList(ctx); err == nil {
			for _, m := range response.Members {
				if m.IsLearner && m.Name != "" {
					if _, err := d.client.MemberPromote(ctx, m.ID); err == nil {
						logging.Infof("Promoted learner %s", m.Name)
					}
				}
			}
		}
		select {
		case <-ctx.Done():
			ticker.Stop()
			return
		case <-ticker.C:
		}
	}
}
