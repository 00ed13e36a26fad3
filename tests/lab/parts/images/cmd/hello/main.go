// The program hello is what runs in the lab's pods: an HTTP server that says who answers, counts its answers, and can be asked
// to misbehave.
//
//	GET /         {"pod":…,"node":…,"count":…}: count goes up by one with each answer
//	GET /healthz  200 "ok"
//	GET /readyz   200 "ok", or 503 after POST /unready
//	GET /fetch?url=…  fetches a URL from inside the pod and passes on status and body: Services and DNS from a pod's view
//	GET /lookup?name=…  the addresses of a name, as the pod's resolver has them
//	POST /unready, POST /ready  switches readiness, and says so in the log
//	POST /exit?code=N  ends the program
//
// With BURN=N it also keeps N threads busy, for ever.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	fetchTimeout = 5 * time.Second
	// endpoints learn late that a pod ends: go on answering for a moment
	drainTime = 3 * time.Second
)

func main() {
	address := ":8080"
	if port := os.Getenv("PORT"); port != "" {
		address = ":" + port
	}
	server := &http.Server{Addr: address, Handler: handler(os.Getenv, os.Exit), ReadHeaderTimeout: fetchTimeout}
	burn(os.Getenv("BURN"))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	go func() {
		<-ctx.Done()
		time.Sleep(drainTime)
		_ = server.Close()
	}()
	log.Printf("listening on %s", address)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}

// burn keeps as many threads busy as it is told to; a text that is no number means none.
func burn(threads string) {
	count, _ := strconv.Atoi(threads)
	for range count {
		go func() {
			runtime.LockOSThread()
			for {
			}
		}()
	}
}

func handler(getenv func(string) string, exit func(int)) http.Handler {
	var count atomic.Int64
	var unready atomic.Bool
	host, _ := os.Hostname()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"pod": host, "node": getenv("NODE_NAME"), "count": count.Add(1)})
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if unready.Load() {
			http.Error(w, "unready", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /fetch", fetch)
	mux.HandleFunc("GET /lookup", lookup)
	mux.HandleFunc("POST /unready", func(http.ResponseWriter, *http.Request) {
		unready.Store(true)
		log.Print("unready from now on")
	})
	mux.HandleFunc("POST /ready", func(http.ResponseWriter, *http.Request) {
		unready.Store(false)
		log.Print("ready from now on")
	})
	mux.HandleFunc("POST /exit", func(_ http.ResponseWriter, r *http.Request) {
		code, err := strconv.Atoi(r.URL.Query().Get("code"))
		if err != nil {
			code = 1
		}
		exit(code)
	})
	return mux
}

func fetch(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL.Query().Get("url"), nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, io.LimitReader(response.Body, 1<<20))
}

func lookup(w http.ResponseWriter, r *http.Request) {
	addresses, err := net.DefaultResolver.LookupHost(r.Context(), r.URL.Query().Get("name"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	_ = json.NewEncoder(w).Encode(addresses)
}
