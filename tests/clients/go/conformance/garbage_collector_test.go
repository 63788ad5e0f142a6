package conformance

import (
	"context"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"
)

// The specs have a ReplicationController where these tests have a ReplicaSet.

const replicas = 10

func TestGarbageCollector_ShouldDeletePodsCreatedByRCWhenNotOrphaning(t *testing.T) {
	ctx, client, ns := setUp(t)
	owner := newReplicaSet(t, ctx, client, ns, "simpletest")
	must(t, client.AppsV1().ReplicaSets(ns).Delete(ctx, owner.Name, propagated(owner, metav1.DeletePropagationBackground)))
	eventually(t, ctx, "the pods are gone", func() bool { return len(podsOf(t, ctx, client, ns)) == 0 })
}

func TestGarbageCollector_ShouldOrphanPodsCreatedByRCIfDeleteOptionsSaySo(t *testing.T) {
	ctx, client, ns := setUp(t)
	owner := newReplicaSet(t, ctx, client, ns, "simpletest")
	must(t, client.AppsV1().ReplicaSets(ns).Delete(ctx, owner.Name, propagated(owner, metav1.DeletePropagationOrphan)))
	replicaSetGone(t, ctx, client, ns, owner.Name)
	settle(t, ctx, client)
	left := podsOf(t, ctx, client, ns)
	equal(t, "pods left", len(left), replicas)
	for _, pod := range left {
		equal(t, "owners of "+pod.Name, len(pod.OwnerReferences), 0)
		equal(t, pod.Name+" stays", pod.DeletionTimestamp == nil, true)
	}
}

func TestGarbageCollector_ShouldDeleteRSCreatedByDeploymentWhenNotOrphaning(t *testing.T) {
	ctx, client, ns := setUp(t)
	owner := newDeployment(t, ctx, client, ns)
	must(t, client.AppsV1().Deployments(ns).Delete(ctx, owner.Name,
		metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationBackground)}))
	eventually(t, ctx, "the replica sets are gone", func() bool { return len(replicaSetsOf(t, ctx, client, ns)) == 0 })
	eventually(t, ctx, "the pods are gone", func() bool { return len(podsOf(t, ctx, client, ns)) == 0 })
}

func TestGarbageCollector_ShouldOrphanRSCreatedByDeploymentWhenDeleteOptionsPropagationPolicyIsOrphan(t *testing.T) {
	ctx, client, ns := setUp(t)
	owner := newDeployment(t, ctx, client, ns)
	must(t, client.AppsV1().Deployments(ns).Delete(ctx, owner.Name,
		metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationOrphan)}))
	eventually(t, ctx, "the deployment is gone", func() bool {
		_, err := client.AppsV1().Deployments(ns).Get(ctx, owner.Name, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
	settle(t, ctx, client)
	left := replicaSetsOf(t, ctx, client, ns)
	if equal(t, "replica sets left", len(left), 1); len(left) == 1 {
		equal(t, "its owners", len(left[0].OwnerReferences), 0)
	}
}

func TestGarbageCollector_ShouldKeepTheRCAroundUntilAllItsPodsAreDeletedIfTheDeleteOptionsSaysSo(t *testing.T) {
	ctx, client, ns := setUp(t)
	owner := newReplicaSet(t, ctx, client, ns, "simpletest")
	// A pod that can't go yet keeps its owner.
	held := podsOf(t, ctx, client, ns)[0].Name
	setFinalizers(t, ctx, client, ns, held, `["e2e.example.com/held"]`)
	must(t, client.AppsV1().ReplicaSets(ns).Delete(ctx, owner.Name, propagated(owner, metav1.DeletePropagationForeground)))
	eventually(t, ctx, "only the held pod is left", func() bool { return len(podsOf(t, ctx, client, ns)) == 1 })
	settle(t, ctx, client)
	waiting := done[*appsv1.ReplicaSet](t)(client.AppsV1().ReplicaSets(ns).Get(ctx, owner.Name, metav1.GetOptions{}))
	equal(t, "the owner waits", waiting.Finalizers[0], metav1.FinalizerDeleteDependents)

	setFinalizers(t, ctx, client, ns, held, `null`)
	replicaSetGone(t, ctx, client, ns, owner.Name)
	equal(t, "pods left", len(podsOf(t, ctx, client, ns)), 0)
}

func TestGarbageCollector_ShouldNotDeleteDependentsThatHaveBothValidOwnerAndOwnerThatsWaitingForDependentsToBeDeleted(t *testing.T) {
	ctx, client, ns := setUp(t)
	leaving := newReplicaSet(t, ctx, client, ns, "simpletest-rc-to-be-deleted")
	staying := done[*appsv1.ReplicaSet](t)(client.AppsV1().ReplicaSets(ns).Create(ctx,
		replicaSet("simpletest-rc-to-stay", 0), metav1.CreateOptions{}))
	shared := map[string]bool{}
	for _, one := range podsOf(t, ctx, client, ns)[:replicas/2] {
		one.OwnerReferences = append(one.OwnerReferences, reference("ReplicaSet", "apps/v1", staying))
		retried(t,
			func() (*corev1.Pod, error) { return client.CoreV1().Pods(ns).Get(ctx, one.Name, metav1.GetOptions{}) },
			func(now *corev1.Pod) { now.OwnerReferences = one.OwnerReferences },
			func(now *corev1.Pod) (*corev1.Pod, error) {
				return client.CoreV1().Pods(ns).Update(ctx, now, metav1.UpdateOptions{})
			})
		shared[one.Name] = true
	}

	must(t, client.AppsV1().ReplicaSets(ns).Delete(ctx, leaving.Name, propagated(leaving, metav1.DeletePropagationForeground)))
	replicaSetGone(t, ctx, client, ns, leaving.Name)
	eventually(t, ctx, "the other pods are gone", func() bool { return len(podsOf(t, ctx, client, ns)) <= len(shared) })
	settle(t, ctx, client)
	left := podsOf(t, ctx, client, ns)
	equal(t, "pods left", len(left), len(shared))
	for _, pod := range left {
		equal(t, pod.Name+" is shared", shared[pod.Name], true)
		equal(t, pod.Name+" stays", pod.DeletionTimestamp == nil, true)
		if equal(t, "owners of "+pod.Name, len(pod.OwnerReferences), 1); len(pod.OwnerReferences) == 1 {
			equal(t, "the owner left", pod.OwnerReferences[0].UID, staying.UID)
		}
	}
}

func TestGarbageCollector_ShouldNotBeBlockedByDependencyCircle(t *testing.T) {
	ctx, client, ns := setUp(t)
	pods := client.CoreV1().Pods(ns)
	var circle []*corev1.Pod
	for _, name := range []string{"pod1", "pod2", "pod3"} {
		circle = append(circle, done[*corev1.Pod](t)(pods.Create(ctx, pod(name, nil), metav1.CreateOptions{})))
	}
	for i, one := range circle {
		owner := circle[(i+2)%len(circle)]
		retried(t,
			func() (*corev1.Pod, error) { return pods.Get(ctx, one.Name, metav1.GetOptions{}) },
			func(now *corev1.Pod) { now.OwnerReferences = []metav1.OwnerReference{reference("Pod", "v1", owner)} },
			func(now *corev1.Pod) (*corev1.Pod, error) { return pods.Update(ctx, now, metav1.UpdateOptions{}) })
	}
	must(t, pods.Delete(ctx, "pod1", propagated(circle[0], metav1.DeletePropagationForeground)))
	eventually(t, ctx, "the circle is gone", func() bool {
		return meta.LenList(done[*corev1.PodList](t)(pods.List(ctx, metav1.ListOptions{}))) == 0
	})
}

func replicaSet(name string, replicas int32) *appsv1.ReplicaSet {
	labels := map[string]string{"app": name}
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: pod("", nil).Spec},
		},
	}
}

// newReplicaSet waits for all pods of a new ReplicaSet.
func newReplicaSet(t *testing.T, ctx context.Context, client kubernetes.Interface, ns, name string) *appsv1.ReplicaSet {
	t.Helper()
	created := done[*appsv1.ReplicaSet](t)(client.AppsV1().ReplicaSets(ns).Create(ctx, replicaSet(name, replicas), metav1.CreateOptions{}))
	eventually(t, ctx, "all pods are ready", func() bool {
		now := done[*appsv1.ReplicaSet](t)(client.AppsV1().ReplicaSets(ns).Get(ctx, name, metav1.GetOptions{}))
		return now.Status.ReadyReplicas == replicas
	})
	return created
}

// newDeployment waits for the ReplicaSet of a new Deployment and its pods.
func newDeployment(t *testing.T, ctx context.Context, client kubernetes.Interface, ns string) *appsv1.Deployment {
	t.Helper()
	template := replicaSet("simpletest.deployment", 2).Spec
	created := done[*appsv1.Deployment](t)(client.AppsV1().Deployments(ns).Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "simpletest.deployment"},
		Spec:       appsv1.DeploymentSpec{Replicas: template.Replicas, Selector: template.Selector, Template: template.Template},
	}, metav1.CreateOptions{}))
	eventually(t, ctx, "there is a replica set", func() bool { return len(replicaSetsOf(t, ctx, client, ns)) == 1 })
	eventually(t, ctx, "there are pods", func() bool { return len(podsOf(t, ctx, client, ns)) == 2 })
	return created
}

// propagated deletes one object and no other of its name.
func propagated(owner metav1.Object, policy metav1.DeletionPropagation) metav1.DeleteOptions {
	return metav1.DeleteOptions{PropagationPolicy: &policy, Preconditions: &metav1.Preconditions{UID: ptr.To(owner.GetUID())}}
}

func reference(kind, version string, owner metav1.Object) metav1.OwnerReference {
	return metav1.OwnerReference{
		APIVersion: version, Kind: kind, Name: owner.GetName(), UID: owner.GetUID(),
		Controller: ptr.To(kind == "Pod"), BlockOwnerDeletion: ptr.To(true),
	}
}

func podsOf(t *testing.T, ctx context.Context, client kubernetes.Interface, ns string) []corev1.Pod {
	t.Helper()
	return done[*corev1.PodList](t)(client.CoreV1().Pods(ns).List(ctx, metav1.ListOptions{})).Items
}

func replicaSetsOf(t *testing.T, ctx context.Context, client kubernetes.Interface, ns string) []appsv1.ReplicaSet {
	t.Helper()
	return done[*appsv1.ReplicaSetList](t)(client.AppsV1().ReplicaSets(ns).List(ctx, metav1.ListOptions{})).Items
}

func replicaSetGone(t *testing.T, ctx context.Context, client kubernetes.Interface, ns, name string) {
	t.Helper()
	eventually(t, ctx, name+" is gone", func() bool {
		_, err := client.AppsV1().ReplicaSets(ns).Get(ctx, name, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
}

// setFinalizers replaces a pod's finalizers by those in the JSON text.
func setFinalizers(t *testing.T, ctx context.Context, client kubernetes.Interface, ns, name, finalizers string) {
	t.Helper()
	done[*corev1.Pod](t)(client.CoreV1().Pods(ns).Patch(ctx, name, merge, []byte(`{"metadata":{"finalizers":`+finalizers+`}}`), metav1.PatchOptions{}))
}

// settle waits until no controller has work left, where a spec waits for half a minute to see that nothing happens.
func settle(t *testing.T, ctx context.Context, client kubernetes.Interface) {
	t.Helper()
	must(t, client.Discovery().RESTClient().Get().AbsPath("/kubedouble/settled").Param("timeout", "10s").Do(ctx).Error())
}
