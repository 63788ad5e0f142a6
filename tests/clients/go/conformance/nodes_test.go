package conformance

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"
)

func TestNodeLifecycle_ShouldRunThroughTheLifecycleOfANode(t *testing.T) {
	ctx, client, ns := setUp(t)
	nodes := client.CoreV1().Nodes()
	name := "fake-node-" + ns
	labelled := metav1.ListOptions{LabelSelector: "e2e-fake-node=" + ns}
	watcher := done[watch.Interface](t)(nodes.Watch(ctx, labelled))
	defer watcher.Stop()

	created := done[*corev1.Node](t)(nodes.Create(ctx, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"e2e-fake-node": ns}},
		Status: corev1.NodeStatus{
			Phase:     corev1.NodeRunning,
			Addresses: []corev1.NodeAddress{{Type: corev1.NodeHostName, Address: name}},
		},
	}, metav1.CreateOptions{}))
	t.Cleanup(func() { _ = nodes.Delete(context.Background(), name, metav1.DeleteOptions{}) })
	seen[*corev1.Node](t, ctx, watcher, watch.Added, nil)
	got := done[*corev1.Node](t)(nodes.Get(ctx, name, metav1.GetOptions{}))
	equal(t, "uid", got.UID, created.UID)

	patched := done[*corev1.Node](t)(nodes.Patch(ctx, name, strategic, []byte(`{"metadata":{"labels":{"`+name+`":"patched"}}}`), metav1.PatchOptions{}))
	equal(t, "patched label", patched.Labels[name], "patched")
	updated := retried(t,
		func() (*corev1.Node, error) { return nodes.Get(ctx, name, metav1.GetOptions{}) },
		func(now *corev1.Node) { now.Labels[name] = "updated" },
		func(now *corev1.Node) (*corev1.Node, error) { return nodes.Update(ctx, now, metav1.UpdateOptions{}) })
	equal(t, "updated label", updated.Labels[name], "updated")
	count(t, "with the updated label", done[*corev1.NodeList](t)(nodes.List(ctx, metav1.ListOptions{LabelSelector: name + "=updated"})), 1)

	must(t, nodes.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: name + "=updated"}))
	seen[*corev1.Node](t, ctx, watcher, watch.Deleted, nil)
	_, err := nodes.Get(ctx, name, metav1.GetOptions{})
	notFound(t, "the node", err)
}

func TestConformanceTests_ShouldHaveAtLeastTwoUntaintedNodes(t *testing.T) {
	ctx, client, _ := setUp(t)
	untainted := 0
	for _, node := range done[*corev1.NodeList](t)(client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})).Items {
		if len(node.Spec.Taints) == 0 && !node.Spec.Unschedulable {
			untainted++
		}
	}
	equal(t, "two or more", untainted >= 2, true)
}

func TestLease_LeaseAPIShouldBeAvailable(t *testing.T) {
	ctx, client, ns := setUp(t)
	leases := client.CoordinationV1().Leases(ns)
	spec := func(holder string, seconds, transitions int32) coordinationv1.LeaseSpec {
		now := metav1.NewMicroTime(time.Unix(1505828956, 123456000))
		return coordinationv1.LeaseSpec{
			HolderIdentity: &holder, LeaseDurationSeconds: &seconds, LeaseTransitions: &transitions, AcquireTime: &now, RenewTime: &now,
		}
	}
	same := func(lease *coordinationv1.Lease, want coordinationv1.LeaseSpec) {
		t.Helper()
		if !equality.Semantic.DeepEqual(lease.Spec, want) {
			t.Errorf("spec: got %v, want %v", lease.Spec, want)
		}
	}
	get := func() *coordinationv1.Lease {
		t.Helper()
		return done[*coordinationv1.Lease](t)(leases.Get(ctx, "lease", metav1.GetOptions{}))
	}

	done[*coordinationv1.Lease](t)(leases.Create(ctx,
		&coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "lease"}, Spec: spec("holder", 30, 0)}, metav1.CreateOptions{}))
	lease := get()
	same(lease, spec("holder", 30, 0))
	lease.Spec = spec("holder2", 60, 1)
	done[*coordinationv1.Lease](t)(leases.Update(ctx, lease, metav1.UpdateOptions{}))
	same(get(), spec("holder2", 60, 1))

	before := done[[]byte](t)(json.Marshal(get()))
	wanted := get()
	wanted.Spec = spec("holder3", 20, 2)
	after := done[[]byte](t)(json.Marshal(wanted))
	patch := done[[]byte](t)(strategicpatch.CreateTwoWayMergePatch(before, after, coordinationv1.Lease{}))
	done[*coordinationv1.Lease](t)(leases.Patch(ctx, "lease", strategic, patch, metav1.PatchOptions{}))
	same(get(), spec("holder3", 20, 2))

	done[*coordinationv1.Lease](t)(leases.Create(ctx, &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: "lease2", Labels: map[string]string{"deletecollection": "true"}},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: ptr.To("holder")},
	}, metav1.CreateOptions{}))
	count(t, "created", done[*coordinationv1.LeaseList](t)(leases.List(ctx, metav1.ListOptions{})), 2)
	must(t, leases.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "deletecollection=true"}))
	_, err := leases.Get(ctx, "lease2", metav1.GetOptions{})
	notFound(t, "lease2", err)
	must(t, leases.Delete(ctx, "lease", metav1.DeleteOptions{}))
	_, err = leases.Get(ctx, "lease", metav1.GetOptions{})
	notFound(t, "lease", err)
}
