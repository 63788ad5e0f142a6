package conformance

import (
	"fmt"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"
)

func TestPods_ShouldBeSubmittedAndRemoved(t *testing.T) {
	ctx, client, ns := setUp(t)
	pods := client.CoreV1().Pods(ns)
	labelled := metav1.ListOptions{LabelSelector: "time=" + ns}
	listed := done[*corev1.PodList](t)(pods.List(ctx, labelled))
	count(t, "at first", listed, 0)
	watcher := done[watch.Interface](t)(pods.Watch(ctx,
		metav1.ListOptions{LabelSelector: labelled.LabelSelector, ResourceVersion: listed.ResourceVersion}))
	defer watcher.Stop()

	done[*corev1.Pod](t)(pods.Create(ctx, pod("pod-submit-remove", map[string]string{"time": ns}), metav1.CreateOptions{}))
	seen[*corev1.Pod](t, ctx, watcher, watch.Added, nil)
	running(t, ctx, client, ns, "pod-submit-remove")
	must(t, pods.Delete(ctx, "pod-submit-remove", *metav1.NewDeleteOptions(30)))
	last := seen[*corev1.Pod](t, ctx, watcher, watch.Deleted, nil)
	equal(t, "it was told to go", last.DeletionTimestamp != nil, true)
	equal(t, "grace period", ptr.Deref(last.DeletionGracePeriodSeconds, -1), 0)
	count(t, "in the end", done[*corev1.PodList](t)(pods.List(ctx, labelled)), 0)
}

func TestPods_ShouldBeUpdated(t *testing.T) {
	ctx, client, ns := setUp(t)
	pods := client.CoreV1().Pods(ns)
	done[*corev1.Pod](t)(pods.Create(ctx, pod("pod-update", map[string]string{"time": "before"}), metav1.CreateOptions{}))
	running(t, ctx, client, ns, "pod-update")
	retried(t,
		func() (*corev1.Pod, error) { return pods.Get(ctx, "pod-update", metav1.GetOptions{}) },
		func(now *corev1.Pod) { now.Labels["time"] = "after" },
		func(now *corev1.Pod) (*corev1.Pod, error) { return pods.Update(ctx, now, metav1.UpdateOptions{}) })
	count(t, "with the new label", done[*corev1.PodList](t)(pods.List(ctx, metav1.ListOptions{LabelSelector: "time=after"})), 1)
}

func TestPods_ShouldGetAHostIP(t *testing.T) {
	ctx, client, ns := setUp(t)
	done[*corev1.Pod](t)(client.CoreV1().Pods(ns).Create(ctx, pod("pod-hostip", nil), metav1.CreateOptions{}))
	status := running(t, ctx, client, ns, "pod-hostip").Status
	done[netip.Addr](t)(netip.ParseAddr(status.HostIP))
	if equal(t, "there are host IPs", len(status.HostIPs) > 0, true); len(status.HostIPs) > 0 {
		equal(t, "the first one", status.HostIPs[0].IP, status.HostIP)
	}
}

func TestPods_ShouldRunThroughTheLifecycleOfPodsAndPodStatus(t *testing.T) {
	ctx, client, ns := setUp(t)
	pods := client.CoreV1().Pods(ns)
	labelled := metav1.ListOptions{LabelSelector: "test-pod-static=true"}
	listed := done[*corev1.PodList](t)(pods.List(ctx, labelled))
	watcher := done[watch.Interface](t)(pods.Watch(ctx,
		metav1.ListOptions{LabelSelector: labelled.LabelSelector, ResourceVersion: listed.ResourceVersion}))
	defer watcher.Stop()

	wanted := pod("pod-test", map[string]string{"test-pod-static": "true"})
	wanted.Spec.TerminationGracePeriodSeconds = ptr.To[int64](1)
	done[*corev1.Pod](t)(pods.Create(ctx, wanted, metav1.CreateOptions{}))
	seen[*corev1.Pod](t, ctx, watcher, watch.Added, nil)
	ready := running(t, ctx, client, ns, "pod-test")
	seen(t, ctx, watcher, watch.Modified, func(now *corev1.Pod) bool { return now.Status.Phase == corev1.PodRunning })

	done[*corev1.Pod](t)(pods.Patch(ctx, "pod-test", strategic, []byte(
		`{"metadata":{"labels":{"test-pod":"patched"}},"spec":{"containers":[{"name":"web","image":"web:2"}]}}`), metav1.PatchOptions{}))
	seen(t, ctx, watcher, watch.Modified, func(now *corev1.Pod) bool {
		return now.Labels["test-pod"] == "patched" && now.Spec.Containers[0].Image == "web:2"
	})
	// The kubelet may write the status back at once, but the server takes it.
	unready := retried(t,
		func() (*corev1.Pod, error) { return pods.Get(ctx, ready.Name, metav1.GetOptions{}) },
		func(now *corev1.Pod) {
			now.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse}}
		},
		func(now *corev1.Pod) (*corev1.Pod, error) { return pods.UpdateStatus(ctx, now, metav1.UpdateOptions{}) })
	equal(t, "ready", unready.Status.Conditions[0].Status, corev1.ConditionFalse)

	must(t, pods.DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](1)}, labelled))
	seen[*corev1.Pod](t, ctx, watcher, watch.Deleted, nil)
}

func TestPods_ShouldDeleteACollectionOfPods(t *testing.T) {
	ctx, client, ns := setUp(t)
	pods := client.CoreV1().Pods(ns)
	for i := range 3 {
		done[*corev1.Pod](t)(pods.Create(ctx, pod(fmt.Sprintf("test-pod-%d", i+1), map[string]string{"type": "Testing"}), metav1.CreateOptions{}))
	}
	labelled := metav1.ListOptions{LabelSelector: "type=Testing"}
	count(t, "created", done[*corev1.PodList](t)(pods.List(ctx, labelled)), 3)
	must(t, pods.DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](1)}, labelled))
	eventually(t, ctx, "they are gone", func() bool {
		return len(done[*corev1.PodList](t)(pods.List(ctx, labelled)).Items) == 0
	})
}

func TestPods_ShouldPatchAPodStatus(t *testing.T) {
	ctx, client, ns := setUp(t)
	pods := client.CoreV1().Pods(ns)
	done[*corev1.Pod](t)(pods.Create(ctx, pod("pod-patch", nil), metav1.CreateOptions{}))
	running(t, ctx, client, ns, "pod-patch")
	patched := done[*corev1.Pod](t)(pods.Patch(ctx, "pod-patch", strategic, []byte(
		`{"metadata":{"annotations":{"a":"b"}},"status":{"message":"Patched by a test","reason":"E2E"}}`), metav1.PatchOptions{}, "status"))
	equal(t, "message", patched.Status.Message, "Patched by a test")
	equal(t, "reason", patched.Status.Reason, "E2E")
	equal(t, "annotation", patched.Annotations["a"], "b")
	equal(t, "phase", patched.Status.Phase, corev1.PodRunning)
}

func TestPodsExtended_ShouldSetQOSClassForPodsWithMatchingResourceRequestsAndLimitsForMemoryAndCPU(t *testing.T) {
	ctx, client, ns := setUp(t)
	wanted := pod("pod-qos-class", nil)
	equalResources := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("100Mi"),
	}
	wanted.Spec.Containers[0].Resources = corev1.ResourceRequirements{Requests: equalResources, Limits: equalResources}
	created := done[*corev1.Pod](t)(client.CoreV1().Pods(ns).Create(ctx, wanted, metav1.CreateOptions{}))
	equal(t, "class", created.Status.QOSClass, corev1.PodQOSGuaranteed)
}
