package cli

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	bootstrapapi "k8s.io/cluster-bootstrap/token/api"
	bootstraputil "k8s.io/cluster-bootstrap/token/util"

	"k3s-tool.lab/k3s/internal/agent"
	"k3s-tool.lab/k3s/internal/jointoken"
)

const (
	defaultGroup   = "system:bootstrappers:k3s:default-node-token"
	defaultUsages  = "signing,authentication"
	adminConfig    = "/etc/rancher/k3s/k3s.yaml"
	requestTimeout = 30 * time.Second
)

// tokenOptions are the options of the `k3s token` commands (k3s-io/docs docs/cli/token.md).
type tokenOptions struct {
	*flag.FlagSet
	dataDir, kubeconfig, description, groups, usages, output, server, token, newToken *string
	ttl                                                                               *time.Duration
}

func parseTokenOptions(command string, args []string) (*tokenOptions, error) {
	o := &tokenOptions{FlagSet: flag.NewFlagSet("k3s token "+command, flag.ContinueOnError)}
	o.SetOutput(io.Discard)
	text := func(name, value, usage string) *string { return o.String(name, value, usage) }
	o.dataDir = text("data-dir", "/var/lib/rancher/k3s", "")
	o.kubeconfig = text("kubeconfig", cmp.Or(os.Getenv("KUBECONFIG"), adminConfig), "")
	switch command {
	case "create":
		o.description = text("description", "", "")
		o.groups = text("groups", defaultGroup, "")
		o.usages = text("usages", defaultUsages, "")
		o.ttl = o.Duration("ttl", 24*time.Hour, "")
	case "list":
		o.output = text("output", "text", "")
		o.StringVar(o.output, "o", "text", "")
	case "rotate":
		o.server = text("server", cmp.Or(os.Getenv("K3S_URL"), "https://127.0.0.1:6443"), "")
		o.token = text("token", os.Getenv("K3S_TOKEN"), "")
		o.newToken = text("new-token", "", "")
	}
	return o, o.Parse(args)
}

// Token runs `k3s token create|delete|generate|list|rotate`.
func Token(args []string) error {
	commands := map[string]func(context.Context, *tokenOptions) error{
		"create": createToken, "delete": deleteTokens, "generate": generateToken, "list": listTokens, "rotate": rotateToken,
	}
	if len(args) == 0 || commands[args[0]] == nil {
		return errors.New("k3s token needs one of create, delete, generate, list, rotate")
	}
	o, err := parseTokenOptions(args[0], args[1:])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	return commands[args[0]](ctx, o)
}

// client connects as the administrator; caPEM is the cluster's CA as the kubeconfig has it.
func (o *tokenOptions) client() (client kubernetes.Interface, caPEM []byte, err error) {
	config, err := clientcmd.BuildConfigFromFlags("", *o.kubeconfig)
	if err != nil {
		return nil, nil, err
	}
	client, err = kubernetes.NewForConfig(config)
	return client, config.CAData, err
}

func createToken(ctx context.Context, o *tokenOptions) error {
	token := o.Arg(0)
	if token == "" {
		var err error
		if token, err = bootstraputil.GenerateBootstrapToken(); err != nil {
			return err
		}
	}
	id, secret, ok := strings.Cut(token, ".")
	if !ok || !bootstraputil.IsValidBootstrapToken(token) {
		return fmt.Errorf("the bootstrap token %q was not of the form %q", token, bootstrapapi.BootstrapTokenPattern)
	}
	client, caPEM, err := o.client()
	if err != nil {
		return err
	}
	data := map[string][]byte{
		bootstrapapi.BootstrapTokenIDKey: []byte(id), bootstrapapi.BootstrapTokenSecretKey: []byte(secret),
		bootstrapapi.BootstrapTokenExtraGroupsKey: []byte(*o.groups),
	}
	if *o.description != "" {
		data[bootstrapapi.BootstrapTokenDescriptionKey] = []byte(*o.description)
	}
	if *o.ttl > 0 {
		data[bootstrapapi.BootstrapTokenExpirationKey] = []byte(time.Now().UTC().Add(*o.ttl).Format(time.RFC3339))
	}
	for usage := range strings.SplitSeq(*o.usages, ",") {
		data[bootstrapapi.BootstrapTokenUsagePrefix+usage] = []byte("true")
	}
	_, err = client.CoreV1().Secrets(metav1.NamespaceSystem).Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: bootstrapapi.BootstrapTokenSecretPrefix + id},
		Type:       bootstrapapi.SecretTypeBootstrapToken, Data: data,
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	fmt.Println(jointoken.Format(caPEM, token))
	return nil
}

func deleteTokens(ctx context.Context, o *tokenOptions) error {
	if o.NArg() == 0 {
		return errors.New("missing argument; 'token delete' is missing token")
	}
	client, _, err := o.client()
	if err != nil {
		return err
	}
	for _, arg := range o.Args() {
		if parsed, err := jointoken.Parse(arg); err == nil && parsed.Bootstrap != "" {
			arg = parsed.Bootstrap
		}
		id, _, _ := strings.Cut(arg, ".")
		err := client.CoreV1().Secrets(metav1.NamespaceSystem).Delete(ctx, bootstrapapi.BootstrapTokenSecretPrefix+id, metav1.DeleteOptions{})
		if apierrors.IsNotFound(err) {
			return fmt.Errorf("failed to delete bootstrap token %q: not found", id)
		}
		if err != nil {
			return err
		}
		fmt.Printf("bootstrap token %q deleted\n", id)
	}
	return nil
}

func generateToken(context.Context, *tokenOptions) error {
	token, err := bootstraputil.GenerateBootstrapToken()
	if err == nil {
		fmt.Println(token)
	}
	return err
}

func listTokens(ctx context.Context, o *tokenOptions) error {
	client, _, err := o.client()
	if err != nil {
		return err
	}
	secrets, err := client.CoreV1().Secrets(metav1.NamespaceSystem).List(ctx, metav1.ListOptions{
		FieldSelector: "type=" + string(bootstrapapi.SecretTypeBootstrapToken),
	})
	if err != nil {
		return err
	}
	if *o.output == "json" {
		return printTokensJSON(secrets.Items)
	}
	table := tabwriter.NewWriter(os.Stdout, 10, 4, 3, ' ', 0)
	fmt.Fprintln(table, "TOKEN\tTTL\tEXPIRES\tUSAGES\tDESCRIPTION")
	for _, s := range secrets.Items {
		expires, ttl := "<never>", "<forever>"
		if text := string(s.Data[bootstrapapi.BootstrapTokenExpirationKey]); text != "" {
			expires = text
			if end, err := time.Parse(time.RFC3339, text); err == nil {
				ttl = max(time.Until(end), 0).Round(time.Minute).String()
			}
		}
		fmt.Fprintf(table, "%s.<redacted>\t%s\t%s\t%s\t%s\n", s.Data[bootstrapapi.BootstrapTokenIDKey], ttl, expires,
			strings.Join(usages(s), ","), s.Data[bootstrapapi.BootstrapTokenDescriptionKey])
	}
	return table.Flush()
}

func rotateToken(ctx context.Context, o *tokenOptions) error {
	current := *o.token
	if current == "" {
		data, err := os.ReadFile(filepath.Join(*o.dataDir, "server", "token"))
		if err != nil {
			return err
		}
		current = string(data)
	}
	client, err := agent.Connect(ctx, *o.server, current, "server")
	if err != nil {
		return err
	}
	if err := client.PutJSON(ctx, "/v1-k3s/token", map[string]string{"newToken": *o.newToken}); err != nil {
		return err
	}
	fmt.Println("Token rotated, restart k3s nodes with new token")
	return nil
}
