package clients

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	corev1apply "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
)

var servicesResource = schema.GroupVersionResource{Version: "v1", Resource: "services"}

func TestApplyOwnsFields(t *testing.T) {
	ctx, client, ns := setUp(t)
	services := client.CoreV1().Services(ns)
	desired := corev1apply.Service("web", ns).
		WithLabels(map[string]string{"tier": "front"}).
		WithSpec(corev1apply.ServiceSpec().
			WithSelector(map[string]string{"app": "web"}).
			WithPorts(corev1apply.ServicePort().WithName("http").WithPort(80).WithProtocol(corev1.ProtocolTCP)))

	applied, err := services.Apply(ctx, desired, metav1.ApplyOptions{FieldManager: "one"})
	must(t, err)
	inRange(t, applied.Spec.ClusterIP, ipv4Range)
	again, err := services.Apply(ctx, desired, metav1.ApplyOptions{FieldManager: "one"})
	must(t, err)
	equal(t, "applying the same changes nothing", again.ResourceVersion, applied.ResourceVersion)

	other := corev1apply.Service("web", ns).WithLabels(map[string]string{"tier": "back"})
	_, err = services.Apply(ctx, other, metav1.ApplyOptions{FieldManager: "two"})
	equal(t, "a field of another manager is refused", apierrors.IsConflict(err), true)
	equal(t, "with its cause", apierrors.HasStatusCause(err, metav1.CauseTypeFieldManagerConflict), true)
	forced, err := services.Apply(ctx, other, metav1.ApplyOptions{FieldManager: "two", Force: true})
	must(t, err)
	equal(t, "forced label", forced.Labels["tier"], "back")

	// What a manager no longer applies, and nobody else owns, goes away.
	none, err := services.Apply(ctx, corev1apply.Service("web", ns), metav1.ApplyOptions{FieldManager: "two"})
	must(t, err)
	if tier, there := none.Labels["tier"]; there {
		t.Errorf("label tier is still %q", tier)
	}
}

func TestDynamicClient(t *testing.T) {
	ctx, _, ns := setUp(t)
	client, err := dynamic.NewForConfig(config())
	must(t, err)
	services := client.Resource(servicesResource).Namespace(ns)

	created, err := services.Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Service",
		"metadata": map[string]any{"generateName": "web-"},
		"spec":     map[string]any{"ports": []any{map[string]any{"port": int64(80)}}},
	}}, metav1.CreateOptions{})
	must(t, err)
	address, _, err := unstructured.NestedString(created.Object, "spec", "clusterIP")
	must(t, err)
	inRange(t, address, ipv4Range)

	must(t, unstructured.SetNestedField(created.Object, "ClientIP", "spec", "sessionAffinity"))
	updated, err := services.Update(ctx, created, metav1.UpdateOptions{})
	must(t, err)
	seconds, _, err := unstructured.NestedInt64(updated.Object, "spec", "sessionAffinityConfig", "clientIP", "timeoutSeconds")
	must(t, err)
	equal(t, "defaulted affinity time", seconds, 10800)

	listed, err := services.List(ctx, metav1.ListOptions{})
	must(t, err)
	equal(t, "listed", len(listed.Items), 1)
	equal(t, "kind of an item", listed.Items[0].GetKind(), "Service")
	must(t, services.Delete(ctx, created.GetName(), metav1.DeleteOptions{}))
}

func TestCollectionsAreDeletedBySelector(t *testing.T) {
	ctx, typed, ns := setUp(t)
	for name, label := range map[string]string{"a": "old", "b": "old", "c": "new"} {
		_, err := typed.CoreV1().Services(ns).Create(ctx, service(name, map[string]string{"age": label}), metav1.CreateOptions{})
		must(t, err)
	}
	client, err := dynamic.NewForConfig(config())
	must(t, err)
	err = client.Resource(servicesResource).Namespace(ns).
		DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "age=old"})
	must(t, err)
	left, err := typed.CoreV1().Services(ns).List(ctx, metav1.ListOptions{})
	must(t, err)
	if equal(t, "left", len(left.Items), 1); len(left.Items) == 1 {
		equal(t, "the one left", left.Items[0].Name, "c")
	}
}

func TestMetadataClient(t *testing.T) {
	ctx, typed, ns := setUp(t)
	_, err := typed.CoreV1().Services(ns).Create(ctx, service("web", map[string]string{"a": "b"}), metav1.CreateOptions{})
	must(t, err)
	client, err := metadata.NewForConfig(config())
	must(t, err)
	listed, err := client.Resource(servicesResource).Namespace(ns).List(ctx, metav1.ListOptions{})
	must(t, err)
	equal(t, "listed", len(listed.Items), 1)
	equal(t, "label", listed.Items[0].Labels["a"], "b")
	equal(t, "name", listed.Items[0].Name, "web")
}

func TestDiscovery(t *testing.T) {
	_, client, _ := setUp(t)
	version, err := client.Discovery().ServerVersion()
	must(t, err)
	equal(t, "minor version", version.Minor, "36")
	resources, err := client.Discovery().ServerResourcesForGroupVersion("v1")
	must(t, err)
	found := map[string]metav1.APIResource{}
	for _, resource := range resources.APIResources {
		found[resource.Name] = resource
	}
	equal(t, "kind of services", found["services"].Kind, "Service")
	equal(t, "services have a namespace", found["services"].Namespaced, true)
	equal(t, "services have a status", found["services/status"].Kind, "Service")
	_, err = client.Discovery().OpenAPIV3().Paths()
	must(t, err)
}
