// Tests a running server with the official JavaScript client, the way programs use it.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
    CoreV1Api,
    KubeConfig,
    KubernetesObjectApi,
    PatchStrategy,
    VersionApi,
    Watch,
    makeInformer,
    setHeaderOptions,
} from '@kubernetes/client-node';

// How long a test may wait for the server, in milliseconds.
const patience = 30_000;

// Without a server nothing is skipped by mistake: this ends the run.
assert.ok(process.env.KUBEDOUBLE_URL, 'set KUBEDOUBLE_URL to the address of a fresh server');

const config = new KubeConfig();
// The client speaks HTTP without TLS only to those who say that they want no verification.
const cluster = { name: 'kubedouble', server: process.env.KUBEDOUBLE_URL, skipTLSVerify: true };
config.loadFromClusterAndUser(cluster, { name: 'test' });
const core = config.makeApiClient(CoreV1Api);

// Each test has a namespace of its own.
let namespace;

beforeEach(async () => {
    const created = await core.createNamespace({ body: { metadata: { generateName: 'js-' } } });
    namespace = created.metadata.name;
});

afterEach(() => core.deleteNamespace({ name: namespace }));

test('a service lives its life', async () => {
    const created = await create('web');
    assert.match(created.spec.clusterIP, /^10\.96\./);
    assert.equal(created.spec.ports[0].protocol, 'TCP');
    assert.ok(created.metadata.creationTimestamp instanceof Date);

    const again = await refused(409, create('web'));
    assert.equal(JSON.parse(again.body).reason, 'AlreadyExists');

    created.spec.ports[0].port = 81;
    const replaced = await core.replaceNamespacedService({ name: 'web', namespace, body: created });
    assert.equal(replaced.spec.ports[0].port, 81);
    await refused(409, core.replaceNamespacedService({ name: 'web', namespace, body: created }));

    const invalid = await refused(422, create('Not_A_Name'));
    assert.equal(JSON.parse(invalid.body).details.causes[0].field, 'metadata.name');

    await core.deleteNamespacedService({ name: 'web', namespace });
    await refused(404, core.readNamespacedService({ name: 'web', namespace }));
});

test('lists are selected and paged', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
        await create(name, { vowel: String('ae'.includes(name)) });
    }
    assert.deepEqual(await names({ labelSelector: 'vowel=true' }), ['a', 'e']);
    assert.deepEqual(await names({ fieldSelector: 'metadata.name=c' }), ['c']);
    const first = await core.listNamespacedService({ namespace, limit: 3 });
    assert.equal(first.metadata.remainingItemCount, 2);
    assert.deepEqual(await names({ limit: 3, _continue: first.metadata._continue }), ['d', 'e']);
});

test('every kind of patch', async () => {
    await create('web');
    const metrics = { name: 'metrics', port: 9100 };
    for (const [strategy, body, ports] of [
        [PatchStrategy.StrategicMergePatch, { spec: { ports: [metrics] } }, [9100, 80]],
        [PatchStrategy.MergePatch, { spec: { ports: [metrics] } }, [9100]],
        [PatchStrategy.JsonPatch, [{ op: 'replace', path: '/spec/ports/0/port', value: 9101 }], [9101]],
    ]) {
        const options = setHeaderOptions('Content-Type', strategy);
        const patched = await core.patchNamespacedService({ name: 'web', namespace, body }, options);
        assert.deepEqual(patched.spec.ports.map((port) => port.port), ports, strategy);
    }
});

test('server-side apply', async () => {
    const objects = KubernetesObjectApi.makeApiClient(config);
    const apply = (manager, tier, force) =>
        objects.patch(service('web', { tier }), undefined, undefined, manager, force, PatchStrategy.ServerSideApply);
    const applied = await apply('one', 'front');
    assert.equal(applied.metadata.managedFields[0].operation, 'Apply');
    assert.equal((await apply('one', 'front')).metadata.resourceVersion, applied.metadata.resourceVersion);
    const conflict = await refused(409, apply('two', 'back'));
    assert.equal(JSON.parse(conflict.body).details.causes[0].field, '.metadata.labels.tier');
    assert.equal((await apply('two', 'back', true)).metadata.labels.tier, 'back');
});

test('objects of any kind', async () => {
    const objects = KubernetesObjectApi.makeApiClient(config);
    await objects.create(service('web'));
    const listed = await objects.list('v1', 'Service', namespace);
    assert.deepEqual(listed.items.map((item) => item.metadata.name), ['web']);
    await objects.delete(service('web'));
    await refused(404, objects.read(service('web')));
});

test('a watch streams events from a version', async () => {
    const { metadata } = await core.listNamespacedService({ namespace });
    const web = await create('web');
    web.spec.ports[0].port = 81;
    await core.replaceNamespacedService({ name: 'web', namespace, body: web });
    await core.deleteNamespacedService({ name: 'web', namespace });

    const seen = [];
    const query = { resourceVersion: metadata.resourceVersion, timeoutSeconds: 1 };
    await new Promise((resolve, reject) => {
        const ended = (error) => (error ? reject(error) : resolve());
        new Watch(config).watch(path(), query, (phase, object) => seen.push([phase, object.spec.ports[0].port]), ended);
    });
    assert.deepEqual(seen, [['ADDED', 80], ['MODIFIED', 81], ['DELETED', 81]]);
});

test('an informer follows', async () => {
    await create('before');
    const informer = makeInformer(config, path(), () => core.listNamespacedService({ namespace }));
    const seen = [];
    for (const event of ['add', 'update', 'delete']) {
        informer.on(event, (object) => seen.push(`${event} ${object.metadata.name}`));
    }
    await informer.start();
    try {
        await create('web');
        await eventually(() => informer.get('web', namespace));
        const body = { metadata: { labels: { a: 'b' } } };
        const options = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
        await core.patchNamespacedService({ name: 'web', namespace, body }, options);
        await eventually(() => informer.get('web', namespace).metadata.labels?.a === 'b');
        await core.deleteNamespacedService({ name: 'web', namespace });
        await eventually(() => !informer.get('web', namespace));
        assert.deepEqual(seen, ['add before', 'add web', 'update web', 'delete web']);
    } finally {
        await informer.stop();
    }
});

test('the version', async () => {
    const version = await config.makeApiClient(VersionApi).getCode();
    assert.equal(version.minor, '36');
});

function service(name, labels = {}) {
    return {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, namespace, labels },
        spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    };
}

function create(name, labels) {
    return core.createNamespacedService({ namespace, body: service(name, labels) });
}

function path() {
    return `/api/v1/namespaces/${namespace}/services`;
}

async function names(query) {
    const list = await core.listNamespacedService({ namespace, ...query });
    return list.items.map((item) => item.metadata.name);
}

// Gives the error with which the server refuses.
async function refused(code, call) {
    const error = await call.then(() => assert.fail(`not refused with ${code}`), (error) => error);
    assert.equal(error.code, code, error.message);
    return error;
}

async function eventually(holds) {
    const until = Date.now() + patience;
    while (!holds()) {
        assert.ok(Date.now() < until, 'not in time');
        await sleep(10);
    }
}
