package cli

import (
	"encoding/json"
	"os"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	bootstrapapi "k8s.io/cluster-bootstrap/token/api"
)

func usages(s corev1.Secret) []string {
	var out []string
	for key, value := range s.Data {
		if usage, ok := strings.CutPrefix(key, bootstrapapi.BootstrapTokenUsagePrefix); ok && string(value) == "true" {
			out = append(out, usage)
		}
	}
	slices.Sort(out)
	return out
}

// printTokensJSON lists tokens without their secrets.
func printTokensJSON(secrets []corev1.Secret) error {
	type token struct {
		ID          string   `json:"id"`
		Description string   `json:"description,omitempty"`
		Expires     string   `json:"expires,omitempty"`
		Usages      []string `json:"usages"`
	}
	list := []token{}
	for _, s := range secrets {
		list = append(list, token{
			string(s.Data[bootstrapapi.BootstrapTokenIDKey]), string(s.Data[bootstrapapi.BootstrapTokenDescriptionKey]),
			string(s.Data[bootstrapapi.BootstrapTokenExpirationKey]), usages(s),
		})
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(list)
}
