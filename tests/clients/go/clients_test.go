// Package clients tests a running server with client-go, the way programs use it.
package clients

import (
	"context"
	"net/netip"
	"os"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"kubedouble.test/go/harness"
)

// patience is how long a test may wait for the server.
const patience = harness.Patience

// The ranges that the run script gives the server.
var (
	ipv4Range = netip.MustParsePrefix("10.96.0.0/16")
	ipv6Range = netip.MustParsePrefix("fd00:10:96::/112")
)

// What all tests of a running server share.
var (
	must       = harness.Must
	eventually = harness.Eventually
	next       = harness.Next
)

// TestMain refuses to run without a server, so that no test is skipped by mistake.
func TestMain(m *testing.M) { harness.Main(m) }

// config points a client at the server; tests are not to be slowed down by its rate limit.
func config() *rest.Config {
	return &rest.Config{
		Host:          os.Getenv("KUBEDOUBLE_URL"),
		ContentConfig: rest.ContentConfig{ContentType: contentType},
		QPS:           -1,
	}
}

// setUp gives a test a context, a client and a namespace of its own.
func setUp(t *testing.T) (context.Context, *kubernetes.Clientset, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	client, err := kubernetes.NewForConfig(config())
	must(t, err)
	namespace, err := client.CoreV1().Namespaces().Create(ctx,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "go-"}}, metav1.CreateOptions{})
	must(t, err)
	t.Cleanup(func() {
		// The test's own context is over by now.
		err := client.CoreV1().Namespaces().Delete(context.Background(), namespace.Name, metav1.DeleteOptions{})
		if err != nil {
			t.Errorf("delete namespace: %v", err)
		}
	})
	return ctx, client, namespace.Name
}

// service is a Service with one port.
func service(name string, labels map[string]string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": name},
			Ports:    []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromInt32(8080)}},
		},
	}
}

// equal reports a value that is not the wanted one.
func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// inRange reports an address outside a range.
func inRange(t *testing.T, address string, in netip.Prefix) {
	t.Helper()
	parsed, err := netip.ParseAddr(address)
	if err != nil || !in.Contains(parsed) {
		t.Errorf("address %q is not in %s", address, in)
	}
}
