package clients

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/util/retry"
)

func TestConcurrentUpdatesAreNotLost(t *testing.T) {
	ctx, client, ns := setUp(t)
	maps := client.CoreV1().ConfigMaps(ns)
	_, err := maps.Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "counter"}, Data: map[string]string{"n": "0"},
	}, metav1.CreateOptions{})
	must(t, err)

	const writers, rounds = 8, 5
	// A writer loses to each of the others at most once per round of theirs.
	backoff := wait.Backoff{Steps: writers * rounds, Duration: time.Millisecond, Factor: 1.1, Jitter: 1}
	var running sync.WaitGroup
	for range writers {
		running.Go(func() {
			for range rounds {
				err := retry.RetryOnConflict(backoff, func() error {
					counter, err := maps.Get(ctx, "counter", metav1.GetOptions{})
					if err != nil {
						return err
					}
					n, err := strconv.Atoi(counter.Data["n"])
					if err != nil {
						return err
					}
					counter.Data["n"] = strconv.Itoa(n + 1)
					_, err = maps.Update(ctx, counter, metav1.UpdateOptions{})
					return err
				})
				if err != nil {
					t.Errorf("increment: %v", err)
				}
			}
		})
	}
	running.Wait()
	counter, err := maps.Get(ctx, "counter", metav1.GetOptions{})
	must(t, err)
	equal(t, "counter", counter.Data["n"], strconv.Itoa(writers*rounds))
}

func TestConcurrentCreatesGetDistinctAddresses(t *testing.T) {
	ctx, client, ns := setUp(t)
	const creators = 20
	var (
		running   sync.WaitGroup
		mutex     sync.Mutex
		addresses = map[string]bool{}
		ports     = map[int32]bool{}
	)
	for i := range creators {
		running.Go(func() {
			wanted := service("s-"+strconv.Itoa(i), nil)
			wanted.Spec.Type = corev1.ServiceTypeNodePort
			created, err := client.CoreV1().Services(ns).Create(ctx, wanted, metav1.CreateOptions{})
			if err != nil {
				t.Errorf("create: %v", err)
				return
			}
			mutex.Lock()
			defer mutex.Unlock()
			addresses[created.Spec.ClusterIP] = true
			ports[created.Spec.Ports[0].NodePort] = true
		})
	}
	running.Wait()
	equal(t, "distinct addresses", len(addresses), creators)
	equal(t, "distinct node ports", len(ports), creators)
}

func TestLeadershipIsHandedOver(t *testing.T) {
	ctx, client, ns := setUp(t)
	led := make(chan string, 2)
	firstCtx, resign := context.WithCancel(ctx)
	defer resign()
	firstDone := campaign(t, firstCtx, client, ns, "first", led)
	equal(t, "first leader", leader(t, ctx, led), "first")

	secondCtx, stop := context.WithCancel(ctx)
	secondDone := campaign(t, secondCtx, client, ns, "second", led)
	// Both the lease and the silence of the other candidate say who leads.
	lease, err := client.CoordinationV1().Leases(ns).Get(ctx, "leader", metav1.GetOptions{})
	must(t, err)
	equal(t, "holder", *lease.Spec.HolderIdentity, "first")
	equal(t, "leaders so far", len(led), 0)

	resign()
	<-firstDone
	equal(t, "next leader", leader(t, ctx, led), "second")
	lease, err = client.CoordinationV1().Leases(ns).Get(ctx, "leader", metav1.GetOptions{})
	must(t, err)
	equal(t, "holder", *lease.Spec.HolderIdentity, "second")
	stop()
	<-secondDone
}

// campaign runs a candidate until its context ends, and gives back a channel that closes then.
func campaign(t *testing.T, ctx context.Context, client kubernetes.Interface, ns, name string, led chan<- string) <-chan struct{} {
	t.Helper()
	lock, err := resourcelock.New(resourcelock.LeasesResourceLock, ns, "leader", client.CoreV1(), client.CoordinationV1(),
		resourcelock.ResourceLockConfig{Identity: name})
	must(t, err)
	done := make(chan struct{})
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:            lock,
		LeaseDuration:   10 * time.Second,
		RenewDeadline:   5 * time.Second,
		RetryPeriod:     100 * time.Millisecond,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { led <- name },
			OnStoppedLeading: func() {},
		},
	})
	must(t, err)
	go func() {
		defer close(done)
		elector.Run(ctx)
	}()
	return done
}

func leader(t *testing.T, ctx context.Context, led <-chan string) string {
	t.Helper()
	select {
	case name := <-led:
		return name
	case <-ctx.Done():
		t.Fatal("nobody leads")
		return ""
	}
}
