package webhooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"os"
)

// Verify takes the body as the bytes that arrived, before any parser touched them.
func Verify(headers http.Header, body []byte) bool {
	secret := os.Getenv("WEBHOOK_SECRET")
	if secret == "" {
		panic("WEBHOOK_SECRET is not set")
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	expected := []byte(hex.EncodeToString(mac.Sum(nil)))
	// While a rotation of the key overlaps, the second header holds the signature of the new one.
	return hmac.Equal([]byte(headers.Get("{{signature_header}}")), expected) ||
		hmac.Equal([]byte(headers.Get("{{next_signature_header}}")), expected)
}

// Receive is for http.HandleFunc.
func Receive(response http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil || !Verify(request.Header, body) {
		response.WriteHeader(http.StatusUnauthorized)
		return
	}
	response.WriteHeader(http.StatusNoContent)
}
