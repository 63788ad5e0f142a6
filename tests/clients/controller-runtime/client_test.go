package controllers

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1apply "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestClientPatches(t *testing.T) {
	ctx, ns := setUp(t)
	direct := directClient(t)
	web := service(ns, "web")
	must(t, direct.Create(ctx, web))

	before := web.DeepCopy()
	web.Spec.Ports = append(web.Spec.Ports, corev1.ServicePort{Name: "metrics", Port: 9100})
	must(t, direct.Patch(ctx, web, client.StrategicMergeFrom(before)))
	equal(t, "ports after a strategic merge patch", len(web.Spec.Ports), 2)

	before = web.DeepCopy()
	web.Labels["tier"] = "front"
	must(t, direct.Patch(ctx, web, client.MergeFrom(before)))
	equal(t, "label after a merge patch", web.Labels["tier"], "front")

	must(t, direct.Patch(ctx, web, client.RawPatch(types.JSONPatchType,
		[]byte(`[{"op":"remove","path":"/spec/ports/1"}]`))))
	equal(t, "ports after a JSON patch", len(web.Spec.Ports), 1)

	// A patch made from an old object is refused where it says so.
	stale := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	equal(t, "a stale patch is refused", apierrors.IsConflict(direct.Patch(ctx, web.DeepCopy(), stale)), true)
}

func TestClientApplies(t *testing.T) {
	ctx, ns := setUp(t)
	direct := directClient(t)
	desired := corev1apply.Service("web", ns).
		WithLabels(map[string]string{"tier": "front"}).
		WithSpec(corev1apply.ServiceSpec().
			WithType(corev1.ServiceTypeLoadBalancer).
			WithPorts(corev1apply.ServicePort().WithPort(80)))
	must(t, direct.Apply(ctx, desired, client.FieldOwner("one")))

	other := corev1apply.Service("web", ns).WithLabels(map[string]string{"tier": "back"})
	err := direct.Apply(ctx, other, client.FieldOwner("two"))
	equal(t, "a field of another owner is refused", apierrors.IsConflict(err), true)
	other = corev1apply.Service("web", ns).WithLabels(map[string]string{"tier": "back"})
	must(t, direct.Apply(ctx, other, client.FieldOwner("two"), client.ForceOwnership))

	status := corev1apply.Service("web", ns).WithStatus(corev1apply.ServiceStatus().
		WithLoadBalancer(corev1apply.LoadBalancerStatus().
			WithIngress(corev1apply.LoadBalancerIngress().WithIP("192.0.2.1"))))
	must(t, direct.Status().Apply(ctx, status, client.FieldOwner("cloud")))

	web := &corev1.Service{}
	must(t, direct.Get(ctx, key(ns, "web"), web))
	equal(t, "label", web.Labels["tier"], "back")
	equal(t, "ingress", web.Status.LoadBalancer.Ingress[0].IP, "192.0.2.1")
	owners := map[string]string{}
	for _, entry := range web.ManagedFields {
		owners[entry.Manager] = string(entry.Operation) + entry.Subresource
	}
	for owner, want := range map[string]string{"one": "Apply", "two": "Apply", "cloud": "Applystatus"} {
		equal(t, "what "+owner+" did", owners[owner], want)
	}
}

func TestClientWritesStatusOnly(t *testing.T) {
	ctx, ns := setUp(t)
	direct := directClient(t)
	web := service(ns, "web")
	web.Spec.Type = corev1.ServiceTypeLoadBalancer
	must(t, direct.Create(ctx, web))
	web.Spec.Ports[0].Port = 99
	web.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{Hostname: "web.example.com"}}
	must(t, direct.Status().Update(ctx, web))
	must(t, direct.Get(ctx, key(ns, "web"), web))
	equal(t, "ingress", web.Status.LoadBalancer.Ingress[0].Hostname, "web.example.com")
	equal(t, "the spec is left alone", web.Spec.Ports[0].Port, 80)
}

func TestClientDeletesAllOf(t *testing.T) {
	ctx, ns := setUp(t)
	direct := directClient(t)
	for _, name := range []string{"a", "b"} {
		must(t, direct.Create(ctx, service(ns, name)))
	}
	must(t, direct.DeleteAllOf(ctx, &corev1.Service{}, client.InNamespace(ns), client.MatchingLabels{"name": "a"}))
	left := &corev1.ServiceList{}
	must(t, direct.List(ctx, left, client.InNamespace(ns)))
	if equal(t, "left", len(left.Items), 1); len(left.Items) == 1 {
		equal(t, "the one left", left.Items[0].Name, "b")
	}
}

func TestClientTalksProtobuf(t *testing.T) {
	ctx, ns := setUp(t)
	types := &contentTypes{}
	recording := config()
	recording.Wrap(types.record)
	direct, err := client.New(recording, client.Options{})
	must(t, err)
	must(t, direct.Create(ctx, service(ns, "web")))
	equal(t, "content type of the answer to a create", types.of(http.MethodPost), "application/vnd.kubernetes.protobuf")
}

// contentTypes keeps the last content type of answers to each method.
type contentTypes struct {
	mutex sync.Mutex
	last  map[string]string
}

func (c *contentTypes) record(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(request)
		if err == nil {
			c.mutex.Lock()
			defer c.mutex.Unlock()
			if c.last == nil {
				c.last = map[string]string{}
			}
			c.last[request.Method] = response.Header.Get("Content-Type")
		}
		return response, err
	})
}

func (c *contentTypes) of(method string) string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.last[method]
}

type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }

// service is a Service with one port and a label with its name.
func service(ns, name string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name, Labels: map[string]string{"name": name}},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": name},
			Ports:    []corev1.ServicePort{{Name: "http", Port: 80}},
		},
	}
}

func key(ns, name string) client.ObjectKey {
	return client.ObjectKey{Namespace: ns, Name: name}
}

// must ends the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// equal reports a value that is not the wanted one.
func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// eventually polls until the condition holds.
func eventually(t *testing.T, ctx context.Context, what string, holds func() bool) {
	t.Helper()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not in time", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
