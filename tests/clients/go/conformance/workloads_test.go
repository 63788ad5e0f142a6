package conformance

import (
	"context"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"
)

func TestDeployment_ShouldRunTheLifecycleOfADeployment(t *testing.T) {
	ctx, client, ns := setUp(t)
	deployments := client.AppsV1().Deployments(ns)
	labelled := metav1.ListOptions{LabelSelector: "test-deployment-static=true"}
	listed := done[*appsv1.DeploymentList](t)(deployments.List(ctx, labelled))
	watcher := done[watch.Interface](t)(deployments.Watch(ctx,
		metav1.ListOptions{LabelSelector: labelled.LabelSelector, ResourceVersion: listed.ResourceVersion}))
	defer watcher.Stop()
	ready := func(replicas int32) func(*appsv1.Deployment) bool {
		return func(now *appsv1.Deployment) bool {
			return now.Status.ReadyReplicas == replicas && now.Status.ObservedGeneration == now.Generation
		}
	}

	wanted := deployment("test-deployment", 1)
	wanted.Labels = map[string]string{"test-deployment-static": "true"}
	done[*appsv1.Deployment](t)(deployments.Create(ctx, wanted, metav1.CreateOptions{}))
	seen[*appsv1.Deployment](t, ctx, watcher, watch.Added, nil)
	seen(t, ctx, watcher, watch.Modified, ready(1))

	done[*appsv1.Deployment](t)(deployments.Patch(ctx, wanted.Name, strategic, []byte(`{"metadata":{"labels":{"test-deployment":"patched"}},
		"spec":{"replicas":2,"template":{"spec":{"terminationGracePeriodSeconds":1,"containers":[{"name":"web","image":"web:2"}]}}}}`),
		metav1.PatchOptions{}))
	seen(t, ctx, watcher, watch.Modified, func(now *appsv1.Deployment) bool {
		return now.Labels["test-deployment"] == "patched" && now.Spec.Template.Spec.Containers[0].Image == "web:2" &&
			ready(2)(now) && now.Status.UpdatedReplicas == 2 && now.Status.Replicas == 2
	})
	everywhere := done[*appsv1.DeploymentList](t)(client.AppsV1().Deployments("").List(ctx, labelled))
	count(t, "in all namespaces", everywhere, 1)

	retried(t,
		func() (*appsv1.Deployment, error) { return deployments.Get(ctx, wanted.Name, metav1.GetOptions{}) },
		func(now *appsv1.Deployment) { now.Spec.Template.Spec.Containers[0].Image = "web:3" },
		func(now *appsv1.Deployment) (*appsv1.Deployment, error) {
			return deployments.Update(ctx, now, metav1.UpdateOptions{})
		})
	seen(t, ctx, watcher, watch.Modified, func(now *appsv1.Deployment) bool {
		return now.Spec.Template.Spec.Containers[0].Image == "web:3" && ready(2)(now) && now.Status.UpdatedReplicas == 2
	})

	must(t, deployments.DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](1)}, labelled))
	seen[*appsv1.Deployment](t, ctx, watcher, watch.Deleted, nil)
}

func TestDeployment_ShouldValidateDeploymentStatusEndpoints(t *testing.T) {
	ctx, client, ns := setUp(t)
	deployments := client.AppsV1().Deployments(ns)
	name := rolledOut(t, ctx, client, ns, deployment("test-deployment", 1)).Name
	read := done[*unstructured.Unstructured](t)(dynamicClient(t).Resource(appsv1.SchemeGroupVersion.WithResource("deployments")).
		Namespace(ns).Get(ctx, name, metav1.GetOptions{}, "status"))
	conditions, _, err := unstructured.NestedSlice(read.Object, "status", "conditions")
	must(t, err)
	equal(t, "there are conditions", len(conditions) > 0, true)

	updated := retried(t,
		func() (*appsv1.Deployment, error) { return deployments.Get(ctx, name, metav1.GetOptions{}) },
		func(now *appsv1.Deployment) {
			now.Status.Conditions = append(now.Status.Conditions, appsv1.DeploymentCondition{
				Type: "StatusUpdate", Status: corev1.ConditionTrue, Reason: "E2E", Message: "Set by a test",
			})
		},
		func(now *appsv1.Deployment) (*appsv1.Deployment, error) {
			return deployments.UpdateStatus(ctx, now, metav1.UpdateOptions{})
		})
	hasCondition := func(now *appsv1.Deployment, kind appsv1.DeploymentConditionType) bool {
		return slices.ContainsFunc(now.Status.Conditions, func(one appsv1.DeploymentCondition) bool { return one.Type == kind })
	}
	equal(t, "updated condition", hasCondition(updated, "StatusUpdate"), true)
	patched := done[*appsv1.Deployment](t)(deployments.Patch(ctx, name, merge,
		[]byte(`{"status":{"conditions":[{"type":"StatusPatched","status":"True"}]}}`), metav1.PatchOptions{}, "status"))
	equal(t, "patched condition", hasCondition(patched, "StatusPatched"), true)
}

func TestDeployment_DeploymentShouldHaveAWorkingScaleSubresource(t *testing.T) {
	ctx, client, ns := setUp(t)
	deployments := client.AppsV1().Deployments(ns)
	name := rolledOut(t, ctx, client, ns, deployment("test-new-deployment", 1)).Name
	scale := done[*autoscalingv1.Scale](t)(deployments.GetScale(ctx, name, metav1.GetOptions{}))
	equal(t, "scale", scale.Spec.Replicas, 1)
	// Without a resource version the update is unconditional.
	scale.ResourceVersion = ""
	scale.Spec.Replicas = 2
	scale = done[*autoscalingv1.Scale](t)(deployments.UpdateScale(ctx, name, scale, metav1.UpdateOptions{}))
	equal(t, "updated scale", scale.Spec.Replicas, 2)
	now := done[*appsv1.Deployment](t)(deployments.Get(ctx, name, metav1.GetOptions{}))
	equal(t, "replicas", *now.Spec.Replicas, 2)
	done[*appsv1.Deployment](t)(deployments.Patch(ctx, name, strategic, []byte(`{"spec":{"replicas":4}}`), metav1.PatchOptions{}, "scale"))
	now = done[*appsv1.Deployment](t)(deployments.Get(ctx, name, metav1.GetOptions{}))
	equal(t, "patched replicas", *now.Spec.Replicas, 4)
}

func TestDeployment_RollingUpdateDeploymentShouldDeleteOldPodsAndCreateNewOnes(t *testing.T) {
	ctx, client, ns := setUp(t)
	// The Deployment adopts what a ReplicaSet has begun, because the selectors agree.
	adopted := newReplicaSet(t, ctx, client, ns, "test-rolling-update")
	wanted := deployment("test-rolling-update", replicas)
	wanted.Spec.Template.Spec.Containers[0].Image = "web:2"
	rolledOut(t, ctx, client, ns, wanted)
	sets := replicaSetsOf(t, ctx, client, ns)
	equal(t, "replica sets", len(sets), 2)
	for _, set := range sets {
		owner := metav1.GetControllerOf(&set)
		equal(t, set.Name+" is owned", owner != nil && owner.Name == wanted.Name, true)
		equal(t, "the one before is empty", *set.Spec.Replicas == 0, set.UID == adopted.UID)
	}
}

func TestDeployment_RecreateDeploymentShouldDeleteOldPodsAndCreateNewOnes(t *testing.T) {
	ctx, client, ns := setUp(t)
	wanted := deployment("test-recreate-deployment", 3)
	wanted.Spec.Strategy.Type = appsv1.RecreateDeploymentStrategyType
	rolledOut(t, ctx, client, ns, wanted)
	listed := done[*corev1.PodList](t)(client.CoreV1().Pods(ns).List(ctx, metav1.ListOptions{}))
	watcher := done[watch.Interface](t)(client.CoreV1().Pods(ns).Watch(ctx, metav1.ListOptions{ResourceVersion: listed.ResourceVersion}))
	defer watcher.Stop()

	done[*appsv1.Deployment](t)(client.AppsV1().Deployments(ns).Patch(ctx, wanted.Name, strategic,
		[]byte(`{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"web:2"}]}}}}`), metav1.PatchOptions{}))
	// No new pod comes before the last old one is gone.
	for old := len(listed.Items); old > 0; {
		event := next(t, ctx, watcher)
		image := event.Object.(*corev1.Pod).Spec.Containers[0].Image
		equal(t, "image of a pod that is seen while old ones are there", image, "web:1")
		if event.Type == watch.Deleted {
			old--
		}
	}
	isNew := func(now *corev1.Pod) bool { return now.Spec.Containers[0].Image == "web:2" }
	seen(t, ctx, watcher, watch.Added, isNew)
}

func TestDeployment_DeploymentShouldDeleteOldReplicaSets(t *testing.T) {
	ctx, client, ns := setUp(t)
	old := newReplicaSet(t, ctx, client, ns, "test-cleanup-deployment")
	wanted := deployment("test-cleanup-deployment", replicas)
	wanted.Spec.RevisionHistoryLimit = ptr.To[int32](0)
	wanted.Spec.Template.Spec.Containers[0].Image = "web:2"
	rolledOut(t, ctx, client, ns, wanted)
	replicaSetGone(t, ctx, client, ns, old.Name)
	equal(t, "replica sets", len(replicaSetsOf(t, ctx, client, ns)), 1)
}

func TestDeployment_DeploymentShouldSupportRollover(t *testing.T) {
	ctx, client, ns := setUp(t)
	newReplicaSet(t, ctx, client, ns, "test-rollover")
	wanted := deployment("test-rollover", replicas)
	// This image never gets ready, so the rollout can't end until there is another.
	wanted.Spec.Template.Annotations = map[string]string{"kubedouble.dev/ready": "false"}
	wanted.Spec.Template.Spec.Containers[0].Image = "web:2"
	done[*appsv1.Deployment](t)(client.AppsV1().Deployments(ns).Create(ctx, wanted, metav1.CreateOptions{}))
	eventually(t, ctx, "the rollout has begun", func() bool {
		now := done[*appsv1.Deployment](t)(client.AppsV1().Deployments(ns).Get(ctx, wanted.Name, metav1.GetOptions{}))
		return now.Status.UpdatedReplicas > 0
	})
	done[*appsv1.Deployment](t)(client.AppsV1().Deployments(ns).Patch(ctx, wanted.Name, merge, []byte(
		`{"spec":{"template":{"metadata":{"annotations":null},"spec":{"containers":[{"name":"web","image":"web:3"}]}}}}`), metav1.PatchOptions{}))
	complete(t, ctx, client, ns, wanted.Name)
	for _, set := range replicaSetsOf(t, ctx, client, ns) {
		want := int32(0)
		if set.Spec.Template.Spec.Containers[0].Image == "web:3" {
			want = replicas
		}
		equal(t, "replicas of "+set.Spec.Template.Spec.Containers[0].Image, *set.Spec.Replicas, want)
	}
}

func TestReplicaSet_ShouldAdoptMatchingPodsOnCreationAndReleaseNoLongerMatchingPods(t *testing.T) {
	ctx, client, ns := setUp(t)
	const name = "pod-adoption-release"
	done[*corev1.Pod](t)(client.CoreV1().Pods(ns).Create(ctx, pod(name, map[string]string{"app": name}), metav1.CreateOptions{}))
	running(t, ctx, client, ns, name)
	owner := done[*appsv1.ReplicaSet](t)(client.AppsV1().ReplicaSets(ns).Create(ctx, replicaSet(name, 1), metav1.CreateOptions{}))
	controlled := func() bool {
		now := done[*corev1.Pod](t)(client.CoreV1().Pods(ns).Get(ctx, name, metav1.GetOptions{}))
		return metav1.IsControlledBy(now, owner)
	}
	eventually(t, ctx, "the pod is adopted", controlled)
	settle(t, ctx, client)
	equal(t, "pods", len(podsOf(t, ctx, client, ns)), 1)

	done[*corev1.Pod](t)(client.CoreV1().Pods(ns).Patch(ctx, name, merge, []byte(`{"metadata":{"labels":{"app":"not-matching"}}}`), metav1.PatchOptions{}))
	eventually(t, ctx, "the pod is released", func() bool { return !controlled() })
	eventually(t, ctx, "there is another pod", func() bool { return len(podsOf(t, ctx, client, ns)) == 2 })
}

func TestReplicaSet_ReplicasetShouldHaveAWorkingScaleSubresource(t *testing.T) {
	ctx, client, ns := setUp(t)
	sets := client.AppsV1().ReplicaSets(ns)
	done[*appsv1.ReplicaSet](t)(sets.Create(ctx, replicaSet("test-rs", 1), metav1.CreateOptions{}))
	scale := done[*autoscalingv1.Scale](t)(sets.GetScale(ctx, "test-rs", metav1.GetOptions{}))
	equal(t, "scale", scale.Spec.Replicas, 1)
	// Without a resource version the update is unconditional.
	scale.ResourceVersion = ""
	scale.Spec.Replicas = 2
	scale = done[*autoscalingv1.Scale](t)(sets.UpdateScale(ctx, "test-rs", scale, metav1.UpdateOptions{}))
	equal(t, "updated scale", scale.Spec.Replicas, 2)
	equal(t, "replicas", *done[*appsv1.ReplicaSet](t)(sets.Get(ctx, "test-rs", metav1.GetOptions{})).Spec.Replicas, 2)
	done[*appsv1.ReplicaSet](t)(sets.Patch(ctx, "test-rs", strategic, []byte(`{"spec":{"replicas":4}}`), metav1.PatchOptions{}, "scale"))
	equal(t, "patched replicas", *done[*appsv1.ReplicaSet](t)(sets.Get(ctx, "test-rs", metav1.GetOptions{})).Spec.Replicas, 4)
}

func TestReplicaSet_ReplaceAndPatchTests(t *testing.T) {
	ctx, client, ns := setUp(t)
	sets := client.AppsV1().ReplicaSets(ns)
	done[*appsv1.ReplicaSet](t)(sets.Create(ctx, replicaSet("test-rs", 1), metav1.CreateOptions{}))
	ready := func(replicas int32) {
		t.Helper()
		eventually(t, ctx, "the pods are ready", func() bool {
			now := done[*appsv1.ReplicaSet](t)(sets.Get(ctx, "test-rs", metav1.GetOptions{}))
			return now.Status.ReadyReplicas == replicas && now.Status.AvailableReplicas == replicas
		})
	}
	ready(1)
	retried(t,
		func() (*appsv1.ReplicaSet, error) { return sets.Get(ctx, "test-rs", metav1.GetOptions{}) },
		func(now *appsv1.ReplicaSet) { now.Spec.Replicas = ptr.To[int32](2) },
		func(now *appsv1.ReplicaSet) (*appsv1.ReplicaSet, error) {
			return sets.Update(ctx, now, metav1.UpdateOptions{})
		})
	ready(2)
	patched := done[*appsv1.ReplicaSet](t)(sets.Patch(ctx, "test-rs", strategic, []byte(`{"metadata":{"labels":{"test-rs":"patched"}},
		"spec":{"replicas":3,"template":{"spec":{"terminationGracePeriodSeconds":0,"containers":[{"name":"web","image":"web:2"}]}}}}`),
		metav1.PatchOptions{}))
	equal(t, "label", patched.Labels["test-rs"], "patched")
	equal(t, "image", patched.Spec.Template.Spec.Containers[0].Image, "web:2")
	ready(3)
}

func TestReplicaSet_ShouldListAndDeleteACollectionOfReplicaSets(t *testing.T) {
	ctx, client, ns := setUp(t)
	newReplicaSet(t, ctx, client, ns, "test-rs")
	labelled := metav1.ListOptions{LabelSelector: "app=test-rs"}
	count(t, "in all namespaces", done[*appsv1.ReplicaSetList](t)(client.AppsV1().ReplicaSets("").List(ctx, labelled)), 1)
	must(t, client.AppsV1().ReplicaSets(ns).DeleteCollection(ctx, metav1.DeleteOptions{}, labelled))
	replicaSetGone(t, ctx, client, ns, "test-rs")
}

func TestReplicaSet_ShouldValidateReplicasetStatusEndpoints(t *testing.T) {
	ctx, client, ns := setUp(t)
	sets := client.AppsV1().ReplicaSets(ns)
	newReplicaSet(t, ctx, client, ns, "test-rs")
	updated := retried(t,
		func() (*appsv1.ReplicaSet, error) { return sets.Get(ctx, "test-rs", metav1.GetOptions{}) },
		func(now *appsv1.ReplicaSet) {
			now.Status.Conditions = append(now.Status.Conditions, appsv1.ReplicaSetCondition{
				Type: "StatusUpdate", Status: corev1.ConditionTrue, Reason: "E2E", Message: "Set by a test",
			})
		},
		func(now *appsv1.ReplicaSet) (*appsv1.ReplicaSet, error) {
			return sets.UpdateStatus(ctx, now, metav1.UpdateOptions{})
		})
	equal(t, "updated condition", string(updated.Status.Conditions[0].Type), "StatusUpdate")
	patched := done[*appsv1.ReplicaSet](t)(sets.Patch(ctx, "test-rs", merge,
		[]byte(`{"status":{"conditions":[{"type":"StatusPatched","status":"True"}]}}`), metav1.PatchOptions{}, "status"))
	equal(t, "patched condition", string(patched.Status.Conditions[0].Type), "StatusPatched")
}

// deployment is a Deployment whose pods have the label app with its name.
func deployment(name string, replicas int32) *appsv1.Deployment {
	like := replicaSet(name, replicas).Spec
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       appsv1.DeploymentSpec{Replicas: like.Replicas, Selector: like.Selector, Template: like.Template},
	}
}

// rolledOut creates a Deployment and waits until all of its pods are what it wants.
func rolledOut(t *testing.T, ctx context.Context, client kubernetes.Interface, ns string, wanted *appsv1.Deployment) *appsv1.Deployment {
	t.Helper()
	done[*appsv1.Deployment](t)(client.AppsV1().Deployments(ns).Create(ctx, wanted, metav1.CreateOptions{}))
	return complete(t, ctx, client, ns, wanted.Name)
}

// complete waits until all pods of a Deployment are what it wants.
func complete(t *testing.T, ctx context.Context, client kubernetes.Interface, ns, name string) (now *appsv1.Deployment) {
	t.Helper()
	eventually(t, ctx, name+" is rolled out", func() bool {
		found, err := client.AppsV1().Deployments(ns).Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false
		}
		must(t, err)
		now = found
		status := found.Status
		return status.ObservedGeneration == found.Generation && status.UpdatedReplicas == *found.Spec.Replicas &&
			status.Replicas == status.UpdatedReplicas && status.AvailableReplicas == status.UpdatedReplicas
	})
	return now
}
