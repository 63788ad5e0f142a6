package kubedouble;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Reads and writes Services with fabric8, the way programs do. */
class ServicesTest extends ServerTest {
    @Test
    void aServiceLivesItsLife() {
        var created = create("web");
        assertTrue(created.getSpec().getClusterIP().startsWith("10.96."));
        assertEquals("TCP", created.getSpec().getPorts().get(0).getProtocol());
        assertEquals("AlreadyExists", refused(409, () -> create("web")).getStatus().getReason());

        var changed = new ServiceBuilder(created).editSpec().editFirstPort().withPort(81).endPort().endSpec().build();
        assertEquals(List.of(81), ports(services().resource(changed).update()));
        refused(409, () -> services().resource(changed).lockResourceVersion(created.getMetadata().getResourceVersion()).update());

        var causes = refused(422, () -> create("Not_A_Name")).getStatus().getDetails().getCauses();
        assertEquals("metadata.name", causes.get(0).getField());

        services().withName("web").delete();
        assertNull(services().withName("web").get());
    }

    @Test
    void listsAreSelectedAndPaged() {
        for (var name : List.of("a", "b", "c", "d", "e")) {
            create(name);
        }
        assertEquals(List.of("a", "e"), names(services().withLabelIn("name", "a", "e").list().getItems()));
        assertEquals(List.of("c"), names(services().withField("metadata.name", "c").list().getItems()));
        var first = services().list(new ListOptionsBuilder().withLimit(3L).build());
        assertEquals(2, first.getMetadata().getRemainingItemCount());
        var rest = new ListOptionsBuilder().withLimit(3L).withContinue(first.getMetadata().getContinue()).build();
        assertEquals(List.of("d", "e"), names(services().list(rest).getItems()));
    }

    @Test
    void editSendsWhatChanged() {
        create("web");
        var edited = services().withName("web")
            .edit(web -> new ServiceBuilder(web).editMetadata().addToAnnotations("a", "b").endMetadata().build());
        assertEquals(Map.of("a", "b"), edited.getMetadata().getAnnotations());
        assertEquals(List.of(80), ports(edited));
    }

    @Test
    void everyKindOfPatch() {
        create("web");
        var metrics = "{\"spec\":{\"ports\":[{\"name\":\"metrics\",\"port\":9100}]}}";
        assertEquals(List.of(9100, 80), ports(patch(PatchType.STRATEGIC_MERGE, metrics)));
        assertEquals(List.of(9100), ports(patch(PatchType.JSON_MERGE, metrics)));
        var replace = "[{\"op\":\"replace\",\"path\":\"/spec/ports/0/port\",\"value\":9101}]";
        assertEquals(List.of(9101), ports(patch(PatchType.JSON, replace)));
    }

    @Test
    void serverSideApplyOwnsFields() {
        var applied = services().resource(service("web")).fieldManager("one").serverSideApply();
        assertEquals("Apply", applied.getMetadata().getManagedFields().get(0).getOperation());
        var other = new ServiceBuilder(service("web")).editMetadata().addToLabels("name", "other").endMetadata().build();
        var conflict = refused(409, () -> services().resource(other).fieldManager("two").serverSideApply());
        assertEquals(".metadata.labels.name", conflict.getStatus().getDetails().getCauses().get(0).getField());
        var forced = services().resource(other).fieldManager("two").forceConflicts().serverSideApply();
        assertEquals("other", forced.getMetadata().getLabels().get("name"));
    }

    @Test
    void statusIsASubresource() {
        var balanced = new ServiceBuilder(service("web")).editSpec().withType("LoadBalancer").endSpec().build();
        services().resource(balanced).create();
        var written = services().withName("web").editStatus(web -> new ServiceBuilder(web)
            .editSpec().withSelector(Map.of("app", "other")).endSpec()
            .withNewStatus().withNewLoadBalancer().addNewIngress().withIp("192.0.2.1").endIngress().endLoadBalancer().endStatus()
            .build());
        assertEquals("192.0.2.1", written.getStatus().getLoadBalancer().getIngress().get(0).getIp());
        assertEquals(Map.of("app", "web"), written.getSpec().getSelector());
    }

    @Test
    void genericResources() {
        var created = client.genericKubernetesResources("v1", "Service").inNamespace(namespace)
            .load(getClass().getResourceAsStream("/web.yaml")).create();
        assertEquals("web", created.getMetadata().getName());
        assertEquals("ClusterIP", created.get("spec", "type"));
    }

    private Service patch(PatchType type, String body) {
        return services().withName("web").patch(PatchContext.of(type), body);
    }

    private static List<Integer> ports(Service service) {
        return service.getSpec().getPorts().stream().map(port -> port.getPort()).toList();
    }

    private static List<String> names(List<Service> services) {
        return services.stream().map(service -> service.getMetadata().getName()).toList();
    }
}
