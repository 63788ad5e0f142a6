package conformance

import (
	"bytes"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"
)

func TestConfigMap_ShouldRunThroughAConfigMapLifecycle(t *testing.T) {
	ctx, client, ns := setUp(t)
	maps := client.CoreV1().ConfigMaps(ns)
	labelled := metav1.ListOptions{LabelSelector: "test-configmap-static=true"}
	listed := done[*corev1.ConfigMapList](t)(maps.List(ctx, labelled))
	watcher := done[watch.Interface](t)(maps.Watch(ctx,
		metav1.ListOptions{LabelSelector: labelled.LabelSelector, ResourceVersion: listed.ResourceVersion}))
	defer watcher.Stop()

	done[*corev1.ConfigMap](t)(maps.Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "test-configmap", Labels: map[string]string{"test-configmap-static": "true"}},
		Data:       map[string]string{"valueName": "value"},
	}, metav1.CreateOptions{}))
	seen[*corev1.ConfigMap](t, ctx, watcher, watch.Added, nil)
	done[*corev1.ConfigMap](t)(maps.Patch(ctx, "test-configmap", strategic,
		[]byte(`{"metadata":{"labels":{"test-configmap":"patched"}},"data":{"valueName":"value1"}}`), metav1.PatchOptions{}))
	seen(t, ctx, watcher, watch.Modified, func(now *corev1.ConfigMap) bool { return now.Labels["test-configmap"] == "patched" })
	got := done[*corev1.ConfigMap](t)(maps.Get(ctx, "test-configmap", metav1.GetOptions{}))
	equal(t, "patched data", got.Data["valueName"], "value1")
	everywhere := done[*corev1.ConfigMapList](t)(client.CoreV1().ConfigMaps("").List(ctx, labelled))
	if count(t, "in all namespaces", everywhere, 1); len(everywhere.Items) == 1 {
		equal(t, "listed data", everywhere.Items[0].Data["valueName"], "value1")
	}

	must(t, maps.DeleteCollection(ctx, metav1.DeleteOptions{}, labelled))
	seen[*corev1.ConfigMap](t, ctx, watcher, watch.Deleted, nil)
	count(t, "left", done[*corev1.ConfigMapList](t)(maps.List(ctx, labelled)), 0)
}

func TestConfigMap_ShouldFailToCreateConfigMapWithEmptyKey(t *testing.T) {
	ctx, client, ns := setUp(t)
	_, err := client.CoreV1().ConfigMaps(ns).Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "configmap-test-emptykey"},
		Data:       map[string]string{"": "value-1"},
	}, metav1.CreateOptions{})
	invalid(t, "an empty key", err)
}

func TestConfigMap_ShouldUpdateConfigMapSuccessfully(t *testing.T) {
	ctx, client, ns := setUp(t)
	maps := client.CoreV1().ConfigMaps(ns)
	created := done[*corev1.ConfigMap](t)(maps.Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "configmap-test"},
	}, metav1.CreateOptions{}))
	created.Data = map[string]string{"data": "value"}
	done[*corev1.ConfigMap](t)(maps.Update(ctx, created, metav1.UpdateOptions{}))
	got := done[*corev1.ConfigMap](t)(maps.Get(ctx, created.Name, metav1.GetOptions{}))
	equal(t, "data", got.Data["data"], "value")
}

func TestConfigMap_ShouldBeImmutableIfImmutableFieldIsSet(t *testing.T) {
	ctx, client, ns := setUp(t)
	maps := client.CoreV1().ConfigMaps(ns)
	now := done[*corev1.ConfigMap](t)(maps.Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "immutable"},
		Data:       map[string]string{"data-1": "value-1"},
	}, metav1.CreateOptions{}))
	now.Data["data-4"] = "value-4"
	now = done[*corev1.ConfigMap](t)(maps.Update(ctx, now, metav1.UpdateOptions{}))
	now.Immutable = ptr.To(true)
	now = done[*corev1.ConfigMap](t)(maps.Update(ctx, now, metav1.UpdateOptions{}))

	changed := now.DeepCopy()
	changed.Data["data-5"] = "value-5"
	_, err := maps.Update(ctx, changed, metav1.UpdateOptions{})
	invalid(t, "a change of data", err)
	changed = now.DeepCopy()
	changed.BinaryData = map[string][]byte{"data-5": []byte("value-5")}
	_, err = maps.Update(ctx, changed, metav1.UpdateOptions{})
	invalid(t, "a change of binary data", err)
	changed = now.DeepCopy()
	changed.Immutable = ptr.To(false)
	_, err = maps.Update(ctx, changed, metav1.UpdateOptions{})
	invalid(t, "becoming mutable again", err)
	changed = now.DeepCopy()
	changed.Labels = map[string]string{"label1": "value1"}
	changed = done[*corev1.ConfigMap](t)(maps.Update(ctx, changed, metav1.UpdateOptions{}))
	equal(t, "labels may change", changed.Labels["label1"], "value1")
	must(t, maps.Delete(ctx, now.Name, metav1.DeleteOptions{}))
}

func TestSecrets_ShouldPatchASecret(t *testing.T) {
	ctx, client, ns := setUp(t)
	secrets := client.CoreV1().Secrets(ns)
	done[*corev1.Secret](t)(secrets.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "test-secret", Labels: map[string]string{"testsecret-constant": "true"}},
		Data:       map[string][]byte{"key": []byte("value")},
		Type:       corev1.SecretTypeOpaque,
	}, metav1.CreateOptions{}))
	count(t, "in all namespaces", done[*corev1.SecretList](t)(client.CoreV1().Secrets("").List(ctx,
		metav1.ListOptions{LabelSelector: "testsecret-constant=true"})), 1)

	// Base64 of value1.
	done[*corev1.Secret](t)(secrets.Patch(ctx, "test-secret", strategic,
		[]byte(`{"metadata":{"labels":{"testsecret":"true"}},"data":{"key":"dmFsdWUx"}}`), metav1.PatchOptions{}))
	got := done[*corev1.Secret](t)(secrets.Get(ctx, "test-secret", metav1.GetOptions{}))
	equal(t, "patched data", string(got.Data["key"]), "value1")
	patched := metav1.ListOptions{LabelSelector: "testsecret=true"}
	count(t, "with the patched label", done[*corev1.SecretList](t)(client.CoreV1().Secrets("").List(ctx, patched)), 1)
	must(t, secrets.DeleteCollection(ctx, metav1.DeleteOptions{}, patched))
	count(t, "left", done[*corev1.SecretList](t)(client.CoreV1().Secrets("").List(ctx, patched)), 0)
}

func TestSecrets_ShouldFailToCreateSecretDueToEmptySecretKey(t *testing.T) {
	ctx, client, ns := setUp(t)
	_, err := client.CoreV1().Secrets(ns).Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "secret-emptykey-test"},
		Data:       map[string][]byte{"": []byte("value-1\n")},
	}, metav1.CreateOptions{})
	invalid(t, "an empty key", err)
	_, err = client.CoreV1().Secrets(ns).Get(ctx, "secret-emptykey-test", metav1.GetOptions{})
	equal(t, "there is none", apierrors.IsNotFound(err), true)
}

func TestSecrets_ShouldBeImmutableIfImmutableFieldIsSet(t *testing.T) {
	ctx, client, ns := setUp(t)
	secrets := client.CoreV1().Secrets(ns)
	now := done[*corev1.Secret](t)(secrets.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "immutable"},
		Data:       map[string][]byte{"data-1": []byte("value-1")},
	}, metav1.CreateOptions{}))
	now.Data["data-4"] = []byte("value-4")
	now = done[*corev1.Secret](t)(secrets.Update(ctx, now, metav1.UpdateOptions{}))
	now.Immutable = ptr.To(true)
	now = done[*corev1.Secret](t)(secrets.Update(ctx, now, metav1.UpdateOptions{}))
	equal(t, "data", bytes.Equal(now.Data["data-4"], []byte("value-4")), true)

	changed := now.DeepCopy()
	changed.Data["data-5"] = []byte("value-5")
	_, err := secrets.Update(ctx, changed, metav1.UpdateOptions{})
	invalid(t, "a change of data", err)
	changed = now.DeepCopy()
	changed.Immutable = ptr.To(false)
	_, err = secrets.Update(ctx, changed, metav1.UpdateOptions{})
	invalid(t, "becoming mutable again", err)
	changed = now.DeepCopy()
	changed.Labels = map[string]string{"label1": "value1"}
	changed = done[*corev1.Secret](t)(secrets.Update(ctx, changed, metav1.UpdateOptions{}))
	equal(t, "labels may change", changed.Labels["label1"], "value1")
	must(t, secrets.Delete(ctx, now.Name, metav1.DeleteOptions{}))
}
