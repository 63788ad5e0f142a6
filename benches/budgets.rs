//! The budgets of the design, one line each: what was measured, a reference from the same run, and the budget.
//!
//! `cargo bench --bench budgets` measures everything; words after `--` choose lines that contain one of them.

#![allow(clippy::disallowed_methods, reason = "it measures real time")]

mod support;

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use kubedouble::{server::Server, store::Options};
use serde_json::{Value, json};
use support::{
    IN_MEMORY, SERVICES,
    client::{self, Client},
    commit,
    hook::{self, Hook},
};
use tokio::{runtime::Runtime, task::JoinHandle};

const MICROSECOND: f64 = 1e-6;
const MILLISECOND: f64 = 1e-3;
const MEGABYTE: f64 = 1e6;

/// What is measured: the name that chooses it, and the measurement.
const BUDGETS: &[(&str, fn())] = &[
    ("start", start_empty),
    ("start-many", start_with_objects),
    ("memory", memory),
    ("get", get),
    ("list", list),
    ("create", create),
    ("watch", watch),
    ("endpoints", endpoints),
    ("growth", growth),
    ("admission", admission),
    ("webhook", webhook),
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    println!("{:<44} {:>14} {:>32}   budget", "what", "measured", "reference");
    for (name, measure) in BUDGETS {
        if wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str())) {
            measure();
        }
    }
}

fn line(what: &str, measured: String, reference: String, budget: &str) {
    println!("{what:<44} {measured:>14} {reference:>32}   {budget}");
}

/// A server in a process of its own.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    /// Starts one, and answers how long it took until the first answer.
    fn start(runtime: &Runtime, data: &str) -> (Self, Duration) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let started = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_kubedouble"))
            .args([&format!("--port={}", address.port()), "--log=error", data])
            .stdout(Stdio::null())
            .spawn()
            .expect("the server's program");
        while std::net::TcpStream::connect(address).is_err() {
            std::thread::sleep(Duration::from_micros(100));
        }
        runtime.block_on(async {
            let answer = Client::connect(address).await.send(&client::get(SERVICES)).await;
            assert_eq!(answer.status, 200);
        });
        (Self { child, address }, started.elapsed())
    }

    /// Resident bytes.
    fn resident(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a Linux system");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a running process");
        line.split_whitespace().nth(1).and_then(|text| text.parse::<f64>().ok()).expect("a number of kB") * 1024.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start_empty() {
    let runtime = support::runtime("client", 1);
    let mut times: Vec<Duration> = (0..20)
        .map(|_| {
            let directory = directory();
            Process::start(&runtime, &support::data_in(directory.path())).1
        })
        .collect();
    times.sort_unstable();
    let worst = times[times.len() - 1];
    line("start to first answer, new file", ms(times[times.len() / 2]), format!("worst {}", ms(worst)), "15 ms");
}

fn start_with_objects() {
    const OBJECTS: u64 = 100_000;
    let (runtime, directory) = (support::runtime("client", 1), directory());
    let data = support::data_in(directory.path());
    let (process, empty) = Process::start(&runtime, &data);
    let loading = runtime.block_on(support::create_all(process.address, 64, OBJECTS, true));
    drop(process);
    let (process, took) = Process::start(&runtime, &data);
    let bytes = runtime.block_on(list_bytes(process.address, SERVICES));
    let reference = format!("empty {}, read {:.0} MB", ms(empty), bytes as f64 / MEGABYTE);
    line("start to first answer, 100 000 objects", ms(took), reference, "1000 ms");
    let rate = format!("{:.0}/s", OBJECTS as f64 / loading.as_secs_f64());
    line("  its objects were created at", rate, String::new(), "");
}

fn memory() {
    const SERVICE_COUNT: u64 = 20_000;
    let runtime = support::runtime("client", 1);
    let (process, _) = Process::start(&runtime, IN_MEMORY);
    std::thread::sleep(Duration::from_millis(500));
    let idle = process.resident();
    line("memory, idle", format!("{:.1} MB", idle / MEGABYTE), String::new(), "16 MB");
    runtime.block_on(support::create_all(process.address, 16, SERVICE_COUNT, false));
    std::thread::sleep(Duration::from_secs(1));
    let loaded = process.resident();
    let addresses = "/apis/networking.k8s.io/v1/ipaddresses";
    let bytes = runtime
        .block_on(async { list_bytes(process.address, SERVICES).await + list_bytes(process.address, addresses).await });
    let objects = 2.0 * SERVICE_COUNT as f64;
    let each = (loaded - idle - bytes as f64) / objects;
    let reference = format!("its bytes {:.0} B, all {:.0} MB", bytes as f64 / objects, loaded / MEGABYTE);
    line("memory per object beyond its bytes", format!("{each:.0} B"), reference, "2048 B");
}

fn get() {
    const CONNECTIONS: usize = 16;
    const ROUNDS: u32 = 5;
    const ROUND: Duration = Duration::from_secs(1);
    let (servers, clients) = (support::runtime("server", 1), support::runtime("client", 1));
    let server = support::start(&servers, IN_MEMORY);
    let path = format!("{SERVICES}/web");
    let body = clients.block_on(async {
        let mut client = Client::connect(server.address()).await;
        client.send(&client::post(SERVICES, &support::service("web", false))).await;
        client.send(&client::get(&path)).await.body
    });
    let bare = support::start_bare(&servers, body.into());
    // In turns, so that both have their share of whatever else the machine does.
    let measure = |address: SocketAddr, path: &str| {
        let (path, before) = (path.to_owned(), support::cpu("server"));
        let task = clients.spawn(async move { support::get_all(address, &path, CONNECTIONS, ROUND).await });
        let done = clients.block_on(task).expect("a task that ends");
        (done, (support::cpu("server") - before).as_secs_f64())
    };
    let (mut ours, mut ours_cpu, mut reference, mut reference_cpu) = (0.0, 0.0, 0.0, 0.0);
    for _ in 0..ROUNDS {
        let ((some, some_cpu), (more, more_cpu)) = (measure(bare, "/web"), measure(server.address(), &path));
        (reference, reference_cpu) = (reference + some, reference_cpu + some_cpu);
        (ours, ours_cpu) = (ours + more, ours_cpu + more_cpu);
    }
    let measured = format!("{:.0}/s", ours / f64::from(ROUNDS));
    let shown = format!("bare axum {:.0}/s, {:.0} %", reference / f64::from(ROUNDS), 100.0 * ours / reference);
    line("get one Service, one server thread", measured, shown, "80 %");
    let (each, bare) = (ours_cpu / ours / MICROSECOND, reference_cpu / reference / MICROSECOND);
    let shown = format!("bare axum {bare:.1} us, {:.0} %", 100.0 * bare / each);
    line("  in CPU time", format!("{each:.1} us"), shown, "80 %");
}

fn list() {
    const OBJECTS: u64 = 10_000;
    const LISTS: u32 = 50;
    let (servers, clients) = (support::runtime("server", 1), support::runtime("client", 1));
    let server = support::start(&servers, IN_MEMORY);
    clients.block_on(support::create_all(server.address(), 16, OBJECTS, false));
    let measure = |address: SocketAddr| {
        clients.block_on(async move {
            let mut client = Client::connect(address).await;
            let request = client::get(SERVICES);
            let body = client.send(&request).await.body;
            let (started, mut first_byte, mut bytes) = (Instant::now(), Duration::ZERO, 0);
            for _ in 0..LISTS {
                let answer = client.send(&request).await;
                first_byte += answer.first_byte;
                bytes += answer.body.len();
            }
            (bytes as f64 / started.elapsed().as_secs_f64() / MEGABYTE, first_byte / LISTS, body)
        })
    };
    let (rate, first_byte, body) = measure(server.address());
    let bare = support::start_bare(&servers, body.into());
    let (reference, bare_first_byte, _) = measure(bare);
    let shown = format!("bare axum {reference:.0} MB/s, {:.0} %", 100.0 * rate / reference);
    line("list 10 000 Services", format!("{rate:.0} MB/s"), shown, "500 MB/s");
    line("  its first byte", ms(first_byte), format!("bare axum {}", ms(bare_first_byte)), "10 ms");
}

fn create() {
    // In turns, because a disk that others use as well is not always as fast.
    const TURNS: u32 = 20;
    const EACH: u32 = 50;
    // Until its first checkpoint a log grows with every commit, and then it is written over and over.
    const UNTIL_CHECKPOINT: u64 = 12_000;
    let (servers, clients) = (support::runtime("server", 2), support::runtime("client", 1));
    let directory = directory();
    let server = support::start(&servers, &support::data_in(directory.path()));
    let run = |writers, count| clients.block_on(support::create_all(server.address(), writers, count, false));
    let store = clients.block_on(commit::open(Options::file(directory.path().join("store.db"))));
    let commits = |writers, count| clients.block_on(commit::commit_all(store.clone(), writers, count));
    run(64, UNTIL_CHECKPOINT);
    commits(64, UNTIL_CHECKPOINT);
    let (mut raw, mut stored, mut created) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for _ in 0..TURNS {
        raw += support::raw_write(directory.path(), commit::OBJECT_BYTES, EACH) / TURNS;
        stored += commits(1, EACH.into()) / (EACH * TURNS);
        created += run(1, EACH.into()) / (EACH * TURNS);
    }
    let times = |took: Duration| took.as_secs_f64() / raw.as_secs_f64();
    let shown = format!("write and fdatasync {}, {:.2} x", us(raw), times(stored));
    line("durable commit, 1 writer", us(stored), shown, "1.5 x");
    line("  a create over HTTP", us(created), format!("{:.2} x", times(created)), "");
    let count = 24_000;
    let cpu = || support::cpu("server") + support::cpu("sqlx-sqlite");
    let before = cpu();
    let many = run(64, count);
    let each = (cpu() - before) / count as u32;
    let rate = count as f64 / many.as_secs_f64();
    let shown = format!("CPU each {}, syncs {:.0}/s", us(each), 1.0 / raw.as_secs_f64());
    line("durable create over HTTP, 64 writers", format!("{rate:.0}/s"), shown, "8000/s");
}

fn watch() {
    const WATCHERS: usize = 1000;
    const RATE: u32 = 200;
    const SECONDS: u32 = 5;
    let (servers, clients) = (support::runtime("server", 2), support::runtime("client", 2));
    let server = support::start(&servers, IN_MEMORY);
    let address = server.address();
    let epoch = Instant::now();
    let mut delays = clients.block_on(async move {
        let mut writer = Client::connect(address).await;
        writer.send(&client::post(SERVICES, &support::service("web", false))).await;
        let mut watchers = Vec::new();
        for _ in 0..WATCHERS {
            let mut client = Client::connect(address).await;
            client.open(&client::get(&format!("{SERVICES}?watch=true"))).await;
            watchers.push(follow(client, epoch, (RATE * SECONDS) as usize));
        }
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / RATE);
        for _ in 0..RATE * SECONDS {
            ticks.tick().await;
            let sent = epoch.elapsed().as_micros();
            let patch = json!({"metadata": {"annotations": {"example.com/sent": format!("~{sent:012}")}}});
            writer.send(&client::merge_patch(&format!("{SERVICES}/web"), &patch.to_string())).await;
        }
        let mut delays = Vec::new();
        for watcher in watchers {
            delays.extend(watcher.await.expect("a watcher that sees everything"));
        }
        delays
    });
    delays.sort_unstable();
    let p = |share: f64| micros(delays[(delays.len() as f64 * share) as usize]);
    let shown = format!("median {}, {} events", p(0.5), delays.len());
    line("1 000 watchers x 200 events/s, p99", p(0.99), shown, "50 ms");
}

/// Reads a watch until so many stamped events have come, and answers their delays in microseconds.
fn follow(mut client: Client, epoch: Instant, events: usize) -> JoinHandle<Vec<u64>> {
    const DIGITS: usize = 12;
    tokio::spawn(async move {
        let (mut delays, mut text) = (Vec::with_capacity(events), Vec::new());
        while delays.len() < events {
            text.extend_from_slice(client.next_bytes().await);
            let now = epoch.elapsed().as_micros() as u64;
            let mut read = 0;
            while let Some(at) = text[read..].iter().position(|byte| *byte == b'~') {
                let Some(digits) = text.get(read + at + 1..read + at + 1 + DIGITS) else { break };
                let sent = digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
                delays.push(now.saturating_sub(sent));
                read += at + 1 + DIGITS;
            }
            match text[read..].iter().position(|byte| *byte == b'~') {
                Some(at) => drop(text.drain(..read + at)),
                None => text.clear(),
            }
        }
        delays
    })
}

fn endpoints() {
    const SERVICE_COUNT: usize = 1000;
    const PODS_EACH: usize = 5;
    const CHANGES: usize = 500;
    let (servers, clients) = (support::runtime("server", 2), support::runtime("client", 1));
    let server = support::start(&servers, IN_MEMORY);
    let address = server.address();
    let mut delays = clients.block_on(async move {
        let mut client = Client::connect(address).await;
        assert_eq!(client.send(&client::post("/api/v1/nodes", r#"{"metadata":{"name":"node"}}"#)).await.status, 201);
        for number in 0..SERVICE_COUNT {
            let app = format!("app-{number}");
            let spec = json!({"selector": {"app": app}, "ports": [{"port": 80}]});
            let service = json!({"metadata": {"name": app}, "spec": spec});
            assert_eq!(client.send(&client::post(SERVICES, &service.to_string())).await.status, 201);
            for pod in 0..PODS_EACH {
                let metadata = json!({"name": format!("{app}-{pod}"), "labels": {"app": app}});
                let pod = json!({"metadata": metadata, "spec": {"nodeName": "node",
                                 "containers": [{"name": "web", "image": "web"}]}});
                let path = "/api/v1/namespaces/default/pods";
                assert_eq!(client.send(&client::post(path, &pod.to_string())).await.status, 201);
            }
        }
        assert_eq!(client.send(&client::get("/kubedouble/settled?timeout=1m")).await.status, 200);
        let revision: Value = serde_json::from_slice(&client.send(&client::get("/api/v1/pods?limit=1")).await.body)
            .expect("a list of pods");
        let revision = revision["metadata"]["resourceVersion"].as_str().expect("a revision").to_owned();
        let query = format!("?watch=true&resourceVersion={revision}");
        let mut watchers = Vec::new();
        for resource in ["/api/v1/endpoints", "/apis/discovery.k8s.io/v1/endpointslices"] {
            let mut watcher = Client::connect(address).await;
            watcher.open(&client::get(&format!("{resource}{query}"))).await;
            watchers.push(watcher);
        }
        let mut delays = Vec::new();
        for number in 0..CHANGES {
            let address = format!("10.1.{}.{}", number / 250, number % 250 + 1);
            let condition = json!({"type": "Ready", "status": "True"});
            let status = json!({"status": {"phase": "Running", "conditions": [condition], "podIP": address,
                                           "podIPs": [{"ip": address}]}});
            let path = format!("/api/v1/namespaces/default/pods/app-{number}-0/status");
            let sent = Instant::now();
            let answer = client.send(&client::merge_patch(&path, &status.to_string())).await;
            assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
            let wanted = format!("\"{address}\"");
            for watcher in &mut watchers {
                while client::find(watcher.next_bytes().await, wanted.as_bytes()).is_none() {}
            }
            delays.push(sent.elapsed());
        }
        delays
    });
    delays.sort_unstable();
    let p = |share: f64| ms(delays[(delays.len() as f64 * share) as usize]);
    line("pod ready until Endpoints and slices seen, p99", p(0.99), format!("median {}", p(0.5)), "10 ms");
}

fn growth() {
    const STEP: u64 = 2000;
    let (servers, clients) = (support::runtime("server", 1), support::runtime("client", 1));
    let server: Server = support::start(&servers, IN_MEMORY);
    let run = |count| {
        let before = support::cpu("server");
        clients.block_on(support::create_all(server.address(), 8, count, false));
        (support::cpu("server") - before) / count as u32
    };
    run(500);
    let few = run(STEP);
    run(50_000);
    let many = run(STEP);
    let ratio = many.as_secs_f64() / few.as_secs_f64();
    let shown = format!("after 500: {}, {ratio:.2} x", us(few));
    line("CPU of a create after 52 500 Services", us(many), shown, "logarithmic");
}

/// What webhooks and policies cost writes that they are not for: nothing is configured.
fn admission() {
    const TURNS: u32 = 20;
    const EACH: u64 = 1000;
    const PLUGINS: &str = "--disable-admission-plugins=MutatingAdmissionPolicy,MutatingAdmissionWebhook,\
                           ValidatingAdmissionPolicy,ValidatingAdmissionWebhook";
    let (busy, idle, clients) =
        (support::runtime("ours", 1), support::runtime("bare", 1), support::runtime("client", 1));
    let ours = support::start(&busy, IN_MEMORY);
    let bare = support::start_with(&idle, &[IN_MEMORY, PLUGINS]);
    let run = |server: &Server, threads: &str| {
        let before = support::cpu(threads);
        clients.block_on(support::create_all(server.address(), 4, EACH, true));
        (support::cpu(threads) - before) / EACH as u32
    };
    let (mut each, mut reference) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..TURNS {
        reference += run(&bare, "bare") / TURNS;
        each += run(&ours, "ours") / TURNS;
    }
    let ratio = each.as_secs_f64() / reference.as_secs_f64();
    let shown = format!("without plugins {}, {ratio:.3} x", us(reference));
    line("CPU of a create, nothing configured", us(each), shown, "1.01 x");
}

/// What one call of a local webhook adds to a write.
fn webhook() {
    const TURNS: u32 = 20;
    const EACH: u32 = 100;
    let (servers, hooks, clients) =
        (support::runtime("server", 1), support::runtime("hook", 1), support::runtime("client", 1));
    let hook = Hook::start(&hooks);
    let server = support::start(&servers, IN_MEMORY);
    let configurations = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    let namespace = json!({"metadata": {"name": "reviewed"}}).to_string();
    let (mut client, mut kept) = clients.block_on(async {
        let mut client = Client::connect(server.address()).await;
        assert_eq!(client.send(&client::post("/api/v1/namespaces", &namespace)).await.status, 201);
        let configuration = client::post(configurations, &hook.configuration("reviewed"));
        assert_eq!(client.send(&configuration).await.status, 201);
        (client, hook.connect().await)
    });
    let service = support::service("web", true);
    let review = hook::review(&service);
    let create =
        |namespace: &str| client::post(&format!("/api/v1/namespaces/{namespace}/services?dryRun=All"), &service);
    let (reviewed, free) = (create("reviewed"), create("default"));
    let (mut with, mut without, mut reference) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for _ in 0..TURNS {
        for (request, total) in [(&free, &mut without), (&reviewed, &mut with)] {
            let started = Instant::now();
            for _ in 0..EACH {
                assert_eq!(clients.block_on(client.send(request)).status, 201);
            }
            *total += started.elapsed() / (EACH * TURNS);
        }
        let started = Instant::now();
        for _ in 0..EACH {
            clients.block_on(hook::ask(&mut kept, &review));
        }
        reference += started.elapsed() / (EACH * TURNS);
    }
    let added = with.saturating_sub(without);
    let ratio = added.as_secs_f64() / reference.as_secs_f64();
    line(
        "one call of a local webhook",
        us(added),
        format!("one HTTPS request {}, {ratio:.2} x", us(reference)),
        "1.5 x",
    );
}

async fn list_bytes(address: SocketAddr, path: &str) -> usize {
    Client::connect(address).await.send(&client::get(path)).await.body.len()
}

fn directory() -> tempfile::TempDir {
    // Not the system's directory for temporary files, which may be memory.
    tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("a directory")
}

fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() / MILLISECOND)
}

fn us(time: Duration) -> String {
    format!("{:.1} us", time.as_secs_f64() / MICROSECOND)
}

fn micros(time: u64) -> String {
    ms(Duration::from_micros(time))
}
