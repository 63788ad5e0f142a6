//! PUT: replaces an object, or what a subresource shows of it.

use super::{
    Api, Target, WriteOptions, Written,
    write::{
        Edit, Write,
        edit::{match_name, match_namespace},
    },
};
use crate::{
    kinds::{Behaviour, Subresource},
    object::status::Result,
    wire::DecodedObject,
};

impl Api {
    /// Replaces an object or one of its subresources.
    pub async fn update(
        &self,
        target: &Target,
        sub: Option<&Subresource>,
        body: DecodedObject,
        options: &WriteOptions,
    ) -> Result<Written> {
        let DecodedObject { value: mut object, warnings } = body;
        match_name(&object, target)?;
        match_namespace(&mut object, target)?;
        let write = Write { api: self, target, sub, options };
        let mut written = match sub.map(|sub| (sub, &sub.behaviour)) {
            Some((sub, Behaviour::Form(form))) => write.replace_form(sub, &**form, &object).await?,
            _ => write.run(&Edit::Replace(object)).await?,
        };
        written.warnings.splice(0..0, warnings);
        Ok(written)
    }
}
