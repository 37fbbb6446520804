// Serves the snippet in the folder webhooks.
package main

import (
	"fmt"
	"net"
	"net/http"

	"receiver/webhooks"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("{\"listening\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(listener, http.HandlerFunc(webhooks.Receive)))
}
