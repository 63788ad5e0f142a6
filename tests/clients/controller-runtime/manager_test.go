// Package controllers tests a running server with a controller-runtime manager, the way operators use it.
package controllers

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// patience is how long a test may wait for the server.
const patience = 30 * time.Second

// TestMain refuses to run without a server, so that no test is skipped by mistake.
func TestMain(m *testing.M) {
	if os.Getenv("KUBEDOUBLE_URL") == "" {
		fmt.Fprintln(os.Stderr, "set KUBEDOUBLE_URL to the address of a fresh server, as tests/clients/run does")
		os.Exit(1)
	}
	ctrl.SetLogger(logr.Discard())
	os.Exit(m.Run())
}

func TestReconcilerConfiguresServices(t *testing.T) {
	ctx, ns := setUp(t)
	manager := newManager(t, ns)
	must(t, newPublisher(manager).register(manager))
	start(t, ctx, manager)
	writer := manager.GetClient()

	must(t, writer.Create(ctx, service(ns, "web")))
	config := &corev1.ConfigMap{}
	eventually(t, ctx, "a ConfigMap is made for the Service", func() bool {
		return writer.Get(ctx, key(ns, "web"), config) == nil
	})
	web := &corev1.Service{}
	must(t, manager.GetAPIReader().Get(ctx, key(ns, "web"), web))
	equal(t, "it names the address", config.Data["address"], web.Spec.ClusterIP)
	equal(t, "the Service controls it", metav1.IsControlledBy(config, web), true)
	equal(t, "the Service has the finalizer", controllerutil.ContainsFinalizer(web, finalizer), true)

	// What the reconciler owns is put back.
	config.Data["address"] = "changed"
	must(t, writer.Update(ctx, config))
	eventually(t, ctx, "a changed ConfigMap is put right", func() bool {
		return writer.Get(ctx, key(ns, "web"), config) == nil && config.Data["address"] == web.Spec.ClusterIP
	})
	eventually(t, ctx, "the status is written", func() bool {
		return writer.Get(ctx, key(ns, "web"), web) == nil && len(web.Status.Conditions) == 1
	})
	equal(t, "condition", web.Status.Conditions[0].Type, "Published")
	equal(t, "its status", web.Status.Conditions[0].Status, metav1.ConditionTrue)
}

func TestFinalizersHoldServicesUntilTheyAreReconciled(t *testing.T) {
	ctx, ns := setUp(t)
	manager := newManager(t, ns)
	publisher := newPublisher(manager)
	publisher.release = make(chan struct{})
	must(t, publisher.register(manager))
	start(t, ctx, manager)
	reader := manager.GetAPIReader()

	must(t, manager.GetClient().Create(ctx, service(ns, "web")))
	web := &corev1.Service{}
	eventually(t, ctx, "the finalizer is there", func() bool {
		return reader.Get(ctx, key(ns, "web"), web) == nil && controllerutil.ContainsFinalizer(web, finalizer)
	})
	must(t, manager.GetClient().Delete(ctx, web))
	must(t, reader.Get(ctx, key(ns, "web"), web))
	equal(t, "it is only marked", web.DeletionTimestamp.IsZero(), false)

	close(publisher.release)
	eventually(t, ctx, "it is gone after the finalizer", func() bool {
		return apierrors.IsNotFound(reader.Get(ctx, key(ns, "web"), web))
	})
}

func TestEventsAreRecorded(t *testing.T) {
	ctx, ns := setUp(t)
	manager := newManager(t, ns)
	start(t, ctx, manager)
	web := service(ns, "web")
	must(t, manager.GetClient().Create(ctx, web))

	recorder := manager.GetEventRecorder("publisher")
	recorder.Eventf(web, nil, corev1.EventTypeNormal, "Published", "Publish", "at %s", web.Spec.ClusterIP)
	events := &eventsv1.EventList{}
	eventually(t, ctx, "the event arrives", func() bool {
		must(t, manager.GetAPIReader().List(ctx, events, client.InNamespace(ns)))
		return len(events.Items) == 1
	})
	event := events.Items[0]
	equal(t, "regarding", event.Regarding.UID, web.UID)
	equal(t, "note", event.Note, "at "+web.Spec.ClusterIP)
	equal(t, "reporting controller", event.ReportingController, "publisher")
}

func TestCacheIsIndexedAndSelected(t *testing.T) {
	ctx, ns := setUp(t)
	manager := newManager(t, ns)
	must(t, manager.GetFieldIndexer().IndexField(ctx, &corev1.Service{}, "app", func(object client.Object) []string {
		return []string{object.(*corev1.Service).Spec.Selector["app"]}
	}))
	start(t, ctx, manager)
	for _, name := range []string{"a", "b", "c"} {
		must(t, manager.GetClient().Create(ctx, service(ns, name)))
	}

	found := &corev1.ServiceList{}
	eventually(t, ctx, "the cache has one by its index", func() bool {
		must(t, manager.GetClient().List(ctx, found, client.InNamespace(ns), client.MatchingFields{"app": "b"}))
		return len(found.Items) == 1
	})
	equal(t, "by index", found.Items[0].Name, "b")
	eventually(t, ctx, "and one by its label", func() bool {
		must(t, manager.GetClient().List(ctx, found, client.InNamespace(ns), client.MatchingLabels{"name": "c"}))
		return len(found.Items) == 1
	})
	equal(t, "by label", found.Items[0].Name, "c")

	// Metadata has an informer of its own.
	partial := &metav1.PartialObjectMetadata{}
	partial.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Service"))
	must(t, manager.GetClient().Get(ctx, key(ns, "a"), partial))
	equal(t, "label of the metadata", partial.Labels["name"], "a")
}

// setUp gives a test a context and a namespace of its own.
func setUp(t *testing.T) (context.Context, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	direct := directClient(t)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "cr-"}}
	must(t, direct.Create(ctx, namespace))
	t.Cleanup(func() {
		// The test's own context is over by now.
		if err := direct.Delete(context.Background(), namespace); err != nil {
			t.Errorf("delete namespace: %v", err)
		}
	})
	return ctx, namespace.Name
}

// newManager is a manager of one namespace, without a port for metrics.
func newManager(t *testing.T, ns string) ctrl.Manager {
	t.Helper()
	manager, err := ctrl.NewManager(config(), ctrl.Options{
		Metrics: server.Options{BindAddress: "0"},
		Cache:   cache.Options{DefaultNamespaces: map[string]cache.Config{ns: {}}},
	})
	must(t, err)
	return manager
}

// start runs a manager until the end of the test.
func start(t *testing.T, ctx context.Context, manager ctrl.Manager) {
	t.Helper()
	ctx, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- manager.Start(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the manager ended: %v", err)
		}
	})
	if !manager.GetCache().WaitForCacheSync(ctx) {
		t.Fatal("the cache did not fill in time")
	}
}

// directClient reads and writes without a cache.
func directClient(t *testing.T) client.Client {
	t.Helper()
	direct, err := client.New(config(), client.Options{})
	must(t, err)
	return direct
}

// config leaves the content type to the clients, which choose protobuf for these kinds.
func config() *rest.Config {
	return &rest.Config{Host: os.Getenv("KUBEDOUBLE_URL"), QPS: -1}
}
