package conformance

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestEvents_ShouldManageTheLifecycleOfAnEvent(t *testing.T) {
	ctx, client, ns := setUp(t)
	events := client.CoreV1().Events(ns)
	labelled := metav1.ListOptions{LabelSelector: "testevent-constant=true"}
	done[*corev1.Event](t)(events.Create(ctx, coreEvent("event-test", ns), metav1.CreateOptions{}))
	everywhere := func() *corev1.EventList {
		t.Helper()
		return done[*corev1.EventList](t)(client.CoreV1().Events("").List(ctx, labelled))
	}
	if listed := everywhere(); len(listed.Items) != 1 || listed.Items[0].Name != "event-test" {
		t.Fatalf("not the one event: %v", listed.Items)
	}

	done[*corev1.Event](t)(events.Patch(ctx, "event-test", strategic, []byte(`{"message":"This is a test event - patched"}`), metav1.PatchOptions{}))
	got := done[*corev1.Event](t)(events.Get(ctx, "event-test", metav1.GetOptions{}))
	equal(t, "patched message", got.Message, "This is a test event - patched")
	observed := metav1.NewMicroTime(time.Unix(1505828956, 0))
	got.Series = &corev1.EventSeries{Count: 100, LastObservedTime: observed}
	done[*corev1.Event](t)(events.Update(ctx, got, metav1.UpdateOptions{}))
	got = done[*corev1.Event](t)(events.Get(ctx, "event-test", metav1.GetOptions{}))
	if got.Series == nil || got.Series.Count != 100 || !got.Series.LastObservedTime.Equal(&observed) {
		t.Errorf("the series was not updated: %v", got.Series)
	}

	must(t, events.Delete(ctx, "event-test", metav1.DeleteOptions{}))
	count(t, "left", everywhere(), 0)
}

func TestEvents_ShouldDeleteACollectionOfEvents(t *testing.T) {
	ctx, client, ns := setUp(t)
	events := client.CoreV1().Events(ns)
	for _, name := range []string{"test-event-1", "test-event-2", "test-event-3"} {
		done[*corev1.Event](t)(events.Create(ctx, coreEvent(name, ns), metav1.CreateOptions{}))
	}
	labelled := metav1.ListOptions{LabelSelector: "testevent-constant=true"}
	count(t, "created", done[*corev1.EventList](t)(events.List(ctx, labelled)), 3)
	must(t, events.DeleteCollection(ctx, metav1.DeleteOptions{}, labelled))
	count(t, "left", done[*corev1.EventList](t)(events.List(ctx, labelled)), 0)
}

func TestEventsAPI_ShouldEnsureThatAnEventCanBeFetchedPatchedDeletedAndListed(t *testing.T) {
	ctx, client, ns := setUp(t)
	events := client.EventsV1().Events(ns)
	created := done[*eventsv1.Event](t)(events.Create(ctx, event("event-test", ns), metav1.CreateOptions{}))

	filtered := metav1.ListOptions{FieldSelector: "reportingController=test-controller"}
	listed := func(ns string) {
		t.Helper()
		list := done[*eventsv1.EventList](t)(client.EventsV1().Events(ns).List(ctx, filtered))
		if count(t, "events of the controller", list, 1); len(list.Items) == 1 {
			equal(t, "name", list.Items[0].Name, "event-test")
		}
	}
	listed("")
	listed(ns)

	// The older API shows the same events.
	older := client.CoreV1().Events(ns)
	same := done[*corev1.Event](t)(older.Get(ctx, created.Name, metav1.GetOptions{}))
	equal(t, "its message is the note", same.Message, created.Note)
	equal(t, "it is about the same pod", same.InvolvedObject.Name, created.Regarding.Name)

	done[*eventsv1.Event](t)(events.Patch(ctx, created.Name, merge,
		[]byte(`{"series":{"count":2,"lastObservedTime":"2017-09-19T13:49:16.000000Z"}}`), metav1.PatchOptions{}))
	got := done[*eventsv1.Event](t)(events.Get(ctx, created.Name, metav1.GetOptions{}))
	if got.Series == nil || got.Series.Count != 2 {
		t.Errorf("the series was not patched: %v", got.Series)
	}
	got.Series = &eventsv1.EventSeries{Count: 100, LastObservedTime: metav1.NewMicroTime(time.Unix(1505828951, 0))}
	done[*eventsv1.Event](t)(events.Update(ctx, got, metav1.UpdateOptions{}))
	got = done[*eventsv1.Event](t)(events.Get(ctx, created.Name, metav1.GetOptions{}))
	equal(t, "updated count", got.Series.Count, 100)

	must(t, events.Delete(ctx, created.Name, metav1.DeleteOptions{}))
	count(t, "left", done[*eventsv1.EventList](t)(events.List(ctx, filtered)), 0)
}

func TestEventsAPI_ShouldDeleteACollectionOfEvents(t *testing.T) {
	ctx, client, ns := setUp(t)
	events := client.EventsV1().Events(ns)
	for _, name := range []string{"test-event-1", "test-event-2", "test-event-3"} {
		done[*eventsv1.Event](t)(events.Create(ctx, event(name, ns), metav1.CreateOptions{}))
	}
	labelled := metav1.ListOptions{LabelSelector: "testevent-set=true"}
	count(t, "created", done[*eventsv1.EventList](t)(events.List(ctx, labelled)), 3)
	must(t, events.DeleteCollection(ctx, metav1.DeleteOptions{}, labelled))
	count(t, "left", done[*eventsv1.EventList](t)(events.List(ctx, labelled)), 0)
}

func coreEvent(name, ns string) *corev1.Event {
	return &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: name, Labels: map[string]string{"testevent-constant": "true"}},
		Message:        "This is a test event",
		Reason:         "Test",
		Type:           "Normal",
		Count:          1,
		InvolvedObject: corev1.ObjectReference{Namespace: ns},
	}
}

func event(name, ns string) *eventsv1.Event {
	return &eventsv1.Event{
		ObjectMeta:          metav1.ObjectMeta{Name: name, Labels: map[string]string{"testevent-set": "true"}},
		Regarding:           corev1.ObjectReference{Namespace: ns, Kind: "Pod", Name: "some-pod"},
		EventTime:           metav1.NewMicroTime(time.Unix(1505828956, 0)),
		Note:                "This is " + name,
		Action:              "Do",
		Reason:              "Test",
		Type:                "Normal",
		ReportingController: "test-controller",
		ReportingInstance:   "test-node",
	}
}
