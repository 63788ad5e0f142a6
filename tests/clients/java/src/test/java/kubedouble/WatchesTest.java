package kubedouble;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Follows Services with fabric8: it watches over a WebSocket where it may, and else over HTTP. */
class WatchesTest extends ServerTest {
    private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

    @ParameterizedTest(name = "only HTTP: {0}")
    @ValueSource(booleans = {false, true})
    void aWatchFollows(boolean onlyHttp) throws InterruptedException {
        var config = config().withOnlyHttpWatches(onlyHttp).build();
        try (var watching = new KubernetesClientBuilder().withConfig(config).build();
            var watch = watching.services().inNamespace(namespace).watch(new Reporter())) {
            create("web");
            next("ADDED web 80");
            move("web", 81);
            next("MODIFIED web 81");
            services().withName("web").delete();
            next("DELETED web 81");
        }
        next("closed");
    }

    @ParameterizedTest(name = "only HTTP: {0}")
    @ValueSource(booleans = {false, true})
    void anInformerFollows(boolean onlyHttp) throws InterruptedException {
        create("before");
        var config = config().withOnlyHttpWatches(onlyHttp).build();
        try (var watching = new KubernetesClientBuilder().withConfig(config).build();
            var informer = watching.services().inNamespace(namespace).inform(new Handler())) {
            assertTrue(informer.hasSynced());
            next("add before");
            create("web");
            next("add web");
            move("web", 81);
            next("update web 81");
            services().withName("web").delete();
            next("delete web");
            assertEquals(1, informer.getStore().list().size());
        }
    }

    @Test
    void waitsUntilAConditionHolds() {
        create("web");
        var changing = new Thread(() -> move("web", 81));
        changing.start();
        var web = services().withName("web")
            .waitUntilCondition(now -> now != null && port(now) == 81, PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertEquals(81, port(web));
    }

    private void move(String name, int port) {
        services().withName(name)
            .edit(web -> new ServiceBuilder(web).editSpec().editFirstPort().withPort(port).endPort().endSpec().build());
    }

    private void next(String want) throws InterruptedException {
        assertEquals(want, seen.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS));
    }

    private static int port(Service service) {
        return service.getSpec().getPorts().get(0).getPort();
    }

    private static String name(Service service) {
        return service.getMetadata().getName();
    }

    private class Reporter implements Watcher<Service> {
        @Override
        public void eventReceived(Action action, Service service) {
            seen.add(action + " " + name(service) + " " + port(service));
        }

        @Override
        public void onClose() {
            seen.add("closed");
        }

        @Override
        public void onClose(WatcherException cause) {
            seen.add("broken: " + cause);
        }
    }

    private class Handler implements ResourceEventHandler<Service> {
        @Override
        public void onAdd(Service service) {
            seen.add("add " + name(service));
        }

        @Override
        public void onUpdate(Service before, Service now) {
            seen.add("update " + name(now) + " " + port(now));
        }

        @Override
        public void onDelete(Service service, boolean unknown) {
            seen.add("delete " + name(service));
        }
    }
}
