package conformance

import (
	"context"
	"fmt"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/utils/ptr"
)

// How many objects the lists have, as in the specs; those have pod templates.
const listedObjects = 400

func TestServersWithSupportForAPIChunking_ShouldReturnChunksOfResultsForListCalls(t *testing.T) {
	ctx, client, ns := setUp(t)
	secrets := client.CoreV1().Secrets(ns)
	fill(t, ctx, secrets)
	for _, limit := range []int64{1, 17, 150, listedObjects - 1} {
		found, version := 0, ""
		for options := (metav1.ListOptions{Limit: limit}); ; {
			page := done[*corev1.SecretList](t)(secrets.List(ctx, options))
			if version == "" {
				version = page.ResourceVersion
			}
			equal(t, "all pages are of one version", page.ResourceVersion, version)
			for _, item := range page.Items {
				equal(t, "name", item.Name, objectName(found))
				found++
			}
			if page.Continue == "" {
				break
			}
			equal(t, "the page is full", int64(len(page.Items)), limit)
			equal(t, "remaining", ptr.Deref(page.RemainingItemCount, -1), int64(listedObjects-found))
			options.Continue = page.Continue
		}
		equal(t, "found", found, listedObjects)
	}
	for _, limit := range []int64{0, listedObjects, listedObjects + 1} {
		whole := done[*corev1.SecretList](t)(secrets.List(ctx, metav1.ListOptions{Limit: limit}))
		equal(t, "all at once", len(whole.Items), listedObjects)
		equal(t, "no continue token", whole.Continue, "")
	}
}

// The server keeps a short history here, so that a few writes compact the list's version away.
func TestServersWithSupportForAPIChunking_ShouldSupportContinueListingFromTheLastKeyIfTheOriginalVersionHasBeenCompactedAway(t *testing.T) {
	ctx, client, ns := setUp(t)
	secrets := client.CoreV1().Secrets(ns)
	fill(t, ctx, secrets)
	const tenth = listedObjects / 10
	first := done[*corev1.SecretList](t)(secrets.List(ctx, metav1.ListOptions{Limit: tenth}))
	equal(t, "first page", len(first.Items), tenth)

	var token string
	for i := 0; token == ""; i++ {
		done[*corev1.Secret](t)(secrets.Patch(ctx, objectName(0), merge, fmt.Appendf(nil, `{"stringData":{"n":"%d"}}`, i), metav1.PatchOptions{}))
		if i%100 > 0 {
			continue
		}
		_, err := secrets.List(ctx, metav1.ListOptions{Limit: tenth, Continue: first.Continue})
		if err == nil {
			continue
		}
		if !apierrors.IsResourceExpired(err) {
			t.Fatalf("not the error of a token that is too old: %v", err)
		}
		token = err.(apierrors.APIStatus).Status().Continue
		equal(t, "the error has a token to go on with", token != "", true)
	}

	// One page with the new token, and from there on all is consistent again, at a newer version.
	second := done[*corev1.SecretList](t)(secrets.List(ctx, metav1.ListOptions{Limit: tenth, Continue: token}))
	equal(t, "second page", len(second.Items), tenth)
	equal(t, "the version is another", second.ResourceVersion != first.ResourceVersion, true)
	found := tenth
	for page := second; ; {
		for _, item := range page.Items {
			equal(t, "name", item.Name, objectName(found))
			found++
		}
		if page.Continue == "" {
			break
		}
		page = done[*corev1.SecretList](t)(secrets.List(ctx, metav1.ListOptions{Limit: tenth, Continue: page.Continue}))
		equal(t, "version of a later page", page.ResourceVersion, second.ResourceVersion)
	}
	equal(t, "found", found, listedObjects)
}

// fill makes the objects, many at a time.
func fill(t *testing.T, ctx context.Context, secrets v1.SecretInterface) {
	t.Helper()
	var running sync.WaitGroup
	for writer := range 10 {
		running.Go(func() {
			for i := writer; i < listedObjects; i += 10 {
				_, err := secrets.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: objectName(i)}}, metav1.CreateOptions{})
				if err != nil {
					t.Errorf("create: %v", err)
				}
			}
		})
	}
	running.Wait()
}

func objectName(i int) string { return fmt.Sprintf("template-%04d", i) }
