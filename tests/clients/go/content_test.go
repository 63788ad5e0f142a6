package clients

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// What a typed client must see in Content-Type; a watch adds that it is a stream.
var spoken, streamed = map[string]string{
	"":                 "application/vnd.kubernetes.protobuf",
	"application/json": "application/json",
}[contentType], map[string]string{
	"":                 "application/vnd.kubernetes.protobuf;stream=watch",
	"application/json": "application/json",
}[contentType]

func TestTypedClientsAreAnsweredInTheirContentType(t *testing.T) {
	ctx, _, ns := setUp(t)
	recording, record := recorded()
	client, err := kubernetes.NewForConfig(recording)
	must(t, err)
	services := client.CoreV1().Services(ns)

	created, err := services.Create(ctx, service("web", nil), metav1.CreateOptions{})
	must(t, err)
	watcher, err := services.Watch(ctx, metav1.ListOptions{ResourceVersion: created.ResourceVersion})
	must(t, err)
	defer watcher.Stop()
	_, err = services.List(ctx, metav1.ListOptions{})
	must(t, err)
	must(t, services.Delete(ctx, "web", metav1.DeleteOptions{PropagationPolicy: new(metav1.DeletePropagationBackground)}))
	equal(t, "the deletion is seen", next(t, ctx, watcher).Object.(*corev1.Service).Name, "web")
	_, err = services.Get(ctx, "web", metav1.GetOptions{})
	equal(t, "an error is understood", apierrors.IsNotFound(err), true)

	for _, one := range append(record.of("/services"), record.of("/services/web")...) {
		want := spoken
		if one.query.Get("watch") == "true" {
			want = streamed
		}
		equal(t, one.method+" "+one.path+" is answered in", one.answered, want)
		if one.method == "POST" || one.method == "DELETE" {
			equal(t, one.method+" "+one.path+" is sent in", one.sent, spoken)
		}
	}
}
