package conformance

import (
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
)

func TestIngressAPI_ShouldSupportCreatingIngressAPIOperations(t *testing.T) {
	ctx, client, ns := setUp(t)
	resource := networkingv1.SchemeGroupVersion.WithResource("ingresses")
	discoverable(t, client.Discovery(), resource)
	ingresses := client.NetworkingV1().Ingresses(ns)
	ingress := func() *networkingv1.Ingress {
		backend := networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
			Name: "backend", Port: networkingv1.ServiceBackendPort{Number: 80},
		}}
		return &networkingv1.Ingress{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "e2e-example-ing"},
			Spec: networkingv1.IngressSpec{
				DefaultBackend: &backend,
				Rules: []networkingv1.IngressRule{{
					Host: "foo.bar.com",
					IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{
						Paths: []networkingv1.HTTPIngressPath{{Path: "/", PathType: ptr.To(networkingv1.PathTypePrefix), Backend: backend}},
					}},
				}},
			},
		}
	}

	created := done[*networkingv1.Ingress](t)(ingresses.Create(ctx, ingress(), metav1.CreateOptions{}))
	patched := done[*networkingv1.Ingress](t)(ingresses.Patch(ctx, created.Name, merge, []byte(
		`{"metadata":{"annotations":{"patchedstatus":"true"}},"status":{"loadBalancer":{"ingress":[{"ip":"169.1.1.1"}]}}}`,
	), metav1.PatchOptions{}, "status"))
	equal(t, "patched status", patched.Status.LoadBalancer.Ingress[0].IP, "169.1.1.1")
	equal(t, "patched annotation", patched.Annotations["patchedstatus"], "true")
	updated := retried(t,
		func() (*networkingv1.Ingress, error) { return ingresses.Get(ctx, created.Name, metav1.GetOptions{}) },
		func(now *networkingv1.Ingress) {
			now.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{IP: "169.1.1.2"}}
			now.Spec.Rules = nil
		},
		func(now *networkingv1.Ingress) (*networkingv1.Ingress, error) {
			return ingresses.UpdateStatus(ctx, now, metav1.UpdateOptions{})
		})
	equal(t, "updated status", updated.Status.LoadBalancer.Ingress[0].IP, "169.1.1.2")
	equal(t, "the spec is left alone", len(updated.Spec.Rules), 1)
	read := done[*unstructured.Unstructured](t)(dynamicClient(t).Resource(resource).Namespace(ns).
		Get(ctx, created.Name, metav1.GetOptions{}, "status"))
	addresses, _, err := unstructured.NestedSlice(read.Object, "status", "loadBalancer", "ingress")
	must(t, err)
	equal(t, "addresses read from status", len(addresses), 1)

	operations(t, ctx, ingresses, [3]*networkingv1.Ingress{ingress(), ingress(), ingress()})
}

func TestIngressClassAPI_ShouldSupportCreatingIngressClassAPIOperations(t *testing.T) {
	ctx, client, _ := setUp(t)
	discoverable(t, client.Discovery(), networkingv1.SchemeGroupVersion.WithResource("ingressclasses"))
	class := func(name string) *networkingv1.IngressClass {
		return &networkingv1.IngressClass{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec:       networkingv1.IngressClassSpec{Controller: "example.com/controller"},
		}
	}
	operations(t, ctx, client.NetworkingV1().IngressClasses(), [3]*networkingv1.IngressClass{
		class("ingressclass1"), class("ingressclass2"), class("ingressclass3"),
	})
}
