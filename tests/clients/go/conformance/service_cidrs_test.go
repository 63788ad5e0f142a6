package conformance

import (
	"context"
	"slices"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

func TestServiceCIDRAndIPAddressAPI_ShouldSupportServiceCIDRAPIOperations(t *testing.T) {
	ctx, client, _ := setUp(t)
	discoverable(t, client.Discovery(), networkingv1.SchemeGroupVersion.WithResource("servicecidrs"))
	cidrs := client.NetworkingV1().ServiceCIDRs()
	ready(t, ctx, client, "kubernetes")
	listed := done[*networkingv1.ServiceCIDRList](t)(cidrs.List(ctx, metav1.ListOptions{}))
	equal(t, "the default one is in the list", slices.ContainsFunc(listed.Items, func(one networkingv1.ServiceCIDR) bool {
		return one.Name == "kubernetes"
	}), true)

	cidr := func(name, block string) *networkingv1.ServiceCIDR {
		return &networkingv1.ServiceCIDR{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec:       networkingv1.ServiceCIDRSpec{CIDRs: []string{block}},
		}
	}
	created := done[*networkingv1.ServiceCIDR](t)(cidrs.Create(ctx, cidr("e2e-status", "10.200.0.0/28"), metav1.CreateOptions{}))
	t.Cleanup(func() { must(t, cidrs.Delete(context.Background(), created.Name, metav1.DeleteOptions{})) })
	ready(t, ctx, client, created.Name)

	patched := done[*networkingv1.ServiceCIDR](t)(cidrs.Patch(ctx, created.Name, merge,
		[]byte(`{"metadata":{"annotations":{"patchedstatus":"true"}}}`), metav1.PatchOptions{}, "status"))
	// Since v1.36 a write of the status leaves the metadata alone.
	equal(t, "annotation by way of the status", patched.Annotations["patchedstatus"], "")
	updated := retried(t,
		func() (*networkingv1.ServiceCIDR, error) { return cidrs.Get(ctx, created.Name, metav1.GetOptions{}) },
		func(now *networkingv1.ServiceCIDR) {
			meta.SetStatusCondition(&now.Status.Conditions, metav1.Condition{
				Type: "StatusUpdate", Status: metav1.ConditionTrue, Reason: "E2E", Message: "Set by a test",
			})
		},
		func(now *networkingv1.ServiceCIDR) (*networkingv1.ServiceCIDR, error) {
			return cidrs.UpdateStatus(ctx, now, metav1.UpdateOptions{})
		})
	equal(t, "updated status", meta.IsStatusConditionTrue(updated.Status.Conditions, "StatusUpdate"), true)
	changed := created.DeepCopy()
	changed.ResourceVersion = ""
	changed.Spec.CIDRs = []string{"10.201.0.0/28"}
	_, err := cidrs.Update(ctx, changed, metav1.UpdateOptions{})
	invalid(t, "a change of the range", err)

	operations(t, ctx, cidrs, [3]*networkingv1.ServiceCIDR{
		cidr("e2e-0", "10.202.0.0/28"), cidr("e2e-1", "10.202.1.0/28"), cidr("e2e-2", "2001:db8:202::/112"),
	})
}

func TestServiceCIDRAndIPAddressAPI_ShouldSupportIPAddressAPIOperations(t *testing.T) {
	ctx, client, ns := setUp(t)
	discoverable(t, client.Discovery(), networkingv1.SchemeGroupVersion.WithResource("ipaddresses"))
	address := func(name string) *networkingv1.IPAddress {
		return &networkingv1.IPAddress{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: networkingv1.IPAddressSpec{
				ParentRef: &networkingv1.ParentReference{Resource: "services", Name: "foo", Namespace: ns},
			},
		}
	}
	operations(t, ctx, client.NetworkingV1().IPAddresses(), [3]*networkingv1.IPAddress{
		address("192.168.100.1"), address("192.168.100.2"), address("2001:db8:ffff::3"),
	})
	_, err := client.NetworkingV1().IPAddresses().Create(ctx, address("192.168.100.256"), metav1.CreateOptions{})
	invalid(t, "a name that is no address", err)
}

// ready waits until a range may be used, and demands what keeps it while it is.
func ready(t *testing.T, ctx context.Context, client kubernetes.Interface, name string) {
	t.Helper()
	eventually(t, ctx, "ServiceCIDR "+name+" is ready", func() bool {
		cidr := done[*networkingv1.ServiceCIDR](t)(client.NetworkingV1().ServiceCIDRs().Get(ctx, name, metav1.GetOptions{}))
		return meta.IsStatusConditionTrue(cidr.Status.Conditions, networkingv1.ServiceCIDRConditionReady) &&
			slices.Contains(cidr.Finalizers, "networking.k8s.io/service-cidr-finalizer")
	})
}
