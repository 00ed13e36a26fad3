package main

import (
	"log"
	"net"

	"golang.org/x/net/dns/dnsmessage"
)

// serveDNS answers every question with "no such name", at once: the lab has no names but the tailnet's, and
// a name server that keeps silent would hold up each look-up on a host for 20 seconds.
func serveDNS(address string) error {
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	query := make([]byte, 4096)
	for {
		n, from, err := conn.ReadFrom(query)
		if err != nil {
			return err
		}
		answer, err := noSuchName(query[:n])
		if err != nil {
			log.Printf("DNS query from %v: %v", from, err)
			continue
		}
		if _, err := conn.WriteTo(answer, from); err != nil {
			log.Printf("DNS answer to %v: %v", from, err)
		}
	}
}

func noSuchName(query []byte) ([]byte, error) {
	var parser dnsmessage.Parser
	header, err := parser.Start(query)
	if err != nil {
		return nil, err
	}
	questions, err := parser.AllQuestions()
	if err != nil {
		return nil, err
	}
	answer := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID:                 header.ID,
			Response:           true,
			OpCode:             header.OpCode,
			RecursionDesired:   header.RecursionDesired,
			RecursionAvailable: true,
			RCode:              dnsmessage.RCodeNameError,
		},
		Questions: questions,
	}
	return answer.Pack()
}
