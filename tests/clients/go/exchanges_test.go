package clients

import (
	"net/http"
	"net/url"
	"strings"
	"sync"

	"k8s.io/client-go/rest"
)

// exchanges records what a client sent and how it was answered.
type exchanges struct {
	mutex sync.Mutex
	done  []exchange
}

type exchange struct {
	method, path, sent, answered string
	query                        url.Values
	status                       int
}

// recorded is a configuration whose clients leave a record.
func recorded() (*rest.Config, *exchanges) {
	record, recording := &exchanges{}, config()
	recording.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(request *http.Request) (*http.Response, error) {
			response, err := next.RoundTrip(request)
			if err == nil {
				record.add(request, response)
			}
			return response, err
		})
	})
	return recording, record
}

// of gives those to a path that ends in the suffix.
func (e *exchanges) of(suffix string) (found []exchange) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	for _, one := range e.done {
		if strings.HasSuffix(one.path, suffix) {
			found = append(found, one)
		}
	}
	return found
}

func (e *exchanges) add(request *http.Request, response *http.Response) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.done = append(e.done, exchange{
		method:   request.Method,
		path:     request.URL.Path,
		query:    request.URL.Query(),
		sent:     request.Header.Get("Content-Type"),
		answered: response.Header.Get("Content-Type"),
		status:   response.StatusCode,
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }
