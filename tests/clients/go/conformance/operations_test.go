package conformance

import (
	"context"
	"maps"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/discovery"
)

// object is what every typed object can do.
type object interface {
	metav1.Object
	runtime.Object
}

// api is what every typed client can do with its kind.
type api[O object, L runtime.Object] interface {
	Create(context.Context, O, metav1.CreateOptions) (O, error)
	Get(context.Context, string, metav1.GetOptions) (O, error)
	List(context.Context, metav1.ListOptions) (L, error)
	Watch(context.Context, metav1.ListOptions) (watch.Interface, error)
	Patch(context.Context, string, types.PatchType, []byte, metav1.PatchOptions, ...string) (O, error)
	Update(context.Context, O, metav1.UpdateOptions) (O, error)
	Delete(context.Context, string, metav1.DeleteOptions) error
	DeleteCollection(context.Context, metav1.DeleteOptions, metav1.ListOptions) error
}

// operations takes the steps that all specs named "should support ... API operations" have in common, with three objects.
func operations[O object, L runtime.Object](t *testing.T, ctx context.Context, objects api[O, L], three [3]O) {
	t.Helper()
	label := "e2e-" + string(three[0].GetName()+three[0].GetGenerateName())
	mine := metav1.ListOptions{LabelSelector: "special-label=" + label}
	var names []string
	for _, wanted := range three {
		wanted.SetLabels(map[string]string{"special-label": label})
		created := done[O](t)(objects.Create(ctx, wanted, metav1.CreateOptions{}))
		got := done[O](t)(objects.Get(ctx, created.GetName(), metav1.GetOptions{}))
		equal(t, "uid", got.GetUID(), created.GetUID())
		names = append(names, created.GetName())
	}

	listed := done[L](t)(objects.List(ctx, mine))
	count(t, "created", listed, 3)
	version := done[metav1.ListInterface](t)(meta.ListAccessor(listed)).GetResourceVersion()
	watcher := done[watch.Interface](t)(objects.Watch(ctx, metav1.ListOptions{ResourceVersion: version, LabelSelector: mine.LabelSelector}))
	defer watcher.Stop()

	patched := done[O](t)(objects.Patch(ctx, names[0], merge, []byte(`{"metadata":{"annotations":{"patched":"true"}}}`), metav1.PatchOptions{}))
	equal(t, "patched", patched.GetAnnotations()["patched"], "true")
	get := func() (O, error) { return objects.Get(ctx, names[0], metav1.GetOptions{}) }
	updated := retried(t, get,
		func(now O) {
			annotations := maps.Clone(now.GetAnnotations())
			annotations["updated"] = "true"
			now.SetAnnotations(annotations)
		},
		func(now O) (O, error) { return objects.Update(ctx, now, metav1.UpdateOptions{}) })
	equal(t, "updated", updated.GetAnnotations()["updated"], "true")
	seen(t, ctx, watcher, watch.Modified, func(now O) bool { return now.GetAnnotations()["patched"] == "true" })
	seen(t, ctx, watcher, watch.Modified, func(now O) bool { return now.GetAnnotations()["updated"] == "true" })

	must(t, objects.Delete(ctx, names[0], metav1.DeleteOptions{}))
	deleted := seen(t, ctx, watcher, watch.Deleted, func(O) bool { return true })
	equal(t, "the deleted one", deleted.GetName(), names[0])
	_, err := get()
	notFound(t, names[0], err)
	count(t, "left after the deletion", done[L](t)(objects.List(ctx, mine)), 2)
	must(t, objects.DeleteCollection(ctx, metav1.DeleteOptions{}, mine))
	eventually(t, ctx, "the collection is gone", func() bool {
		return meta.LenList(done[L](t)(objects.List(ctx, mine))) == 0
	})
}

// discoverable demands that a resource is in each of the three documents that lead to it.
func discoverable(t *testing.T, client discovery.DiscoveryInterface, resource schema.GroupVersionResource) {
	t.Helper()
	groups := done[*metav1.APIGroupList](t)(client.ServerGroups())
	group := slices.IndexFunc(groups.Groups, func(one metav1.APIGroup) bool { return one.Name == resource.Group })
	if group < 0 {
		t.Fatalf("group %s is not in /apis", resource.Group)
	}
	named := func(one metav1.GroupVersionForDiscovery) bool { return one.Version == resource.Version }
	equal(t, "version in /apis", slices.ContainsFunc(groups.Groups[group].Versions, named), true)
	var alone metav1.APIGroup
	must(t, client.RESTClient().Get().AbsPath("/apis/"+resource.Group).Do(t.Context()).Into(&alone))
	equal(t, "version in /apis/"+resource.Group, slices.ContainsFunc(alone.Versions, named), true)
	resources := done[*metav1.APIResourceList](t)(client.ServerResourcesForGroupVersion(resource.GroupVersion().String()))
	equal(t, "resource "+resource.Resource, slices.ContainsFunc(resources.APIResources, func(one metav1.APIResource) bool {
		return one.Name == resource.Resource
	}), true)
}
