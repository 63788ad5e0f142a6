package clients

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestReadyPodsBecomeEndpoints(t *testing.T) {
	ctx, client, ns := setUp(t)
	_, err := client.CoreV1().Services(ns).Create(ctx, service("web", nil), metav1.CreateOptions{})
	must(t, err)
	// A pod on a node that does not exist is no endpoint.
	nodes := client.CoreV1().Nodes()
	_, err = nodes.Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: ns}}, metav1.CreateOptions{})
	must(t, err)
	t.Cleanup(func() { must(t, nodes.Delete(context.Background(), ns, metav1.DeleteOptions{})) })
	pods := client.CoreV1().Pods(ns)
	pod, err := pods.Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "web-0", Labels: map[string]string{"app": "web"}},
		Spec:       corev1.PodSpec{NodeName: ns, Containers: []corev1.Container{{Name: "c", Image: "web"}}},
	}, metav1.CreateOptions{})
	must(t, err)

	ready := func(condition corev1.ConditionStatus) {
		t.Helper()
		pod.Status.Phase = corev1.PodRunning
		pod.Status.PodIP = "10.1.2.3"
		pod.Status.PodIPs = []corev1.PodIP{{IP: "10.1.2.3"}}
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: condition}}
		pod, err = pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{})
		must(t, err)
	}
	readyAddresses := func() (addresses []string) {
		list, err := client.DiscoveryV1().EndpointSlices(ns).List(ctx, metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=web"})
		must(t, err)
		for _, slice := range list.Items {
			for _, endpoint := range slice.Endpoints {
				if endpoint.Conditions.Ready != nil && *endpoint.Conditions.Ready {
					addresses = append(addresses, endpoint.Addresses...)
				}
			}
		}
		return addresses
	}

	ready(corev1.ConditionTrue)
	eventually(t, ctx, "the slice has the ready pod", func() bool {
		addresses := readyAddresses()
		return len(addresses) == 1 && addresses[0] == "10.1.2.3"
	})
	eventually(t, ctx, "so have the endpoints", func() bool {
		endpoints, err := client.CoreV1().Endpoints(ns).Get(ctx, "web", metav1.GetOptions{})
		return err == nil && len(endpoints.Subsets) == 1 && len(endpoints.Subsets[0].Addresses) == 1 &&
			endpoints.Subsets[0].Addresses[0].IP == "10.1.2.3" && endpoints.Subsets[0].Ports[0].Port == 8080
	})
	ready(corev1.ConditionFalse)
	eventually(t, ctx, "an unready pod leaves", func() bool { return len(readyAddresses()) == 0 })

	must(t, client.CoreV1().Services(ns).Delete(ctx, "web", metav1.DeleteOptions{}))
	eventually(t, ctx, "slices go with their service", func() bool {
		list, err := client.DiscoveryV1().EndpointSlices(ns).List(ctx, metav1.ListOptions{})
		return err == nil && len(list.Items) == 0
	})
	// No kubelet is there to end the pod gracefully.
	now := int64(0)
	must(t, pods.Delete(ctx, "web-0", metav1.DeleteOptions{GracePeriodSeconds: &now}))
}
