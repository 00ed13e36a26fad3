package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestHello(t *testing.T) {
	exited := -1
	server := httptest.NewServer(handler(func(string) string { return "n1" }, func(code int) { exited = code }))
	defer server.Close()
	ask := func(method, path string) (int, string) {
		t.Helper()
		request, err := http.NewRequest(method, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}
	ask("GET", "/")
	if _, body := ask("GET", "/"); !strings.Contains(body, `"count":2`) || !strings.Contains(body, `"node":"n1"`) {
		t.Errorf("second answer: %s", body)
	}
	if _, body := ask("GET", "/fetch?url="+url.QueryEscape(server.URL+"/")); !strings.Contains(body, `"count":3`) {
		t.Errorf("fetched: %s", body)
	}
	if status, _ := ask("GET", "/fetch?url=http://127.0.0.1:1/"); status != http.StatusBadGateway {
		t.Errorf("unreachable: %d", status)
	}
	ask("POST", "/unready")
	if status, _ := ask("GET", "/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("unready: %d", status)
	}
	ask("POST", "/ready")
	if status, _ := ask("GET", "/readyz"); status != http.StatusOK {
		t.Errorf("ready: %d", status)
	}
	if ask("POST", "/exit?code=3"); exited != 3 {
		t.Errorf("exit status %d", exited)
	}
}
