package conformance

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestNamespaces_ShouldPatchANamespace(t *testing.T) {
	ctx, client, ns := setUp(t)
	done[*corev1.Namespace](t)(client.CoreV1().Namespaces().Patch(ctx, ns, strategic,
		[]byte(`{"metadata":{"labels":{"testLabel":"testValue"}}}`), metav1.PatchOptions{}))
	got := done[*corev1.Namespace](t)(client.CoreV1().Namespaces().Get(ctx, ns, metav1.GetOptions{}))
	equal(t, "label", got.Labels["testLabel"], "testValue")
}

func TestNamespaces_ShouldApplyAnUpdateToANamespace(t *testing.T) {
	ctx, client, ns := setUp(t)
	namespaces := client.CoreV1().Namespaces()
	updated := retried(t,
		func() (*corev1.Namespace, error) { return namespaces.Get(ctx, ns, metav1.GetOptions{}) },
		func(now *corev1.Namespace) { now.Labels[ns] = "updated" },
		func(now *corev1.Namespace) (*corev1.Namespace, error) {
			return namespaces.Update(ctx, now, metav1.UpdateOptions{})
		})
	equal(t, "label", updated.Labels[ns], "updated")
}

func TestNamespaces_ShouldApplyChangesToANamespaceStatus(t *testing.T) {
	ctx, client, ns := setUp(t)
	namespaces := client.CoreV1().Namespaces()
	read := done[*unstructured.Unstructured](t)(dynamicClient(t).Resource(corev1.SchemeGroupVersion.WithResource("namespaces")).
		Get(ctx, ns, metav1.GetOptions{}, "status"))
	phase, _, err := unstructured.NestedString(read.Object, "status", "phase")
	must(t, err)
	equal(t, "phase", phase, "Active")

	patched := done[*corev1.Namespace](t)(namespaces.Patch(ctx, ns, merge, []byte(`{"metadata":{"annotations":{"e2e-patched-ns-status":"`+ns+`"}},
		"status":{"conditions":[{"type":"StatusPatch","status":"True","reason":"E2E","message":"Patched by a test"}]}}`),
		metav1.PatchOptions{}, "status"))
	equal(t, "annotation", patched.Annotations["e2e-patched-ns-status"], ns)
	equal(t, "patched condition", string(patched.Status.Conditions[0].Type), "StatusPatch")
	equal(t, "the phase stays", patched.Status.Phase, corev1.NamespaceActive)

	updated := retried(t,
		func() (*corev1.Namespace, error) { return namespaces.Get(ctx, ns, metav1.GetOptions{}) },
		func(now *corev1.Namespace) {
			now.Status.Conditions = append(now.Status.Conditions, corev1.NamespaceCondition{
				Type: "StatusUpdate", Status: corev1.ConditionTrue, Reason: "E2E", Message: "Updated by a test",
			})
		},
		func(now *corev1.Namespace) (*corev1.Namespace, error) {
			return namespaces.UpdateStatus(ctx, now, metav1.UpdateOptions{})
		})
	equal(t, "conditions", len(updated.Status.Conditions), 2)
	equal(t, "updated condition", string(updated.Status.Conditions[1].Type), "StatusUpdate")
}

func TestNamespaces_ShouldApplyAFinalizerToANamespace(t *testing.T) {
	ctx, client, ns := setUp(t)
	const finalizer = corev1.FinalizerName("e2e.example.com/fakeFinalizer")
	namespaces := client.CoreV1().Namespaces()
	get := func() (*corev1.Namespace, error) { return namespaces.Get(ctx, ns, metav1.GetOptions{}) }
	finalize := func(now *corev1.Namespace) (*corev1.Namespace, error) {
		return namespaces.Finalize(ctx, now, metav1.UpdateOptions{})
	}
	with := retried(t, get, func(now *corev1.Namespace) { now.Spec.Finalizers = append(now.Spec.Finalizers, finalizer) }, finalize)
	equal(t, "it is added", slices.Equal(with.Spec.Finalizers, []corev1.FinalizerName{corev1.FinalizerKubernetes, finalizer}), true)
	without := retried(t, get, func(now *corev1.Namespace) { now.Spec.Finalizers = now.Spec.Finalizers[:1] }, finalize)
	equal(t, "it is removed", slices.Equal(without.Spec.Finalizers, []corev1.FinalizerName{corev1.FinalizerKubernetes}), true)
}

func TestNamespaces_ShouldEnsureThatAllServicesAreRemovedWhenANamespaceIsDeleted(t *testing.T) {
	ctx, client, ns := setUp(t)
	done[*corev1.Service](t)(client.CoreV1().Services(ns).Create(ctx, service("test-service", map[string]string{"foo": "bar"}), metav1.CreateOptions{}))
	must(t, client.CoreV1().Namespaces().Delete(ctx, ns, metav1.DeleteOptions{}))
	eventually(t, ctx, "the namespace is gone", func() bool {
		_, err := client.CoreV1().Namespaces().Get(ctx, ns, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})

	done[*corev1.Namespace](t)(client.CoreV1().Namespaces().Create(ctx,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}, metav1.CreateOptions{}))
	_, err := client.CoreV1().Services(ns).Get(ctx, "test-service", metav1.GetOptions{})
	notFound(t, "the service of the namespace before", err)
}

func TestNamespaces_ShouldEnsureThatAllPodsAreRemovedWhenANamespaceIsDeleted(t *testing.T) {
	ctx, client, ns := setUp(t)
	done[*corev1.Pod](t)(client.CoreV1().Pods(ns).Create(ctx, pod("test-pod", nil), metav1.CreateOptions{}))
	running(t, ctx, client, ns, "test-pod")
	must(t, client.CoreV1().Namespaces().Delete(ctx, ns, metav1.DeleteOptions{}))
	eventually(t, ctx, "the namespace is gone", func() bool {
		_, err := client.CoreV1().Namespaces().Get(ctx, ns, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})

	done[*corev1.Namespace](t)(client.CoreV1().Namespaces().Create(ctx,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}, metav1.CreateOptions{}))
	_, err := client.CoreV1().Pods(ns).Get(ctx, "test-pod", metav1.GetOptions{})
	notFound(t, "the pod of the namespace before", err)
}

func TestOrderedNamespaceDeletion_NamespaceDeletionShouldDeletePodFirst(t *testing.T) {
	ctx, client, ns := setUp(t)
	held := pod("testpod", nil)
	held.Finalizers = []string{"e2e.example.com/finalizer"}
	done[*corev1.Pod](t)(client.CoreV1().Pods(ns).Create(ctx, held, metav1.CreateOptions{}))
	running(t, ctx, client, ns, held.Name)
	done[*corev1.ConfigMap](t)(client.CoreV1().ConfigMaps(ns).Create(ctx,
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "test-configmap"}}, metav1.CreateOptions{}))

	must(t, client.CoreV1().Namespaces().Delete(ctx, ns, metav1.DeleteOptions{}))
	eventually(t, ctx, "the namespace says what it waits for", func() bool {
		got := done[*corev1.Namespace](t)(client.CoreV1().Namespaces().Get(ctx, ns, metav1.GetOptions{}))
		return slices.ContainsFunc(got.Status.Conditions, func(one corev1.NamespaceCondition) bool {
			return one.Type == corev1.NamespaceFinalizersRemaining && one.Status == corev1.ConditionTrue
		})
	})
	waiting := done[*corev1.Pod](t)(client.CoreV1().Pods(ns).Get(ctx, held.Name, metav1.GetOptions{}))
	equal(t, "the pod is on its way out", waiting.DeletionTimestamp != nil, true)
	kept := done[*corev1.ConfigMap](t)(client.CoreV1().ConfigMaps(ns).Get(ctx, "test-configmap", metav1.GetOptions{}))
	equal(t, "the rest waits for it", kept.DeletionTimestamp == nil, true)

	done[*corev1.Pod](t)(client.CoreV1().Pods(ns).Patch(ctx, held.Name, merge, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}))
	eventually(t, ctx, "the namespace is gone", func() bool {
		_, err := client.CoreV1().Namespaces().Get(ctx, ns, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
}
