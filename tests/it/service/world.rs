//! A world with nothing but Services: runs the steps of a write in order and keeps the books on addresses and ports.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use kubedouble::{
    kinds::{Allocator, Claim, Ranges, Strategy, service},
    merge,
    object::{FieldErrors, GroupVersionKind, Status, meta, status::Result},
};
use serde_json::{Map, Value, json};

/// Services by name, and what they hold.
pub struct World {
    pub ranges: Ranges,
    pub held: BTreeMap<&'static str, BTreeSet<u128>>,
    pub services: BTreeMap<String, Value>,
    /// The warnings with which each was created.
    warnings: BTreeMap<String, Vec<String>>,
    pub dry_run: bool,
    dice: Cell<u64>,
}

impl World {
    /// A cluster with these service ranges and the usual node ports.
    pub fn new(ranges: &[&str]) -> Self {
        let nets: Vec<_> = ranges.iter().map(|range| range.parse().expect("a range")).collect();
        Self {
            ranges: Ranges { configured: nets.clone(), ready: nets, node_ports: 30_000..=32_767 },
            held: BTreeMap::new(),
            services: BTreeMap::new(),
            warnings: BTreeMap::new(),
            dry_run: false,
            dice: Cell::new(1),
        }
    }

    pub fn dual() -> Self {
        Self::new(&["10.96.0.0/16", "fd00:10:96::/112"])
    }

    pub fn single() -> Self {
        Self::new(&["10.96.0.0/16"])
    }

    /// POST of a Service with this name and spec.
    pub fn create(&mut self, name: &str, spec: Value) -> Result<Value> {
        self.create_object(json!({"metadata": {"name": name, "namespace": "default"}, "spec": spec}))
    }

    pub fn create_object(&mut self, object: Value) -> Result<Value> {
        let strategy = strategy();
        let mut object = clean(object);
        strategy.default(&mut object);
        let found = strategy.allocate(&mut object, None, self)?.expect("a Service is checked here");
        object["status"] = json!({"loadBalancer": {}});
        strategy.prepare_for_create(&mut object, kubedouble::kinds::Moment::UNIX_EPOCH);
        refuse(&object, found.errors)?;
        let object = self.store(object, None);
        self.warnings.insert(meta::name(&object).to_owned(), found.warnings);
        Ok(object)
    }

    /// PUT of a spec.
    pub fn update(&mut self, name: &str, spec: Value) -> Result<Value> {
        let mut object = self.services[name].clone();
        object["spec"] = spec;
        self.update_object(name, object)
    }

    /// Merge patch of a spec.
    pub fn patch(&mut self, name: &str, spec: Value) -> Result<Value> {
        let mut object = self.services[name].clone();
        merge::merge_patch(&mut object, &json!({"spec": spec})).expect("a merge patch that is an object");
        self.update_object(name, object)
    }

    pub fn update_object(&mut self, name: &str, object: Value) -> Result<Value> {
        let strategy = strategy();
        let old = self.services[name].clone();
        let mut object = clean(object);
        strategy.default(&mut object);
        let found = strategy.allocate(&mut object, Some(&old), self)?.expect("a Service is checked here");
        object["status"] = old["status"].clone();
        strategy.prepare_for_update(&mut object, &old);
        refuse(&object, found.errors)?;
        Ok(self.store(object, Some(&old)))
    }

    /// Update of the status, or of a whole object through the status subresource.
    pub fn update_status(&mut self, name: &str, object: Value) -> Result<Value> {
        let strategy = strategy();
        let old = self.services[name].clone();
        let mut object = clean(object);
        strategy.default(&mut object);
        strategy.prepare_for_status(&mut object, &old);
        refuse(&object, strategy.validate_status(&object, &old))?;
        Ok(self.store(object, Some(&old)))
    }

    pub fn patch_status(&mut self, name: &str, status: Value) -> Result<Value> {
        let mut object = self.services[name].clone();
        merge::merge_patch(&mut object, &json!({"status": status})).expect("a merge patch that is an object");
        self.update_status(name, object)
    }

    pub fn delete(&mut self, name: &str) {
        let old = self.services.remove(name).expect("a Service");
        for claim in claims(&old) {
            self.release(&claim);
        }
    }

    /// The warnings with which a Service was created.
    pub fn warnings(&self, name: &str) -> &[String] {
        &self.warnings[name]
    }

    /// How many numbers of all pools are held.
    pub fn held_count(&self) -> usize {
        self.held.values().map(BTreeSet::len).sum()
    }

    fn store(&mut self, mut object: Value, old: Option<&Value>) -> Value {
        strategy().canonicalize(&mut object);
        if self.dry_run {
            return object;
        }
        let before = old.map(claims).unwrap_or_default();
        let now = claims(&object);
        for claim in now.iter().filter(|claim| !before.contains(claim)) {
            assert!(self.is_free(claim), "{claim:?} is held twice");
            self.held.entry(claim.pool).or_default().insert(claim.number);
        }
        for claim in before.iter().filter(|claim| !now.contains(claim)) {
            self.release(claim);
        }
        let object = clean(object);
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        self.services.insert(name, object.clone());
        object
    }

    fn release(&mut self, claim: &Claim) {
        let was_held = self.held.entry(claim.pool).or_default().remove(&claim.number);
        assert!(was_held, "{claim:?} was not held");
    }
}

impl Allocator for World {
    fn is_free(&self, claim: &Claim) -> bool {
        !self.held.get(claim.pool).is_some_and(|held| held.contains(&claim.number))
    }

    fn first_free(&self, pool: &'static str, range: RangeInclusive<u128>) -> Option<u128> {
        let held = self.held.get(pool);
        range.into_iter().find(|number| !held.is_some_and(|held| held.contains(number)))
    }

    fn random(&self, bound: u128) -> u128 {
        let next = self.dice.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.dice.set(next);
        u128::from(next >> 16) % bound
    }

    fn ranges(&self) -> &Ranges {
        &self.ranges
    }

    fn dry_run(&self) -> bool {
        self.dry_run
    }
}

/// What a decoder leaves: nothing that is empty, except where a pointer says otherwise.
pub fn clean(value: Value) -> Value {
    const POINTERS: [&str; 4] = ["allocateLoadBalancerNodePorts", "timeoutSeconds", "appProtocol", "loadBalancer"];
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().map(|(name, value)| (name, clean(value))).filter(|(name, value)| {
                let empty = match value {
                    Value::Null => true,
                    Value::Bool(flag) => !flag,
                    Value::Number(number) => number.as_i64() == Some(0),
                    Value::String(text) => text.is_empty(),
                    Value::Array(items) => items.is_empty(),
                    Value::Object(members) => members.is_empty(),
                };
                !empty || (POINTERS.contains(&name.as_str()) && !value.is_null())
            });
            Value::Object(kept.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.into_iter().map(clean).collect(),
        other => other,
    }
}

fn claims(object: &Value) -> Vec<Claim> {
    strategy().claims(object).expect("what is stored decodes")
}

fn strategy() -> &'static dyn Strategy {
    &*service::DEF.strategy
}

fn refuse(object: &Value, errors: FieldErrors) -> Result<()> {
    let service = GroupVersionKind::new("", "v1", "Service");
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid(&service, name, &errors)) }
}
