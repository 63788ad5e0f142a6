//! POST to a collection: a new object.

use super::{
    Answer, Api, Target, WriteOptions, Written,
    access::Requester,
    read::stored,
    subresources::request,
    write::{Edit, Write, edit::match_namespace},
};
use crate::{
    kinds::{Storage, Verb},
    object::{Status, meta, status::Result},
    wire::{self, DecodedObject},
};

impl Api {
    /// Creates an object from a decoded body.
    pub async fn create(&self, target: &Target, body: DecodedObject, options: &WriteOptions) -> Result<Written> {
        let def = &target.def;
        if !def.allows(Verb::Create) {
            let (group, plural) = (&def.gvk.group, &def.plural);
            return Err(if def.is_custom { Status::terminating(group, plural) } else { Status::method_not_allowed() });
        }
        let DecodedObject { value: mut object, mut warnings } = body;
        match_namespace(&mut object, target)?;
        match &def.storage {
            Storage::Own | Storage::VersionOf(_) => {
                let write = Write { api: self, target, sub: None, options };
                let mut written = write.run(&Edit::Create(object)).await?;
                written.warnings.splice(0..0, warnings);
                Ok(written)
            }
            Storage::Nothing => {
                def.strategy.default(&mut object);
                Write { api: self, target, sub: None, options }.own(None, &mut object).await;
                self.review(request::create(target, None, options), &mut object, &mut warnings).await?;
                def.strategy.review(&mut object, &Requester { api: self, user: &options.caller.user })?;
                let object = wire::normalise(object, def.schema());
                Ok(Written { answer: Answer::Value(stored::with_type(def, object)), created: true, warnings })
            }
            Storage::RequestTo { kind, subresource } => {
                let other = Target::new(kind, meta::namespace(&object), meta::name(&object));
                let sub = kind.subresource(subresource).ok_or_else(Status::no_such_resource)?;
                let body = DecodedObject { value: object, warnings };
                self.create_request(&other, sub, body, options, request::create(target, None, options)).await
            }
        }
    }
}
