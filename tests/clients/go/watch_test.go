package clients

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

func TestInformerFollowsServices(t *testing.T) {
	ctx, client, ns := setUp(t)
	services := client.CoreV1().Services(ns)
	_, err := services.Create(ctx, service("before", nil), metav1.CreateOptions{})
	must(t, err)

	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(ns))
	informer, lister := factory.Core().V1().Services().Informer(), factory.Core().V1().Services().Lister()
	seen := make(chan string, 100)
	name := func(object any) string { return object.(*corev1.Service).Name }
	_, err = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(object any) { seen <- "add " + name(object) },
		UpdateFunc: func(before, now any) {
			seen <- fmt.Sprintf("update %s %d", name(now), now.(*corev1.Service).Spec.Ports[0].Port)
		},
		DeleteFunc: func(object any) { seen <- "delete " + name(object) },
	})
	must(t, err)
	ctx, stop := context.WithCancel(ctx)
	factory.Start(ctx.Done())
	// The informer has to be gone before its namespace is.
	defer factory.Shutdown()
	defer stop()
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		t.Fatal("the cache did not fill in time")
	}
	next := func(want string) {
		t.Helper()
		select {
		case got := <-seen:
			equal(t, "event", got, want)
		case <-ctx.Done():
			t.Fatalf("no event, want %s", want)
		}
	}
	next("add before")

	created, err := services.Create(ctx, service("web", map[string]string{"app": "web"}), metav1.CreateOptions{})
	must(t, err)
	next("add web")
	created.Spec.Ports[0].Port = 81
	_, err = services.Update(ctx, created, metav1.UpdateOptions{})
	must(t, err)
	next("update web 81")
	listed, err := lister.Services(ns).List(labels.SelectorFromSet(labels.Set{"app": "web"}))
	must(t, err)
	equal(t, "listed from the cache", len(listed), 1)
	must(t, services.Delete(ctx, "web", metav1.DeleteOptions{}))
	next("delete web")
	_, err = lister.Services(ns).Get("web")
	equal(t, "it left the cache", err != nil, true)
}

func TestWatchResumesWhereItEnded(t *testing.T) {
	ctx, client, ns := setUp(t)
	services := client.CoreV1().Services(ns)
	list, err := services.List(ctx, metav1.ListOptions{})
	must(t, err)

	first := watchFrom(t, ctx, services, list.ResourceVersion)
	web, err := services.Create(ctx, service("web", nil), metav1.CreateOptions{})
	must(t, err)
	added := next(t, ctx, first)
	equal(t, "first event", added.Type, watch.Added)
	equal(t, "first version", added.Object.(*corev1.Service).ResourceVersion, web.ResourceVersion)
	first.Stop()

	// These happen while nobody watches.
	web.Spec.Ports[0].Port = 81
	changed, err := services.Update(ctx, web, metav1.UpdateOptions{})
	must(t, err)
	must(t, services.Delete(ctx, "web", metav1.DeleteOptions{}))

	second := watchFrom(t, ctx, services, web.ResourceVersion)
	defer second.Stop()
	modified := next(t, ctx, second)
	equal(t, "second event", modified.Type, watch.Modified)
	equal(t, "second version", modified.Object.(*corev1.Service).ResourceVersion, changed.ResourceVersion)
	equal(t, "third event", next(t, ctx, second).Type, watch.Deleted)
}

func TestWatchOfASelectionSeesObjectsComeAndGo(t *testing.T) {
	ctx, client, ns := setUp(t)
	services := client.CoreV1().Services(ns)
	list, err := services.List(ctx, metav1.ListOptions{})
	must(t, err)
	watcher, err := services.Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion, LabelSelector: "app=web"})
	must(t, err)
	defer watcher.Stop()

	_, err = services.Create(ctx, service("web", nil), metav1.CreateOptions{})
	must(t, err)
	for _, step := range []struct {
		label string
		want  watch.EventType
	}{{`"web"`, watch.Added}, {`"other"`, watch.Deleted}, {`"web"`, watch.Added}, {`null`, watch.Deleted}} {
		patch := fmt.Sprintf(`{"metadata":{"labels":{"app":%s}}}`, step.label)
		_, err = services.Patch(ctx, "web", types.MergePatchType, []byte(patch), metav1.PatchOptions{})
		must(t, err)
		equal(t, "event for label "+step.label, next(t, ctx, watcher).Type, step.want)
	}
}

func TestWatchStartsWithWhatIsThere(t *testing.T) {
	ctx, client, ns := setUp(t)
	services := client.CoreV1().Services(ns)
	_, err := services.Create(ctx, service("web", nil), metav1.CreateOptions{})
	must(t, err)
	all := true
	watcher, err := services.Watch(ctx, metav1.ListOptions{
		SendInitialEvents:    &all,
		ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan,
		AllowWatchBookmarks:  true,
	})
	must(t, err)
	defer watcher.Stop()
	equal(t, "first event", next(t, ctx, watcher).Type, watch.Added)
	bookmark := next(t, ctx, watcher)
	equal(t, "second event", bookmark.Type, watch.Bookmark)
	equal(t, "it ends the initial events",
		bookmark.Object.(*corev1.Service).Annotations[metav1.InitialEventsAnnotationKey], "true")
}

func TestWatchEndsWhenItsTimeIsUp(t *testing.T) {
	ctx, client, ns := setUp(t)
	second := int64(1)
	watcher, err := client.CoreV1().Services(ns).Watch(ctx, metav1.ListOptions{TimeoutSeconds: &second})
	must(t, err)
	defer watcher.Stop()
	select {
	case event, open := <-watcher.ResultChan():
		equal(t, fmt.Sprintf("the channel is open (%v)", event.Type), open, false)
	case <-time.After(patience):
		t.Fatal("the watch did not end")
	}
}

// watcher is what can be watched.
type watcher interface {
	Watch(context.Context, metav1.ListOptions) (watch.Interface, error)
}

func watchFrom(t *testing.T, ctx context.Context, from watcher, version string) watch.Interface {
	t.Helper()
	opened, err := from.Watch(ctx, metav1.ListOptions{ResourceVersion: version})
	must(t, err)
	return opened
}
