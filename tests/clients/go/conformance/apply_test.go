package conformance

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"
)

// deploymentYAML is applied as text: a typed object would apply its zero values, too.
const deploymentYAML = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: deployment
  labels: {app: nginx}
spec:
  replicas: 3
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      containers:
      - {name: nginx, image: "nginx:latest"}
`

func TestServerSideApply_ShouldCreateAnAppliedObjectIfItDoesNotAlreadyExist(t *testing.T) {
	ctx, client, ns := setUp(t)
	for _, applied := range []struct{ resource, body string }{
		{"pods", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"test-pod"},
			"spec":{"containers":[{"name":"test-container","image":"test-image"}]}}`},
		{"services", `{"apiVersion":"v1","kind":"Service","metadata":{"name":"test-svc"},
			"spec":{"ports":[{"port":8080,"protocol":"UDP"}]}}`},
	} {
		var name struct{ Metadata struct{ Name string } }
		must(t, json.Unmarshal([]byte(applied.body), &name))
		must(t, client.CoreV1().RESTClient().Patch(types.ApplyPatchType).Namespace(ns).Resource(applied.resource).
			Name(name.Metadata.Name).Param("fieldManager", "apply_test").Body([]byte(applied.body)).Do(ctx).Error())
		must(t, client.CoreV1().RESTClient().Get().Namespace(ns).Resource(applied.resource).Name(name.Metadata.Name).Do(ctx).Error())

		// Without a field manager there is nobody who could own the fields.
		err := client.CoreV1().RESTClient().Patch(types.ApplyPatchType).Namespace(ns).Resource(applied.resource).
			Name("other").Body([]byte(strings.ReplaceAll(applied.body, name.Metadata.Name, "other"))).Do(ctx).Error()
		equal(t, "a nameless manager is refused", apierrors.IsInvalid(err) || apierrors.IsBadRequest(err), true)
	}
}

func TestServerSideApply_ShouldWorkForSubresources(t *testing.T) {
	ctx, client, ns := setUp(t)
	// Nobody runs a pod on a node that isn't there, so nobody else writes its status.
	done[*corev1.Pod](t)(client.CoreV1().Pods(ns).Patch(ctx, "test-pod", types.ApplyPatchType, []byte(
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"test-pod"},
			"spec":{"nodeSelector":{"none":"none"},"containers":[{"name":"test-container","image":"test-image"}]}}`,
	), metav1.PatchOptions{FieldManager: "apply_test"}))

	done[*corev1.Pod](t)(client.CoreV1().Pods(ns).Patch(ctx, "test-pod", types.ApplyPatchType, []byte(
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"test-pod"},
			"status":{"conditions":[{"type":"MyStatus","status":"True"}]}}`,
	), metav1.PatchOptions{FieldManager: "apply_test2"}, "status"))
	applied := done[*corev1.Pod](t)(client.CoreV1().Pods(ns).Get(ctx, "test-pod", metav1.GetOptions{}))
	equal(t, "the condition is there", slices.ContainsFunc(applied.Status.Conditions, func(one corev1.PodCondition) bool {
		return one.Type == "MyStatus" && one.Status == corev1.ConditionTrue
	}), true)
	equal(t, "it is owned through the subresource", slices.ContainsFunc(applied.ManagedFields, func(one metav1.ManagedFieldsEntry) bool {
		return one.Manager == "apply_test2" && one.Subresource == "status" && strings.Contains(string(one.FieldsV1.Raw), "MyStatus")
	}), true)

	// What an update of the status sends as spec is not taken, and not owned.
	applied.Status.Message = "changed"
	applied.Spec.Containers[0].Image = "other-image"
	updated := retried(t,
		func() (*corev1.Pod, error) { return client.CoreV1().Pods(ns).Get(ctx, "test-pod", metav1.GetOptions{}) },
		func(now *corev1.Pod) { now.Status.Message, now.Spec.Containers[0].Image = "changed", "other-image" },
		func(now *corev1.Pod) (*corev1.Pod, error) {
			return client.CoreV1().Pods(ns).UpdateStatus(ctx, now, metav1.UpdateOptions{FieldManager: "updater"})
		})
	equal(t, "image", updated.Spec.Containers[0].Image, "test-image")
	entry := slices.IndexFunc(updated.ManagedFields, func(one metav1.ManagedFieldsEntry) bool { return one.Manager == "updater" })
	if entry < 0 {
		t.Fatalf("the updater owns nothing: %v", updated.ManagedFields)
	}
	equal(t, "subresource of the updater", updated.ManagedFields[entry].Subresource, "status")
	equal(t, "the updater owns no spec", strings.Contains(string(updated.ManagedFields[entry].FieldsV1.Raw), "f:spec"), false)
}

func TestServerSideApply_ShouldRemoveAFieldIfItIsOwnedButRemovedInTheApplyRequest(t *testing.T) {
	ctx, client, ns := setUp(t)
	apply := applier(t, ctx, client, ns)
	apply("apply_test", strings.Replace(deploymentYAML, "{app: nginx}", "{app: nginx, env: test}", 1), false)
	now := apply("apply_test", deploymentYAML, false)
	equal(t, "labels", len(now.Labels), 1)
	_, there := now.Labels["env"]
	equal(t, "the label that is no longer applied is there", there, false)
}

func TestServerSideApply_ShouldNotRemoveAFieldIfAnOwnerUnsetsTheFieldButOtherManagersStillHaveOwnershipOfTheField(t *testing.T) {
	ctx, client, ns := setUp(t)
	apply := applier(t, ctx, client, ns)
	labelled := strings.Replace(deploymentYAML, "{app: nginx}", "{app: nginx, env: test}", 1)
	apply("apply_test", labelled, false)
	apply("apply_test2", labelled, false)
	now := apply("apply_test", deploymentYAML, false)
	equal(t, "the label stays", now.Labels["env"], "test")
	now = apply("apply_test2", deploymentYAML, false)
	_, there := now.Labels["env"]
	equal(t, "the label that nobody applies is there", there, false)
}

func TestServerSideApply_ShouldIgnoreConflictErrorsIfForceApplyIsUsed(t *testing.T) {
	ctx, client, ns := setUp(t)
	apply := applier(t, ctx, client, ns)
	apply("apply_test", deploymentYAML, false)
	done[*appsv1.Deployment](t)(client.AppsV1().Deployments(ns).Patch(ctx, "deployment", strategic,
		[]byte(`{"spec":{"replicas":5}}`), metav1.PatchOptions{FieldManager: "patcher"}))

	_, err := client.AppsV1().Deployments(ns).Patch(ctx, "deployment", types.ApplyPatchType, []byte(deploymentYAML),
		metav1.PatchOptions{FieldManager: "apply_test"})
	equal(t, "without force it is a conflict", apierrors.IsConflict(err), true)
	equal(t, "of field managers", apierrors.HasStatusCause(err, metav1.CauseTypeFieldManagerConflict), true)
	equal(t, "over one field", len(err.(apierrors.APIStatus).Status().Details.Causes), 1)

	now := apply("apply_test", deploymentYAML, true)
	equal(t, "replicas", *now.Spec.Replicas, 3)
}

func TestServerSideApply_ShouldGiveUpOwnershipOfAFieldIfForcedAppliedByAController(t *testing.T) {
	ctx, client, ns := setUp(t)
	apply := applier(t, ctx, client, ns)
	apply("apply_client", deploymentYAML, false)
	owners := func(now *appsv1.Deployment) (names []string) {
		for _, entry := range now.ManagedFields {
			if entry.Subresource == "" && strings.Contains(string(entry.FieldsV1.Raw), "f:replicas") {
				names = append(names, entry.Manager)
			}
		}
		return names
	}
	const scaled = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: deployment}, spec: {replicas: 5}}"
	now := apply("apply_controller", scaled, true)
	equal(t, "replicas", *now.Spec.Replicas, 5)
	equal(t, "owners", strings.Join(owners(now), " "), "apply_controller")

	// The client does not ask for its value back; it then no longer has a say.
	now = apply("apply_client", strings.Replace(deploymentYAML, "  replicas: 3\n", "", 1), false)
	equal(t, "replicas stay", *now.Spec.Replicas, 5)
	equal(t, "owners", strings.Join(owners(now), " "), "apply_controller")
}

// applier applies a Deployment from text, and has to be allowed to.
func applier(t *testing.T, ctx context.Context, client kubernetes.Interface, ns string) func(manager, body string, force bool) *appsv1.Deployment {
	return func(manager, body string, force bool) *appsv1.Deployment {
		t.Helper()
		options := metav1.PatchOptions{FieldManager: manager, Force: ptr.To(force)}
		return done[*appsv1.Deployment](t)(client.AppsV1().Deployments(ns).Patch(ctx, "deployment", types.ApplyPatchType, []byte(body), options))
	}
}
