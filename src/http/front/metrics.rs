//! `/metrics`: what the server has done and what it holds, in the OpenMetrics text format.

use std::{
    hash::{Hash, Hasher},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabel, EncodeLabelSet, EncodeMetric, LabelSetEncoder, text::encode},
    metrics::{
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::ConstGauge,
        histogram::Histogram,
    },
    registry::{Registry, Unit},
};

use crate::{
    kinds::{Family as IpFamily, Kind, Subresource, model::allocator::NODE_PORTS},
    verbs::Api,
};

/// The content type of the text.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the duration histogram, in seconds; its lower half resolves what a store in memory does.
const DURATIONS: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 60.0];

/// What a request was.
#[derive(Clone, Debug)]
pub struct Labels {
    /// What was asked for, e.g. `LIST`.
    pub verb: &'static str,
    /// The kind.
    pub kind: Kind,
    /// The subresource, if the path names one.
    pub subresource: Option<Subresource>,
    /// `cluster`, `namespace` or `resource`.
    pub scope: &'static str,
}

impl Labels {
    fn texts(&self) -> [(&'static str, &str); 6] {
        let gvk = &self.kind.gvk;
        [
            ("verb", self.verb),
            ("group", &gvk.group),
            ("version", &gvk.version),
            ("resource", &self.kind.plural),
            ("subresource", self.subresource.as_ref().map_or("", |sub| &sub.name)),
            ("scope", self.scope),
        ]
    }
}

impl EncodeLabelSet for Labels {
    fn encode(&self, encoder: &mut LabelSetEncoder) -> Result<(), std::fmt::Error> {
        self.texts().into_iter().try_for_each(|text| text.encode(encoder.encode_label()))
    }
}

impl PartialEq for Labels {
    /// By text: a kind that was replaced by another of its name is counted on.
    fn eq(&self, other: &Self) -> bool {
        self.texts() == other.texts()
    }
}

impl Eq for Labels {}

impl Hash for Labels {
    /// Two of the texts tell most requests apart.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.kind.plural, self.verb).hash(state);
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WithCode {
    code: u16,
    #[prometheus(flatten)]
    request: Labels,
}

/// The registry and what is counted into it.
pub struct Metrics {
    registry: Registry,
    requests: Family<WithCode, Counter>,
    durations: Family<Labels, Histogram>,
    frames: Counter<u64, AtomicU64>,
}

impl Metrics {
    /// Metrics of this API, all at zero, beside those of other parts of the server.
    pub fn new(api: &Api, figures: Vec<Box<dyn Collector>>) -> Self {
        let requests = Family::<WithCode, Counter>::default();
        let durations = Family::<Labels, Histogram>::new_with_constructor(|| Histogram::new(DURATIONS));
        let frames = Counter::<u64, AtomicU64>::default();
        let mut registry = Registry::default();
        registry.register("apiserver_request", "Requests by what they were and how they ended", requests.clone());
        registry.register_with_unit(
            "apiserver_request_duration",
            "Time until the response was ready; a watch's is that of its beginning",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register("kubedouble_watch_events", "Events sent to watchers", frames.clone());
        registry.register_collector(Box::new(StoreFigures(api.clone())));
        figures.into_iter().for_each(|figures| registry.register_collector(figures));
        Self { registry, requests, durations, frames }
    }

    /// Counts a request.
    pub fn request(&self, labels: &Labels, code: u16, took: Duration) {
        self.requests.get_or_create(&WithCode { code, request: labels.clone() }).inc();
        self.durations.get_or_create(labels).observe(took.as_secs_f64());
    }

    /// Counts events sent to watchers.
    pub fn watch_events(&self, count: usize) {
        self.frames.inner().fetch_add(count as u64, Relaxed);
    }

    /// The whole text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a String cannot fail");
        text
    }
}

/// Asks the API for figures whenever the text is made.
struct StoreFigures(Api);

impl std::fmt::Debug for StoreFigures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoreFigures")
    }
}

impl Collector for StoreFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let stats = self.0.stats();
        let gauges = [
            ("kubedouble_store_revision", "The newest revision", stats.revision.0),
            ("kubedouble_store_oldest_revision", "History is complete after this revision", stats.oldest.0),
            ("apiserver_storage_objects", "Live objects", stats.objects as u64),
            ("kubedouble_store_history_events", "Events in the history", stats.window as u64),
            ("apiserver_longrunning_requests", "Open watches", stats.watchers as u64),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        let counters = [
            ("kubedouble_store_transactions", "Transactions committed", stats.committed),
            ("kubedouble_store_transactions_refused", "Transactions refused by a condition", stats.rejected),
            ("kubedouble_store_transactions_failed", "Transactions that could not be written", stats.failed),
            ("kubedouble_store_batches", "Batches written", stats.batches),
        ];
        for (name, help, value) in counters {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        let seconds = ConstCounter::new(stats.writing.as_secs_f64());
        let help = "Time spent on writing batches";
        let unit = Some(&Unit::Seconds);
        let name = "kubedouble_store_writing";
        seconds.encode(encoder.encode_descriptor(name, help, unit, seconds.metric_type())?)?;
        batch_sizes(&mut encoder, &stats.batch_sizes)?;
        self.allocations(&mut encoder)
    }
}

impl StoreFigures {
    fn allocations(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let mut family = encoder.encode_descriptor(
            "kubedouble_allocated",
            "Shared numbers that are held, by pool",
            None,
            prometheus_client::metrics::MetricType::Gauge,
        )?;
        for pool in [IpFamily::V4.pool(), IpFamily::V6.pool(), NODE_PORTS] {
            let held = i64::try_from(self.0.held(pool)).unwrap_or(i64::MAX);
            ConstGauge::new(held).encode(family.encode_family(&[("pool", pool)])?)?;
        }
        Ok(())
    }
}

fn batch_sizes(encoder: &mut DescriptorEncoder<'_>, buckets: &[(usize, u64)]) -> Result<(), std::fmt::Error> {
    let mut family = encoder.encode_descriptor(
        "kubedouble_store_batches_by_size",
        "Batches by the greatest number of transactions they may have",
        None,
        prometheus_client::metrics::MetricType::Counter,
    )?;
    for (size, count) in buckets {
        ConstCounter::new(*count).encode(family.encode_family(&[("size", size.to_string())])?)?;
    }
    Ok(())
}
