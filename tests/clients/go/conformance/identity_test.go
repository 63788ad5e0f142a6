package conformance

import (
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
)

func TestServiceAccounts_ShouldRunThroughTheLifecycleOfAServiceAccount(t *testing.T) {
	ctx, client, ns := setUp(t)
	accounts := client.CoreV1().ServiceAccounts(ns)
	labelled := metav1.ListOptions{LabelSelector: "test-serviceaccount-static=true"}
	watcher := done[watch.Interface](t)(accounts.Watch(ctx, labelled))
	defer watcher.Stop()

	done[*corev1.ServiceAccount](t)(accounts.Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{
		Name: "testserviceaccount", Labels: map[string]string{"test-serviceaccount-static": "true"},
	}}, metav1.CreateOptions{}))
	seen[*corev1.ServiceAccount](t, ctx, watcher, watch.Added, nil)
	done[*corev1.ServiceAccount](t)(accounts.Patch(ctx, "testserviceaccount", strategic,
		[]byte(`{"automountServiceAccountToken":false}`), metav1.PatchOptions{}))
	seen(t, ctx, watcher, watch.Modified, func(now *corev1.ServiceAccount) bool {
		return now.AutomountServiceAccountToken != nil && !*now.AutomountServiceAccountToken
	})
	everywhere := done[*corev1.ServiceAccountList](t)(client.CoreV1().ServiceAccounts("").List(ctx, labelled))
	if count(t, "in all namespaces", everywhere, 1); len(everywhere.Items) == 1 {
		equal(t, "name", everywhere.Items[0].Name, "testserviceaccount")
	}

	must(t, accounts.DeleteCollection(ctx, metav1.DeleteOptions{}, labelled))
	seen[*corev1.ServiceAccount](t, ctx, watcher, watch.Deleted, nil)
}

func TestServiceAccounts_ShouldUpdateAServiceAccount(t *testing.T) {
	ctx, client, ns := setUp(t)
	accounts := client.CoreV1().ServiceAccounts(ns)
	created := done[*corev1.ServiceAccount](t)(accounts.Create(ctx, &corev1.ServiceAccount{
		ObjectMeta:                   metav1.ObjectMeta{Name: "e2e-sa"},
		AutomountServiceAccountToken: ptr.To(false),
	}, metav1.CreateOptions{}))
	equal(t, "automount at first", *created.AutomountServiceAccountToken, false)
	updated := retried(t,
		func() (*corev1.ServiceAccount, error) { return accounts.Get(ctx, created.Name, metav1.GetOptions{}) },
		func(now *corev1.ServiceAccount) { now.AutomountServiceAccountToken = ptr.To(true) },
		func(now *corev1.ServiceAccount) (*corev1.ServiceAccount, error) {
			return accounts.Update(ctx, now, metav1.UpdateOptions{})
		})
	equal(t, "automount", *updated.AutomountServiceAccountToken, true)
}

func TestServiceAccounts_ShouldGuaranteeKubeRootCaCrtExistInAnyNamespace(t *testing.T) {
	ctx, client, ns := setUp(t)
	const name = "kube-root-ca.crt"
	maps := client.CoreV1().ConfigMaps(ns)
	first := done[*corev1.ConfigMap](t)(maps.Get(ctx, name, metav1.GetOptions{}))
	restored := func() {
		t.Helper()
		eventually(t, ctx, "it is as it was", func() bool {
			now, err := maps.Get(ctx, name, metav1.GetOptions{})
			if err != nil {
				return false
			}
			certificate, there := now.Data["ca.crt"]
			return there && len(now.Data) == 1 && certificate == first.Data["ca.crt"]
		})
	}
	restored()
	must(t, maps.Delete(ctx, name, metav1.DeleteOptions{}))
	restored()
	second := done[*corev1.ConfigMap](t)(maps.Get(ctx, name, metav1.GetOptions{}))
	equal(t, "it is another object", second.UID != first.UID, true)
	done[*corev1.ConfigMap](t)(maps.Update(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Data:       map[string]string{"other": ""},
	}, metav1.UpdateOptions{}))
	restored()
}

func TestSubjectReview_ShouldSupportSubjectReviewAPIOperations(t *testing.T) {
	ctx, client, ns := setUp(t)
	done[*corev1.ServiceAccount](t)(client.CoreV1().ServiceAccounts(ns).Create(ctx,
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "e2e"}}, metav1.CreateOptions{}))
	user := "system:serviceaccount:" + ns + ":e2e"
	groups := []string{"system:authenticated", "system:serviceaccounts", "system:serviceaccounts:" + ns}
	impersonating := config()
	impersonating.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: groups}
	impersonated := done[*kubernetes.Clientset](t)(kubernetes.NewForConfig(impersonating))

	question := &authorizationv1.ResourceAttributes{Verb: "get", Resource: "configmaps", Namespace: ns, Name: "none"}
	asked := authorizationv1.SubjectAccessReviewSpec{ResourceAttributes: question, User: user, Groups: groups}
	answer := done[*authorizationv1.SubjectAccessReview](t)(client.AuthorizationV1().SubjectAccessReviews().Create(ctx,
		&authorizationv1.SubjectAccessReview{Spec: asked}, metav1.CreateOptions{}))
	equal(t, "the answer repeats who it is about", answer.Spec.User, user)
	equal(t, "the answer is no error", answer.Status.EvaluationError, "")
	self := done[*authorizationv1.SelfSubjectAccessReview](t)(impersonated.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx,
		&authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: question}},
		metav1.CreateOptions{}))
	equal(t, "the account itself is told the same", self.Status.Allowed, answer.Status.Allowed)
	local := done[*authorizationv1.LocalSubjectAccessReview](t)(client.AuthorizationV1().LocalSubjectAccessReviews(ns).Create(ctx,
		&authorizationv1.LocalSubjectAccessReview{ObjectMeta: metav1.ObjectMeta{Namespace: ns}, Spec: asked}, metav1.CreateOptions{}))
	equal(t, "so is who asks in the namespace", local.Status.Allowed, answer.Status.Allowed)

	_, err := impersonated.CoreV1().ConfigMaps(ns).Get(ctx, "kube-root-ca.crt", metav1.GetOptions{})
	equal(t, "and the answer is true", err == nil, answer.Status.Allowed)
}
