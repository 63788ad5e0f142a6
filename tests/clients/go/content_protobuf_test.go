//go:build !json

package clients

// contentType leaves the choice to the clients: typed ones then talk protobuf, as they do by default.
const contentType = ""
