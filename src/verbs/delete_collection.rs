//! DELETE of a collection: a list, then a delete of each.

use super::{
    Api, DeleteOptions, ListOptions, Page, Target,
    delete::{Reviewed, validate_options},
    read::stored,
};
use crate::{
    kinds::Verb,
    object::{Reason, Status, meta, status::Result},
};

impl Api {
    /// Deletes what a list would show, one by one; objects that vanish meanwhile are no error. Returns the list.
    pub async fn delete_collection(
        &self,
        target: &Target,
        list: &ListOptions,
        options: &DeleteOptions,
    ) -> Result<Page> {
        if !target.def.allows(Verb::DeleteCollection) {
            return Err(Status::method_not_allowed());
        }
        validate_options(options)?;
        let page = self.list(target, list).await?;
        for item in &page.items {
            let object = stored::parse(item.bytes());
            let one = Target::new(&target.def, meta::namespace(&object), meta::name(&object));
            match self.delete_reviewed(&one, options, Reviewed::InCollection).await {
                Ok(_) => {}
                Err(status) if status.reason == Reason::NotFound => {}
                Err(status) => return Err(status),
            }
        }
        Ok(page)
    }
}
