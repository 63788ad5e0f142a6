package kubedouble;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.ServiceList;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.NonNamespaceOperation;
import io.fabric8.kubernetes.client.dsl.ServiceResource;
import java.io.File;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.function.Executable;

/** Gives each test a client and a namespace of its own. */
abstract class ServerTest {
    /** How long a test may wait for the server. */
    static final Duration PATIENCE = Duration.ofSeconds(30);

    KubernetesClient client;
    String namespace;

    @BeforeEach
    void setUp() {
        client = new KubernetesClientBuilder().withConfig(config().build()).build();
        var wanted = new NamespaceBuilder().withNewMetadata().withGenerateName("java-").endMetadata().build();
        namespace = client.namespaces().resource(wanted).create().getMetadata().getName();
    }

    @AfterEach
    void tearDown() {
        client.namespaces().withName(namespace).delete();
        client.close();
    }

    /** Fails without a server, so that no test is skipped by mistake. */
    static ConfigBuilder config() {
        var file = System.getenv("KUBECONFIG");
        if (file != null) {
            return new ConfigBuilder(Config.fromKubeconfig(new File(file))).withRequestRetryBackoffLimit(0);
        }
        var url = Objects.requireNonNull(System.getenv("KUBEDOUBLE_URL"), "set KUBEDOUBLE_URL to the address of a fresh server");
        // An error has to be seen, not retried away.
        return new ConfigBuilder(Config.empty()).withMasterUrl(url).withRequestRetryBackoffLimit(0);
    }

    NonNamespaceOperation<Service, ServiceList, ServiceResource<Service>> services() {
        return client.services().inNamespace(namespace);
    }

    Service create(String name) {
        return services().resource(service(name)).create();
    }

    /** A Service with one port. */
    static Service service(String name) {
        return new ServiceBuilder()
            .withNewMetadata().withName(name).addToLabels("name", name).endMetadata()
            .withNewSpec()
            .withSelector(Map.of("app", name))
            .addNewPort().withName("http").withPort(80).withTargetPort(new IntOrString("http")).endPort()
            .endSpec()
            .build();
    }

    /** Gives the error with which the server refuses. */
    static KubernetesClientException refused(int code, Executable call) {
        var error = assertThrows(KubernetesClientException.class, call);
        assertEquals(code, error.getCode(), error::getMessage);
        return error;
    }

    static void eventually(String what, BooleanSupplier holds) throws InterruptedException {
        var until = Instant.now().plus(PATIENCE);
        while (!holds.getAsBoolean()) {
            assertTrue(Instant.now().isBefore(until), what + ": not in time");
            Thread.sleep(10);
        }
    }
}
