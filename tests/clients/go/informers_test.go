package clients

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/features"
	featurestesting "k8s.io/client-go/features/testing"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"
)

func TestInformersFillWithAndWithoutWatchList(t *testing.T) {
	for name, watchList := range map[string]bool{"watch-list": true, "list and watch": false} {
		t.Run(name, func(t *testing.T) {
			featurestesting.SetFeatureDuringTest(t, features.WatchListClient, watchList)
			ctx, _, ns := setUp(t)
			recording, record := recorded()
			client, err := kubernetes.NewForConfig(recording)
			must(t, err)
			for _, name := range []string{"a", "b"} {
				_, err := client.CoreV1().Services(ns).Create(ctx, service(name, nil), metav1.CreateOptions{})
				must(t, err)
			}

			factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(ns))
			informer := factory.Core().V1().Services().Informer()
			run(t, ctx, factory, informer)
			equal(t, "filled with", len(informer.GetStore().List()), 2)
			must(t, client.CoreV1().Services(ns).Delete(ctx, "a", metav1.DeleteOptions{}))
			eventually(t, ctx, "the deleted one leaves", func() bool { return len(informer.GetStore().ListKeys()) == 1 })

			var lists, streams int
			for _, one := range record.of("/services") {
				switch {
				case one.query.Get("sendInitialEvents") == "true":
					streams++
				case one.method == "GET" && one.query.Get("watch") == "":
					lists++
				}
			}
			// A client that is refused the stream would quietly list instead.
			equal(t, "it streamed", streams > 0, watchList)
			equal(t, "it listed", lists > 0, !watchList)
		})
	}
}

func TestDynamicInformer(t *testing.T) {
	ctx, typed, ns := setUp(t)
	_, err := typed.CoreV1().Services(ns).Create(ctx, service("web", nil), metav1.CreateOptions{})
	must(t, err)
	client, err := dynamic.NewForConfig(config())
	must(t, err)

	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(client, 0, ns, nil)
	informer := factory.ForResource(servicesResource).Informer()
	run(t, ctx, factory, informer)
	found, there, err := informer.GetStore().GetByKey(ns + "/web")
	must(t, err)
	if equal(t, "it is in the cache", there, true); there {
		equal(t, "kind", found.(*unstructured.Unstructured).GetKind(), "Service")
	}
}

func TestMetadataInformer(t *testing.T) {
	ctx, typed, ns := setUp(t)
	_, err := typed.CoreV1().Services(ns).Create(ctx, service("web", map[string]string{"a": "b"}), metav1.CreateOptions{})
	must(t, err)
	client, err := metadata.NewForConfig(config())
	must(t, err)

	factory := metadatainformer.NewFilteredSharedInformerFactory(client, 0, ns, nil)
	informer := factory.ForResource(servicesResource).Informer()
	run(t, ctx, factory, informer)
	label := func() string {
		found, there, err := informer.GetStore().GetByKey(ns + "/web")
		must(t, err)
		if !there {
			return ""
		}
		return found.(*metav1.PartialObjectMetadata).Labels["a"]
	}
	equal(t, "label", label(), "b")
	patch := []byte(`{"metadata":{"labels":{"a":"c"}}}`)
	_, err = client.Resource(servicesResource).Namespace(ns).Patch(ctx, "web", mergePatch, patch, metav1.PatchOptions{})
	must(t, err)
	eventually(t, ctx, "the new label arrives", func() bool { return label() == "c" })
}

// run starts a factory, waits until the informer is filled, and stops both before their namespace goes.
func run(t *testing.T, ctx context.Context, factory interface {
	Start(<-chan struct{})
	Shutdown()
}, informer cache.SharedIndexInformer) {
	t.Helper()
	ctx, stop := context.WithCancel(ctx)
	t.Cleanup(func() { stop(); factory.Shutdown() })
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		t.Fatal("the cache did not fill in time")
	}
}
