package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"k3s-tool.lab/k3s/internal/agent"
)

// encryptTimeout is how long rotate-keys may take (k3s-io/k3s pkg/cli/secretsencrypt/secrets_encrypt.go, RotateKeys).
const encryptTimeout = 90 * time.Second

// Encrypt runs `k3s secrets-encrypt status|prepare|rotate|reencrypt|rotate-keys` (k3s-io/k3s pkg/cli/cmds/secrets_encrypt.go).
func Encrypt(args []string) error {
	commands := map[string]struct{ stage, done string }{
		"status":      {},
		"prepare":     {"prepare", "prepare completed successfully"},
		"rotate":      {"rotate", "rotate completed successfully"},
		"reencrypt":   {"reencrypt_active", "reencryption started"},
		"rotate-keys": {"rotate_keys", "keys rotated, reencryption finished"},
	}
	if len(args) == 0 {
		return errors.New("k3s secrets-encrypt needs a command")
	}
	command, ok := commands[args[0]]
	if !ok {
		return fmt.Errorf("k3s secrets-encrypt: this stand-in has no %s", args[0])
	}
	set := flag.NewFlagSet("k3s secrets-encrypt", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	dataDir := set.String("data-dir", "/var/lib/rancher/k3s", "")
	server := set.String("server", cmp.Or(os.Getenv("K3S_URL"), "https://127.0.0.1:6443"), "")
	token := set.String("token", os.Getenv("K3S_TOKEN"), "")
	output := "text"
	var force, skip bool
	switch args[0] {
	case "status":
		set.StringVar(&output, "output", output, "")
		set.StringVar(&output, "o", output, "")
	case "prepare", "rotate", "reencrypt":
		set.BoolVar(&force, "force", false, "")
		set.BoolVar(&force, "f", false, "")
		if args[0] == "reencrypt" {
			set.BoolVar(&skip, "skip", false, "")
		}
	}
	if err := set.Parse(args[1:]); err != nil {
		return err
	}
	current := *token
	if current == "" {
		data, err := os.ReadFile(filepath.Join(*dataDir, "server", "token"))
		if err != nil {
			return err
		}
		current = string(data)
	}
	ctx, cancel := context.WithTimeout(context.Background(), encryptTimeout)
	defer cancel()
	client, err := agent.Connect(ctx, *server, current, "server")
	if err != nil {
		return err
	}
	if args[0] == "status" {
		return encryptionStatus(ctx, client, output)
	}
	client.Patient(encryptTimeout)
	err = client.PutJSON(ctx, "/v1-k3s/encrypt/config", map[string]any{"stage": command.stage, "force": force, "skip": skip})
	if err != nil {
		return fmt.Errorf("see server log for details: %w", err)
	}
	fmt.Println(command.done)
	return nil
}

// encryptionStatus prints JSON as the real program does, and of its text the first lines.
func encryptionStatus(ctx context.Context, client *agent.Client, output string) error {
	data, err := client.Get(ctx, "/v1-k3s/encrypt/status")
	if err != nil {
		return fmt.Errorf("see server log for details: %w", err)
	}
	var state map[string]any
	if err := json.Unmarshal(data, &state); err != nil {
		return err
	}
	if output == "json" {
		text, err := json.MarshalIndent(state, "", "\t")
		if err != nil {
			return err
		}
		fmt.Println(string(text))
		return nil
	}
	if state["enable"] == nil {
		fmt.Println("Encryption Status: Disabled, no configuration file found")
		return nil
	}
	fmt.Printf("Encryption Status: Enabled\nCurrent Rotation Stage: %v\n", state["stage"])
	return nil
}
