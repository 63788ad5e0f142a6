package clients

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1apply "k8s.io/client-go/applyconfigurations/core/v1"
)

func TestAppliedFieldsAreExtractedAndChanged(t *testing.T) {
	ctx, client, ns := setUp(t)
	services := client.CoreV1().Services(ns)
	mine := metav1.ApplyOptions{FieldManager: "mine"}
	applied, err := services.Apply(ctx, corev1apply.Service("web", ns).
		WithLabels(map[string]string{"a": "b"}).
		WithSpec(corev1apply.ServiceSpec().
			WithPorts(corev1apply.ServicePort().WithName("http").WithPort(80))), mine)
	must(t, err)

	// Read, change and apply: only what this manager owns comes back from the extraction.
	extracted, err := corev1apply.ExtractService(applied, "mine")
	must(t, err)
	equal(t, "an allocated address is not mine", extracted.Spec.ClusterIP == nil, true)
	equal(t, "label", extracted.Labels["a"], "b")
	extracted.Spec.WithPorts(corev1apply.ServicePort().WithName("metrics").WithPort(9100))
	changed, err := services.Apply(ctx, extracted, mine)
	must(t, err)
	var ports []string
	for _, port := range changed.Spec.Ports {
		ports = append(ports, fmt.Sprintf("%s:%d/%s", port.Name, port.Port, port.Protocol))
	}
	equal(t, "ports", fmt.Sprint(ports), "[http:80/TCP metrics:9100/TCP]")
}

func TestPortsOfTwoManagersMerge(t *testing.T) {
	ctx, client, ns := setUp(t)
	services := client.CoreV1().Services(ns)
	port := func(name string, number int32) *corev1apply.ServiceApplyConfiguration {
		return corev1apply.Service("web", ns).WithSpec(corev1apply.ServiceSpec().WithPorts(
			corev1apply.ServicePort().WithName(name).WithPort(number).WithProtocol(corev1.ProtocolTCP)))
	}
	_, err := services.Apply(ctx, port("http", 80), metav1.ApplyOptions{FieldManager: "one"})
	must(t, err)
	both, err := services.Apply(ctx, port("https", 443), metav1.ApplyOptions{FieldManager: "two"})
	must(t, err)
	equal(t, "ports of both", len(both.Spec.Ports), 2)
	left, err := services.Apply(ctx, corev1apply.Service("web", ns), metav1.ApplyOptions{FieldManager: "one"})
	must(t, err)
	if equal(t, "ports left", len(left.Spec.Ports), 1); len(left.Spec.Ports) == 1 {
		equal(t, "the one left", left.Spec.Ports[0].Name, "https")
	}
}

func TestStatusIsAppliedByItsOwner(t *testing.T) {
	ctx, client, ns := setUp(t)
	services := client.CoreV1().Services(ns)
	balanced := service("web", nil)
	balanced.Spec.Type = corev1.ServiceTypeLoadBalancer
	_, err := services.Create(ctx, balanced, metav1.CreateOptions{})
	must(t, err)
	cloud := metav1.ApplyOptions{FieldManager: "cloud"}
	_, err = services.ApplyStatus(ctx, corev1apply.Service("web", ns).WithStatus(corev1apply.ServiceStatus().
		WithLoadBalancer(corev1apply.LoadBalancerStatus().
			WithIngress(corev1apply.LoadBalancerIngress().WithIP("192.0.2.1")))), cloud)
	must(t, err)
	got, err := services.Get(ctx, "web", metav1.GetOptions{})
	must(t, err)
	equal(t, "ingress", fmt.Sprint(got.Status.LoadBalancer.Ingress[0].IP), "192.0.2.1")
	extracted, err := corev1apply.ExtractServiceStatus(got, "cloud")
	must(t, err)
	equal(t, "the status is extracted", len(extracted.Status.LoadBalancer.Ingress), 1)
	equal(t, "the spec is another's", extracted.Spec == nil, true)
}
