package clients

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

func TestServiceLivesItsLife(t *testing.T) {
	ctx, client, ns := setUp(t)
	services := client.CoreV1().Services(ns)

	created, err := services.Create(ctx, service("web", map[string]string{"tier": "front"}), metav1.CreateOptions{})
	must(t, err)
	inRange(t, created.Spec.ClusterIP, ipv4Range)
	equal(t, "cluster IPs", fmt.Sprint(created.Spec.ClusterIPs), fmt.Sprint([]string{created.Spec.ClusterIP}))
	equal(t, "type", created.Spec.Type, corev1.ServiceTypeClusterIP)
	equal(t, "session affinity", created.Spec.SessionAffinity, corev1.ServiceAffinityNone)
	equal(t, "internal traffic policy", ptr.Deref(created.Spec.InternalTrafficPolicy, ""), corev1.ServiceInternalTrafficPolicyCluster)
	equal(t, "family policy", ptr.Deref(created.Spec.IPFamilyPolicy, ""), corev1.IPFamilyPolicySingleStack)
	equal(t, "protocol", created.Spec.Ports[0].Protocol, corev1.ProtocolTCP)
	if created.UID == "" || created.ResourceVersion == "" || created.CreationTimestamp.IsZero() {
		t.Errorf("metadata was not filled in: %+v", created.ObjectMeta)
	}

	_, err = services.Create(ctx, service("web", nil), metav1.CreateOptions{})
	equal(t, "a second create is refused", apierrors.IsAlreadyExists(err), true)

	got, err := services.Get(ctx, "web", metav1.GetOptions{})
	must(t, err)
	equal(t, "uid", got.UID, created.UID)
	equal(t, "resource version", got.ResourceVersion, created.ResourceVersion)

	got.Spec.Ports[0].Port = 81
	updated, err := services.Update(ctx, got, metav1.UpdateOptions{})
	must(t, err)
	equal(t, "updated port", updated.Spec.Ports[0].Port, 81)
	equal(t, "the address stays", updated.Spec.ClusterIP, created.Spec.ClusterIP)
	if updated.ResourceVersion == created.ResourceVersion {
		t.Error("an update did not change the resource version")
	}

	_, err = services.Update(ctx, created, metav1.UpdateOptions{})
	equal(t, "a stale update is refused", apierrors.IsConflict(err), true)

	must(t, services.Delete(ctx, "web", metav1.DeleteOptions{}))
	_, err = services.Get(ctx, "web", metav1.GetOptions{})
	equal(t, "it is gone", apierrors.IsNotFound(err), true)
}

func TestEveryKindOfPatch(t *testing.T) {
	ctx, client, ns := setUp(t)
	services := client.CoreV1().Services(ns)
	_, err := services.Create(ctx, service("web", nil), metav1.CreateOptions{})
	must(t, err)

	for _, patch := range []struct {
		kind types.PatchType
		body string
		want string
	}{
		{types.StrategicMergePatchType, `{"spec":{"ports":[{"name":"metrics","port":9100}]}}`, "metrics:9100 http:80"},
		{types.StrategicMergePatchType, `{"spec":{"ports":[{"port":9100,"$patch":"delete"}]}}`, "http:80"},
		{types.MergePatchType, `{"spec":{"ports":[{"name":"only","port":90}]}}`, "only:90"},
		{types.JSONPatchType, `[{"op":"replace","path":"/spec/ports/0/port","value":91}]`, "only:91"},
	} {
		patched, err := services.Patch(ctx, "web", patch.kind, []byte(patch.body), metav1.PatchOptions{})
		must(t, err)
		var ports []string
		for _, port := range patched.Spec.Ports {
			ports = append(ports, fmt.Sprintf("%s:%d", port.Name, port.Port))
		}
		equal(t, patch.body, strings.Join(ports, " "), patch.want)
	}

	_, err = services.Patch(ctx, "web", types.JSONPatchType, []byte(`[{"op":"test","path":"/spec/type","value":"x"}]`), metav1.PatchOptions{})
	equal(t, "a failed test operation is refused", apierrors.IsInvalid(err), true)
}

func TestClusterIPs(t *testing.T) {
	ctx, client, ns := setUp(t)
	services := client.CoreV1().Services(ns)

	chosen := service("chosen", nil)
	chosen.Spec.ClusterIP = "10.96.200.7"
	_, err := services.Create(ctx, chosen, metav1.CreateOptions{})
	must(t, err)
	chosen.Name = "second"
	_, err = services.Create(ctx, chosen, metav1.CreateOptions{})
	equal(t, "an address that is taken is refused", apierrors.IsInvalid(err), true)
	must(t, services.Delete(ctx, "chosen", metav1.DeleteOptions{}))
	second, err := services.Create(ctx, chosen, metav1.CreateOptions{})
	must(t, err)
	equal(t, "a released address", second.Spec.ClusterIP, "10.96.200.7")

	second.Spec.ClusterIP = "10.96.200.8"
	_, err = services.Update(ctx, second, metav1.UpdateOptions{})
	equal(t, "the address is immutable", apierrors.IsInvalid(err), true)

	headless := service("headless", nil)
	headless.Spec.ClusterIP = corev1.ClusterIPNone
	headless, err = services.Create(ctx, headless, metav1.CreateOptions{})
	must(t, err)
	equal(t, "headless", fmt.Sprint(headless.Spec.ClusterIPs), "[None]")

	dual := service("dual", nil)
	dual.Spec.IPFamilyPolicy = ptr.To(corev1.IPFamilyPolicyRequireDualStack)
	dual, err = services.Create(ctx, dual, metav1.CreateOptions{})
	must(t, err)
	equal(t, "families", fmt.Sprint(dual.Spec.IPFamilies), "[IPv4 IPv6]")
	if equal(t, "addresses", len(dual.Spec.ClusterIPs), 2); len(dual.Spec.ClusterIPs) == 2 {
		inRange(t, dual.Spec.ClusterIPs[0], ipv4Range)
		inRange(t, dual.Spec.ClusterIPs[1], ipv6Range)
	}

	external := service("external", nil)
	external.Spec = corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "db.example.com"}
	external, err = services.Create(ctx, external, metav1.CreateOptions{})
	must(t, err)
	equal(t, "an external name has no address", external.Spec.ClusterIP, "")
}

func TestNodePorts(t *testing.T) {
	ctx, client, ns := setUp(t)
	services := client.CoreV1().Services(ns)

	first := service("first", nil)
	first.Spec.Type = corev1.ServiceTypeNodePort
	first, err := services.Create(ctx, first, metav1.CreateOptions{})
	must(t, err)
	port := first.Spec.Ports[0].NodePort
	if port < 30000 || port > 32767 {
		t.Errorf("node port %d is not in the range", port)
	}

	second := service("second", nil)
	second.Spec.Type = corev1.ServiceTypeNodePort
	second.Spec.Ports[0].NodePort = port
	_, err = services.Create(ctx, second, metav1.CreateOptions{})
	equal(t, "a port that is taken is refused", apierrors.IsInvalid(err), true)
	if !apierrors.HasStatusCause(err, metav1.CauseTypeFieldValueInvalid) {
		t.Errorf("no cause in %v", err)
	}

	first.Spec.Type = corev1.ServiceTypeClusterIP
	first.Spec.Ports[0].NodePort = 0
	_, err = services.Update(ctx, first, metav1.UpdateOptions{})
	must(t, err)
	second, err = services.Create(ctx, second, metav1.CreateOptions{})
	must(t, err)
	equal(t, "a released port", second.Spec.Ports[0].NodePort, port)
}

func TestLoadBalancerStatusIsASubresource(t *testing.T) {
	ctx, client, ns := setUp(t)
	services := client.CoreV1().Services(ns)
	balanced := service("web", nil)
	balanced.Spec.Type = corev1.ServiceTypeLoadBalancer
	balanced, err := services.Create(ctx, balanced, metav1.CreateOptions{})
	must(t, err)

	balanced.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "192.0.2.1"}}
	balanced.Spec.Ports[0].Port = 99
	_, err = services.UpdateStatus(ctx, balanced, metav1.UpdateOptions{})
	must(t, err)
	got, err := services.Get(ctx, "web", metav1.GetOptions{})
	must(t, err)
	equal(t, "ingress", got.Status.LoadBalancer.Ingress[0].IP, "192.0.2.1")
	equal(t, "the status endpoint leaves the spec alone", got.Spec.Ports[0].Port, 80)
}

func TestInvalidServicesAreExplained(t *testing.T) {
	ctx, client, ns := setUp(t)
	invalid := service("Not_A_Name", nil)
	invalid.Spec.Ports[0].Port = 70000
	_, err := client.CoreV1().Services(ns).Create(ctx, invalid, metav1.CreateOptions{})
	equal(t, "it is invalid", apierrors.IsInvalid(err), true)
	status, ok := err.(apierrors.APIStatus)
	if !ok || status.Status().Details == nil {
		t.Fatalf("no status with details: %v", err)
	}
	var fields []string
	for _, cause := range status.Status().Details.Causes {
		fields = append(fields, cause.Field)
	}
	for _, field := range []string{"metadata.name", "spec.ports[0].port"} {
		equal(t, "a cause names "+field, slices.Contains(fields, field), true)
	}
}

func TestDryRunLeavesNothingBehind(t *testing.T) {
	ctx, client, ns := setUp(t)
	services := client.CoreV1().Services(ns)
	imagined, err := services.Create(ctx, service("web", nil), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	must(t, err)
	equal(t, "the answer looks real", imagined.Name, "web")
	_, err = services.Get(ctx, "web", metav1.GetOptions{})
	equal(t, "nothing is there", apierrors.IsNotFound(err), true)
}

func TestListsAreSelectedAndPaged(t *testing.T) {
	ctx, client, ns := setUp(t)
	services := client.CoreV1().Services(ns)
	for i := range 10 {
		labels := map[string]string{"parity": []string{"even", "odd"}[i%2]}
		_, err := services.Create(ctx, service(fmt.Sprintf("s-%d", i), labels), metav1.CreateOptions{})
		must(t, err)
	}

	odd, err := services.List(ctx, metav1.ListOptions{LabelSelector: "parity in (odd)"})
	must(t, err)
	equal(t, "odd ones", len(odd.Items), 5)
	named, err := services.List(ctx, metav1.ListOptions{FieldSelector: "metadata.name=s-3"})
	must(t, err)
	equal(t, "ones called s-3", len(named.Items), 1)

	var names []string
	options := metav1.ListOptions{Limit: 4}
	for {
		page, err := services.List(ctx, options)
		must(t, err)
		for _, item := range page.Items {
			names = append(names, item.Name)
		}
		if options.Continue == "" {
			equal(t, "left after the first page", ptr.Deref(page.RemainingItemCount, -1), 6)
			// What is created between two pages must not turn up in the later ones.
			_, err = services.Create(ctx, service("s-91", nil), metav1.CreateOptions{})
			must(t, err)
		}
		if options.Continue = page.Continue; options.Continue == "" {
			break
		}
	}
	equal(t, "all pages", strings.Join(names, " "), "s-0 s-1 s-2 s-3 s-4 s-5 s-6 s-7 s-8 s-9")
}
