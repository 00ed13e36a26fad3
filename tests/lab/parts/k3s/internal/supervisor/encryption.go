package supervisor

import (
	"io"
	"net/http"
	"time"
)

// encryptStatus and encryptConfig are what `k3s secrets-encrypt` asks (k3s-io/k3s pkg/server/handlers/secrets-encrypt.go).
func (s *Supervisor) encryptStatus(w http.ResponseWriter, r *http.Request) error {
	if s.Kube() == nil {
		return failure{http.StatusServiceUnavailable, "runtime core not ready"}
	}
	state, err := s.EncryptionStatus(r.Context())
	if err != nil {
		return err
	}
	return sendJSON(w, state)
}

func (s *Supervisor) encryptConfig(_ http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPut {
		return failure{http.StatusMethodNotAllowed, "method not allowed"}
	}
	if s.Kube() == nil {
		return failure{http.StatusServiceUnavailable, "runtime core not ready"}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 4096))
	if err != nil {
		return failure{http.StatusBadRequest, err.Error()}
	}
	if err := s.Encrypt(body); err != nil {
		return failure{http.StatusBadRequest, err.Error()}
	}
	time.Sleep(time.Second) // as the real one: what was written reaches the disk before the server may be killed
	return nil
}
