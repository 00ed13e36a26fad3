// Command labnet is what the lab's bridge offers to its machines: a Tailscale control server with a
// DERP relay, a name server, and a download mirror. It runs until it is ended.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"net/http"
	"time"
)

func main() {
	ip := flag.String("ip", "10.77.0.1", "address to listen on")
	mirror := flag.String("mirror", "", "directory to serve as the download mirror on port 8077")
	flag.Parse()
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)

	tailnet := newTailnet(*ip, "http://"+*ip+":9911")
	fail := make(chan error)
	serve := func(port string, handler http.Handler) {
		listener, err := listen(*ip + ":" + port)
		if err != nil {
			log.Fatal(err)
		}
		go func() { fail <- http.Serve(listener, handler) }()
	}
	serve("9911", tailnet.controlHandler())
	serve("9912", tailnet.adminHandler())
	go func() { fail <- serveDNS(*ip + ":53") }()
	if *mirror != "" {
		files := http.FileServer(http.Dir(*mirror))
		serve("8077", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			from, _, _ := net.SplitHostPort(r.RemoteAddr)
			log.Printf("mirror: %s %s %s", from, r.Method, r.URL.Path)
			files.ServeHTTP(w, r)
		}))
	}
	log.Fatal(<-fail)
}

// listen opens a TCP listener that notices within seconds that a machine is gone without a word,
// as a killed lab host is: its node is then shown as offline.
func listen(address string) (net.Listener, error) {
	config := net.ListenConfig{
		KeepAliveConfig: net.KeepAliveConfig{
			Enable: true, Idle: 2 * time.Second, Interval: time.Second, Count: 3,
		},
		Control: setUserTimeout,
	}
	return config.Listen(context.Background(), "tcp", address)
}
