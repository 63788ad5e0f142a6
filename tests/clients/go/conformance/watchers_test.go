package conformance

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/typed/core/v1"
)

const watched = "watch-this-configmap"

func TestWatchers_ShouldObserveAddUpdateAndDeleteWatchNotificationsOnConfigMaps(t *testing.T) {
	ctx, client, ns := setUp(t)
	maps := client.CoreV1().ConfigMaps(ns)
	a := watching(t, ctx, maps, "", "=a")
	b := watching(t, ctx, maps, "", "=b")
	both := watching(t, ctx, maps, "", " in (a,b)")

	expect := func(kind watch.EventType, name, mutation string, by ...watch.Interface) {
		t.Helper()
		for _, watcher := range by {
			equal(t, "event", brief(next(t, ctx, watcher)), fmt.Sprintf("%s %s %s", kind, name, mutation))
		}
	}
	for name, one := range map[string]watch.Interface{"a": a, "b": b} {
		create(t, ctx, maps, name, name)
		expect(watch.Added, name, "", one, both)
		for _, mutation := range []string{"1", "2"} {
			mutate(t, ctx, maps, name, mutation)
			expect(watch.Modified, name, mutation, one, both)
		}
		must(t, maps.Delete(ctx, name, metav1.DeleteOptions{}))
		expect(watch.Deleted, name, "2", one, both)
	}
}

func TestWatchers_ShouldBeAbleToStartWatchingFromASpecificResourceVersion(t *testing.T) {
	ctx, client, ns := setUp(t)
	maps := client.CoreV1().ConfigMaps(ns)
	create(t, ctx, maps, "one", "from-version")
	first := mutate(t, ctx, maps, "one", "1")
	mutate(t, ctx, maps, "one", "2")
	must(t, maps.Delete(ctx, "one", metav1.DeleteOptions{}))

	watcher := watching(t, ctx, maps, first.ResourceVersion, "=from-version")
	equal(t, "first event", brief(next(t, ctx, watcher)), "MODIFIED one 2")
	equal(t, "second event", brief(next(t, ctx, watcher)), "DELETED one 2")
}

func TestWatchers_ShouldBeAbleToRestartWatchingFromTheLastResourceVersionObservedByThePreviousWatch(t *testing.T) {
	ctx, client, ns := setUp(t)
	maps := client.CoreV1().ConfigMaps(ns)
	before := watching(t, ctx, maps, "", "=restarted")
	create(t, ctx, maps, "one", "restarted")
	mutate(t, ctx, maps, "one", "1")
	equal(t, "first event", brief(next(t, ctx, before)), "ADDED one ")
	last := next(t, ctx, before)
	equal(t, "second event", brief(last), "MODIFIED one 1")
	before.Stop()

	// These happen while nobody watches.
	mutate(t, ctx, maps, "one", "2")
	must(t, maps.Delete(ctx, "one", metav1.DeleteOptions{}))
	after := watching(t, ctx, maps, last.Object.(*corev1.ConfigMap).ResourceVersion, "=restarted")
	equal(t, "third event", brief(next(t, ctx, after)), "MODIFIED one 2")
	equal(t, "fourth event", brief(next(t, ctx, after)), "DELETED one 2")
}

func TestWatchers_ShouldObserveAnObjectDeletionIfItStopsMeetingTheRequirementsOfTheSelector(t *testing.T) {
	ctx, client, ns := setUp(t)
	maps := client.CoreV1().ConfigMaps(ns)
	watcher := watching(t, ctx, maps, "", "=selected")
	create(t, ctx, maps, "one", "selected")
	mutate(t, ctx, maps, "one", "1")
	relabel(t, ctx, maps, "one", "other")
	// A change that the selector does not select.
	mutate(t, ctx, maps, "one", "2")
	relabel(t, ctx, maps, "one", "selected")
	mutate(t, ctx, maps, "one", "3")
	must(t, maps.Delete(ctx, "one", metav1.DeleteOptions{}))
	// What is deleted is shown as it was when it was selected.
	for _, want := range []string{
		"ADDED one ", "MODIFIED one 1", "DELETED one 1", "ADDED one 2", "MODIFIED one 3", "DELETED one 3",
	} {
		equal(t, "event", brief(next(t, ctx, watcher)), want)
	}
}

func TestWatchers_ShouldReceiveEventsOnConcurrentWatchesInSameOrder(t *testing.T) {
	ctx, client, ns := setUp(t)
	maps := client.CoreV1().ConfigMaps(ns)
	const changes = 60
	first := watching(t, ctx, maps, "", "=concurrent")
	produced := make(chan error, 1)
	go func() {
		produced <- produce(ctx, maps, changes)
	}()

	// Each watch starts where the first one just was, and has to see what comes after in its order.
	var versions []string
	watchers := map[int]watch.Interface{}
	for i := range changes {
		version := next(t, ctx, first).Object.(*corev1.ConfigMap).ResourceVersion
		versions = append(versions, version)
		if i%5 == 0 {
			watchers[i] = watching(t, ctx, maps, version, "=concurrent")
		}
	}
	must(t, <-produced)
	for start, watcher := range watchers {
		for _, version := range versions[start+1:] {
			equal(t, "version", next(t, ctx, watcher).Object.(*corev1.ConfigMap).ResourceVersion, version)
		}
	}
}

// produce makes, changes and deletes objects.
func produce(ctx context.Context, maps v1.ConfigMapInterface, changes int) error {
	for i := 0; i < changes; i += 3 {
		made, err := maps.Create(ctx, configMap(fmt.Sprintf("cm-%d", i), "concurrent"), metav1.CreateOptions{})
		if err != nil {
			return err
		}
		made.Data = map[string]string{"mutation": "1"}
		if _, err = maps.Update(ctx, made, metav1.UpdateOptions{}); err != nil {
			return err
		}
		if err = maps.Delete(ctx, made.Name, metav1.DeleteOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// watching opens a watch of the objects whose label satisfies the rest of a requirement.
func watching(t *testing.T, ctx context.Context, maps v1.ConfigMapInterface, version, requirement string) watch.Interface {
	t.Helper()
	if version == "" {
		version = done[*corev1.ConfigMapList](t)(maps.List(ctx, metav1.ListOptions{})).ResourceVersion
	}
	opened := done[watch.Interface](t)(maps.Watch(ctx, metav1.ListOptions{ResourceVersion: version, LabelSelector: watched + requirement}))
	t.Cleanup(opened.Stop)
	return opened
}

func configMap(name, label string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{watched: label}}}
}

func create(t *testing.T, ctx context.Context, maps v1.ConfigMapInterface, name, label string) {
	t.Helper()
	done[*corev1.ConfigMap](t)(maps.Create(ctx, configMap(name, label), metav1.CreateOptions{}))
}

func mutate(t *testing.T, ctx context.Context, maps v1.ConfigMapInterface, name, mutation string) *corev1.ConfigMap {
	t.Helper()
	return change(t, ctx, maps, name, func(now *corev1.ConfigMap) { now.Data = map[string]string{"mutation": mutation} })
}

func relabel(t *testing.T, ctx context.Context, maps v1.ConfigMapInterface, name, label string) {
	t.Helper()
	change(t, ctx, maps, name, func(now *corev1.ConfigMap) { now.Labels[watched] = label })
}

func change(t *testing.T, ctx context.Context, maps v1.ConfigMapInterface, name string, edit func(*corev1.ConfigMap)) *corev1.ConfigMap {
	t.Helper()
	return retried(t,
		func() (*corev1.ConfigMap, error) { return maps.Get(ctx, name, metav1.GetOptions{}) },
		edit,
		func(now *corev1.ConfigMap) (*corev1.ConfigMap, error) {
			return maps.Update(ctx, now, metav1.UpdateOptions{})
		})
}

// brief is an event's type, name and mutation.
func brief(event watch.Event) string {
	object, known := event.Object.(*corev1.ConfigMap)
	if !known {
		return fmt.Sprintf("%s %T", event.Type, event.Object)
	}
	return fmt.Sprintf("%s %s %s", event.Type, object.Name, object.Data["mutation"])
}
