package clients

import (
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/metadata"
)

const mergePatch = types.MergePatchType

func TestMetadataOfServices(t *testing.T) {
	ctx, typed, ns := setUp(t)
	for name, age := range map[string]string{"a": "old", "b": "old", "c": "new"} {
		_, err := typed.CoreV1().Services(ns).Create(ctx, service(name, map[string]string{"age": age}), metav1.CreateOptions{})
		must(t, err)
	}
	client, err := metadata.NewForConfig(config())
	must(t, err)
	services := client.Resource(servicesResource).Namespace(ns)

	one, err := services.Get(ctx, "a", metav1.GetOptions{})
	must(t, err)
	equal(t, "label", one.Labels["age"], "old")

	watcher, err := services.Watch(ctx, metav1.ListOptions{ResourceVersion: one.ResourceVersion, FieldSelector: "metadata.name=a"})
	must(t, err)
	defer watcher.Stop()
	patched, err := services.Patch(ctx, "a", mergePatch, []byte(`{"metadata":{"annotations":{"x":"y"}}}`), metav1.PatchOptions{})
	must(t, err)
	equal(t, "patched", patched.Annotations["x"], "y")
	modified := next(t, ctx, watcher)
	equal(t, "event", modified.Type, watch.Modified)
	equal(t, "version", modified.Object.(*metav1.PartialObjectMetadata).ResourceVersion, patched.ResourceVersion)

	must(t, services.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "age=old"}))
	left, err := services.List(ctx, metav1.ListOptions{})
	must(t, err)
	if equal(t, "left", len(left.Items), 1); len(left.Items) == 1 {
		equal(t, "the one left", left.Items[0].Name, "c")
	}
	must(t, services.Delete(ctx, "c", metav1.DeleteOptions{}))
	_, err = services.Get(ctx, "c", metav1.GetOptions{})
	equal(t, "it is gone", apierrors.IsNotFound(err), true)
}
