package conformance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"
)

func TestEndpoints_ShouldTestTheLifecycleOfAnEndpoint(t *testing.T) {
	ctx, client, ns := setUp(t)
	endpoints := client.CoreV1().Endpoints(ns)
	labelled := metav1.ListOptions{LabelSelector: "test-endpoint-static=true"}
	listed := done[*corev1.EndpointsList](t)(client.CoreV1().Endpoints("").List(ctx, labelled))
	watcher := done[watch.Interface](t)(endpoints.Watch(ctx,
		metav1.ListOptions{LabelSelector: labelled.LabelSelector, ResourceVersion: listed.ResourceVersion}))
	defer watcher.Stop()

	created := done[*corev1.Endpoints](t)(endpoints.Create(ctx, &corev1.Endpoints{
		ObjectMeta: metav1.ObjectMeta{Name: "testservice", Labels: map[string]string{"test-endpoint-static": "true"}},
		Subsets: []corev1.EndpointSubset{{
			Addresses: []corev1.EndpointAddress{{IP: "10.0.0.24"}},
			Ports:     []corev1.EndpointPort{{Name: "http", Port: 80, Protocol: corev1.ProtocolTCP}},
		}},
	}, metav1.CreateOptions{}))
	seen[*corev1.Endpoints](t, ctx, watcher, watch.Added, nil)
	count(t, "in all namespaces", done[*corev1.EndpointsList](t)(client.CoreV1().Endpoints("").List(ctx, labelled)), 1)

	created.Labels["test-service"] = "updated"
	done[*corev1.Endpoints](t)(endpoints.Update(ctx, created, metav1.UpdateOptions{}))
	seen(t, ctx, watcher, watch.Modified, func(now *corev1.Endpoints) bool { return now.Labels["test-service"] == "updated" })
	got := done[*corev1.Endpoints](t)(endpoints.Get(ctx, created.Name, metav1.GetOptions{}))
	equal(t, "updated label", got.Labels["test-service"], "updated")

	done[*corev1.Endpoints](t)(endpoints.Patch(ctx, created.Name, strategic, []byte(`{"metadata":{"labels":{"test-service":"patched"}},
		"subsets":[{"addresses":[{"ip":"10.0.0.25"}],"ports":[{"name":"http-test","port":8080}]}]}`), metav1.PatchOptions{}))
	seen(t, ctx, watcher, watch.Modified, func(now *corev1.Endpoints) bool { return now.Labels["test-service"] == "patched" })
	got = done[*corev1.Endpoints](t)(endpoints.Get(ctx, created.Name, metav1.GetOptions{}))
	equal(t, "patched address", got.Subsets[0].Addresses[0].IP, "10.0.0.25")
	equal(t, "patched port", got.Subsets[0].Ports[0].Port, 8080)

	must(t, endpoints.DeleteCollection(ctx, metav1.DeleteOptions{}, labelled))
	seen[*corev1.Endpoints](t, ctx, watcher, watch.Deleted, nil)
	_, err := endpoints.Get(ctx, created.Name, metav1.GetOptions{})
	notFound(t, "the endpoints", err)
}

func TestEndpointSlice_ShouldSupportCreatingEndpointSliceAPIOperations(t *testing.T) {
	ctx, client, ns := setUp(t)
	discoverable(t, client.Discovery(), discoveryv1.SchemeGroupVersion.WithResource("endpointslices"))
	slice := func() *discoveryv1.EndpointSlice {
		return &discoveryv1.EndpointSlice{
			ObjectMeta:  metav1.ObjectMeta{GenerateName: "e2e-example-ing"},
			AddressType: discoveryv1.AddressTypeIPv4,
			Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{"1.2.3.4", "5.6.7.8"}}},
		}
	}
	operations(t, ctx, client.DiscoveryV1().EndpointSlices(ns), [3]*discoveryv1.EndpointSlice{slice(), slice(), slice()})
}

func TestEndpointSlice_ShouldCreateAndDeleteEndpointSlicesForAServiceWithASelectorThatMatchesNoPods(t *testing.T) {
	ctx, client, ns := setUp(t)
	created := done[*corev1.Service](t)(client.CoreV1().Services(ns).Create(ctx,
		service("example-empty-selector", map[string]string{"does-not-match-anything": "endpoints-and-endpoint-slices"}), metav1.CreateOptions{}))
	var found []discoveryv1.EndpointSlice
	eventually(t, ctx, "there is a slice", func() bool {
		found = slicesOf(t, ctx, client, ns, created.Name)
		return len(found) == 1
	})
	slice := found[0]
	equal(t, "manager", slice.Labels[discoveryv1.LabelManagedBy], "endpointslice-controller.k8s.io")
	equal(t, "endpoints", len(slice.Endpoints), 0)
	if owner := metav1.GetControllerOf(&slice); owner == nil || owner.UID != created.UID || owner.Kind != "Service" {
		t.Errorf("the owner is not the Service: %v", owner)
	}
	must(t, client.CoreV1().Services(ns).Delete(ctx, created.Name, metav1.DeleteOptions{}))
	eventually(t, ctx, "the slice is gone", func() bool { return len(slicesOf(t, ctx, client, ns, created.Name)) == 0 })
}

func TestEndpointsController_ShouldCreateAndDeleteEndpointsForAServiceWithASelectorThatMatchesNoPods(t *testing.T) {
	ctx, client, ns := setUp(t)
	done[*corev1.Service](t)(client.CoreV1().Services(ns).Create(ctx,
		service("example-empty-selector", map[string]string{"does-not-match-anything": "endpoints-and-endpoint-slices"}), metav1.CreateOptions{}))
	get := func() (*corev1.Endpoints, error) {
		return client.CoreV1().Endpoints(ns).Get(ctx, "example-empty-selector", metav1.GetOptions{})
	}
	eventually(t, ctx, "there are endpoints", func() bool { _, err := get(); return err == nil })
	equal(t, "subsets", len(done[*corev1.Endpoints](t)(get()).Subsets), 0)
	must(t, client.CoreV1().Services(ns).Delete(ctx, "example-empty-selector", metav1.DeleteOptions{}))
	eventually(t, ctx, "the endpoints are gone", func() bool { _, err := get(); return apierrors.IsNotFound(err) })
}

func TestEndpointSliceMirroring_ShouldMirrorACustomEndpointsResourceThroughCreateUpdateAndDelete(t *testing.T) {
	ctx, client, ns := setUp(t)
	const name = "example-custom-endpoints"
	done[*corev1.Service](t)(client.CoreV1().Services(ns).Create(ctx, service(name, nil), metav1.CreateOptions{}))
	custom := func(address string, port int32) *corev1.Endpoints {
		return &corev1.Endpoints{ObjectMeta: metav1.ObjectMeta{Name: name}, Subsets: []corev1.EndpointSubset{{
			Ports:     []corev1.EndpointPort{{Port: port}},
			Addresses: []corev1.EndpointAddress{{IP: address}},
		}}}
	}
	mirrored := func(want string) {
		t.Helper()
		eventually(t, ctx, want+" is mirrored", func() bool {
			list := slicesOf(t, ctx, client, ns, name)
			return len(list) == 1 && list[0].Labels[discoveryv1.LabelManagedBy] == "endpointslicemirroring-controller.k8s.io" &&
				len(list[0].Ports) == 1 && summary(list[0]) == want
		})
	}

	done[*corev1.Endpoints](t)(client.CoreV1().Endpoints(ns).Create(ctx, custom("10.1.2.3", 80), metav1.CreateOptions{}))
	mirrored("10.1.2.3:80")
	// Without a resource version the update is unconditional.
	done[*corev1.Endpoints](t)(client.CoreV1().Endpoints(ns).Update(ctx, custom("10.2.3.4", 9090), metav1.UpdateOptions{}))
	mirrored("10.2.3.4:9090")
	must(t, client.CoreV1().Endpoints(ns).Delete(ctx, name, metav1.DeleteOptions{}))
	eventually(t, ctx, "the mirror is gone", func() bool { return len(slicesOf(t, ctx, client, ns, name)) == 0 })
}

func TestEndpointSlice_ShouldCreateEndpointsAndEndpointSlicesForPodsMatchingAService(t *testing.T) {
	ctx, client, ns := setUp(t)
	first, second := twoPods(t, ctx, client, ns)
	// Where pods disagree about the number of a named port they are in different slices.
	for _, expected := range []struct {
		name string
		port intstr.IntOrString
		want []string
	}{
		{"by-name", intstr.FromString("example-name"), []string{first + ":3000", second + ":3001"}},
		{"by-number", intstr.FromInt32(3000), []string{min(first, second) + "," + max(first, second) + ":3000"}},
	} {
		wanted := service(expected.name, map[string]string{"foo": "bar"})
		wanted.Spec.Ports[0].TargetPort = expected.port
		done[*corev1.Service](t)(client.CoreV1().Services(ns).Create(ctx, wanted, metav1.CreateOptions{}))
		slices.Sort(expected.want)
		want := strings.Join(expected.want, " ")
		eventually(t, ctx, "the slices of "+expected.name+" are "+want, func() bool {
			var got []string
			for _, slice := range slicesOf(t, ctx, client, ns, expected.name) {
				got = append(got, summary(slice))
			}
			slices.Sort(got)
			return strings.Join(got, " ") == want
		})
	}
}

func TestEndpointsController_ShouldCreateEndpointsForPodsMatchingAService(t *testing.T) {
	ctx, client, ns := setUp(t)
	first, second := twoPods(t, ctx, client, ns)
	wanted := service("by-name", map[string]string{"foo": "bar"})
	wanted.Spec.Ports[0].TargetPort = intstr.FromString("example-name")
	done[*corev1.Service](t)(client.CoreV1().Services(ns).Create(ctx, wanted, metav1.CreateOptions{}))
	want := []string{first + ":3000", second + ":3001"}
	slices.Sort(want)
	eventually(t, ctx, fmt.Sprintf("the endpoints are %v", want), func() bool {
		endpoints, err := client.CoreV1().Endpoints(ns).Get(ctx, "by-name", metav1.GetOptions{})
		if err != nil {
			return false
		}
		var got []string
		for _, subset := range endpoints.Subsets {
			for _, address := range subset.Addresses {
				got = append(got, fmt.Sprintf("%s:%d", address.IP, subset.Ports[0].Port))
				equal(t, "target", address.TargetRef.Kind, "Pod")
			}
		}
		slices.Sort(got)
		return slices.Equal(got, want)
	})
}

// twoPods waits for two pods that mean different numbers by a port's name, and gives back their addresses.
func twoPods(t *testing.T, ctx context.Context, client kubernetes.Interface, ns string) (first, second string) {
	t.Helper()
	for i, name := range []string{"pod1", "pod2"} {
		wanted := pod(name, map[string]string{"foo": "bar"})
		wanted.Spec.Containers[0].Ports = []corev1.ContainerPort{{Name: "example-name", ContainerPort: 3000 + int32(i)}}
		done[*corev1.Pod](t)(client.CoreV1().Pods(ns).Create(ctx, wanted, metav1.CreateOptions{}))
	}
	return running(t, ctx, client, ns, "pod1").Status.PodIP, running(t, ctx, client, ns, "pod2").Status.PodIP
}

// slicesOf gives the slices of a Service.
func slicesOf(t *testing.T, ctx context.Context, client kubernetes.Interface, ns, name string) []discoveryv1.EndpointSlice {
	t.Helper()
	return done[*discoveryv1.EndpointSliceList](t)(client.DiscoveryV1().EndpointSlices(ns).List(ctx,
		metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + name})).Items
}

// summary is a slice's sorted ready addresses and its first port.
func summary(slice discoveryv1.EndpointSlice) string {
	var addresses []string
	for _, endpoint := range slice.Endpoints {
		if ptr.Deref(endpoint.Conditions.Ready, false) {
			addresses = append(addresses, endpoint.Addresses...)
		}
	}
	slices.Sort(addresses)
	port := int32(0)
	if len(slice.Ports) > 0 {
		port = ptr.Deref(slice.Ports[0].Port, 0)
	}
	return fmt.Sprintf("%s:%d", strings.Join(addresses, ","), port)
}
