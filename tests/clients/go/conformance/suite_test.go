// Package conformance holds counterparts of the specs of Kubernetes' conformance suite that an API server with its
// controllers can pass. Each test is named after the spec whose steps it takes; README.md says which have none, and why.
package conformance

import (
	"context"
	"os"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/retry"

	"kubedouble.test/go/harness"
)

// patience is how long a test may wait for the server.
const patience = harness.Patience

// The kinds of patch, as short words.
const (
	merge     = types.MergePatchType
	strategic = types.StrategicMergePatchType
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
	return &rest.Config{Host: os.Getenv("KUBEDOUBLE_URL"), QPS: -1, WarningHandler: rest.NoWarnings{}}
}

// setUp gives a test a context, a client, and a namespace of its own that is ready for use.
func setUp(t *testing.T) (context.Context, *kubernetes.Clientset, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	client, err := kubernetes.NewForConfig(config())
	must(t, err)
	return ctx, client, newNamespace(t, ctx, client)
}

// newNamespace waits for what every namespace is given, and deletes the namespace in the end.
func newNamespace(t *testing.T, ctx context.Context, client *kubernetes.Clientset) string {
	t.Helper()
	namespace, err := client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "e2e-", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "baseline"},
	}}, metav1.CreateOptions{})
	must(t, err)
	t.Cleanup(func() {
		// The test's own context is over by now.
		err := client.CoreV1().Namespaces().Delete(context.Background(), namespace.Name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			t.Errorf("delete namespace: %v", err)
		}
	})
	eventually(t, ctx, "the namespace has a service account", func() bool {
		_, err := client.CoreV1().ServiceAccounts(namespace.Name).Get(ctx, "default", metav1.GetOptions{})
		return err == nil
	})
	eventually(t, ctx, "the namespace has the root certificate", func() bool {
		_, err := client.CoreV1().ConfigMaps(namespace.Name).Get(ctx, "kube-root-ca.crt", metav1.GetOptions{})
		return err == nil
	})
	return namespace.Name
}

// dynamicClient is a client that knows no types.
func dynamicClient(t *testing.T) dynamic.Interface {
	t.Helper()
	client, err := dynamic.NewForConfig(config())
	must(t, err)
	return client
}

// pod is a pod with one container.
func pod(name string, labels map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "web:1"}}},
	}
}

// running waits until a pod is ready, and gives it back.
func running(t *testing.T, ctx context.Context, client kubernetes.Interface, ns, name string) (found *corev1.Pod) {
	t.Helper()
	eventually(t, ctx, "pod "+name+" is ready", func() bool {
		pod, err := client.CoreV1().Pods(ns).Get(ctx, name, metav1.GetOptions{})
		must(t, err)
		found = pod
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodReady {
				return condition.Status == corev1.ConditionTrue
			}
		}
		return false
	})
	return found
}

// done gives back what a call answered, and ends the test if that is an error.
func done[T any](t *testing.T) func(T, error) T {
	return func(answer T, err error) T {
		t.Helper()
		must(t, err)
		return answer
	}
}

// notFound reports anything but the error that an object is not there.
func notFound(t *testing.T, what string, err error) {
	t.Helper()
	if !apierrors.IsNotFound(err) {
		t.Errorf("%s is not gone: %v", what, err)
	}
}

// invalid reports anything but the error that an object is not valid.
func invalid(t *testing.T, what string, err error) {
	t.Helper()
	if !apierrors.IsInvalid(err) {
		t.Errorf("%s was not refused as invalid: %v", what, err)
	}
}

// equal reports a value that is not the wanted one.
func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// count reports a list that has not as many items as wanted.
func count(t *testing.T, what string, list runtime.Object, want int) {
	t.Helper()
	equal(t, what, meta.LenList(list), want)
}

// retried updates an object as it is now, again if somebody else was faster.
func retried[O any](t *testing.T, get func() (O, error), change func(O), put func(O) (O, error)) (updated O) {
	t.Helper()
	must(t, retry.RetryOnConflict(retry.DefaultRetry, func() error {
		object, err := get()
		if err != nil {
			return err
		}
		change(object)
		updated, err = put(object)
		return err
	}))
	return updated
}

// seen waits for an event of this type with an object that satisfies a condition, if there is one.
func seen[O runtime.Object](t *testing.T, ctx context.Context, from watch.Interface, kind watch.EventType, holds func(O) bool) O {
	t.Helper()
	for {
		event := next(t, ctx, from)
		object, known := event.Object.(O)
		if !known {
			t.Fatalf("event %s has a %T: %v", event.Type, event.Object, event.Object)
		}
		if event.Type == kind && (holds == nil || holds(object)) {
			return object
		}
	}
}
