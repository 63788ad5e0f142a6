//go:build json

package clients

// contentType makes every client talk JSON.
const contentType = "application/json"
