package conformance

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"
)

func service(name string, selector map[string]string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.ServiceSpec{
			Selector: selector,
			Ports:    []corev1.ServicePort{{Name: "http", Protocol: corev1.ProtocolTCP, Port: 80, TargetPort: intstr.FromInt32(80)}},
		},
	}
}

func TestAPIServer_ShouldProvideSecureMasterService(t *testing.T) {
	ctx, client, _ := setUp(t)
	kubernetes := done[*corev1.Service](t)(client.CoreV1().Services("default").Get(ctx, "kubernetes", metav1.GetOptions{}))
	secure := slices.ContainsFunc(kubernetes.Spec.Ports, func(port corev1.ServicePort) bool {
		return port.Name == "https" && port.Port == 443
	})
	equal(t, "there is a port https:443", secure, true)
}

func TestAPIServer_ShouldHaveEndpointsAndEndpointSlicesPointingToAPIServer(t *testing.T) {
	ctx, client, _ := setUp(t)
	endpoints := done[*corev1.Endpoints](t)(client.CoreV1().Endpoints("default").Get(ctx, "kubernetes", metav1.GetOptions{}))
	if len(endpoints.Subsets) != 1 {
		t.Fatalf("not one subset: %v", endpoints.Subsets)
	}
	list := done[*discoveryv1.EndpointSliceList](t)(client.DiscoveryV1().EndpointSlices("default").List(ctx,
		metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=kubernetes"}))
	var fromSubset, fromSlices []string
	for _, address := range endpoints.Subsets[0].Addresses {
		fromSubset = append(fromSubset, address.IP)
	}
	for _, slice := range list.Items {
		equal(t, "the slice has the port", *slice.Ports[0].Port, endpoints.Subsets[0].Ports[0].Port)
		for _, endpoint := range slice.Endpoints {
			fromSlices = append(fromSlices, endpoint.Addresses...)
		}
	}
	equal(t, "there are addresses", len(fromSubset) > 0, true)
	equal(t, "the slices have the addresses", slices.Equal(fromSubset, fromSlices), true)
}

func TestServices_ShouldFindAServiceFromListingAllNamespaces(t *testing.T) {
	ctx, client, _ := setUp(t)
	list := done[*corev1.ServiceList](t)(client.CoreV1().Services("").List(ctx, metav1.ListOptions{}))
	found := slices.ContainsFunc(list.Items, func(one corev1.Service) bool {
		return one.Name == "kubernetes" && one.Namespace == "default"
	})
	equal(t, "kubernetes is in the list", found, true)
}

func TestServices_ShouldCompleteAServiceStatusLifecycle(t *testing.T) {
	ctx, client, ns := setUp(t)
	services := client.CoreV1().Services(ns)
	labelled := metav1.ListOptions{LabelSelector: "test-service-static=true"}
	listed := done[*corev1.ServiceList](t)(client.CoreV1().Services("").List(ctx, labelled))
	watcher := done[watch.Interface](t)(services.Watch(ctx,
		metav1.ListOptions{LabelSelector: labelled.LabelSelector, ResourceVersion: listed.ResourceVersion}))
	defer watcher.Stop()

	wanted := service("balanced", nil)
	wanted.Labels = map[string]string{"test-service-static": "true"}
	wanted.Spec.Type = corev1.ServiceTypeLoadBalancer
	wanted.Spec.LoadBalancerClass = ptr.To("example.com/internal-vip")
	done[*corev1.Service](t)(services.Create(ctx, wanted, metav1.CreateOptions{}))
	seen[*corev1.Service](t, ctx, watcher, watch.Added, nil)
	count(t, "with the label", done[*corev1.ServiceList](t)(client.CoreV1().Services("").List(ctx, labelled)), 1)

	status := func() *corev1.Service {
		got := done[*unstructured.Unstructured](t)(dynamicClient(t).Resource(corev1.SchemeGroupVersion.WithResource("services")).
			Namespace(ns).Get(ctx, wanted.Name, metav1.GetOptions{}, "status"))
		var typed corev1.Service
		must(t, runtime.DefaultUnstructuredConverter.FromUnstructured(got.Object, &typed))
		return &typed
	}
	equal(t, "conditions at first", len(status().Status.Conditions), 0)

	patched := done[*corev1.Service](t)(services.Patch(ctx, wanted.Name, merge, []byte(
		`{"metadata":{"annotations":{"patchedstatus":"true"}},"status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.1"}]}}}`,
	), metav1.PatchOptions{}, "status"))
	equal(t, "patched address", patched.Status.LoadBalancer.Ingress[0].IP, "203.0.113.1")
	equal(t, "patched annotation", patched.Annotations["patchedstatus"], "true")
	seen(t, ctx, watcher, watch.Modified, func(now *corev1.Service) bool {
		return now.Annotations["patchedstatus"] == "true" && len(now.Status.LoadBalancer.Ingress) == 1
	})
	equal(t, "read back from status", status().Annotations["patchedstatus"], "true")

	updated := retried(t,
		func() (*corev1.Service, error) { return services.Get(ctx, wanted.Name, metav1.GetOptions{}) },
		func(now *corev1.Service) {
			now.Status.Conditions = append(now.Status.Conditions, metav1.Condition{
				Type: "StatusUpdate", Status: metav1.ConditionTrue, Reason: "E2E", Message: "Set by a test", LastTransitionTime: metav1.Now(),
			})
		},
		func(now *corev1.Service) (*corev1.Service, error) {
			return services.UpdateStatus(ctx, now, metav1.UpdateOptions{})
		})
	equal(t, "updated condition", updated.Status.Conditions[0].Type, "StatusUpdate")
	seen(t, ctx, watcher, watch.Modified, func(now *corev1.Service) bool {
		return len(now.Status.Conditions) == 1 && now.Status.Conditions[0].Reason == "E2E" && len(now.Status.LoadBalancer.Ingress) == 1
	})

	done[*corev1.Service](t)(services.Patch(ctx, wanted.Name, strategic,
		[]byte(`{"metadata":{"labels":{"test-service":"patched"}}}`), metav1.PatchOptions{}))
	seen(t, ctx, watcher, watch.Modified, func(now *corev1.Service) bool { return now.Labels["test-service"] == "patched" })

	must(t, services.Delete(ctx, wanted.Name, metav1.DeleteOptions{}))
	seen[*corev1.Service](t, ctx, watcher, watch.Deleted, nil)
}

func TestServices_ShouldDeleteACollectionOfServices(t *testing.T) {
	ctx, client, ns := setUp(t)
	services := client.CoreV1().Services(ns)
	for name, group := range map[string]string{"a": "gone", "b": "gone", "c": "left"} {
		wanted := service(name, nil)
		wanted.Labels = map[string]string{"group": group}
		done[*corev1.Service](t)(services.Create(ctx, wanted, metav1.CreateOptions{}))
	}
	count(t, "created", done[*corev1.ServiceList](t)(services.List(ctx, metav1.ListOptions{})), 3)
	must(t, dynamicClient(t).Resource(corev1.SchemeGroupVersion.WithResource("services")).Namespace(ns).
		DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "group=gone"}))
	left := done[*corev1.ServiceList](t)(services.List(ctx, metav1.ListOptions{}))
	if count(t, "left", left, 1); len(left.Items) == 1 {
		equal(t, "the one left", left.Items[0].Name, "c")
	}
}
