//! CONNECT: a request to talk to a node or a pod. It is reviewed like a write, and then there is hardly anything to talk to.

use serde_json::{Map, Value, json};

use super::{
    Api, Caller, Target,
    admission::{Attributes, Operation, RequestOptions, Review},
};
use crate::{
    kinds::{Behaviour, ConnectRequest, Connected, Subresource},
    object::{Status, status::Result},
    schema::{Form, ObjectType, Type},
};

impl Api {
    /// Connects to what a subresource stands for. The parameters are the query's.
    pub async fn connect(
        &self,
        target: &Target,
        sub: &Subresource,
        parameters: &[(String, String)],
        caller: &Caller,
    ) -> Result<Connected> {
        let attributes = Attributes {
            operation: Operation::Connect,
            target,
            sub: Some(sub),
            caller,
            dry_run: false,
            options: RequestOptions::None,
            is_collection: false,
        };
        let chain = self.admission();
        if chain.handles(&attributes) || chain.validates(&attributes) {
            let mut asked = options(sub, &*sub.schema()?, parameters);
            let mut review = Review::new(attributes, Some(&mut asked), None);
            chain.mutate(self, &mut review).await?;
            chain.validate(self, &mut review).await?;
        }
        let Behaviour::Connect { to, .. } = &sub.behaviour else { return Err(Status::method_not_allowed()) };
        let namespace = target.namespace.as_deref().unwrap_or_default();
        let container = parameters.iter().find(|(key, _)| key == "container").map(|(_, value)| value.as_str());
        let request = ConnectRequest { namespace, id: target.name(), container: container.unwrap_or_default() };
        to.open(&request, self)
    }
}

/// The object that the parameters of a query make up, such as `PodExecOptions`.
fn options(sub: &Subresource, object: &ObjectType, parameters: &[(String, String)]) -> Value {
    let mut out = Map::new();
    out.insert("kind".into(), (&*sub.gvk.kind).into());
    out.insert("apiVersion".into(), sub.gvk.api_version().into());
    for field in object.fields() {
        let name = &*field.name;
        let given = parameters.iter().filter(|(key, _)| *key == name).map(|(_, value)| value.as_str());
        let values: Vec<_> = given.filter_map(|text| value(text, &field.ty)).collect();
        let is_list = matches!(field.ty.form, Form::List(_));
        match values.into_iter().next_back() {
            Some(_) if is_list => {
                let all = parameters.iter().filter(|(key, _)| *key == name);
                out.insert(name.into(), all.filter_map(|(_, text)| value(text, &field.ty)).collect());
            }
            Some(last) => drop(out.insert(name.into(), last)),
            None => {}
        }
    }
    out.into()
}

/// One value of a parameter; zero values are as good as none.
fn value(text: &str, ty: &Type) -> Option<Value> {
    match &ty.form {
        Form::List(list) => value(text, &list.items),
        Form::Bool => (!text.eq_ignore_ascii_case("false") && text != "0").then(|| json!(true)),
        Form::Int32 | Form::Int64 => text.parse::<i64>().ok().map(Value::from),
        _ => (!text.is_empty()).then(|| text.into()),
    }
}
